import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/index.ts';
import type { Agent } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { conformanceServer, FRONTS, fixtureServer, type Gateway, startGateway } from '../support/gateway.ts';
import { proves } from './support/proves.ts';

/** As `mirror.mjs` lists them. */
const MIRROR_TOOLS =
  'mirror give give_raw deep refuse tell ask ask_and_take_back slow heard read_recent state read_slow read_ask'.split(
    ' ',
  );

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    config: [
      fixtureServer('alpha', 'mirror', { args: ['alpha'] }),
      fixtureServer('beta', 'mirror', { args: ['beta'] }),
      fixtureServer('many', 'echo', { lines: ['env = { FIXTURE_TOOLS = "1200" }'] }),
      fixtureServer('paged', 'paginated'),
      fixtureServer('odd', 'paginated', { args: ['empty-pages'] }),
      fixtureServer('my-server.v2', 'echo'),
      fixtureServer('changing', 'list-changed'),
      conformanceServer('conf'),
    ].join('\n'),
  });
});
afterAll(() => gateway.close());

type Entry = JsonObject & { readonly name: string };

/** Every page of a list. */
async function walk(agent: Agent, method: string, member: string): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let cursor: JsonObject = {};
  do {
    const page = await agent.result(method, cursor);
    entries.push(...(page[member] as readonly Entry[]));
    cursor = page['nextCursor'] === undefined ? {} : { cursor: page['nextCursor'] };
  } while (cursor['cursor'] !== undefined);
  return entries;
}

const names = (entries: readonly Entry[]): readonly string[] => entries.map(({ name }) => name);
const of = (entries: readonly Entry[], prefix: string): readonly string[] =>
  names(entries).filter((name) => name.startsWith(prefix));

