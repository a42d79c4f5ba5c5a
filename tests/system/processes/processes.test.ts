import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';
import { createLocalExecutor } from '../../../src/executors/node/index.ts';
import { type RpcMessage, silentLog } from '../../../src/kernel/index.ts';
import { createStdioTransport } from '../../../src/upstreams/node/stdio-transport.ts';
import type { EndReason } from '../../../src/upstreams/transport.ts';
import type { ParentSpec } from '../../fixtures/processes/parent.ts';
import { isRunning, runningWith, until } from '../../support/processes.ts';

const PARENT = fileURLToPath(new URL('../../fixtures/processes/parent.ts', import.meta.url));
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/servers/${name}.mjs`, import.meta.url));
const PATH = '/usr/local/bin:/usr/bin:/bin';
const executor = createLocalExecutor({ log: silentLog });

const parents: ChildProcess[] = [];
afterEach(() => {
  for (const parent of parents.splice(0)) parent.kill('SIGKILL');
});
afterAll(() => executor.close());

async function connect(name: string, args: readonly string[] = []) {
  const messages: RpcMessage[] = [];
  const ends: EndReason[] = [];
  const transport = createStdioTransport({
    executor,
    launch: { command: process.execPath, args: [fixture(name), ...args], cwd: '/', env: { PATH } },
  });
  await transport.start({ onMessage: (m) => messages.push(m), onEnd: (r) => ends.push(r), onOdd: () => {} });
  return { transport, messages, ends };
}

test('SIGKILL at twenty random moments while sixty programs are being started leaves none of them', async () => {
  for (let round = 0; round < 20; round += 1) {
    // An argument for `sleep` that no other process has.
    const sleeper = `${randomInt(1e9, 2e9)}`;
    const spec: ParentSpec = { argv: ['sleep', sleeper], times: 60, env: { PATH }, shell: '/bin/sh', then: 'stay' };
    const parent = spawn(process.execPath, [PARENT, JSON.stringify(spec)], { stdio: 'ignore' });
    parents.push(parent);
    const gone = new Promise((resolve) => parent.once('exit', resolve));
    await until(() => runningWith(`sleep\0${sleeper}`).length > 0);
    await sleep(randomInt(0, 60));
    parent.kill('SIGKILL');
    await gone;
    await until(() => runningWith(sleeper).length === 0);
  }
});

test('a hundred real servers started and stopped leave no process, no descriptor and no memory', async () => {
  const pids: number[] = [];
  const cycle = async (): Promise<void> => {
    const { transport, messages } = await connect('echo');
    await transport.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'where' } });
    const answer = await until(() => messages[0]);
    const result = ('result' in answer ? answer.result : null) as unknown as { content: { text: string }[] };
    pids.push((JSON.parse(result.content[0]?.text ?? '') as { pid: number }).pid);
    await transport.close();
  };
  await cycle();
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const before = { descriptors: descriptors(), rss: process.memoryUsage().rss };
  for (let i = 0; i < 25; i += 1) await Promise.all([cycle(), cycle(), cycle(), cycle()]);
  expect(pids.filter(isRunning)).toEqual([]);
  await until(() => descriptors() <= before.descriptors);
  expect(process.memoryUsage().rss - before.rss).toBeLessThan(100 * 1024 * 1024);
});

test.each(['lines', 'line'])('five seconds of flooded stderr (%s) cost little', async (kind) => {
  const { transport } = await connect('stderr-flood', [kind]);
  await sleep(1000);
  const before = { cpu: process.cpuUsage(), rss: process.memoryUsage().rss };
  await sleep(5000);
  const cpu = process.cpuUsage(before.cpu);
  await transport.close();
  // A fifth of one processor at most, on whatever machine this runs.
  expect((cpu.user + cpu.system) / 1000).toBeLessThan(1000);
  expect(process.memoryUsage().rss - before.rss).toBeLessThan(50 * 1024 * 1024);
});

test('a line of 200 MiB ends the connection at 64 MiB and is not kept', async () => {
  const { ends } = await connect('huge-line', ['start']).then(async (peer) => {
    await peer.transport.send({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} });
    return peer;
  });
  const reason = await until(() => ends[0]);
  expect(reason).toEqual({ kind: 'too_large', limitBytes: 64 * 1024 * 1024 });
});

test('a message just under 64 MiB arrives', async () => {
  const { transport, messages } = await connect('echo');
  const bytes = 64 * 1024 * 1024 - 1000;
  await transport.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'big', arguments: { bytes } } });
  const answer = await until(() => messages[0]);
  const result = ('result' in answer ? answer.result : null) as unknown as { content: { text: string }[] };
  expect(result.content[0]?.text.length).toBe(bytes);
  await transport.close();
});
