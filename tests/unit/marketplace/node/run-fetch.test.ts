import { expect, test } from 'vitest';
import type { AppError } from '../../../../src/kernel/index.ts';
import type { ProgramResult } from '../../../../src/marketplace/node/index.ts';
import { type FetchRun, fetchFailed, lastWords, runFetch } from '../../../../src/marketplace/node/run-fetch.ts';

const RUN: FetchRun = {
  program: 'git',
  args: ['fetch'],
  cwd: '/',
  env: {},
  timeoutMs: 60_000,
  signal: new AbortController().signal,
  from: 'https://host/acme.git',
};
const RAN = {
  kind: 'ran',
  exit: { code: 0, signal: null },
  stdout: 'out',
  stderr: '',
  timedOut: false,
  tooLarge: false,
} as const;

test.each<{ name: string; result: ProgramResult; want: object }>([
  {
    name: 'git is not there',
    result: { kind: 'command_not_found', command: 'git', detail: 'missing' },
    want: { code: 'PLUGIN_PROGRAM_MISSING', message: '`git` is needed to fetch https://host/acme.git' },
  },
  {
    name: 'it takes too long',
    result: { ...RAN, timedOut: true, exit: { code: null, signal: 'SIGTERM' } },
    want: {
      code: 'PLUGIN_FETCH_FAILED',
      message: 'https://host/acme.git could not be fetched: it was not done within 60 s',
    },
  },
  { name: 'it prints too much', result: { ...RAN, tooLarge: true }, want: { code: 'PLUGIN_TOO_LARGE' } },
  {
    name: 'the system refuses to start it',
    result: { kind: 'failed', code: 'EAGAIN' },
    want: { code: 'PLUGIN_FETCH_FAILED', message: expect.stringContaining('EAGAIN') },
  },
  { name: 'its folder has gone', result: { kind: 'cwd_not_found', cwd: '/x' }, want: { code: 'PLUGIN_FETCH_FAILED' } },
])('a run of git that fails: $name', async ({ result, want }) => {
  await expect(runFetch(() => Promise.resolve(result), RUN)).rejects.toMatchObject(want);
});

test('any exit status is told as it is', async () => {
  const result = { ...RAN, exit: { code: 128, signal: null }, stderr: 'fatal: x' };
  expect(await runFetch(() => Promise.resolve(result), RUN)).toEqual({ code: 128, stdout: 'out', stderr: 'fatal: x' });
});

test('a cancelled run throws what it was cancelled with', async () => {
  const controller = new AbortController();
  const run = runFetch(
    async (_, { signal }) => {
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      return { kind: 'failed', code: 'ECANCELED' };
    },
    { ...RUN, signal: controller.signal },
  );
  controller.abort(new Error('Ctrl-C'));
  await expect(run).rejects.toThrow('Ctrl-C');
});

test.each([
  {
    stderr: "Cloning into 'x'...\nfatal: repository 'https://h/x.git/' not found\n",
    want: "fatal: repository 'https://h/x.git/' not found",
  },
  {
    stderr:
      'git@h: Permission denied (publickey).\r\nfatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n',
    want: 'git@h: Permission denied (publickey).',
  },
  {
    stderr: "fatal: unable to access 'https://user:p4ss@h/x.git/': The requested URL returned error: 403",
    want: "fatal: unable to access 'https://***@h/x.git/': The requested URL returned error: 403",
  },
  {
    stderr: 'npm error code E404\nnpm error 404 Not Found\nnpm error A complete log of this run can be found in: /x',
    want: 'npm error 404 Not Found',
  },
  { stderr: 'warning: \u001b[31mred\u001b[0m', want: 'warning: \\x1b[31mred\\x1b[0m' },
  { stderr: '', want: 'it said nothing' },
  { stderr: `fatal: ${'x'.repeat(400)}`, want: `fatal: ${'x'.repeat(292)}…` },
])('the words that say most: $want', ({ stderr, want }) => expect(lastWords(stderr)).toBe(want));

test.each([
  ["fatal: could not read Username for 'https://h': terminal prompts disabled", 'sign in'],
  ['ssh: connect to host h port 22: Connection refused', 'nothing answers'],
  ['fatal: unable to access: Could not resolve host: h', 'name of the host'],
  ["fatal: couldn't find remote ref nope", 'ref'],
  ['SSL certificate problem: self-signed certificate', 'certificate'],
  ['Host key verification failed.', 'ssh once'],
  ['error: file write error: No space left on device', 'room on the disk'],
  ['E404 Not Found - GET https://r/x', 'check the address'],
  ['ssh: connect to host h port 22: Connection timed out', 'in time'],
  ['fatal: something that nobody knows', 'Check the address, your network'],
])('a hint for %s', (words, want) => {
  expect(fetchFailed(RUN, words).hint satisfies AppError['hint']).toContain(want);
});
