import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, RpcOutcome, RpcRequest } from '../../src/kernel/index.ts';
import { type Agent, type AgentOptions, accept } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { FRONTS, fixtureServer, type Gateway, startGateway } from '../support/gateway.ts';
import { proves } from './support/proves.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    config: [
      fixtureServer('m', 'mirror'),
      fixtureServer('hasty', 'mirror', { lines: ['tool_timeout_sec = 1'] }),
      fixtureServer('asks', 'asks', { lines: ['roots = ["file:///srv/configured"]'] }),
    ].join('\n'),
  });
});
afterAll(() => gateway.close());

const EVERYTHING: JsonObject = {
  elicitation: { form: {}, url: {} },
  sampling: { tools: {}, context: {} },
  roots: { listChanged: true },
};
const FORM: JsonObject = {
  message: 'Your name?',
  requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], future: [1] },
  _meta: { 'example.com/x': 1 },
};
const URL_FORM: JsonObject = { mode: 'url', message: 'Sign in', url: 'https://example.com/in', elicitationId: 'e-1' };
const SAMPLING: JsonObject = { messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }], maxTokens: 5 };
const WITH_TOOLS: JsonObject = { ...SAMPLING, tools: [{ name: 't', inputSchema: { type: 'object' } }] };

/** What the server was answered when it asked `method` within a call of this agent. */
async function asked(agent: Agent, method: string, params: JsonObject): Promise<JsonObject> {
  return askedBy('m__ask', agent, { method, params });
}

async function askedBy(tool: string, agent: Agent, question: JsonObject): Promise<JsonObject> {
  return JSON.parse(await agent.call(tool, question)) as JsonObject;
}

type Row = { readonly name: string; readonly method: string; readonly params: JsonObject; readonly answer: RpcOutcome };

const error: RpcOutcome = { kind: 'error', error: { code: -1, message: 'User rejected', data: { why: null } } };
const result = (value: JsonObject): RpcOutcome => ({ kind: 'result', result: value });
const FORMS: readonly Row[] = [
  { name: 'accepted', method: 'elicitation/create', params: FORM, answer: accept({ name: 'Ada', odd: null }) },
  { name: 'declined', method: 'elicitation/create', params: FORM, answer: result({ action: 'decline' }) },
  {
    name: 'cancelled',
    method: 'elicitation/create',
    params: { ...FORM, mode: 'form' },
    answer: result({ action: 'cancel', _meta: { x: 1 } }),
  },
  { name: 'refused', method: 'elicitation/create', params: FORM, answer: error },
  { name: 'a URL', method: 'elicitation/create', params: URL_FORM, answer: result({ action: 'accept' }) },
];
const SAMPLES: readonly Row[] = [
  {
    name: 'answered',
    method: 'sampling/createMessage',
    params: SAMPLING,
    answer: result({ role: 'assistant', content: { type: 'hologram', data: [] }, model: 'x', stopReason: 'endTurn' }),
  },
  {
    name: 'with tools',
    method: 'sampling/createMessage',
    params: WITH_TOOLS,
    answer: result({ role: 'assistant', content: [] }),
  },
  { name: 'refused', method: 'sampling/createMessage', params: SAMPLING, answer: error },
];
const ROOTS: readonly Row[] = [
  {
    name: 'told',
    method: 'roots/list',
    params: {},
    answer: result({ roots: [{ uri: 'file:///a', name: 'a', _meta: {} }] }),
  },
  { name: 'refused', method: 'roots/list', params: {}, answer: error },
];

async function assertAnswer(
  open: (options: AgentOptions) => Promise<Agent>,
  { method, params, answer }: Row,
  tool: string,
) {
  const seen: RpcRequest[] = [];
  const agent = await open({
    capabilities: EVERYTHING,
    onRequest: (request) => {
      seen.push(request);
      return answer;
    },
  });
  const got = await askedBy(tool, agent, { method, params });
  expect(seen).toEqual([{ jsonrpc: '2.0', id: expect.anything(), method, params }]);
  expect(answer.kind === 'result' ? got['result'] : got['error']).toEqual(
    answer.kind === 'result' ? answer.result : answer.error,
  );
  await agent.close();
}

describe.each(
  FRONTS.flatMap((front) => [
    { front, view: 'all servers', prefix: 'm__', on: {} },
    { front, view: 'one server', prefix: '', on: { server: 'm' } },
  ]),
)('over $front, $view', ({ front, prefix, on }) => {
  const open = (options: AgentOptions): Promise<Agent> => gateway.on(front, { ...options, ...on });
  test.each(FORMS)(`${proves('gateway.elicitation')}: $name`, (row) => assertAnswer(open, row, `${prefix}ask`));
  test.each(SAMPLES)(`${proves('gateway.sampling')}: $name`, (row) => assertAnswer(open, row, `${prefix}ask`));
  test.each(ROOTS)(`${proves('gateway.roots')}: $name`, (row) => assertAnswer(open, row, `${prefix}ask`));
});

