import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { fixtureServer, type Gateway, startGateway } from '../support/gateway.ts';
import { type Answered, httpRequest } from '../support/http-request.ts';
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
