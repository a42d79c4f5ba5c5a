import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject, RpcRequest } from '../../src/kernel/index.ts';
import type { Agent } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { FRONTS, fixtureServer, type Gateway, startGateway } from '../support/gateway.ts';
import { isRunning } from '../support/processes.ts';
import { PRODUCT } from '../support/product.ts';
import { proves } from './support/proves.ts';

const STAYS = fixtureServer('stays', 'mirror', { lines: ['supports_parallel_tool_calls = true'] });
const mirror = (name: string, ...lines: readonly string[]): string =>
  fixtureServer(name, 'mirror', { args: [name], lines: ['supports_parallel_tool_calls = true', ...lines] });

let gateway: Gateway;
beforeEach(async () => {
  gateway = await startGateway({ config: [STAYS, mirror('a')].join('\n') });
});
afterEach(() => gateway.close());

const names = async (agent: Agent): Promise<readonly string[]> =>
  ((await agent.result('tools/list'))['tools'] as readonly JsonObject[]).map(({ name }) => String(name));
const pidOf = async (agent: Agent, server: string): Promise<number> =>
  (JSON.parse(await agent.call(`${server}__state`)) as { pid: number }).pid;

/** What `doctor` says of the running host. */
async function doctor(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [PRODUCT, 'doctor', ...args], {
    env: gateway.folder.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return text(child.stdout);
}

describe.each(FRONTS)(`${proves('reload.second')}: over %s`, (front) => {
  test('a server more, tools hidden and shown, a server less', async () => {
    const agent = await gateway.on(front);
    expect(await names(agent)).toContain('a__mirror');
    const took: number[] = [];
    const edit = async (config: readonly string[], expected: () => Promise<void>): Promise<void> => {
      const began = performance.now();
      gateway.writeConfig(config.join('\n'));
      await agent.next('notifications/tools/list_changed');
      await eventually(expected);
      took.push(performance.now() - began);
    };
    await edit([STAYS, mirror('a'), mirror('b')], async () =>
      expect(await agent.call('b__mirror')).toContain('mirror'),
    );
    await edit([STAYS, mirror('a', 'disabled_tools = ["mirror"]'), mirror('b')], async () => {
      expect(await names(agent)).not.toContain('a__mirror');
    });
    expect(await agent.ask('tools/call', { name: 'a__mirror' })).toMatchObject({
      error: { data: { code: 'TOOL_DISABLED', hint: expect.stringContaining('mcp_servers.a.disabled_tools') } },
    });
    await edit([STAYS, mirror('a')], async () => {
      const seen = await names(agent);
      expect(seen).toContain('a__mirror');
      expect(seen).not.toContain('b__mirror');
    });
    expect(await agent.ask('tools/call', { name: 'b__mirror' })).toMatchObject({
      error: { data: { code: 'UNKNOWN_TOOL' } },
    });
    // On a machine that is busy with other tests not every edit can be as fast.
    for (let round = 0; round < 20 && Math.min(...took) >= 1000; round += 1) {
      const name = `round${round}`;
      const config = [STAYS, mirror(name)];
      await edit(config, async () => expect(await names(agent)).toContain(`${name}__mirror`));
    }
    expect(Math.min(...took)).toBeLessThan(1000);
  });
});

test(`${proves('reload.second')}: an edit at the very start, and of a file that was not there`, async () => {
  gateway.writeConfig([STAYS, mirror('early')].join('\n'));
  const agent = await gateway.http();
  await eventually(async () => expect(await agent.call('early__mirror').catch(String)).toContain('"name":"mirror"'));
  const empty = await startGateway({ serve: [], config: '' });
  try {
    rmSync(empty.configFile);
    await eventually(() => expect(empty.log()).toContain('was deleted'));
    empty.writeConfig(mirror('new'), ['auth = "none"']);
    await eventually(async () => expect(await (await empty.http()).call('new__mirror')).toContain('"name":"mirror"'));
  } finally {
    await empty.close();
  }
});

test.each([
  { how: 'written in place', edit: (file: string, toml: string) => writeFileSync(file, toml) },
  {
    how: 'written in pieces',
    edit: (file: string, toml: string) => {
      writeFileSync(file, '');
      for (const line of toml.split('\n')) writeFileSync(file, `${line}\n`, { flag: 'a' });
    },
  },
  {
    how: 'deleted and made again',
    edit: (file: string, toml: string) => {
      rmSync(file);
      writeFileSync(file, toml);
    },
  },
  {
    how: 'saved by way of a backup',
    edit: (file: string, toml: string) => {
      renameSync(file, `${file}~`);
      writeFileSync(file, toml);
    },
  },
  {
    how: 'made a symbolic link, and the target written again',
    edit: (file: string, toml: string) => {
      const folder = `${file}.d`;
      mkdirSync(folder);
      writeFileSync(join(folder, 'real.toml'), toml);
      rmSync(file);
      symlinkSync(join(folder, 'real.toml'), file);
    },
  },
])(`${proves('reload.second')}: a file that is $how`, async ({ edit }) => {
  const agent = await gateway.http();
  const toml = (name: string): string => `[serve]\nauth = "none"\n${STAYS}\n${mirror(name)}`;
  edit(gateway.configFile, toml('first'));
  await eventually(async () => expect(await agent.call('first__mirror').catch(String)).toContain('"name":"mirror"'));
  writeFileSync(gateway.configFile, toml('second'));
  await eventually(async () => expect(await agent.call('second__mirror').catch(String)).toContain('"name":"mirror"'));
});

test(`${proves('reload.second')}: of many edits in a row the last one counts`, async () => {
  const agent = await gateway.http();
  const pid = await pidOf(agent, 'stays');
  for (let round = 0; round < 30; round += 1) gateway.writeConfig([STAYS, mirror(`round${round}`)].join('\n'));
  await eventually(async () => expect(await agent.call('round29__mirror').catch(String)).toContain('"name":"mirror"'));
  expect((await names(agent)).filter((name) => name.endsWith('__mirror'))).toEqual([
    'round29__mirror',
    'stays__mirror',
  ]);
  expect(await pidOf(agent, 'stays')).toBe(pid);
});

test(`${proves('reload.second')}: settings of the endpoint`, async () => {
  const agent = await gateway.http();
  const status = async (): Promise<number> =>
    (await fetch(gateway.endpoint.replace('/mcp', '/healthz'), { headers: { origin: 'https://console.example.com' } }))
      .status;
  expect(await status()).toBe(403);
  gateway.writeConfig(STAYS, ['auth = "none"', 'allowed_origins = ["https://console.example.com"]']);
  await eventually(async () => expect(await status()).toBe(200));
  expect(await agent.result('ping')).toEqual({});
});

describe(proves('reload.keeps'), () => {
  test('servers whose entry did not change, or whose lists, names and limits alone did, keep their process', async () => {
    const agent = await gateway.http({ listens: true });
    const before = [await pidOf(agent, 'stays'), await pidOf(agent, 'a')];
    gateway.writeConfig(
      [
        '# a comment more',
        mirror(
          'a',
          'enabled_tools = ["state", "slow"]',
          'tool_timeout_sec = 50',
          'startup_timeout_sec = 20',
          'roots = ["file:///x"]',
        ),
        mirror('b'),
        STAYS,
      ].join('\n'),
    );
    await eventually(async () => expect(await names(agent)).toEqual(expect.arrayContaining(['b__mirror'])));
    expect((await names(agent)).filter((name) => name.startsWith('a__'))).toEqual(['a__slow', 'a__state']);
    expect([await pidOf(agent, 'stays'), await pidOf(agent, 'a')]).toEqual(before);
  });

  test('calls in flight finish, on a server that is started anew and on one that is removed', async () => {
    gateway.writeConfig([STAYS, mirror('a'), mirror('b')].join('\n'));
    const agent = await gateway.stdio({ capabilities: { elicitation: {} } });
    await eventually(async () => expect(await agent.call('b__mirror').catch(String)).toContain('"name":"mirror"'));
    const pids = [await pidOf(agent, 'a'), await pidOf(agent, 'b')];
    // They last until this agent answers their questions.
    const question = { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: {} } };
    const calls = ['a__ask', 'b__ask', 'stays__ask'].map((name) => agent.call(name, question));
    const questions: RpcRequest[] = [];
    for (const _ of calls) questions.push((await agent.next('elicitation/create')) as RpcRequest);
    gateway.writeConfig([STAYS, mirror('a', 'env = { CHANGED = "1" }')].join('\n'));
    await eventually(async () => expect(await pidOf(agent, 'a')).not.toBe(pids[0]));
    expect(await agent.ask('tools/call', { name: 'b__mirror' })).toMatchObject({ error: { code: -32602 } });
    expect(pids.map(isRunning)).toEqual([true, true]);
    for (const { id } of questions) agent.send({ jsonrpc: '2.0', id, result: { action: 'decline' } });
    for (const answer of await Promise.all(calls))
      expect(JSON.parse(answer)).toMatchObject({ result: { action: 'decline' } });
    await eventually(() => expect(pids.map(isRunning)).toEqual([false, false]));
  });

  test('what an agent asked for holds for the server that is started anew', async () => {
    const agent = await gateway.on('http');
    const pid = await pidOf(agent, 'a');
    await agent.result('resources/subscribe', { uri: 'mirror://a/listed' });
    await agent.result('logging/setLevel', { level: 'warning' });
    gateway.writeConfig([STAYS, mirror('a', 'env = { CHANGED = "1" }')].join('\n'));
    await eventually(async () => expect(await pidOf(agent, 'a')).not.toBe(pid));
    await eventually(async () =>
      expect(JSON.parse(await agent.call('a__state'))).toMatchObject({
        level: 'warning',
        subscribed: ['mirror://a/listed'],
      }),
    );
    const updated = { method: 'notifications/resources/updated', params: { uri: 'mirror://a/listed' } };
    await agent.call('a__tell', { messages: [updated], after_ms: 0 });
    await agent.next('notifications/resources/updated');
  });

  test('a question that is open when its server is removed is still answered', async () => {
    const agent = await gateway.stdio({ capabilities: { elicitation: {} } });
    const asked = agent.call('a__ask', {
      method: 'elicitation/create',
      params: { message: 'Who?', requestedSchema: {} },
    });
    const question = await agent.next('elicitation/create');
    gateway.writeConfig(STAYS);
    await eventually(async () => expect(await names(agent)).not.toContain('a__ask'));
    agent.send({ jsonrpc: '2.0', id: (question as unknown as { id: number }).id, result: { action: 'decline' } });
    expect(JSON.parse(await asked)).toMatchObject({ result: { action: 'decline' } });
  });

  test('an agent on one server sees it go and come back', async () => {
    const agent = await gateway.on('stdio', { server: 'a' });
    expect(await names(agent)).toContain('mirror');
    gateway.writeConfig(STAYS);
    await agent.next('notifications/tools/list_changed');
    await eventually(async () => expect(await names(agent)).toEqual([]));
    expect(await agent.ask('tools/call', { name: 'mirror' })).toMatchObject({ kind: 'error' });
    gateway.writeConfig([STAYS, mirror('a')].join('\n'));
    await eventually(async () => expect(await agent.call('mirror').catch(String)).toContain('"name":"mirror"'));
  });
});

