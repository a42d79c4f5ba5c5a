import { spawnSync } from 'node:child_process';
import { request as rawRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/index.ts';
import { eventually } from '../support/eventually.ts';
import { fixtureServer, type Gateway, startGateway } from '../support/gateway.ts';
import { type Answered, type HttpRequest, httpRequest } from '../support/http-request.ts';
import { PRODUCT } from '../support/product.ts';
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
    serve: [
      'auth = "token"',
      'allowed_origins = ["https://console.example.com"]',
      'allowed_hosts = ["Plugboard.example.com"]',
    ],
    config: fixtureServer('m', 'mirror', { lines: ['supports_parallel_tool_calls = true'] }),
  });
  for (const name of ['ada', 'bob', 'limited']) tokens[name] = gateway.token(name);
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

describe(proves('fault.agent-no-token'), () => {
  test.each([
    { name: 'none', authorization: undefined },
    { name: 'one that is not known', authorization: `Bearer pb_${'A'.repeat(43)}` },
    { name: 'an empty one', authorization: 'Bearer ' },
    { name: 'another scheme', authorization: 'Basic YWRhOmFkYQ==' },
  ])('$name', async ({ authorization }) => {
    const headers = {
      'content-type': JSON_TYPE,
      accept: BOTH,
      ...(authorization === undefined ? {} : { authorization }),
    };
    for (const method of ['POST', 'DELETE']) {
      const answer = await httpRequest(gateway.endpoint, {
        method,
        headers,
        ...(method === 'POST' ? { body: JSON.stringify(INITIALIZE) } : {}),
      });
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="plugboard"']);
      expect(await answer.json()).toMatchObject({ error: { data: { code: 'HTTP_UNAUTHORIZED' } } });
    }
    const session = await begin();
    const get = await httpRequest(gateway.endpoint, { headers: { ...session, authorization: authorization ?? '' } });
    expect(get.status).toBe(401);
  });

  test('a token in the address does not count, and a scheme in small letters does', async () => {
    const headers = { 'content-type': JSON_TYPE, accept: BOTH };
    const body = JSON.stringify(INITIALIZE);
    const inUrl = await httpRequest(`${gateway.endpoint}?token=${tokens['ada']}`, { method: 'POST', headers, body });
    expect(inUrl.status).toBe(401);
    expect((await post(INITIALIZE, { authorization: `bearer ${tokens['ada']}` })).status).toBe(200);
  });
});

describe(proves('gateway.tokens'), () => {
  test('auth = "none" on an address that others reach is refused', () => {
    const { env } = gateway.folder;
    const args = [
      PRODUCT,
      'serve',
      '--standalone',
      '--host',
      '0.0.0.0',
      '--port',
      '0',
      '-c',
      'serve.auth="none"',
      '--json',
    ];
    const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8', timeout: 20_000 });
    expect([status, JSON.parse(stderr)]).toMatchObject([2, { error: { code: 'HTTP_AUTH_NONE_NOT_LOCAL' } }]);
  });

  test('and does not come in by an edit while it runs', async () => {
    const open = await startGateway({ serve: ['auth = "token"'], host: '0.0.0.0', config: '' });
    try {
      const endpoint = open.endpoint.replace('0.0.0.0', '127.0.0.1');
      const status = async (): Promise<number> => {
        const headers = { 'content-type': JSON_TYPE, accept: BOTH };
        return (await httpRequest(endpoint, { method: 'POST', headers, body: JSON.stringify(INITIALIZE) })).status;
      };
      expect(await status()).toBe(401);
      open.writeConfig('', ['auth = "none"', 'allowed_hosts = ["edited.example.com"]']);
      await eventually(async () => {
        const headers = { host: 'edited.example.com' };
        expect((await httpRequest(endpoint.replace('/mcp', '/healthz'), { headers })).status).toBe(200);
      });
      expect(await status()).toBe(401);
    } finally {
      await open.close();
    }
  });
});

describe(proves('gateway.host-and-origin'), () => {
  const ask = async (headers: Record<string, string>, method = 'POST', path = '/mcp'): Promise<Answered> =>
    httpRequest(at(path), {
      method,
      headers: { 'content-type': JSON_TYPE, accept: BOTH, ...bearer('ada'), ...headers },
      ...(method === 'POST' ? { body: JSON.stringify(INITIALIZE) } : {}),
    });

  test.each([
    'evil.example.com',
    'evil.example.com:80',
    'localhost.evil.example.com',
    '127.0.0.1.evil.example.com',
    '127.1.1.1@evil',
    '[::2]',
  ])('Host %s is refused', async (host) => {
    for (const [method, path] of [
      ['POST', '/mcp'],
      ['GET', '/mcp'],
      ['GET', '/healthz'],
      ['DELETE', '/mcp'],
      ['OPTIONS', '/mcp'],
    ] as const)
      expect((await ask({ host }, method, path)).status, `${method} ${path}`).toBe(403);
  });

  test.each([
    'localhost',
    'LOCALHOST:1',
    '127.0.0.1:99',
    '[::1]:7450',
    'plugboard.example.com',
    'plugboard.example.com:443',
  ])('Host %s is fine', async (host) => {
    expect((await ask({ host })).status).toBe(200);
  });

  test.each([
    'https://evil.example.com',
    'null',
    'http://localhost.evil.example.com',
    'https://console.example.com.evil.example.com',
    'https://console.example.com:8443',
    'http://localhost:1',
    'file://',
  ])('Origin %s is refused', async (origin) => {
    for (const method of ['POST', 'OPTIONS', 'DELETE']) {
      const answer = await ask({ origin }, method);
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
  });

  test('a page of an allowed origin can use all of it', async () => {
    const origin = 'https://console.example.com';
    const preflight = await httpRequest(gateway.endpoint, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,mcp-session-id',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': expect.stringMatching(/GET.*POST.*DELETE/),
      'access-control-allow-headers': expect.stringMatching(/authorization.*mcp-session-id.*last-event-id/),
      vary: 'origin',
    });
    const answer = await ask({ origin });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([200, origin]);
    expect(answer.headers['access-control-expose-headers']).toContain('mcp-session-id');
    const refused = await ask({ origin, authorization: 'Bearer x' });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, origin]);
    const own = new URL(gateway.endpoint).origin;
    expect((await ask({ origin: own })).status).toBe(200);
  });
});

