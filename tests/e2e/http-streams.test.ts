import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject, RpcRequest } from '../../src/kernel/index.ts';
import type { HttpAgent } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { fixtureServer, type Gateway, startGateway } from '../support/gateway.ts';
import { type Answered, httpRequest, type SseEvent } from '../support/http-request.ts';
import { isRunning } from '../support/processes.ts';
import { proves } from './support/proves.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    config: [
      fixtureServer('m', 'mirror', { lines: ['supports_parallel_tool_calls = true'] }),
      fixtureServer('changing', 'list-changed'),
      fixtureServer('echo', 'echo', { lines: ['supports_parallel_tool_calls = true'] }),
    ].join('\n'),
  });
});
afterAll(() => gateway.close());

const log = (data: unknown) => ({ method: 'notifications/message', params: { level: 'info', data } as JsonObject });

/** Says `texts` outside of calls, a moment after the answer. */
const sayLater = (agent: HttpAgent, texts: readonly string[]): Promise<string> =>
  agent.call('m__tell', { messages: texts.map(log), after_ms: 20 });

/** Opens the GET stream by hand. */
const get = (agent: HttpAgent, lastEventId?: string): Promise<Answered> =>
  httpRequest(gateway.endpoint, {
    headers: { ...agent.headers(), ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
  });

/** Calls a tool by hand. */
const post = (agent: HttpAgent, params: JsonObject, id = 'by hand'): Promise<Answered> =>
  httpRequest(gateway.endpoint, {
    method: 'POST',
    headers: agent.headers(),
    body: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }),
  });

/** Reads events until `count` of them have a message. */
async function read(events: AsyncGenerator<SseEvent, void>, count: number): Promise<readonly SseEvent[]> {
  const seen: SseEvent[] = [];
  while (seen.filter(({ message }) => message !== null).length < count) {
    const { value, done } = await events.next();
    if (done === true) break;
    seen.push(value);
  }
  return seen;
}

const said = (events: readonly SseEvent[]): readonly unknown[] =>
  events.flatMap(({ message }) =>
    message !== null && 'params' in message && message.params !== undefined
      ? [message.params['data'] ?? message.params['progress'] ?? null]
      : [],
  );

const rest = async (events: AsyncGenerator<SseEvent, void>): Promise<readonly SseEvent[]> => {
  const seen: SseEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
};

