import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/kernel/index.ts';
import type { Agent } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { FRONTS, fixtureServer, type Gateway, startGateway, untilReached } from '../support/gateway.ts';
import { proves } from './support/proves.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    config: [
      fixtureServer('m', 'mirror'),
      fixtureServer('side', 'mirror', {
        args: ['side'],
        lines: ['supports_parallel_tool_calls = true'],
      }),
      fixtureServer('echo', 'echo', { lines: ['supports_parallel_tool_calls = true'] }),
    ].join('\n'),
  });
});
afterAll(() => gateway.close());

describe.each(FRONTS)('over %s', (front) => {
  test(`${proves('gateway.tools')}: ids of any kind, the same in two agents at once, come back as they were`, async () => {
    const agents = await Promise.all([gateway.on(front), gateway.on(front)]);
    const ids = [1, '1', 0, '', '0', -5, 1.5, Number.MAX_SAFE_INTEGER, 'ü', 'null'];
    const answers = await Promise.all(
      agents.flatMap((agent, index) =>
        ids.map(async (id) => {
          const result = await agent.result(
            'tools/call',
            { name: 'side__mirror', arguments: { any: [index, id] } },
            id,
          );
          return (JSON.parse(String((result['content'] as JsonObject[])[0]?.['text'])) as JsonObject)['arguments'];
        }),
      ),
    );
    expect(answers).toEqual([0, 1].flatMap((index) => ids.map((id) => ({ any: [index, id] }))));
    expect(agents.flatMap(({ received }) => received)).toEqual([]);
    await Promise.all(agents.map((agent) => agent.close()));
  });

  test(proves('gateway.progress'), async () => {
    const agents = await Promise.all([gateway.on(front), gateway.on(front)]);
    const tokens: readonly JsonValue[] = [0, '', 'a token', 1, '1'];
    await Promise.all(
      agents.flatMap((agent) =>
        tokens.map((progressToken) =>
          agent.result('tools/call', {
            name: 'echo__progress',
            arguments: { steps: 5, ms: 2 },
            _meta: { progressToken },
          }),
        ),
      ),
    );
    for (const { received } of agents) {
      const heard = received.map((message) => ('params' in message ? message.params : null));
      for (const progressToken of tokens)
        expect(heard.filter((params) => params?.['progressToken'] === progressToken)).toEqual(
          [1, 2, 3, 4, 5].map((progress) => ({ progressToken, progress, total: 5 })),
        );
      expect(heard).toHaveLength(5 * tokens.length);
    }
    // Without a token nothing is reported, and what a server invents reaches nobody.
    const [agent] = agents;
    await agent?.call('echo__progress', { steps: 2, ms: 1 });
    const invented = { method: 'notifications/progress', params: { progressToken: 999_999, progress: 1 } };
    await agent?.call('m__tell', { messages: [invented] });
    expect(agent?.received).toHaveLength(25);
    await Promise.all(agents.map((one) => one.close()));
  });

  test(`${proves('gateway.progress')}: what is said at once with the answer comes before it`, async () => {
    const agent = await gateway.on(front);
    for (let round = 0; round < 20; round += 1) {
      const before = agent.received.length;
      await agent.result('tools/call', {
        name: 'echo__progress',
        arguments: { steps: 10, ms: 0 },
        _meta: { progressToken: round },
      });
      expect(agent.received.length - before).toBe(10);
    }
    await agent.close();
  });

  test(proves('gateway.cancellation'), async () => {
    const agent = await gateway.on(front);
    const ms = front === 'stdio' ? 60_001 : 60_002;
    const lost: unknown[] = [];
    void agent.ask('tools/call', { name: 'm__slow', arguments: { ms } }, 'slow').then(
      (answer) => lost.push(answer),
      () => {},
    );
    await untilReached(agent, 'mirror', `"ms":${ms}`);
    const queued = agent.ask('tools/call', { name: 'm__slow', arguments: { ms: 1 } }, 'queued').then(
      (answer) => lost.push(answer),
      () => {},
    );
    // What waits for its turn nobody sees; by then it has come.
    for (let round = 0; round < 10; round += 1) await agent.result('ping');
    agent.notify('notifications/cancelled', { requestId: 'queued', reason: 'changed my mind' });
    agent.notify('notifications/cancelled', { requestId: 'slow', reason: 'too slow' });
    agent.notify('notifications/cancelled', { requestId: 'unknown' });
    agent.notify('notifications/cancelled', {});
    await eventually(async () => {
      const heard = JSON.parse(await agent.call('m__heard')) as readonly JsonObject[];
      expect(heard).toContainEqual({ slow: ms, cancelled: true });
      expect(heard.filter(({ method }) => method === 'notifications/cancelled').at(-1)).toMatchObject({
        params: { reason: 'too slow' },
      });
      // The one that waited never got there.
      expect(heard).not.toContainEqual({ slow: 1, cancelled: false });
    });
    // The ids are free again, and nothing was answered.
    expect(await agent.result('ping', {}, 'slow')).toEqual({});
    expect(lost).toEqual([]);
    await agent.close();
    await queued;
  });

  test(`${proves('gateway.cancellation')}: racing the answer`, async () => {
    const agent = await gateway.on(front);
    for (let round = 0; round < 30; round += 1) {
      void agent.ask('tools/call', { name: 'side__slow', arguments: { ms: 0 } }, `race ${round}`).catch(() => {});
      if (round % 2 === 0) await agent.result('ping');
      agent.notify('notifications/cancelled', { requestId: `race ${round}` });
    }
    expect(await agent.call('side__mirror')).toContain('mirror');
    expect(agent.received).toEqual([]);
    await agent.close();
  });

  test(proves('fault.agent-unknown-method'), async () => {
    const agent = await gateway.on(front);
    for (const method of ['nothing/known', 'tools/callx', 'elicitation/create', 'toString', ''])
      expect(await agent.ask(method, {})).toMatchObject({
        kind: 'error',
        error: { code: -32601, data: { code: 'METHOD_UNKNOWN' } },
      });
    agent.notify('notifications/nobody/knows', { x: 1 });
    agent.notify('notifications/cancelled');
    agent.notify('notifications/progress');
    expect(await agent.result('ping')).toEqual({});
    await agent.close();
  });

  test(`${proves('fault.agent-unknown-method')}: params that are missing or wrong are told by name`, async () => {
    const agent = await gateway.on(front);
    for (const [method, params, word] of [
      ['tools/call', undefined, 'name'],
      ['tools/call', { name: 5 }, 'name'],
      ['prompts/get', {}, 'name'],
      ['resources/read', { uri: null }, 'uri'],
      ['resources/subscribe', {}, 'uri'],
      ['completion/complete', {}, 'ref'],
      ['completion/complete', { ref: { type: 'ref/prompt' } }, 'name'],
      ['logging/setLevel', {}, 'level'],
    ] as const)
      expect(await agent.ask(method, params), method).toMatchObject({
        error: { code: -32602, message: expect.stringContaining(word) },
      });
    await agent.close();
  });

  test(`${proves('gateway.initialize')}: twice, or too late`, async () => {
    const agent = await gateway.on(front);
    if (front === 'stdio')
      expect(await agent.ask('initialize', { protocolVersion: '2025-11-25' })).toMatchObject({
        error: { code: -32600 },
      });
    expect(await agent.result('ping')).toEqual({});
    await agent.close();
  });
});