const BROKEN = [
  { name: 'no TOML', toml: '[mcp_servers.a\ncommand = 1', where: /config\.toml:\d+/ },
  { name: 'half a file', toml: '[mcp_servers.a]\ncommand = "node"\nargs = ["', where: /config\.toml:\d+/ },
  { name: 'a table twice', toml: `${mirror('a')}\n${mirror('a')}`, where: /config\.toml:\d+/ },
];
test.each(BROKEN)(`${proves('reload.broken')}: $name`, async ({ toml, where }) => {
  const agent = await gateway.http();
  const pids = [await pidOf(agent, 'stays'), await pidOf(agent, 'a')];
  gateway.writeConfig(toml);
  await eventually(async () => expect(await doctor()).toMatch(/last good configuration stays in force/));
  expect(await doctor()).toMatch(where);
  expect(await doctor('--json')).toContain('CONFIG_NOT_TOML');
  expect(gateway.log()).toMatch(/last good configuration stays in force/);
  expect(await names(agent)).toContain('a__mirror');
  expect([await pidOf(agent, 'stays'), await pidOf(agent, 'a')]).toEqual(pids);
  gateway.writeConfig([STAYS, mirror('a'), mirror('b')].join('\n'));
  await eventually(async () => expect(await agent.call('b__mirror').catch(String)).toContain('"name":"mirror"'));
  expect(await doctor()).not.toMatch(/last good/);
  expect([await pidOf(agent, 'stays'), await pidOf(agent, 'a')]).toEqual(pids);
});