describe(proves('gateway.streams'), () => {
  test('a stream begins with an event to come back to, where the revision knows such', async () => {
    const newer = await gateway.http();
    const stream = await get(newer);
    expect([stream.status, stream.headers['content-type'], stream.headers['cache-control']]).toEqual([
      200,
      'text/event-stream',
      'no-cache, no-transform',
    ]);
    expect(await stream.events().next()).toEqual({ done: false, value: { id: expect.any(String), message: null } });
    stream.drop();
    const older = await gateway.http({ version: '2025-06-18' });
    const events = (await get(older)).events();
    await sayLater(older, ['first']);
    expect((await events.next()).value).toMatchObject({ message: { params: { data: 'first' } } });
    await Promise.all([newer.close(), older.close()]);
  });

  test('what was said while no stream was open comes with the next one, once', async () => {
    const agent = await gateway.http();
    await sayLater(agent, ['waited 1', 'waited 2']);
    await sleep(150);
    const first = await get(agent);
    expect(said(await read(first.events(), 2))).toEqual(['waited 1', 'waited 2']);
    first.drop();
    const second = await get(agent);
    const events = second.events();
    await sayLater(agent, ['fresh']);
    expect(said(await read(events, 1))).toEqual(['fresh']);
    await agent.close();
  });

  test('a GET stream that broke is resumed after the last event', async () => {
    const agent = await gateway.http();
    const first = await get(agent);
    const events = first.events();
    const begun = (await events.next()).value as SseEvent;
    await sayLater(agent, ['1', '2']);
    const seen = await read(events, 1);
    expect(said(seen)).toEqual(['1']);
    first.drop();
    await sayLater(agent, ['3']);
    await sleep(150);
    const again = await get(agent, seen.at(-1)?.id ?? '');
    const resumed = again.events();
    expect(said(await read(resumed, 2))).toEqual(['2', '3']);
    await sayLater(agent, ['4']);
    expect(said(await read(resumed, 1))).toEqual(['4']);
    const whole = await get(agent, begun.id ?? '');
    expect(said(await read(whole.events(), 4))).toEqual(['1', '2', '3', '4']);
    await agent.close();
  });

  test('the newest GET stream is the one that is used, and the older one ends', async () => {
    const agent = await gateway.http();
    const first = await get(agent);
    const second = await get(agent);
    expect(said(await rest(first.events()))).toEqual([]);
    const events = second.events();
    await sayLater(agent, ['to the second']);
    expect(said(await read(events, 1))).toEqual(['to the second']);
    await agent.close();
  });

  test('the stream of a call that broke is resumed, and the answer is there', async () => {
    const agent = await gateway.http();
    const params = { name: 'm__tell', arguments: { messages: ['1', '2', '3'].map(log) } };
    const answer = await post(agent, params);
    const before = await read(answer.events(), 2);
    answer.drop();
    expect(said(before)).toEqual(['1', '2']);
    // As often as one likes.
    for (let round = 0; round < 3; round += 1) {
      const after = await rest((await get(agent, before.at(-1)?.id ?? '')).events());
      expect(after.map(({ message }) => message).filter((message) => message !== null)).toEqual([
        { jsonrpc: '2.0', ...log('3') },
        { jsonrpc: '2.0', id: 'by hand', result: { content: [{ type: 'text', text: 'told' }] } },
      ]);
    }
    await agent.close();
  });

  test('a call goes on while its broken stream is away', async () => {
    const agent = await gateway.http({ capabilities: { elicitation: {} } });
    const question = {
      method: 'elicitation/create',
      params: { message: 'Who?', requestedSchema: { type: 'object', properties: {} } },
    };
    const answer = await post(agent, { name: 'm__ask', arguments: question });
    const [primer] = await read(answer.events(), 1);
    answer.drop();
    const back = await get(agent, primer?.id ?? '');
    const events = back.events();
    const asked = (await read(events, 1))[0]?.message as RpcRequest;
    expect(asked).toMatchObject(question);
    agent.send({ jsonrpc: '2.0', id: asked.id, result: { action: 'decline' } });
    expect((await rest(events)).at(-1)?.message).toMatchObject({
      id: 'by hand',
      result: { content: [{ type: 'text' }] },
    });
    await agent.close();
  });

  test.each(['own-1-2', 'p99-1', 'nonsense', 'own-', '-1'])(
    'the event id %s, which was never given, is refused',
    async (id) => {
      const agent = await gateway.http();
      expect((await get(agent, id)).status).toBe(400);
      expect(await agent.result('ping')).toEqual({});
      await agent.close();
    },
  );

  test('an event id of another session is of no use', async () => {
    const [ada, bob] = [await gateway.http(), await gateway.http()];
    await sayLater(ada, ['for ada alone']);
    const stream = await get(ada);
    const [, event] = await read(stream.events(), 1);
    const answer = await get(bob, event?.id ?? 'own-0');
    expect(answer.status === 400 || said(await read(answer.events(), 0)).length === 0).toBe(true);
    answer.drop();
    await Promise.all([ada.close(), bob.close()]);
  });

  test('what belongs to a call comes on its own stream, what belongs to none on the GET stream', async () => {
    const agent = await gateway.http();
    const ownEvents = (await get(agent)).events();
    const answers = await Promise.all(
      ['a', 'b', 'c'].map(async (id) => {
        const params = { name: 'echo__progress', arguments: { steps: 4, ms: 5 }, _meta: { progressToken: id } };
        return rest((await post(agent, params, id)).events());
      }),
    );
    for (const [index, events] of answers.entries()) {
      const messages = events.flatMap(({ message }) => (message === null ? [] : [message]));
      expect(messages.map((message) => ('params' in message ? message.params?.['progressToken'] : 'answer'))).toEqual([
        ...Array.from({ length: 4 }, () => 'abc'[index]),
        'answer',
      ]);
    }
    await sayLater(agent, ['own']);
    expect(said(await read(ownEvents, 1))).toEqual(['own']);
    await agent.close();
  });

  test('a session that ends takes its streams along', async () => {
    const agent = await gateway.http();
    const own = await get(agent);
    const events = rest(own.events());
    expect(await agent.end()).toBe(204);
    expect(said(await events)).toEqual([]);
    expect((await get(agent)).status).toBe(404);
  });

  test('a thousand messages to an agent that does not listen are kept, and older ones go', async () => {
    const agent = await gateway.http();
    const texts = Array.from({ length: 1500 }, (_, i) => String(i));
    await sayLater(agent, texts);
    await sleep(200);
    const got = said(await read((await get(agent)).events(), 1000));
    expect(got).toHaveLength(1000);
    expect(got.at(-1)).toBe('1499');
    await agent.close();
  });
});

