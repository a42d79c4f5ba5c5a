import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/index.ts';
import { fixtureServer, type Gateway, startGateway } from '../support/gateway.ts';
import { type Answered, type HttpRequest, httpRequest } from '../support/http-request.ts';
import { proves } from './support/proves.ts';

const JSON_TYPE = 'application/json';
const BOTH = `${JSON_TYPE}, text/event-stream`;
const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 'first',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
};

let gateway: Gateway;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  gateway = await startGateway({
    serve: ['auth = "token"'],
    config: fixtureServer('m', 'mirror', { lines: ['supports_parallel_tool_calls = true'] }),
  });
  for (const name of ['ada', 'bob']) tokens[name] = gateway.token(name);
});
afterAll(() => gateway.close());

const bearer = (name: string): Record<string, string> => ({ authorization: `Bearer ${tokens[name]}` });
const at = (path: string): string => `${new URL(gateway.endpoint).origin}${path}`;

function post(body: unknown, headers: Record<string, string> = {}, path = '/mcp'): Promise<Answered> {
  return httpRequest(at(path), {
    method: 'POST',
    headers: { 'content-type': JSON_TYPE, accept: BOTH, ...bearer('ada'), ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
}

/** A new session's headers. */
async function begin(name = 'ada', version = '2025-11-25'): Promise<Record<string, string>> {
  const params = { ...INITIALIZE.params, protocolVersion: version };
  const answer = await post({ ...INITIALIZE, params }, bearer(name));
  expect(answer.status).toBe(200);
  await answer.text();
  return {
    ...bearer(name),
    'mcp-session-id': String(answer.headers['mcp-session-id']),
    'mcp-protocol-version': version,
  };
}

describe(proves('gateway.status-codes'), () => {
  const rows: readonly {
    name: string;
    path?: string;
    request: HttpRequest;
    status: number;
    code?: string;
    allow?: string;
  }[] = [
    { name: 'another path', path: '/', request: { method: 'POST' }, status: 404 },
    { name: 'a path that only begins alike', path: '/mcpx', request: { method: 'POST' }, status: 404 },
    { name: 'a path that is no text', path: '/mcp/%ff', request: { method: 'POST' }, status: 404 },
    { name: 'PUT', request: { method: 'PUT' }, status: 405, allow: 'GET, POST, DELETE' },
    { name: 'HEAD', request: { method: 'HEAD' }, status: 405, allow: 'GET, POST, DELETE' },
    {
      name: 'GET without a session',
      request: { headers: { accept: 'text/event-stream' } },
      status: 405,
      allow: 'POST',
    },
    {
      name: 'no content type',
      request: { method: 'POST', headers: { accept: BOTH } },
      status: 415,
      code: 'HTTP_CONTENT_TYPE',
    },
    {
      name: 'text as content type',
      request: { method: 'POST', headers: { accept: BOTH, 'content-type': 'text/plain' } },
      status: 415,
      code: 'HTTP_CONTENT_TYPE',
    },
    {
      name: 'no accept header',
      request: { method: 'POST', headers: { 'content-type': JSON_TYPE } },
      status: 406,
      code: 'HTTP_NOT_ACCEPTABLE',
    },
    {
      name: 'accepting JSON alone',
      request: { method: 'POST', headers: { 'content-type': JSON_TYPE, accept: JSON_TYPE } },
      status: 406,
      code: 'HTTP_NOT_ACCEPTABLE',
    },
    {
      name: 'an unknown revision',
      request: {
        method: 'POST',
        headers: { 'content-type': JSON_TYPE, accept: BOTH, 'mcp-protocol-version': '2024-01-01' },
      },
      status: 400,
      code: 'HTTP_PROTOCOL_VERSION',
    },
    {
      name: 'a body that is no JSON',
      request: { method: 'POST', headers: { 'content-type': JSON_TYPE, accept: BOTH }, body: '{"a":' },
      status: 400,
      code: 'MESSAGE_NOT_JSON',
    },
    {
      name: 'an empty body',
      request: { method: 'POST', headers: { 'content-type': JSON_TYPE, accept: BOTH } },
      status: 400,
      code: 'MESSAGE_NOT_JSON',
    },
  ];
  test.each(rows)('$name', async ({ path = '/mcp', request, status, code, allow }) => {
    const answer = await httpRequest(at(path), { ...request, headers: { ...bearer('ada'), ...request.headers } });
    const text = await answer.text();
    const error = text === '' ? undefined : ((JSON.parse(text) as JsonObject)['error'] as JsonObject);
    expect({
      status: answer.status,
      code: (error?.['data'] as JsonObject | undefined)?.['code'],
      allow: answer.headers.allow,
    }).toEqual({ status, code, allow });
  });

  test.each([
    { name: 'JSON with a character set', headers: { 'content-type': 'Application/JSON; charset=utf-8' } },
    { name: 'accepting anything', headers: { accept: '*/*' } },
    { name: 'accepting in another order and case', headers: { accept: 'TEXT/event-stream;q=0.5,application/*' } },
  ])('fine: $name', async ({ headers }) => {
    const answer = await post(PING, { ...(await begin()), ...headers });
    expect([answer.status, await answer.json()]).toEqual([200, { jsonrpc: '2.0', id: 1, result: {} }]);
  });

  test.each([
    { name: 'a number', body: 5 },
    { name: 'null', body: null },
    { name: 'a text', body: '"ping"' },
    { name: 'an empty batch', body: [] },
    { name: 'an object that is no message', body: {} },
    { name: 'a method that is no text', body: { jsonrpc: '2.0', method: 5 } },
    { name: 'params in a list', body: { jsonrpc: '2.0', method: 'notifications/x', params: [] } },
    { name: 'another version of JSON-RPC', body: { jsonrpc: '1.0', id: 1, method: 'ping' } },
    { name: 'a null id', body: { jsonrpc: '2.0', id: null, method: 'ping' } },
    { name: 'a batch, which this revision has not', body: [PING, { ...PING, id: 2 }] },
  ])('a session answers $name with 400', async ({ body }) => {
    const session = await begin();
    const answer = await post(body, session);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      expect.objectContaining({ jsonrpc: '2.0', error: expect.objectContaining({ code: -32600 }) }),
    ]);
    expect((await post(PING, session)).status).toBe(200);
  });

  test('what asks nothing is answered with 202 and nothing', async () => {
    const session = await begin();
    for (const body of [
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', method: 'notifications/whatever', params: {} },
      { jsonrpc: '2.0', id: 99, result: {} },
      { jsonrpc: '2.0', id: 'x', error: { code: 1, message: '' } },
    ]) {
      const answer = await post(body, session);
      expect([answer.status, await answer.text()]).toEqual([202, '']);
    }
  });

  test('a body over 16 MiB is 413, also when its size is not told', async () => {
    const session = await begin();
    const text = 'x'.repeat(16 * 1024 * 1024);
    const call = (said: string): string =>
      JSON.stringify({ ...PING, method: 'tools/call', params: { name: 'm__mirror', arguments: { any: said } } });
    const fits = call(text.slice(0, -1000));
    expect((await post(fits, session)).status).toBe(200);
    expect((await post(call(text), session)).status).toBe(413);
    expect(await chunked(call(text), session)).toBe(413);
    expect((await post(PING, session)).status).toBe(200);
  });

  /** Sends a body in chunks. Gives the status. */
  function chunked(body: string, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      const all = { 'content-type': JSON_TYPE, accept: BOTH, 'transfer-encoding': 'chunked', ...headers };
      const sent = rawRequest(at('/mcp'), { method: 'POST', headers: all }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject);
      for (let from = 0; from < body.length; from += 1_000_000) sent.write(body.slice(from, from + 1_000_000));
      sent.end();
    });
  }
});

