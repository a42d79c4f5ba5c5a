import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { callText, commandLine, fixture, type Home, realServer, useHomes } from '../support/home.ts';
import { isRunning, until } from '../support/processes.ts';
import { PRODUCT } from '../support/product.ts';
import type { RawClient } from '../support/raw-client.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** One server that behaves, and one that ignores SIGTERM and has two grandchildren which do so, too. */
function homeWithStubborn(): Home {
  const home = createHome();
  home.configure({ echo: fixture('echo'), stubborn: fixture('ignores-sigterm') });
  return home;
}

/** Uses both servers. Gives everything that runs for the home then: at least two servers, two grandchildren, a watchdog. */
async function useBoth(home: Home, client: RawClient): Promise<readonly number[]> {
  await client.initialize();
  await callText(client, 'echo__echo', { text: 'hello' });
  await callText(client, 'stubborn__pids');
  // A process that was just started has the command line of its parent for a moment.
  const watchdogs = (pids: readonly number[]) => pids.filter((pid) => commandLine(pid).includes('plugboard-watchdog'));
  const running = await eventually(() => {
    const found = home.processes();
    expect(found.length).toBeGreaterThanOrEqual(6);
    expect(watchdogs(found)).toHaveLength(1);
    return found;
  });
  return running;
}

async function untilGone(home: Home, running: readonly number[]): Promise<void> {
  await until(() => ![...running, ...home.processes()].some(isRunning));
}

test(proves('processes.stdin-close'), async () => {
  const home = homeWithStubborn();
  const alone = home.pipe(['--standalone']);
  const running = await useBoth(home, alone);
  expect(await alone.close()).toBe(0);
  await untilGone(home, running);
});

test(`${proves('processes.stdin-close')}: a pipe, whose host leaves when idle`, async () => {
  const home = homeWithStubborn();
  const host = await home.host(['--idle', '2']);
  const pipe = home.pipe();
  const running = await useBoth(home, pipe);
  expect(await pipe.close()).toBe(0);
  expect(await host.ended).toBe(0);
  await untilGone(home, running);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(`${proves('processes.signals')}: %s`, async (signal) => {
  const home = homeWithStubborn();
  const served = await home.serve();
  const pipe = home.pipe();
  const first = await useBoth(home, pipe);
  const alone = home.pipe(['--standalone']);
  const running = [...first, ...(await useAlso(home, alone))];
  process.kill(alone.pid, signal);
  process.kill(served.pid, signal);
  expect(await served.ended).toBe(0);
  await untilGone(home, running);
  expect([await alone.close(), await pipe.close()]).toEqual([0, 1]);
});

/** Like `useBoth`, beside others. */
async function useAlso(home: Home, client: RawClient): Promise<readonly number[]> {
  await client.initialize();
  await callText(client, 'stubborn__pids');
  return home.processes();
}

test(`${proves('processes.signals')}: a second SIGINT that does not wait`, async () => {
  const home = homeWithStubborn();
  const served = await home.serve();
  const pipe = home.pipe();
  const running = await useBoth(home, pipe);
  process.kill(served.pid, 'SIGINT');
  // The stubborn server would keep the host for more than two seconds. Soon after the first a signal counts as the same.
  const impatient = setInterval(() => served.child.kill('SIGINT'), 300);
  expect(await served.ended.finally(() => clearInterval(impatient))).toBe(1);
  await untilGone(home, running);
  await pipe.close();
});

test.each(['SIGTERM', 'SIGKILL'] as const)('%s at any moment of the start leaves nothing', async (signal) => {
  const home = createHome();
  home.configure({ echo: fixture('echo'), everything: realServer('everything') });
  const ends = [0, 100, 200, 300, 450, 600, 800].map(async (afterMs) => {
    const run = home.run(['serve', '--standalone', '--port', '0']);
    await sleep(afterMs);
    process.kill(run.pid, signal);
    return run.ended;
  });
  // Early on there is nobody yet who would make a signal an orderly end.
  for (const end of await Promise.all(ends)) expect([0, signal]).toContain(end);
  await untilGone(home, []);
});

test(proves('processes.host-killed'), async () => {
  const home = homeWithStubborn();
  const pipe = home.pipe();
  const running = await useBoth(home, pipe);
  process.kill((await home.status())?.pid ?? 0, 'SIGKILL');
  await untilGone(home, running);
  expect(await pipe.close()).toBe(1);
});

test(`${proves('processes.host-killed')}: a standalone one`, async () => {
  const home = homeWithStubborn();
  const alone = home.pipe(['--standalone']);
  const running = await useBoth(home, alone);
  process.kill(alone.pid, 'SIGKILL');
  await untilGone(home, running);
  expect(await alone.close()).toBeNull();
});

/** An agent that starts `plugboard stdio ARGS`, says hello, and waits to be killed. */
const AGENT = `
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, process.argv.slice(1), { stdio: ['pipe', 'inherit', 'inherit'] });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'agent', version: '1' } };
  child.stdin.write(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }) + '\\n');
  const call = { name: 'stubborn__pids', arguments: {} };
  child.stdin.write(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: call }) + '\\n');
  setInterval(() => {}, 1000);
`;

test.each([
  { name: 'the agent of a pipe', args: [], kill: 'agent' },
  { name: 'a pipe', args: [], kill: 'pipe' },
  { name: 'the agent of a standalone', args: ['--standalone'], kill: 'agent' },
])(`${proves('processes.pipe-killed')}: $name`, async ({ args, kill }) => {
  const home = createHome();
  // Each session has a stubborn process of its own, which must go with it, though the host stays for another agent.
  home.configure({ stubborn: { ...fixture('ignores-sigterm'), sharing: 'session' } });
  const host = args.length === 0 ? await home.host(['--idle', '2']) : null;
  const other = host === null ? null : home.pipe();
  await other?.initialize();
  if (host !== null) await home.untilServer('stubborn', 'connected');
  const before = home.processes();
  const agent = spawn(process.execPath, ['--input-type=module', '-e', AGENT, PRODUCT, 'stdio', ...args], {
    env: home.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve) => {
    let heard = '';
    agent.stdout.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
      if (heard.includes('"id":2')) resolve();
    });
  });
  const since = home.processes().filter((pid) => !before.includes(pid));
  // Agent, pipe, and a server with its two grandchildren.
  expect(since.length).toBeGreaterThanOrEqual(5);
  const pipe = since.find((pid) => pid !== agent.pid && commandLine(pid).includes('stdio'));
  process.kill((kill === 'agent' ? agent.pid : pipe) ?? 0, 'SIGKILL');
  await until(() => !since.some((pid) => pid !== agent.pid && isRunning(pid)));
  agent.kill('SIGKILL');
  if (host !== null) expect(isRunning(host.pid)).toBe(true);
  await other?.close();
  if (host !== null) expect(await host.ended).toBe(0);
  await untilGone(home, [...before, ...since]);
});

