import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import { createLocalExecutor } from '../../../src/executors/node/index.ts';
import { createWatchdog } from '../../../src/executors/node/watchdog.ts';
import { silentLog } from '../../../src/kernel/index.ts';
import type { ParentSpec } from '../../fixtures/processes/parent.ts';
import { isRunning, processFacts, runningWith, until } from '../../support/processes.ts';

const PARENT = fileURLToPath(new URL('../../fixtures/processes/parent.ts', import.meta.url));
const STUBBORN = fileURLToPath(new URL('../../fixtures/servers/ignores-sigterm.mjs', import.meta.url));
const PATH = '/usr/local/bin:/usr/bin:/bin';
const folder = mkdtempSync(join(tmpdir(), 'plugboard-watchdog-'));
const pidsFile = join(folder, 'pids');

const parents: ChildProcess[] = [];
afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** An argument for `sleep` that no other process has. */
const mark = (): string => `${randomInt(1e9, 2e9)}`;

type Parent = { readonly process: ChildProcess; readonly pids: () => number[]; readonly gone: Promise<void> };

function startParent(spec: Partial<ParentSpec>): Parent {
  const full: ParentSpec = {
    argv: ['sleep', '1000'],
    times: 1,
    env: { PATH },
    shell: '/bin/sh',
    then: 'stay',
    ...spec,
  };
  const process_ = spawn(process.execPath, [PARENT, JSON.stringify(full)], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  parents.push(process_);
  let output = '';
  process_.stdout.on('data', (data) => {
    output += String(data);
  });
  return {
    process: process_,
    pids: () => [...output.matchAll(/^started (\d+)$/gm)].map((match) => Number(match[1])),
    gone: new Promise((resolve) => process_.once('exit', () => resolve())),
  };
}

/** The watchdog of a process: its child that leads its own session and is none of the started programs. */
const watchdogOf = (parent: number, pids: readonly number[]): number[] =>
  runningWith('plugboard-watchdog')
    .concat(runningWith('const groups'))
    .filter((pid) => processFacts(pid)?.parent === parent && !pids.includes(pid));

const shells = [
  { name: 'shell', shell: '/bin/sh' },
  { name: 'no shell', shell: null },
] as const;

test.each(shells)('SIGKILL of Plugboard ends its programs and the watchdog ($name)', async ({ shell }) => {
  const parent = startParent({ times: 3, shell });
  const pids = await until(() => parent.pids().length === 3 && parent.pids());
  const watchdogs = watchdogOf(parent.process.pid ?? 0, pids);
  expect([pids.map(isRunning), watchdogs.length]).toEqual([[true, true, true], 1]);
  parent.process.kill('SIGKILL');
  await until(() => ![...pids, ...watchdogs].some(isRunning));
});

test.each(shells)(
  'SIGKILL of Plugboard ends servers that ignore SIGTERM and their grandchildren ($name)',
  async ({ shell }) => {
    writeFileSync(pidsFile, '');
    const parent = startParent({
      argv: [process.execPath, STUBBORN],
      env: { PATH, FIXTURE_PIDS: pidsFile },
      times: 2,
      shell,
    });
    const pids = await until(() => {
      const lines = readFileSync(pidsFile, 'utf8').trim().split('\n');
      return lines.length === 2 && lines.flatMap((line) => JSON.parse(line) as number[]);
    });
    expect(pids.map(isRunning)).toEqual(pids.map(() => true));
    parent.process.kill('SIGKILL');
    await until(() => !pids.some(isRunning));
  },
);

test('SIGKILL of Plugboard ends a grandchild whose parent has gone before', async () => {
  const sleeper = mark();
  const parent = startParent({ argv: ['sh', '-c', `sleep ${sleeper} & exit 0`] });
  const [pid = 0] = await until(() => parent.pids().length === 1 && parent.pids());
  await until(() => !isRunning(pid) && runningWith(`sleep\0${sleeper}`).length === 1);
  parent.process.kill('SIGKILL');
  await until(() => runningWith(`sleep\0${sleeper}`).length === 0);
});

test('SIGKILL while programs are being started leaves none of them', async () => {
  for (let round = 0; round < 5; round += 1) {
    const sleeper = mark();
    const parent = startParent({ argv: ['sleep', sleeper], times: 40 });
    await until(() => parent.pids().length >= 0 && runningWith(`sleep\0${sleeper}`).length > round * 4);
    parent.process.kill('SIGKILL');
    await parent.gone;
    await until(() => runningWith(sleeper).length === 0);
  }
});

test.each(['exit', 'throw', 'close'] as const)('nothing is left when Plugboard ends by itself: %s', async (then) => {
  const sleeper = mark();
  const parent = startParent({ argv: ['sh', '-c', `trap '' HUP; sleep ${sleeper}`], times: 2, then });
  const pids = await until(() => parent.pids().length === 2 && parent.pids());
  await parent.gone;
  await until(() => !pids.some(isRunning) && runningWith(sleeper).length === 0);
});

test('Ctrl-C on the terminal does not end the watchdog before its time', async () => {
  const parent = startParent({});
  const [pid = 0] = await until(() => parent.pids().length === 1 && parent.pids());
  const [watchdog = 0] = watchdogOf(parent.process.pid ?? 0, [pid]);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.kill(watchdog, signal);
  expect(processFacts(watchdog)).toEqual({ parent: parent.process.pid, group: watchdog, session: watchdog });
  // A terminal signals the group in the foreground: that of Plugboard.
  process.kill(-(parent.process.pid ?? 0), 'SIGINT');
  await parent.gone;
  await until(() => ![pid, watchdog].some(isRunning));
});

test('a watchdog that someone kills is replaced, and the new one knows the programs', async () => {
  const parent = startParent({ times: 2 });
  const pids = await until(() => parent.pids().length === 2 && parent.pids());
  const [first = 0] = watchdogOf(parent.process.pid ?? 0, pids);
  process.kill(first, 'SIGKILL');
  await until(() => watchdogOf(parent.process.pid ?? 0, pids).some((pid) => pid !== first));
  parent.process.kill('SIGKILL');
  await until(() => !pids.some(isRunning));
});

test.each(shells)('the watchdog ends what it remembers and leaves alone what it forgot ($name)', async ({ shell }) => {
  const sleepers = Array.from({ length: 5 }, () => spawn('sleep', [mark()], { stdio: 'ignore', detached: true }));
  parents.push(...sleepers);
  const pids = sleepers.map((sleeper) => sleeper.pid ?? 0);
  const watchdog = createWatchdog(shell, silentLog);
  for (const pid of pids) watchdog.add(pid, false);
  for (const index of [0, 2, 4]) watchdog.forget(pids[index] ?? 0);
  await watchdog.close();
  await until(() => !isRunning(pids[1] ?? 0) && !isRunning(pids[3] ?? 0));
  expect(pids.map(isRunning)).toEqual([true, false, true, false, true]);
});

test('an executor that is closed leaves no watchdog', async () => {
  const executor = createLocalExecutor({ log: silentLog });
  const result = await executor.spawn({ command: 'cat', args: [], cwd: '/', env: { PATH } });
  if (result.kind !== 'started') throw new Error(result.kind);
  expect(watchdogOf(process.pid, [result.child.pid]).length).toBe(1);
  await executor.close();
  expect([isRunning(result.child.pid), watchdogOf(process.pid, [])]).toEqual([false, []]);
});