describe('batches of 2025-03-26', () => {
  const call = (id: string, text: string): JsonObject => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'm__mirror', arguments: { any: text } },
  });
  const events = async (answer: Answered): Promise<readonly unknown[]> => {
    const messages: unknown[] = [];
    for await (const { message } of answer.events()) messages.push(message);
    return messages;
  };

  test(`${proves('gateway.initialize')}: each request of a batch is answered on one stream`, async () => {
    const session = await begin('ada', '2025-03-26');
    const answer = await post([call('a', '1'), { jsonrpc: '2.0', method: 'notifications/x' }, call('b', '2')], session);
    const messages = await events(answer);
    expect(messages).toHaveLength(2);
    expect(messages).toEqual(expect.arrayContaining(['a', 'b'].map((id) => expect.objectContaining({ id }))));
  });

  test('one request alone, and parts that are no messages', async () => {
    const session = await begin('ada', '2025-03-26');
    expect(await events(await post([PING], session))).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
    const messages = await events(await post([5, PING, {}, call('a', '1'), []], session));
    expect(messages.map((message) => (message as JsonObject)['id'])).toEqual(expect.arrayContaining([null, 1, 'a']));
    expect(messages).toHaveLength(5);
    expect((await post([{ jsonrpc: '2.0', method: 'notifications/x' }], session)).status).toBe(202);
    expect((await post([5], session)).status).toBe(400);
    expect((await post(PING, session)).status).toBe(200);
  });
});

describe(proves('fault.agent-wrong-session'), () => {
  test.each(['POST', 'GET', 'DELETE'])('%s', async (method) => {
    const ask = async (headers: Record<string, string>): Promise<unknown> => {
      const body = method === 'POST' ? { body: JSON.stringify(PING) } : {};
      const all = { 'content-type': JSON_TYPE, accept: BOTH, ...bearer('ada'), ...headers };
      const answer = await httpRequest(gateway.endpoint, { method, headers: all, ...body });
      const error = answer.status === 405 ? null : ((await answer.json()) as { error: JsonObject }).error;
      return [answer.status, (error?.['data'] as JsonObject | undefined)?.['code']];
    };
    expect(await ask({})).toEqual(method === 'GET' ? [405, undefined] : [400, 'HTTP_NO_SESSION']);
    for (const id of ['nonsense', '', '../../x', crypto.randomUUID()])
      expect(await ask({ 'mcp-session-id': id })).toEqual([404, 'HTTP_SESSION_GONE']);
  });

  test('of a session that was ended', async () => {
    const session = await begin();
    expect((await httpRequest(gateway.endpoint, { method: 'DELETE', headers: session })).status).toBe(204);
    expect((await post(PING, session)).status).toBe(404);
    expect((await httpRequest(gateway.endpoint, { method: 'DELETE', headers: session })).status).toBe(404);
  });

  test('on the endpoint of another server', async () => {
    expect((await post(PING, await begin(), '/mcp/m')).status).toBe(404);
  });
});

describe(proves('gateway.sessions'), () => {
  test('a session is bound to the token that began it', async () => {
    const session = await begin('ada');
    for (const method of ['POST', 'GET', 'DELETE']) {
      const headers = { ...session, ...bearer('bob'), 'content-type': JSON_TYPE, accept: BOTH };
      const body = method === 'POST' ? { body: JSON.stringify(PING) } : {};
      expect((await httpRequest(gateway.endpoint, { method, headers, ...body })).status, method).toBe(404);
    }
    expect((await post(PING, session)).status).toBe(200);
  });
});
