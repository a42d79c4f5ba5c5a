import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/index.ts';
import { type Agent, accept } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { FRONTS, fixtureServer, type Gateway, startGateway, untilReached } from '../support/gateway.ts';
import { isRunning, runningWith } from '../support/processes.ts';
import { proves } from './support/proves.ts';

const CAN = { elicitation: {}, roots: { listChanged: true }, sampling: {} };
const FORM = { message: 'Who?', requestedSchema: { type: 'object', properties: {} } };

/** Tells this server's processes from others. */
const lateMark = randomUUID();

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    serve: ['auth = "none"', 'max_sessions_per_caller = 1000'],
    env: { WHO: 'host', SHARED_VALUE: 'same' },
    config: [
      ...['plain', 'readers', 'thinking', 'queued'].map((name) => fixtureServer(name, 'mirror', { args: [name] })),
      fixtureServer('parallel', 'mirror', { args: ['parallel'], lines: ['supports_parallel_tool_calls = true'] }),
      fixtureServer('own', 'mirror', { lines: ['sharing = "session"', 'max_connections = 3'] }),
      fixtureServer('roomy', 'mirror', { lines: ['sharing = "session"'] }),
      fixtureServer('env', 'echo', { lines: ['env_vars = ["WHO", "SHARED_VALUE"]'] }),
      fixtureServer('late', 'slow-start', { args: ['600', lateMark], lines: ['sharing = "session"'] }),
      fixtureServer('file', 'echo', { lines: ['env = { WHO = "file" }'] }),
    ].join('\n'),
  });
});
afterAll(() => gateway.close());

const pidOf = async (agent: Agent, server: string): Promise<number> =>
  (JSON.parse(await agent.call(`${server}__state`)) as { pid: number }).pid;
const ask = async (agent: Agent, tool: string, more: JsonObject = {}): Promise<JsonObject> =>
  JSON.parse(await agent.call(tool, { method: 'elicitation/create', params: FORM, ...more })) as JsonObject;
const answering = (name: string) => ({ capabilities: CAN, onRequest: () => accept({ name }) });
const answered = (name: string) => ({ result: { content: { name } } });