test(`${proves('gateway.initialize')}: what comes before is refused, but for ping`, async () => {
  const agent = await gateway.stdio({ initialize: false });
  expect(await agent.ask('tools/list')).toMatchObject({ error: { code: -32600, data: { code: 'NOT_INITIALIZED' } } });
  expect(await agent.result('ping')).toEqual({});
  // What follows at once, without waiting for the answer, is served.
  const [hello, tools] = await Promise.all([
    agent.result('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: {} }),
    agent.result('tools/list'),
  ]);
  expect([hello['protocolVersion'], (tools['tools'] as JsonObject[]).length > 10]).toEqual(['2025-06-18', true]);
  await agent.close();
});

test.each([
  { name: 'no JSON', line: '{"jsonrpc":"2.0","id":1,', code: -32700, id: null },
  { name: 'a word', line: 'hello', code: -32700, id: null },
  { name: 'a number', line: '5', code: -32600, id: null },
  { name: 'a list', line: '[]', code: -32600, id: null },
  { name: 'another version', line: '{"jsonrpc":"1.0","id":"x","method":"ping"}', code: -32600, id: 'x' },
  { name: 'a null id', line: '{"jsonrpc":"2.0","id":null,"method":"ping"}', code: -32600, id: null },
  { name: 'an object as id', line: '{"jsonrpc":"2.0","id":{},"method":"ping"}', code: -32600, id: null },
  { name: 'params in a list', line: '{"jsonrpc":"2.0","id":7,"method":"ping","params":[]}', code: -32600, id: 7 },
  { name: 'a method that is no text', line: '{"jsonrpc":"2.0","id":7,"method":8}', code: -32600, id: 7 },
  { name: 'nothing of a message', line: '{"jsonrpc":"2.0","id":7}', code: -32600, id: 7 },
  {
    name: 'a batch, which this revision has not',
    line: '[{"jsonrpc":"2.0","id":7,"method":"ping"}]',
    code: -32600,
    id: null,
  },
])(`${proves('fault.agent-invalid-json')}: $name`, async ({ line, code, id }) => {
  const agent = await gateway.stdio();
  agent.writeLine(line);
  agent.writeLine('');
  agent.writeLine('\r');
  expect(await agent.result('ping', {}, 'after')).toEqual({});
  expect(agent.received).toEqual([{ jsonrpc: '2.0', id, error: expect.objectContaining({ code }) }]);
  await agent.close();
});

test(`${proves('fault.agent-invalid-json')}: bytes that are no UTF-8, and a line in many pieces`, async () => {
  const agent = await gateway.stdio();
  expect(await agent.call('echo__echo', { text: '\ud800 alone' })).toBe('\ud800 alone');
  agent.writeLine(`${' '.repeat(100_000)}{"jsonrpc":"2.0",`.concat('"id":"long","method":"ping"}'));
  await eventually(() => expect(agent.received).toEqual([{ jsonrpc: '2.0', id: 'long', result: {} }]));
  await agent.close();
});

test(`${proves('gateway.initialize')}: an id that is in use is refused, and the first call goes on`, async () => {
  const agent = await gateway.stdio();
  const first = agent.call('side__slow', { ms: 300 });
  agent.writeLine('{"jsonrpc":"2.0","id":2,"method":"ping"}');
  expect(await first.catch(String)).toContain('still running');
  await eventually(() => expect(JSON.stringify(agent.received)).toContain('waited 300'));
  await agent.close();
});

test(`${proves('gateway.cancellation')}: a batch of 2025-03-26 over stdio`, async () => {
  const agent = await gateway.stdio({ version: '2025-03-26' });
  agent.writeLine(
    '[{"jsonrpc":"2.0","id":"a","method":"ping"},5,{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":"b","method":"tools/call","params":{"name":"echo__echo","arguments":{"text":"b"}}}]',
  );
  await eventually(() => expect(agent.received).toHaveLength(3));
  expect(agent.received).toEqual(
    expect.arrayContaining([
      { jsonrpc: '2.0', id: 'a', result: {} },
      { jsonrpc: '2.0', id: null, error: expect.objectContaining({ code: -32600 }) },
      { jsonrpc: '2.0', id: 'b', result: { content: [{ type: 'text', text: 'b' }] } },
    ]),
  );
  await agent.close();
});

describe(proves('fault.agent-disconnects'), () => {
  const assertCancelled = (ms: number, witness: Agent): Promise<void> =>
    eventually(async () => {
      expect(JSON.parse(await witness.call('side__heard'))).toContainEqual({ slow: ms, cancelled: true });
    });
  const begin = async (agent: Agent, ms: number, witness: Agent): Promise<void> => {
    void agent.call('side__slow', { ms }).catch(() => {});
    await untilReached(witness, 'side', `"ms":${ms}`);
  };

  test('over stdio, by closing its side', async () => {
    const [witness, agent] = [await gateway.stdio(), await gateway.stdio()];
    await begin(agent, 70_001, witness);
    await agent.close();
    await assertCancelled(70_001, witness);
  });

  test('over stdio, by SIGKILL', async () => {
    const [witness, agent] = [await gateway.stdio(), await gateway.stdio()];
    await begin(agent, 70_002, witness);
    process.kill(agent.pid, 'SIGKILL');
    await assertCancelled(70_002, witness);
  });

  test.each(['2025-11-25', '2025-06-18'])('over HTTP at revision %s, by breaking the connection', async (version) => {
    const [witness, agent] = [await gateway.http(), await gateway.http({ version })];
    const ms = Number(version.replaceAll('-', ''));
    const broken = new AbortController();
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 'x',
      method: 'tools/call',
      params: { name: 'side__slow', arguments: { ms } },
    });
    const post = fetch(gateway.endpoint, { method: 'POST', headers: agent.headers(), body, signal: broken.signal });
    await untilReached(witness, 'side', `"ms":${ms}`);
    broken.abort();
    await post.catch(() => {});
    await assertCancelled(ms, witness);
    expect(await agent.result('ping')).toEqual({});
  });

  test('over HTTP, by DELETE while the answer streams', async () => {
    const [witness, agent] = [await gateway.http(), await gateway.http()];
    const text = agent.call('side__read_ask', { method: 'roots/list', wait_ms: 60_000 });
    text.catch(() => {});
    await begin(agent, 70_004, witness);
    expect(await agent.end()).toBe(204);
    await assertCancelled(70_004, witness);
  });
});