test('no descriptor is left of sessions, servers and HTTP connections that have ended', async () => {
  const home = createHome();
  home.configure(
    { echo: fixture('echo'), own: { ...fixture('echo'), sharing: 'session' } },
    { serve: { auth: 'none' } },
  );
  const served = await home.serve();
  const descriptors = (): number => readdirSync(`/proc/${served.pid}/fd`).length;
  const round = async (): Promise<void> => {
    const pipe = home.pipe();
    await pipe.initialize();
    await callText(pipe, 'own__echo', { text: 'x' });
    await pipe.close();
    await fetch(served.endpoint.replace('/mcp', '/healthz'), { headers: { connection: 'close' } });
  };
  await round();
  await until(() => home.processes().length === 4);
  const before = descriptors();
  for (let times = 0; times < 5; times += 1) await Promise.all([round(), round(), round()]);
  await until(() => home.processes().length === 4);
  await until(() => descriptors() <= before);
});

test(proves('shared.writes'), async () => {
  const home = createHome();
  const file = join(home.folder, 'memory.jsonl');
  home.configure({ memory: { ...realServer('memory'), env: { MEMORY_FILE_PATH: file } } });
  const agents = [home.pipe(['--agent', 'one']), home.pipe(['--agent', 'two'])];
  await Promise.all(agents.map((agent) => agent.initialize()));
  const write = async (name: string, agent: RawClient): Promise<string | null> => {
    const entity = { name, entityType: 'note', observations: [`written as ${name}`] };
    const response = await agent.exchange('tools/call', {
      name: 'memory__create_entities',
      arguments: { entities: [entity] },
    });
    return 'result' in response && (response.result as { isError?: boolean }).isError !== true ? name : null;
  };
  const asked = agents.flatMap((agent, who) =>
    Array.from({ length: 50 }, (_, index) => write(`agent ${who} note ${index}`, agent)),
  );
  const acknowledged = (await Promise.all(asked)).filter((name) => name !== null);
  const stored = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly name: string }).name);
  expect(acknowledged.length).toBe(100);
  expect(stored.toSorted()).toEqual(acknowledged.toSorted());
  await Promise.all(agents.map((agent) => agent.close()));
});