describe.each(FRONTS)('over %s', (front) => {
  test.each([
    { name: 'nothing', capabilities: {}, method: 'elicitation/create', params: FORM },
    {
      name: 'forms only, as before URLs',
      capabilities: { elicitation: {} },
      method: 'elicitation/create',
      params: URL_FORM,
    },
    { name: 'forms only', capabilities: { elicitation: { form: {} } }, method: 'elicitation/create', params: URL_FORM },
    { name: 'URLs only', capabilities: { elicitation: { url: {} } }, method: 'elicitation/create', params: FORM },
    { name: 'nothing', capabilities: {}, method: 'sampling/createMessage', params: SAMPLING },
    { name: 'no tools', capabilities: { sampling: {} }, method: 'sampling/createMessage', params: WITH_TOOLS },
  ])(
    `${proves('gateway.elicitation', 'gateway.sampling')}: an agent that declared $name is not asked for more`,
    async ({ capabilities, method, params }) => {
      const agent = await gateway.on(front, { capabilities });
      expect(await asked(agent, method, params)).toMatchObject({
        error: { code: -32601, data: { code: 'CLIENT_CANNOT' } },
      });
      expect(agent.received).toEqual([]);
      await agent.close();
    },
  );

  test(`${proves('gateway.roots')}: from the configuration, of an agent that has none, and outside of calls`, async () => {
    const roots = [{ uri: 'file:///srv/configured' }];
    const agent = await gateway.on(front);
    expect(JSON.parse(await agent.call('asks__ask_roots'))).toMatchObject({ result: { roots } });
    expect(JSON.parse(await agent.call('asks__unprompted'))).toMatchObject({ result: { roots } });
    expect(await asked(agent, 'roots/list', {})).toMatchObject({ result: { roots: [] } });
    expect(agent.received).toEqual([]);
    await agent.close();
  });

  test(`${proves('gateway.elicitation')}: the time-out of the call stands still while a person thinks`, async () => {
    const agent = await gateway.on(front, {
      capabilities: EVERYTHING,
      onRequest: async () => {
        await sleep(1300);
        return accept({ name: 'slow' });
      },
    });
    expect(await askedBy('hasty__ask', agent, { method: 'elicitation/create', params: FORM })).toMatchObject({
      result: { content: { name: 'slow' } },
    });
    await agent.close();
  });

  test(`${proves('gateway.elicitation')}: a question that the server takes back is cancelled at the agent`, async () => {
    const agent = await gateway.on(front, { capabilities: EVERYTHING });
    expect(await agent.call('m__ask_and_take_back', { ms: 20 })).toBe('taken back');
    const question = await agent.next('elicitation/create');
    const { params } = await agent.next('notifications/cancelled');
    expect(params).toEqual({ requestId: (question as RpcRequest).id, reason: 'no longer needed' });
    // A late answer is dropped, and so is one to a question nobody asked.
    agent.send({ jsonrpc: '2.0', id: (question as RpcRequest).id, result: { action: 'accept' } });
    agent.send({ jsonrpc: '2.0', id: 'nobody asked', result: {} });
    expect(await agent.result('ping')).toEqual({});
    await agent.close();
  });

  test(`${proves('gateway.elicitation')}: the agent leaves instead of answering`, async () => {
    const agent = await gateway.on(front, { capabilities: EVERYTHING });
    void asked(agent, 'elicitation/create', FORM).catch(() => {});
    await agent.next('elicitation/create');
    await agent.close();
    const next = await gateway.on(front, { capabilities: EVERYTHING, onRequest: () => accept({ name: 'next' }) });
    expect(await asked(next, 'elicitation/create', FORM)).toMatchObject({ result: { content: { name: 'next' } } });
    await next.close();
  });

  test(`${proves('gateway.elicitation')}: the agent cancels its call while it is asked`, async () => {
    const agent = await gateway.on(front, { capabilities: EVERYTHING });
    void agent
      .ask('tools/call', { name: 'm__ask', arguments: { method: 'elicitation/create', params: FORM } }, 'c')
      .catch(() => {});
    await agent.next('elicitation/create');
    agent.notify('notifications/cancelled', { requestId: 'c', reason: 'never mind' });
    await eventually(async () => expect(await agent.call('m__heard')).toContain('never mind'));
    await agent.close();
  });

  test(`${proves('gateway.progress')}: the progress of an answer goes to the server, with its own token`, async () => {
    const agent = await gateway.on(front, { capabilities: EVERYTHING });
    const answer = asked(agent, 'sampling/createMessage', { ...SAMPLING, _meta: { progressToken: 'own', x: 1 } });
    const question = (await agent.next('sampling/createMessage')) as RpcRequest;
    const meta = question.params?.['_meta'] as JsonObject;
    expect(meta).toEqual({ progressToken: expect.anything(), x: 1 });
    const progressToken = meta['progressToken'] ?? null;
    agent.notify('notifications/progress', { progressToken, progress: 0.5, message: front });
    await agent.result('ping');
    agent.send({ jsonrpc: '2.0', id: question.id, result: { role: 'assistant', content: [], model: 'm' } });
    expect(await answer).toMatchObject({ result: { model: 'm' } });
    expect(JSON.parse(await agent.call('m__heard'))).toContainEqual({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: 'own', progress: 0.5, message: front },
    });
    await agent.close();
  });

  test(`${proves('gateway.elicitation')}: that a URL is done is heard also outside of calls`, async () => {
    const [agent, other] = [await gateway.on(front), await gateway.on(front)];
    await agent.call('m__state');
    const done = { method: 'notifications/elicitation/complete', params: { elicitationId: 'e-1' } };
    await agent.call('m__tell', { messages: [done], after_ms: 30 });
    // Another agent has a call in flight at that moment: it is not the one that is meant.
    await other.call('m__slow', { ms: 150 });
    expect((await agent.next('notifications/elicitation/complete')).params).toEqual({ elicitationId: 'e-1' });
    await Promise.all([agent.close(), other.close()]);
  });

  test(`${proves('gateway.elicitation')}: what a server may not ask is refused, and the server goes on`, async () => {
    const agent = await gateway.on(front, { capabilities: EVERYTHING });
    for (const method of ['tools/list', 'nothing/known', 'initialize'])
      expect(await asked(agent, method, {})).toMatchObject({ error: { code: -32601 } });
    expect(await asked(agent, 'ping', {})).toMatchObject({ result: {} });
    expect(agent.received).toEqual([]);
    await agent.close();
  });
});