describe(proves('upstream.sharing-auto'), () => {
  test('agents of both fronts are on one process', async () => {
    const agents = [await gateway.http(), await gateway.http({ server: 'plain' }), await gateway.stdio()];
    const [one, two, three] = agents;
    const pids = [
      await pidOf(one as Agent, 'plain'),
      JSON.parse(await (two as Agent).call('state')) as JsonObject,
      await pidOf(three as Agent, 'plain'),
    ];
    expect(pids[1]).toMatchObject({ pid: pids[0] });
    expect(pids[2]).toBe(pids[0]);
    await Promise.all(agents.map((agent) => agent.close()));
  });

  test('a question goes to the agent whose call caused it', async () => {
    const [ada, bob] = [await gateway.http(answering('Ada')), await gateway.stdio(answering('Bob'))];
    for (const [agent, name] of [
      [ada, 'Ada'],
      [bob, 'Bob'],
      [ada, 'Ada'],
    ] as const)
      expect(await ask(agent, 'plain__ask')).toMatchObject(answered(name));
    expect(await pidOf(ada, 'plain')).toBe(await pidOf(bob, 'plain'));
    await Promise.all([ada.close(), bob.close()]);
  });

  test('a question while two agents have calls in flight is refused, and from then on each has its own connection', async () => {
    const [ada, bob] = [await gateway.http(answering('Ada')), await gateway.stdio(answering('Bob'))];
    const shared = await pidOf(ada, 'parallel');
    const slow = bob.call('parallel__slow', { ms: 1001 });
    await untilReached(ada, 'parallel', '"ms":1001');
    expect(await ask(ada, 'parallel__ask')).toMatchObject({
      error: { code: -32600, data: { code: 'CLIENT_AMBIGUOUS' } },
    });
    expect([ada.received, bob.received]).toEqual([[], []]);
    expect(await slow).toBe('waited 1001');
    const both = [ask(ada, 'parallel__ask', { wait_ms: 50 }), ask(bob, 'parallel__ask', { wait_ms: 50 })];
    expect(await Promise.all(both)).toMatchObject([answered('Ada'), answered('Bob')]);
    const pids = [await pidOf(ada, 'parallel'), await pidOf(bob, 'parallel')];
    expect(new Set([shared, ...pids]).size).toBe(3);
    await Promise.all([ada.close(), bob.close()]);
    // What was learned is remembered, and the connections of agents that left are gone.
    const later = await gateway.http(answering('later'));
    expect([shared, ...pids]).not.toContain(await pidOf(later, 'parallel'));
    await eventually(() => expect(pids.filter(isRunning)).toEqual([]));
    await later.close();
  });

  test('also where the calls only read', async () => {
    const [ada, bob] = [await gateway.http(answering('Ada')), await gateway.http(answering('Bob'))];
    const slow = bob.call('readers__read_slow', { ms: 1002 });
    await untilReached(ada, 'readers', '"ms":1002');
    expect(await ask(ada, 'readers__read_ask')).toMatchObject({ error: { code: -32600 } });
    await slow;
    expect(await ask(ada, 'readers__ask')).toMatchObject(answered('Ada'));
    await Promise.all([ada.close(), bob.close()]);
  });

  test('a person who thinks holds up no other agent', async () => {
    const [ada, bob] = [await gateway.http({ capabilities: CAN }), await gateway.stdio(answering('Bob'))];
    const first = ask(ada, 'thinking__ask');
    const question = await ada.next('elicitation/create');
    expect(await bob.call('thinking__mirror')).toContain('mirror');
    expect(await ask(bob, 'thinking__ask')).toMatchObject(answered('Bob'));
    ada.send({ jsonrpc: '2.0', id: (question as unknown as { id: number }).id, result: { action: 'decline' } });
    expect(await first).toMatchObject({ result: { action: 'decline' } });
    await Promise.all([ada.close(), bob.close()]);
  });

  test('nor one that waited for its turn when the question came', async () => {
    const [ada, bob] = [await gateway.http({ capabilities: CAN }), await gateway.stdio(answering('Bob'))];
    void ask(ada, 'queued__ask', { wait_ms: 301 }).catch(() => {});
    await untilReached(ada, 'queued', '"wait_ms":301');
    const waits = bob.call('queued__mirror', { any: 'waited' });
    await ada.next('elicitation/create');
    expect(await waits).toContain('waited');
    await Promise.all([ada.close(), bob.close()]);
  });

  test('calls that may write run one after the other, those that read side by side', async () => {
    const [ada, bob] = [await gateway.http(), await gateway.http()];
    const finished: string[] = [];
    const call = (agent: Agent, tool: string, ms: number): Promise<void> =>
      agent.call(`plain__${tool}`, { ms }).then(() => void finished.push(`${tool} ${ms}`));
    const first = call(ada, 'slow', 303);
    await untilReached(ada, 'plain', '"ms":303');
    await Promise.all([first, call(bob, 'slow', 1)]);
    const long = call(ada, 'read_slow', 604);
    await untilReached(ada, 'plain', '"ms":604');
    await Promise.all([long, call(bob, 'read_slow', 2)]);
    expect(finished).toEqual(['slow 303', 'slow 1', 'read_slow 2', 'read_slow 604']);
    await Promise.all([ada.close(), bob.close()]);
  });

  test('a hundred agents on one server each get their own answers', async () => {
    const agents = await Promise.all(Array.from({ length: 100 }, () => gateway.http()));
    const pairs = await Promise.all(
      agents.map(async (agent) => {
        const said = randomUUID();
        return [said, await agent.call('file__echo', { text: said })];
      }),
    );
    expect(pairs.filter(([said, heard]) => said !== heard)).toEqual([]);
    await Promise.all(agents.map((agent) => agent.close()));
  });
});

