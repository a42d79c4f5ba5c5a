import { spawn as plainSpawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import type { Child, ProcessSpec } from '../../../src/executors/index.ts';
import { createLocalExecutor } from '../../../src/executors/node/index.ts';
import { silentLog } from '../../../src/kernel/index.ts';
import { isRunning, processFacts, until } from '../../support/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'plugboard-executor-'));
const bin = join(folder, 'bin');
mkdirSync(bin);
writeFileSync(join(bin, 'tool'), '#!/bin/sh\necho "$0"\n', { mode: 0o755 });
writeFileSync(join(bin, 'plain'), 'not a program');
chmodSync(join(bin, 'plain'), 0o644);
symlinkSync(join(folder, 'nowhere'), join(bin, 'dangling'));

/** Both ways to start a program: through the registering shell, and straight. */
const ways = {
  shell: createLocalExecutor({ log: silentLog }),
  'no shell': createLocalExecutor({ log: silentLog, shell: null }),
};
const executor = ways.shell;
const PATH = '/usr/local/bin:/usr/bin:/bin';

afterAll(async () => {
  await Promise.all(Object.values(ways).map((way) => way.close()));
  rmSync(folder, { recursive: true });
});

async function started(spec: Partial<ProcessSpec> & Pick<ProcessSpec, 'command'>, way = executor): Promise<Child> {
  const result = await way.spawn({ args: [], cwd: folder, env: { PATH }, ...spec });
  if (result.kind !== 'started') throw new Error(JSON.stringify(result));
  return result.child;
}

test.each([
  {
    name: 'a name that is not in PATH',
    spec: { command: 'no-such-program' },
    want: { kind: 'command_not_found', command: 'no-such-program', detail: 'missing' },
  },
  {
    name: 'a name that is in the PATH of Plugboard only',
    spec: { command: 'sh', env: { PATH: '/nowhere' } },
    want: { kind: 'command_not_found', command: 'sh', detail: 'missing' },
  },
  {
    name: 'a path that does not exist',
    spec: { command: './bin/none' },
    want: { kind: 'command_not_found', command: './bin/none', detail: 'missing' },
  },
  {
    name: 'a link to nothing',
    spec: { command: './bin/dangling' },
    want: { kind: 'command_not_found', command: './bin/dangling', detail: 'missing' },
  },
  {
    name: 'a file that may not be run',
    spec: { command: './bin/plain' },
    want: { kind: 'command_not_found', command: './bin/plain', detail: 'not_executable' },
  },
  {
    name: 'a folder',
    spec: { command: './bin' },
    want: { kind: 'command_not_found', command: './bin', detail: 'not_executable' },
  },
  {
    name: 'an empty command',
    spec: { command: '' },
    want: { kind: 'command_not_found', command: '', detail: 'missing' },
  },
  {
    name: 'a working folder that does not exist',
    spec: { command: 'sh', cwd: join(folder, 'gone') },
    want: { kind: 'cwd_not_found', cwd: join(folder, 'gone') },
  },
  {
    name: 'a working folder that is a file',
    spec: { command: 'sh', cwd: join(bin, 'tool') },
    want: { kind: 'cwd_not_found', cwd: join(bin, 'tool') },
  },
  {
    name: 'an argument that no program can get',
    spec: { command: 'sh', args: ['a\0b'] },
    want: { kind: 'failed', code: 'ERR_INVALID_ARG_VALUE' },
  },
  {
    name: 'more arguments than the system takes',
    spec: { command: 'sh', args: ['x'.repeat(4_000_000)] },
    want: { kind: 'failed', code: 'E2BIG' },
  },
])('starting fails as a value: $name', async ({ spec, want }) => {
  expect(await executor.spawn({ args: [], cwd: folder, env: { PATH }, ...spec })).toEqual(want);
});

test.each([
  {
    name: 'a bare name is found in the PATH of the program',
    spec: { command: 'tool', env: { PATH: `/nowhere:${bin}:/bin` } },
    want: `${bin}/tool\n`,
  },
  {
    name: 'a relative entry of PATH counts from the working folder',
    spec: { command: 'tool', env: { PATH: 'bin' } },
    want: `${bin}/tool\n`,
  },
  {
    name: 'a relative path counts from the working folder',
    spec: { command: './tool', cwd: bin, env: {} },
    want: `${bin}/tool\n`,
  },
  {
    name: 'a file that may not be run is passed over for one that may',
    spec: { command: 'tool', env: { PATH: `/etc:${bin}` } },
    want: `${bin}/tool\n`,
  },
])('finding a command: $name', async ({ spec, want }) => {
  const result = await executor.spawn({ args: [], cwd: folder, ...spec });
  const output = result.kind === 'started' ? await text(result.child.stdout) : null;
  expect(output).toEqual(want);
});

const hostile = [
  '',
  ' ',
  'two words',
  '$HOME',
  '`id`',
  '"',
  "'",
  '\\',
  '-n',
  '--',
  '*',
  'line\nbreak',
  'ümlaut 漢字 🙂',
  '%s',
  '&& exit 9',
];

test.each(Object.entries(ways))('arguments arrive exactly as they are (%s)', async (_, way) => {
  const child = await started(
    { command: process.execPath, args: ['-p', 'JSON.stringify(process.argv.slice(1))', '--', ...hostile] },
    way,
  );
  expect(JSON.parse(await text(child.stdout))).toEqual(hostile);
});

test.each([
  { name: 'plain names', env: { PATH, A: '1', B_2: 'two words', EMPTY: '' } },
  { name: 'no variable at all', env: {} },
  { name: 'values a shell would change', env: { A: '$HOME `id` "', B: 'a\nb', C: 'ü 漢' } },
  { name: 'names that are no identifiers', env: { 'A-B': '1', 'npm_config_//host/:key': '2', 'a.b': '3', '1A': '4' } },
  {
    name: 'names that belong to the shell',
    env: { PWD: '/elsewhere', IFS: 'x', OPTIND: '7', PS1: 'p', SHLVL: '9', _: 'u', ENV: '/dev/null' },
  },
])('the environment is exactly what was given: $name', async ({ env }) => {
  for (const way of Object.values(ways)) {
    const child = await started({ command: process.execPath, args: ['-p', 'JSON.stringify(process.env)'], env }, way);
    expect(JSON.parse(await text(child.stdout))).toEqual(env);
  }
});

test.each(Object.entries(ways))('a program holds no descriptor of ours (%s)', async (_, way) => {
  const list = ['-c', 'ls /proc/self/fd'];
  const plain = text(plainSpawn('/bin/sh', list, { stdio: ['pipe', 'pipe', 'pipe'] }).stdout);
  const child = await started({ command: '/bin/sh', args: list }, way);
  expect(await text(child.stdout)).toBe(await plain);
});

test.each(Object.entries(ways))('a program leads its own process group and session (%s)', async (_, way) => {
  const child = await started({ command: 'cat' }, way);
  expect(processFacts(child.pid)).toEqual({ parent: process.pid, group: child.pid, session: child.pid });
  await child.endGroup();
});

test('a program that leaves when stdin closes is not signalled', async () => {
  const child = await started({ command: 'sh', args: ['-c', 'trap "echo signalled" TERM; cat; exit 7'] });
  const output = text(child.stdout);
  await child.endGroup();
  expect({ exit: await child.exited, output: await output }).toEqual({ exit: { code: 7, signal: null }, output: '' });
});

test('a program that stays when stdin closes gets SIGTERM', async () => {
  const child = await started({ command: 'sleep', args: ['1000'] });
  await child.endGroup({ graceMs: 50 });
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
});

test('a program that ignores SIGTERM gets SIGKILL, and so do its grandchildren', async () => {
  const stubborn = "trap '' TERM; (while :; do sleep 1; done) & echo $!; while :; do sleep 1; done";
  const child = await started({ command: 'sh', args: ['-c', stubborn] });
  const grandchild = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  expect(isRunning(grandchild)).toBe(true);
  await child.endGroup({ graceMs: 10, termMs: 100 });
  expect({ exit: await child.exited, left: isRunning(grandchild) }).toEqual({
    exit: { code: null, signal: 'SIGKILL' },
    left: false,
  });
});

test('a grandchild that outlives the program is ended with the group', async () => {
  const child = await started({ command: 'sh', args: ['-c', "(trap '' TERM; sleep 1000) & echo $!; exit 0"] });
  const grandchild = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(isRunning(grandchild)).toBe(true);
  await child.endGroup({ termMs: 100 });
  expect(isRunning(grandchild)).toBe(false);
});

test('a group is ended once, however often it is asked for', async () => {
  const child = await started({ command: 'cat' });
  const first = child.endGroup();
  expect(child.endGroup({ graceMs: 0 })).toBe(first);
  await first;
  expect(isRunning(child.pid)).toBe(false);
});

test('a program that stops reading does not bring Plugboard down', async () => {
  const child = await started({ command: 'sh', args: ['-c', 'exec 0<&-; sleep 1000'] });
  await until(() => {
    child.stdin.write('x');
    return child.stdin.destroyed;
  });
  await child.endGroup({ graceMs: 0 });
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
});

test('closing the executor ends every program, and starts no more', async () => {
  const way = createLocalExecutor({ log: silentLog });
  const children = await Promise.all(['1', '2', '3'].map(() => started({ command: 'cat' }, way)));
  const late = way.spawn({ command: 'cat', args: [], cwd: folder, env: { PATH } });
  await way.close();
  expect(children.map((child) => isRunning(child.pid))).toEqual([false, false, false]);
  expect(await late).toEqual({ kind: 'failed', code: 'ECANCELED' });
});

test.each([
  {
    name: 'a command line',
    program: 'echo out; echo err >&2; exit 4',
    want: { exit: { code: 4, signal: null }, stdout: 'out\n', stderr: 'err\n' },
  },
  { name: 'program and arguments', program: ['echo', '$A'] as const, want: { stdout: '$A\n' } },
  { name: 'the environment and folder it is given', program: 'echo $A; pwd', want: { stdout: `1\n${folder}\n` } },
  { name: 'an empty stdin', program: 'cat; echo end', want: { stdout: 'end\n' } },
  {
    name: 'one that takes too long',
    program: 'echo begun; sleep 1000',
    timeoutMs: 300,
    want: { exit: { code: null, signal: 'SIGTERM' }, stdout: 'begun\n', timedOut: true },
  },
  {
    name: 'one that prints too much',
    program: 'while :; do echo 1234567; done',
    want: { exit: { code: null, signal: 'SIGTERM' }, stdout: '1234567\n'.repeat(8), tooLarge: true },
  },
  {
    name: 'one that says too much on stderr',
    program: 'for i in 1 2 3 4 5 6 7 8 9; do echo 1234567 >&2; done; echo done',
    want: { stdout: 'done\n', stderr: '1234567\n'.repeat(8) },
  },
  { name: 'one that leaves a process behind', program: 'sleep 1000 & echo done', want: { stdout: 'done\n' } },
])('running a program to its end: $name', async ({ program, timeoutMs = 20_000, want }) => {
  const result = await executor.runProgram(program, { cwd: folder, env: { PATH, A: '1' }, timeoutMs, maxBytes: 64 });
  const rest = { kind: 'ran', exit: { code: 0, signal: null }, stderr: '', timedOut: false, tooLarge: false };
  expect(result).toEqual({ ...rest, ...want });
});

test('a program that is cancelled is ended, and one that was cancelled before is not started', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const options = { cwd: folder, env: { PATH }, timeoutMs: 20_000, maxBytes: 64, signal };
  const file = join(folder, 'cancelled');
  const running = executor.runProgram(`echo $$ > ${file}; sleep 1000`, options);
  const pid = await until(() => existsSync(file) && Number(readFileSync(file, 'utf8')));
  controller.abort();
  expect(await running).toEqual({ kind: 'failed', code: 'ECANCELED' });
  expect(isRunning(pid)).toBe(false);
  expect(await executor.runProgram(`touch ${file}-2`, options)).toEqual({ kind: 'failed', code: 'ECANCELED' });
  expect(existsSync(`${file}-2`)).toBe(false);
});

test('a program that cannot be run is a value', async () => {
  const options = { cwd: folder, env: { PATH }, timeoutMs: 1000, maxBytes: 64 };
  expect(await executor.runProgram(['no-such-program'], options)).toEqual({
    kind: 'command_not_found',
    command: 'no-such-program',
    detail: 'missing',
  });
});