describe.each(FRONTS)('over %s', (front) => {
  test.each([
    { wanted: '2025-11-25', agreed: '2025-11-25' },
    { wanted: '2025-06-18', agreed: '2025-06-18' },
    { wanted: '2025-03-26', agreed: '2025-03-26' },
    { wanted: '2024-11-05', agreed: '2024-11-05' },
    { wanted: '1999-01-01', agreed: '2025-11-25' },
    { wanted: 7, agreed: '2025-11-25' },
  ])(`${proves('gateway.initialize')}: $wanted → $agreed`, async ({ wanted, agreed }) => {
    const agent = await gateway.on(front, { initialize: false });
    const hello = await agent.result('initialize', { protocolVersion: wanted, capabilities: {}, clientInfo: {} });
    expect(hello).toMatchObject({
      protocolVersion: agreed,
      serverInfo: { name: 'plugboard' },
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
      },
    });
    await agent.close();
  });

  test(proves('gateway.tools'), async () => {
    const agent = await gateway.on(front);
    const tools = await walk(agent, 'tools/list', 'tools');
    expect(of(tools, 'alpha__')).toEqual(MIRROR_TOOLS.map((name) => `alpha__${name}`).sort());
    expect(of(tools, 'beta__')).toEqual(of(tools, 'alpha__').map((name) => name.replace('alpha', 'beta')));
    expect(JSON.parse(await agent.call('beta__mirror', { any: 1 }))).toEqual({ name: 'mirror', arguments: { any: 1 } });
    expect(await agent.call('my_server_v2__echo', { text: 'here' })).toBe('here');
    expect(await agent.ask('tools/call', { name: 'alpha__nothing' })).toMatchObject({
      kind: 'error',
      error: { code: -32602, data: { code: 'UNKNOWN_TOOL' } },
    });
    await agent.close();
  });

  test(proves('gateway.pagination'), async () => {
    const agent = await gateway.on(front);
    const first = await agent.result('tools/list');
    expect(first['tools']).toHaveLength(1000);
    const tools = await walk(agent, 'tools/list', 'tools');
    expect(of(tools, 'many__extra_')).toHaveLength(1200);
    expect(of(tools, 'paged__')).toEqual(Array.from({ length: 7 }, (_, i) => `paged__tool_${i + 1}`));
    expect(of(tools, 'odd__')).toEqual(Array.from({ length: 7 }, (_, i) => `odd__tool_${i + 1}`));
    expect(new Set(names(tools)).size).toBe(tools.length);
    for (const cursor of ['', 'abc', '3', Buffer.from('5.wrong').toString('base64url'), null, 3]) {
      expect(await agent.ask('tools/list', { cursor }), String(cursor)).toMatchObject({
        error: { code: -32602, data: { code: 'BAD_CURSOR' } },
      });
    }
    expect(await agent.ask('prompts/list', { cursor: String(first['nextCursor']) })).toMatchObject({
      error: { code: -32602 },
    });
    await agent.close();
  });

  test(proves('gateway.resources'), async () => {
    const agent = await gateway.on(front);
    const resources = (await walk(agent, 'resources/list', 'resources')).map(({ uri }) => uri);
    expect(resources).toEqual([
      'plugboard://alpha/shared://same',
      'mirror://alpha/listed',
      'plugboard://beta/shared://same',
      'mirror://beta/listed',
      'test://static-text',
      'test://watched-resource',
      'test://static-binary',
    ]);
    const templates = (await walk(agent, 'resources/templates/list', 'resourceTemplates')).map(
      (entry) => entry['uriTemplate'],
    );
    expect(templates).toEqual(['mirror://alpha/things/{id}', 'mirror://beta/things/{id}', 'test://template/{id}/data']);
    const read = async (uri: string): Promise<unknown> =>
      ((await agent.result('resources/read', { uri }))['contents'] as readonly JsonObject[])[0]?.['text'];
    expect(await read('plugboard://beta/shared://same')).toBe('beta read shared://same');
    expect(await read('mirror://alpha/listed')).toBe('alpha read mirror://alpha/listed');
    expect(await read('mirror://beta/things/7')).toBe('beta read mirror://beta/things/7');
    expect(await read('test://template/123/data')).toContain('Data for ID: 123');
    expect(await agent.ask('resources/read', { uri: 'shared://same' })).toMatchObject({
      error: {
        code: -32002,
        data: { code: 'AMBIGUOUS_RESOURCE', hint: expect.stringContaining('plugboard://alpha/shared://same') },
      },
    });
    expect(await agent.ask('resources/read', { uri: 'nobody://has/this' })).toMatchObject({
      error: { code: -32002, data: { code: 'UNKNOWN_RESOURCE' } },
    });
    await agent.close();
  });

  test(`${proves('gateway.resources')}: subscriptions`, async () => {
    const [one, two] = [await gateway.on(front), await gateway.on(front)];
    const uri = 'plugboard://alpha/shared://same';
    await one.result('resources/subscribe', { uri });
    await two.result('resources/subscribe', { uri: 'mirror://alpha/listed' });
    const updated = (changed: string) => ({
      method: 'notifications/resources/updated',
      params: { uri: changed, title: 'x' },
    });
    await one.call('alpha__tell', { messages: [updated('shared://same')], after_ms: 0 });
    expect((await one.next('notifications/resources/updated')).params).toEqual({ uri, title: 'x' });
    await one.call('alpha__tell', { messages: [updated('mirror://alpha/listed')], after_ms: 0 });
    expect((await two.next('notifications/resources/updated')).params).toEqual({
      uri: 'mirror://alpha/listed',
      title: 'x',
    });
    // What is updated may be a part of what was subscribed to.
    await one.call('alpha__tell', { messages: [updated('mirror://alpha/listed/part')], after_ms: 0 });
    expect((await two.next('notifications/resources/updated')).params).toMatchObject({
      uri: 'mirror://alpha/listed/part',
    });
    await one.result('resources/unsubscribe', { uri });
    await one.call('alpha__tell', {
      messages: [updated('shared://same'), updated('mirror://alpha/listed')],
      after_ms: 0,
    });
    await two.next('notifications/resources/updated');
    const heardOfIt = one.received.filter((message) => JSON.stringify(message).includes(uri));
    expect(heardOfIt).toHaveLength(1);
    await two.close();
    await eventually(async () => expect(JSON.parse(await one.call('alpha__state'))).toMatchObject({ subscribed: [] }));
    await one.close();
  });

  test(proves('gateway.prompts'), async () => {
    const agent = await gateway.on(front);
    const prompts = names(await walk(agent, 'prompts/list', 'prompts'));
    expect(prompts).toContain('alpha__greet');
    expect(prompts).toContain('conf__test_simple_prompt');
    expect(await agent.result('prompts/get', { name: 'beta__greet', arguments: { who: 'Ada' } })).toEqual({
      messages: [{ role: 'user', content: { type: 'text', text: 'beta greet Ada' } }],
    });
    expect(
      await agent.result('prompts/get', {
        name: 'conf__test_prompt_with_arguments',
        arguments: { arg1: 'a', arg2: 'b' },
      }),
    ).toMatchObject({ messages: [{ content: { text: "Prompt with arguments: arg1='a', arg2='b'" } }] });
    expect(await agent.ask('prompts/get', { name: 'greet' })).toMatchObject({
      error: { code: -32602, data: { code: 'UNKNOWN_PROMPT' } },
    });
    await agent.close();
  });

  test(proves('gateway.completions'), async () => {
    const agent = await gateway.on(front);
    const complete = async (ref: JsonObject): Promise<unknown> =>
      (await agent.result('completion/complete', { ref, argument: { name: 'arg1', value: 'par' } }))['completion'];
    expect(await complete({ type: 'ref/prompt', name: 'conf__test_prompt_with_arguments' })).toMatchObject({
      values: ['paris', 'park', 'party'],
    });
    const argument = '"argument":{"name":"arg1","value":"par"}';
    expect(await complete({ type: 'ref/prompt', name: 'beta__greet', title: 'kept' })).toEqual({
      values: [`beta {"ref":{"type":"ref/prompt","name":"greet","title":"kept"},${argument}}`],
      hasMore: false,
    });
    expect(await complete({ type: 'ref/resource', uri: 'mirror://alpha/things/{id}' })).toEqual({
      values: [`alpha {"ref":{"type":"ref/resource","uri":"mirror://alpha/things/{id}"},${argument}}`],
      hasMore: false,
    });
    expect(await agent.ask('completion/complete', { ref: { type: 'ref/other' }, argument: {} })).toMatchObject({
      error: { code: -32602 },
    });
    await agent.close();
  });

  test(proves('gateway.logging'), async () => {
    const [quiet, loud] = [await gateway.on(front), await gateway.on(front)];
    const message = (level: string) => ({
      method: 'notifications/message',
      params: { level, logger: 'x', data: { level } },
    });
    const messages = ['debug', 'info', 'warning', 'error'].map(message);
    await quiet.result('logging/setLevel', { level: 'error' });
    await loud.result('logging/setLevel', { level: 'info' });
    await eventually(async () => expect(JSON.parse(await loud.call('alpha__state'))).toMatchObject({ level: 'info' }));
    await loud.call('alpha__tell', { messages, after_ms: 0 });
    expect((await quiet.next('notifications/message')).params).toEqual({
      level: 'error',
      logger: 'x',
      data: { level: 'error' },
    });
    for (const level of ['info', 'warning', 'error'])
      expect((await loud.next('notifications/message')).params).toMatchObject({ level });
    // Within a call they reach the agent that called, and no other.
    await quiet.call('alpha__tell', { messages });
    await quiet.next('notifications/message');
    const heard = (agent: Agent): number => agent.received.length;
    expect([heard(quiet), heard(loud)]).toEqual([2, 3]);
    expect(await quiet.ask('logging/setLevel', { level: 'loud' })).toMatchObject({ error: { code: -32602 } });
    await Promise.all([quiet.close(), loud.close()]);
  });

  test.each([
    { server: undefined, prefix: 'changing__' },
    { server: 'changing', prefix: '' },
  ])(`${proves('gateway.list-changed')}: on $server`, async ({ server, prefix }) => {
    const agent = await gateway.on(front, server === undefined ? {} : { server });
    const other = await gateway.on(front, { server: 'alpha' });
    const added = `${prefix}new_${front}`;
    expect(names(await walk(agent, 'tools/list', 'tools'))).not.toContain(added);
    await other.result('tools/list');
    await agent.call(`${prefix}add_tool`, { name: `new_${front}` });
    await agent.next('notifications/tools/list_changed');
    expect(names(await walk(agent, 'tools/list', 'tools'))).toContain(added);
    expect(await agent.call(added)).toBe(`called new_${front}`);
    await agent.call(`${prefix}change_often`, { times: 200 });
    await agent.call(`${prefix}remove_tool`, { name: `new_${front}` });
    await agent.next('notifications/tools/list_changed');
    await eventually(async () => expect(names(await walk(agent, 'tools/list', 'tools'))).not.toContain(added));
    expect(await agent.ask('tools/call', { name: added })).toMatchObject({ error: { code: -32602 } });
    // Two hundred changes at once are a few messages, and an agent on another server hears none.
    expect(agent.received.length).toBeLessThan(20);
    expect(other.received).toEqual([]);
    await Promise.all([agent.close(), other.close()]);
  });

  test(proves('gateway.one-server'), async () => {
    const agent = await gateway.on(front, { server: 'alpha' });
    expect(agent.hello).toMatchObject({ serverInfo: { name: 'alpha', version: '1.0.0' } });
    expect(names(await walk(agent, 'tools/list', 'tools'))).toEqual(MIRROR_TOOLS);
    expect((await walk(agent, 'resources/list', 'resources')).map(({ uri }) => uri)).toEqual([
      'shared://same',
      'mirror://alpha/listed',
    ]);
    expect(names(await walk(agent, 'prompts/list', 'prompts'))).toEqual(['greet']);
    expect(JSON.parse(await agent.call('mirror'))).toEqual({ name: 'mirror', arguments: {} });
    expect(await agent.result('resources/read', { uri: 'shared://same' })).toEqual({
      contents: [{ uri: 'shared://same', text: 'alpha read shared://same' }],
    });
    await agent.result('resources/subscribe', { uri: 'shared://same' });
    const updated = { method: 'notifications/resources/updated', params: { uri: 'shared://same' } };
    await agent.call('tell', { messages: [updated], after_ms: 0 });
    expect((await agent.next('notifications/resources/updated')).params).toEqual({ uri: 'shared://same' });
    expect(await agent.ask('tools/call', { name: 'alpha__mirror' })).toMatchObject({ error: { code: -32602 } });
    await agent.close();
  });
});