test(`${proves('gateway.streams')}: the client of the SDK comes back by itself`, async () => {
  const client = new Client({ name: 'sdk', version: '1' }, { capabilities: { elicitation: {} } });
  const heard: unknown[] = [];
  client.setNotificationHandler('notifications/message', (message) => void heard.push(message.params.data));
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'SDK' } }));
  const broken: string[] = [];
  const breaking: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    const isStream = response.headers.get('content-type') === 'text/event-stream';
    if (!isStream || broken.length >= 2 || init?.method !== 'POST') return response;
    broken.push(init.method);
    return cutAfterFirstEvent(response);
  };
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.endpoint), { fetch: breaking }));
  const result = await client.callTool({ name: 'm__tell', arguments: { messages: ['1', '2', '3'].map(log) } });
  expect(result.content).toEqual([{ type: 'text', text: 'told' }]);
  expect(heard).toEqual(['1', '2', '3']);
  const asked = await client.callTool({
    name: 'm__ask',
    arguments: {
      method: 'elicitation/create',
      params: { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
    },
  });
  expect(JSON.stringify(asked.content)).toContain('SDK');
  expect(broken).toEqual(['POST', 'POST']);
  await client.close();
});

/** The response, whose body breaks off after its first event. */
function cutAfterFirstEvent(response: Response): Response {
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      const text = new TextDecoder().decode(chunk);
      controller.enqueue(new TextEncoder().encode(text.slice(0, text.indexOf('\n\n') + 2)));
      controller.error(new Error('the network broke'));
    },
  });
  const { status, headers } = response;
  return new Response(response.body?.pipeThrough(cut) ?? null, { status, headers });
}

describe(proves('gateway.sessions'), () => {
  test('an idle session ends, one that is used or listened to does not', async () => {
    const brief = await startGateway({
      serve: ['auth = "none"', 'session_idle_sec = 2'],
      config: fixtureServer('m', 'mirror', { lines: ['supports_parallel_tool_calls = true'] }),
    });
    try {
      const [idle, listening, working, busy] = [
        await brief.http(),
        await brief.http({ listens: true }),
        await brief.http(),
        await brief.http(),
      ];
      const status = async (agent: HttpAgent): Promise<number> => {
        const body = JSON.stringify({ jsonrpc: '2.0', id: 'status', method: 'ping' });
        return (await httpRequest(brief.endpoint, { method: 'POST', headers: agent.headers(), body })).status;
      };
      const long = busy.call('m__slow', { ms: 5000 });
      const until = performance.now() + 4500;
      while (performance.now() < until) {
        expect(await working.result('ping')).toEqual({});
        await working.call('m__slow', { ms: 200 });
      }
      expect(await status(idle)).toBe(404);
      expect([await status(listening), await status(working)]).toEqual([200, 200]);
      expect(await long).toBe('waited 5000');
      expect(await status(busy)).toBe(200);
    } finally {
      await brief.close();
    }
  });

  test('nor does a question that an agent left open keep its session', async () => {
    const brief = await startGateway({
      serve: ['auth = "none"', 'session_idle_sec = 1'],
      config: fixtureServer('m', 'mirror', { lines: ['sharing = "session"'] }),
    });
    try {
      const agent = await brief.http({ capabilities: { elicitation: {} } });
      const { pid } = JSON.parse(await agent.call('m__state')) as { pid: number };
      const params = { message: 'Who?', requestedSchema: {} };
      void agent.call('m__ask', { method: 'elicitation/create', params }).catch(() => {});
      await agent.next('elicitation/create');
      agent.drop();
      await eventually(() => expect(isRunning(pid)).toBe(false));
    } finally {
      await brief.close();
    }
  });

  test('what an agent began ends with its session at the servers, too', async () => {
    const agent = await gateway.http();
    await agent.result('resources/subscribe', { uri: 'mirror://mirror/listed' });
    const other = await gateway.http();
    expect(JSON.parse(await other.call('m__state'))).toMatchObject({ subscribed: ['mirror://mirror/listed'] });
    await agent.end();
    await eventually(async () => expect(JSON.parse(await other.call('m__state'))).toMatchObject({ subscribed: [] }));
    await other.close();
  });
});

test(`${proves('gateway.list-changed')}: by the client of the SDK`, async () => {
  const client = new Client(
    { name: 'sdk', version: '1' },
    {
      listChanged: {
        tools: {
          autoRefresh: true,
          onChanged: (_error, tools) => void lists.push(tools?.map(({ name }) => name) ?? []),
        },
      },
    },
  );
  const lists: (readonly string[])[] = [];
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.endpoint)));
  await client.listTools();
  await client.callTool({ name: 'changing__add_tool', arguments: { name: 'seen_by_sdk' } });
  await eventually(() => expect(lists.at(-1)).toContain('changing__seen_by_sdk'));
  await client.close();
});