test(proves('gateway.healthz'), async () => {
  const answer = await httpRequest(at('/healthz'), {});
  expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok', version: expect.any(String) }]);
});

test.each([
  '/.well-known/oauth-protected-resource/mcp',
  '/mcp/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-authorization-server/mcp',
  '/.well-known/openid-configuration/mcp',
  '/mcp/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/mcp/m/.well-known/openid-configuration',
  '/.well-known/oauth-protected-resource/mcp/m',
])(`${proves('fault.codex-probes')}: %s`, async (path) => {
  for (const method of ['GET', 'HEAD'])
    expect((await httpRequest(at(path), { method, headers: { 'mcp-protocol-version': '2024-11-05' } })).status).toBe(
      404,
    );
});

test.each(['/mcp', '/mcp/', '/mcp/m'])(`${proves('fault.codex-probes')}: %s itself`, async (path) => {
  for (const method of ['GET', 'HEAD'])
    for (const headers of [{}, { accept: 'text/event-stream' }, { 'mcp-protocol-version': '2024-11-05' }])
      expect((await httpRequest(at(path), { method, headers })).status).toBe(405);
});

test(proves('gateway.limits'), async () => {
  const few = await startGateway({
    serve: ['auth = "token"', 'max_sessions_per_caller = 2', 'rate_limit_per_sec = 20'],
    config: fixtureServer('echo', 'echo'),
  });
  try {
    const [ada, bob] = [few.token('ada'), few.token('bob')];
    const { id: _, ...notification } = INITIALIZE;
    for (const failing of [
      notification,
      { ...INITIALIZE, id: null },
      { ...INITIALIZE, jsonrpc: '1.0' },
      [INITIALIZE],
    ]) {
      const headers = { 'content-type': JSON_TYPE, accept: BOTH, authorization: `Bearer ${ada}` };
      const answer = await httpRequest(few.endpoint, { method: 'POST', headers, body: JSON.stringify(failing) });
      expect([answer.status, answer.headers['mcp-session-id']]).toEqual([400, undefined]);
    }
    const [one, two] = [await few.http({ token: ada }), await few.http({ token: ada })];
    await expect(few.http({ token: ada })).rejects.toThrow(/HTTP 429.*HTTP_TOO_MANY_SESSIONS/);
    const other = await few.http({ token: bob });
    await one.end();
    const three = await few.http({ token: ada });
    const headers = three.headers();
    const ping = (): Promise<Answered> =>
      httpRequest(few.endpoint, { method: 'POST', headers, body: JSON.stringify(PING) });
    const answers = await Promise.all(Array.from({ length: 200 }, ping));
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(100);
    expect(answers.filter(({ status }) => status === 200).length).toBe(200 - limited.length);
    expect(limited[0]?.headers['retry-after']).toBe('1');
    expect(await limited[0]?.json()).toMatchObject({ error: { data: { code: 'HTTP_RATE_LIMITED' } } });
    expect(await other.call('echo__echo', { text: 'not limited' })).toBe('not limited');
    await eventually(async () => expect((await ping()).status).toBe(200));
    expect(two.session()).not.toBe(three.session());
  } finally {
    await few.close();
  }
});

test(proves('fault.agent-many-sessions'), async () => {
  const agents = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      gateway.http({ token: tokens[i % 2 === 0 ? 'ada' : 'bob'] ?? '', listens: true }),
    ),
  );
  expect(new Set(agents.map((agent) => agent.session())).size).toBe(100);
  const answers = await Promise.all(
    agents.flatMap((agent, i) => [agent.result('tools/list'), agent.call('m__mirror', { any: i })]),
  );
  expect(answers.filter((answer) => typeof answer === 'string')).toEqual(
    agents.map((_, i) => JSON.stringify({ name: 'mirror', arguments: { any: i } })),
  );
  // What a server says to everyone reaches everyone.
  await agents[0]?.call('m__tell', {
    messages: [{ method: 'notifications/message', params: { level: 'info', data: 'all' } }],
    after_ms: 0,
  });
  await Promise.all(agents.map((agent) => agent.next('notifications/message')));
  await Promise.all(agents.map((agent) => agent.close()));
});