test(`${proves('gateway.one-server')}: a server that does not exist`, async () => {
  await expect(gateway.http({ server: 'nobody' })).rejects.toThrow(/HTTP 404.*UNKNOWN_SERVER/);
  await expect(gateway.stdio({ server: 'nobody' })).rejects.toThrow(/UNKNOWN_SERVER/);
});

test(`${proves('gateway.names')}: with odd names, from run to run`, async () => {
  const config = [
    fixtureServer('a.b', 'list-changed'),
    fixtureServer('a-b', 'list-changed'),
    fixtureServer('a-name-that-is-so-long-that-no-tool-fits-beside-it', 'echo'),
  ];
  const run = async (toml: string): Promise<readonly string[]> => {
    const own = await startGateway({ config: toml });
    try {
      const agent = await own.http();
      return names(await walk(agent, 'tools/list', 'tools'));
    } finally {
      await own.close();
    }
  };
  const seen = await run(config.join('\n'));
  expect(seen).toEqual([...new Set(seen)]);
  expect(seen.filter((name) => !/^[A-Za-z0-9_]{1,48}$/.test(name))).toEqual([]);
  expect(seen.filter((name) => name.startsWith('a_b__add_tool_'))).toHaveLength(2);
  expect(await run(config.toReversed().join('\n'))).toEqual(seen);
});
