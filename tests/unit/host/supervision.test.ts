import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { afterEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/config/node/index.ts';
import { createLocalExecutor } from '../../../src/executors/node/index.ts';
import { createHost, type LocalHost, noPlugins } from '../../../src/host/node/index.ts';
import { type Clock, type ServerState, silentLog } from '../../../src/kernel/index.ts';
import { systemClock } from '../../../src/kernel/node/index.ts';
import { proves } from '../../e2e/support/proves.ts';
import { fixture, type ServerKeys } from '../../support/home.ts';
import { noSecrets } from '../../support/no-secrets.ts';

const open: { readonly close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

type Watched = {
  readonly host: LocalHost;
  /** When each program was started. Milliseconds since the host's start. */
  readonly spawnedAt: readonly number[];
};

/** A host of these servers, in this process, with this clock. */
async function start(servers: Readonly<Record<string, ServerKeys>>, clock: Clock = systemClock): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'plugboard-host-'));
  writeFileSync(join(folder, 'config.toml'), stringify({ mcp_servers: servers }), { mode: 0o600 });
  const executor = createLocalExecutor({ log: silentLog });
  const spawnedAt: number[] = [];
  const began = performance.now();
  const env = { PATH: process.env['PATH'], HOME: folder };
  const host = await createHost({
    home: folder,
    version: 'test',
    load: () => loadConfig({ home: folder, overrides: [], env, systemDir: join(folder, 'etc') }),
    plugins: noPlugins,
    secrets: noSecrets(folder),
    workspace: folder,
    env,
    executor: {
      ...executor,
      spawn: (spec) => {
        spawnedAt.push(performance.now() - began);
        return executor.spawn(spec);
      },
    },
    facts: { get: () => null, set: () => {} },
    clock,
    log: silentLog,
  });
  open.push({ close: () => host.close().finally(() => rmSync(folder, { recursive: true })) });
  return { host, spawnedAt };
}

function stateOf(host: LocalHost, name: string): ServerState | null {
  return host.servers().find(({ server }) => server.name === name)?.report.state ?? null;
}

/** A clock on which pauses between attempts take no time and are noted, and which can be put forward. */
function hurriedClock(): Clock & { readonly pauses: number[]; putForward: (ms: number) => void } {
  const pauses: number[] = [];
  let aheadMs = 0;
  return {
    pauses,
    putForward: (ms) => {
      aheadMs += ms;
    },
    now: () => systemClock.now() + aheadMs,
    after: (ms, run) => {
      if (ms < 500) return systemClock.after(ms, run);
      pauses.push(ms);
      return systemClock.after(1, run);
    },
  };
}

test(proves('upstream.restart'), async () => {
  const clock = hurriedClock();
  const { host, spawnedAt } = await start({ loop: fixture('exit-at-once') }, clock);
  const givenUp = { kind: 'connection_error', attempt: 10, nextRetryAt: null };
  await expect.poll(() => stateOf(host, 'loop'), { timeout: 10_000 }).toMatchObject(givenUp);
  expect(clock.pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  expect(spawnedAt).toHaveLength(10);
  // Asked for by someone, it begins from the start.
  await host.restart('loop');
  await expect.poll(() => spawnedAt.length, { timeout: 10_000 }).toBe(20);
  expect(clock.pauses.slice(9)).toEqual(clock.pauses.slice(0, 9));
});

test(`${proves('upstream.restart')}: one that was well for a minute is not held its past against`, async () => {
  const clock = hurriedClock();
  const { host } = await start({ echo: fixture('echo') }, clock);
  for (const round of [1, 2]) {
    await expect.poll(() => stateOf(host, 'echo')?.kind, { timeout: 10_000 }).toBe('connected');
    clock.putForward(61_000);
    await crash(host);
    await expect.poll(() => clock.pauses).toEqual(Array.from({ length: round }, () => 500));
  }
  await expect.poll(() => stateOf(host, 'echo')?.kind, { timeout: 10_000 }).toBe('connected');
  await crash(host);
  await expect.poll(() => clock.pauses).toEqual([500, 500, 1000]);
});

/** Calls the tool that ends its server. */
async function crash(host: LocalHost): Promise<void> {
  const session = host.openSession({
    id: 'crasher',
    caller: { kind: 'local', name: 'local', user: null, team: null, workspace: null, agent: null, human: false },
    server: null,
    env: null,
    port: {
      session: 'crasher',
      capabilities: () => ({}),
      notify: () => {},
      ask: () => Promise.reject(new Error('no')),
    },
    onListChanged: () => {},
  });
  const params = { name: 'echo__crash', arguments: {} };
  const call = { method: 'tools/call', params, related: { requestId: 1 }, signal: new AbortController().signal };
  await expect(session.send(call)).rejects.toMatchObject({ code: 'UPSTREAM_EXITED' });
  session.close();
}

test(proves('upstream.spawn-limit'), async () => {
  const hung = Array.from({ length: 8 }, (_, index) => [`hung_${index}`, fixture('hang-initialize')] as const);
  // The last in the order of names: it has to wait for two seconds, which is longer than it may take to start.
  const { host, spawnedAt } = await start({
    ...Object.fromEntries(hung),
    late: { ...fixture('echo'), startup_timeout_sec: 1.8 },
  });
  await expect.poll(() => stateOf(host, 'late')?.kind, { timeout: 10_000 }).toBe('connected');
  expect(spawnedAt).toHaveLength(9);
  // A slot that nobody gives back is free after a second: a timer may be late, and is never early.
  const sinceFirst = spawnedAt.map((at) => at - (spawnedAt[0] ?? 0));
  expect(sinceFirst.filter((ms) => ms < 990)).toHaveLength(4);
  expect(sinceFirst.filter((ms) => ms < 1980)).toHaveLength(8);
});

test('a healthy server gives its turn on as soon as it has answered', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `echo_${index}`);
  const { host, spawnedAt } = await start(Object.fromEntries(names.map((name) => [name, fixture('echo')])));
  await host.settled();
  expect(names.map((name) => stateOf(host, name)?.kind)).toEqual(names.map(() => 'connected'));
  expect(spawnedAt).toHaveLength(12);
});

test('closing a host while its servers are starting leaves none of them', async () => {
  const { host, spawnedAt } = await start({ a: fixture('slow-start', '5000'), b: fixture('hang-initialize') });
  await expect.poll(() => spawnedAt.length).toBe(2);
  await host.close();
  expect([stateOf(host, 'a')?.kind, stateOf(host, 'b')?.kind]).not.toContain('connected');
});