describe(proves('upstream.sharing-session'), () => {
  test('each agent has its own process, the same for all its calls, and it ends with the agent', async () => {
    const agents = [await gateway.http(answering('Ada')), await gateway.stdio(answering('Bob'))];
    const pids = await Promise.all(agents.map((agent) => pidOf(agent, 'own')));
    expect(new Set(pids).size).toBe(2);
    expect(await Promise.all(agents.map((agent) => pidOf(agent, 'own')))).toEqual(pids);
    expect(await Promise.all(agents.map((agent) => ask(agent, 'own__ask', { wait_ms: 50 })))).toMatchObject([
      answered('Ada'),
      answered('Bob'),
    ]);
    await Promise.all(agents.map((agent) => agent.close()));
    await eventually(() => expect(pids.filter(isRunning)).toEqual([]));
  });

  test('up to the maximum; then the one that was idle longest makes room, or one waits until some work is done', async () => {
    const open = (): Promise<Agent> => gateway.http();
    const [a, b, c, d, e] = await Promise.all([open(), open(), open(), open(), open()]);
    const pids = [await pidOf(a, 'own'), await pidOf(b, 'own'), await pidOf(c, 'own')];
    const work = async (agent: Agent): Promise<void> => {
      void agent.ask('tools/call', { name: 'own__slow', arguments: { ms: 60_000 } }, 'work').catch(() => {});
      await agent.result('prompts/get', { name: 'own__greet' });
    };
    await work(a);
    // b is now the one that was idle longest.
    expect(pids).not.toContain(await pidOf(d, 'own'));
    await eventually(() => expect(pids.map(isRunning)).toEqual([true, false, true]));
    await Promise.all([work(c), work(d)]);
    let isAnswered = false;
    const waits = e.call('own__mirror').finally(() => (isAnswered = true));
    await b.result('ping');
    expect(isAnswered).toBe(false);
    a.notify('notifications/cancelled', { requestId: 'work' });
    expect(await waits).toContain('mirror');
    await Promise.all([a, b, c, d, e].map((agent) => agent.close()));
  });

  test('agents that all come at once wait for no one else and lose no call', async () => {
    const agents = await Promise.all(Array.from({ length: 8 }, (_, i) => gateway.http(answering(`agent ${i}`))));
    const answers = await Promise.all(agents.map((agent) => ask(agent, 'roomy__ask', { wait_ms: 20 })));
    expect(answers).toMatchObject(agents.map((_, i) => answered(`agent ${i}`)));
    await Promise.all(agents.map((agent) => agent.close()));
  });

  test('roots of the agent are asked for outside of calls too, and a change of them is passed on', async () => {
    const roots = [{ uri: 'file:///srv/ada' }];
    const agent = await gateway.stdio({
      capabilities: CAN,
      onRequest: () => ({ kind: 'result', result: { roots } }),
    });
    await agent.call('own__state');
    agent.notify('notifications/roots/list_changed');
    await eventually(async () => expect(await agent.call('own__heard')).toContain('roots/list_changed'));
    await agent.close();
  });
});

test(`${proves('upstream.sharing-session')}: an agent that left before its server had started leaves no process`, async () => {
  const agent = await gateway.http();
  void agent.call('late__echo', { text: 'never' }).catch(() => {});
  await agent.result('ping');
  await agent.close();
  const other = await gateway.http();
  expect(await other.call('late__echo', { text: 'here' })).toBe('here');
  // The first connection, whose lists are the server's, and the one of the other agent.
  expect(runningWith(lateMark)).toHaveLength(2);
  await other.close();
  await eventually(() => expect(runningWith(lateMark)).toHaveLength(1));
});

test.each(FRONTS)(`${proves('upstream.sharing-session')}: levels reach the own connection, over %s`, async (front) => {
  const agent = await gateway.on(front);
  await agent.result('logging/setLevel', { level: 'warning' });
  await eventually(async () => expect(await agent.call('roomy__state')).toContain('"level":"warning"'));
  await agent.close();
});

describe(proves('host.caller-environment'), () => {
  const open = (env: Record<string, string>): Promise<Agent> => gateway.stdio({ env });
  const values = async (agent: Agent): Promise<readonly unknown[]> => [
    await agent.call('env__env', { name: 'WHO' }),
    await agent.call('env__env', { name: 'SHARED_VALUE' }),
    (JSON.parse(await agent.call('env__where')) as { pid: number }).pid,
  ];

  test('a declared variable that differs makes an own connection, which callers of equal values share', async () => {
    const same = { WHO: 'host', SHARED_VALUE: 'same' };
    const agents = [
      await gateway.http(),
      await open(same),
      await open({ ...same, UNDECLARED: 'x' }),
      await open({ ...same, WHO: 'ada' }),
      await open({ ...same, WHO: 'ada' }),
      await open({ SHARED_VALUE: 'same' }),
    ];
    const seen = await Promise.all(agents.map(values));
    const pid = (index: number): unknown => seen[index]?.[2];
    expect(seen).toEqual([
      ['host', 'same', pid(0)],
      ['host', 'same', pid(0)],
      ['host', 'same', pid(0)],
      ['ada', 'same', pid(3)],
      ['ada', 'same', pid(3)],
      ['', 'same', pid(5)],
    ]);
    expect(new Set([pid(0), pid(3), pid(5)]).size).toBe(3);
    await Promise.all(agents.map((agent) => agent.close()));
  });

  test('nothing but declared names is handed over, and env wins', async () => {
    const agent = await open({ WHO: 'ada', SECRET_OF_ADA: 'hidden' });
    expect(await agent.call('file__env', { name: 'WHO' })).toBe('file');
    expect(await agent.call('env__env')).not.toContain('hidden');
    expect(await agent.call('file__env')).not.toContain('hidden');
    await agent.close();
  });
});