test(`${proves('reload.broken')}: one bad entry takes down that server, and no other`, async () => {
  const agent = await gateway.http();
  const pid = await pidOf(agent, 'stays');
  gateway.writeConfig([STAYS, '[mcp_servers.a]\ncommand = 5', mirror('b')].join('\n'));
  await eventually(async () => expect(await agent.call('b__mirror').catch(String)).toContain('"name":"mirror"'));
  expect(await agent.ask('tools/call', { name: 'a__mirror' })).toMatchObject({
    error: { message: expect.stringContaining('invalid'), data: { code: 'UPSTREAM_NOT_READY' } },
  });
  expect(await pidOf(agent, 'stays')).toBe(pid);
});

test(proves('fault.config-deleted'), async () => {
  const agent = await gateway.http();
  const pids = [await pidOf(agent, 'stays'), await pidOf(agent, 'a')];
  rmSync(gateway.configFile);
  await eventually(async () =>
    expect(await doctor()).toMatch(/was deleted; the last good configuration stays in force/),
  );
  expect(gateway.log()).toContain('was deleted');
  expect(await names(agent)).toContain('a__mirror');
  expect([await pidOf(agent, 'stays'), await pidOf(agent, 'a')]).toEqual(pids);
  gateway.writeConfig([STAYS, mirror('b')].join('\n'));
  await eventually(async () => expect(await agent.call('b__mirror').catch(String)).toContain('"name":"mirror"'));
  expect(await names(agent)).not.toContain('a__mirror');
  expect(await doctor()).not.toMatch(/last good/);
});
