import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { callText, type Home, type ServerKeys, useHomes } from '../support/home.ts';
import { useFixtures } from '../support/http-fixtures/fixtures.ts';
import { legacy } from '../support/http-fixtures/legacy.ts';
import { echoed, event, events, json, type McpOptions, mcp, result, status } from '../support/http-fixtures/mcp.ts';
import { type Answer, type Fixture, type Seen, testKey, testKeyPath } from '../support/http-fixtures/serve.ts';
import type { RawClient } from '../support/raw-client.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const { serve, startProxy } = useFixtures();

/** The one tool that the fixtures answer. */
const LIST = { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
const tools: Answer = (seen, response) => json(response, result(seen, LIST));

const server = ({ on = {}, ...rest }: McpOptions = {}): Answer => mcp({ ...rest, on: { 'tools/list': tools, ...on } });

/** A pipe on a home with this one server, after hello. */
async function connect(home: Home, keys: ServerKeys, env: NodeJS.ProcessEnv = {}): Promise<RawClient> {
  home.configure({ remote: keys });
  const pipe = home.pipe([], { env: { ...home.env, ...env } });
  await pipe.initialize();
  return pipe;
}

const echo = (pipe: RawClient, text: string): Promise<string> => callText(pipe, 'remote__echo', { text });

test(proves('upstream.headers'), async () => {
  const { url, seen } = await serve(server());
  const home = createHome();
  const helper = join(home.folder, 'headers.mjs');
  const printed = { Authorization: 'Basic aGVscGVy', 'X-One': 'helper', 'X-Two': 'helper', 'X-Three': 'helper' };
  writeFileSync(helper, `console.log(${JSON.stringify(JSON.stringify(printed))})`);
  const pipe = await connect(
    home,
    {
      url,
      bearer_token_env_var: 'REMOTE_TOKEN',
      http_headers: { Authorization: 'Basic literal', 'X-Two': 'literal', 'X-Three': 'literal' },
      env_http_headers: { 'x-three': 'THREE', 'X-Unset': 'NOT_SET_ANYWHERE' },
      http_headers_helper: `'${process.execPath}' '${helper}'`,
    },
    { REMOTE_TOKEN: 'of-the-variable', THREE: 'variable' },
  );
  expect(await echo(pipe, 'hello')).toBe('{"text":"hello"}');
  const { authorization, 'x-one': one, 'x-two': two, 'x-three': three, 'x-unset': unset } = seen.at(-1)?.headers ?? {};
  expect({ authorization, one, two, three, unset }).toEqual({
    authorization: 'Bearer of-the-variable',
    one: 'helper',
    two: 'literal',
    three: 'variable',
    unset: undefined,
  });
  expect(seen.at(-1)?.headers['user-agent']).toMatch(/^plugboard\//);
  await pipe.close();
});

test(`${proves('upstream.headers')}: a token that is not set`, async () => {
  const { url, seen } = await serve(server());
  const home = createHome();
  const pipe = await connect(home, { url, bearer_token_env_var: 'NOT_SET_ANYWHERE' });
  const report = await home.untilServer('remote', 'needs_config');
  expect(report.reason).toBe('not set: NOT_SET_ANYWHERE');
  expect(seen).toEqual([]);
  await pipe.close();
});

test(proves('upstream.network'), async () => {
  const proxy = await startProxy();
  const tls = { cert: testKey('server'), key: testKey('server-key'), requestCert: true, ca: testKey('ca') };
  const { url, port } = await serve(server(), { tls });
  const home = createHome();
  const pipe = await connect(
    home,
    {
      url,
      ca_file: testKeyPath('ca'),
      client_cert_file: testKeyPath('client'),
      client_key_file: testKeyPath('client-key'),
    },
    { HTTPS_PROXY: proxy.url },
  );
  expect(await echo(pipe, 'through')).toBe('{"text":"through"}');
  expect(proxy.seen).toContain(`CONNECT 127.0.0.1:${port}`);
  await pipe.close();
});

test(`${proves('upstream.network')}: without the authority or the certificate`, async () => {
  const tls = { cert: testKey('server'), key: testKey('server-key') };
  const { url } = await serve(server(), { tls });
  const home = createHome();
  const pipe = await connect(home, { url });
  const report = await home.untilServer('remote', 'connection_error');
  expect(report.reason).toMatch(/^TLS: the certificate comes from an authority that is not trusted here/);
  expect(report.nextStep).toContain('mcp_servers.remote.ca_file');
  await pipe.close();
});

test(proves('upstream.http-session'), async () => {
  let session = 'first';
  const fixture = await serve(server({ session: () => session }));
  const home = createHome();
  home.configure({ remote: { url: fixture.url } });
  const host = await home.serve();
  const pipe = home.pipe();
  await pipe.initialize();
  expect(await echo(pipe, 'one')).toBe('{"text":"one"}');
  expect(fixture.seen.at(-1)?.headers['mcp-session-id']).toBe('first');
  // The server has forgotten: 404 for everything but a new beginning.
  session = 'second';
  const before = fixture.seen.length;
  expect(await echo(pipe, 'two')).toBe('{"text":"two"}');
  const since = fixture.seen.slice(before).map(methodAndSession);
  expect(since.slice(0, 2)).toEqual(['tools/call first', 'initialize undefined']);
  expect(since.filter((one) => one.startsWith('tools/call'))).toEqual(['tools/call first', 'tools/call second']);
  expect(since.filter((one) => one.startsWith('initialize'))).toHaveLength(1);
  await pipe.close();
  process.kill(host.pid, 'SIGTERM');
  expect(await host.ended).toBe(0);
  expect(methodAndSession(fixture.seen.at(-1))).toBe('DELETE second');
});

function methodAndSession(seen: Seen | undefined): string {
  return `${seen?.message?.method ?? seen?.method} ${String(seen?.headers['mcp-session-id'])}`;
}

test(proves('upstream.http-resume'), async () => {
  let pending: Seen | null = null;
  const { url } = await serve(
    server({
      session: () => 's',
      on: {
        'tools/call': (seen, response) => {
          pending = seen;
          events(response, `retry: 20\n${event(progress(seen, 1), 'e1')}`);
          setTimeout(() => response.destroy(), 20);
        },
        GET: (seen, response) => {
          if (seen.headers['last-event-id'] !== 'e1' || pending === null) return status(405)(seen, response);
          events(response, event(progress(pending, 2), 'e2') + event(echoed(pending), 'e3')).end();
        },
      },
    }),
  );
  const home = createHome();
  const pipe = await connect(home, { url });
  const answer = await pipe.request('tools/call', {
    name: 'remote__echo',
    arguments: { text: 'resumed' },
    _meta: { progressToken: 'mine' },
  });
  expect(answer).toEqual({ content: [{ type: 'text', text: '{"text":"resumed"}' }] });
  const heard = pipe.notifications.filter(({ method }) => method === 'notifications/progress');
  expect(heard.map(({ params }) => params)).toEqual([
    { progressToken: 'mine', progress: 1 },
    { progressToken: 'mine', progress: 2 },
  ]);
  await pipe.close();
});

function progress(seen: Seen, step: number): object {
  const meta = seen.message?.params?.['_meta'] as { readonly progressToken: unknown };
  return {
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: meta.progressToken, progress: step },
  };
}

test(proves('upstream.legacy-sse'), async () => {
  const fixture = await serve(legacy({ results: { 'tools/list': LIST } }).answer);
  const home = createHome();
  const url = `${fixture.origin}/sse`;
  const first = await connect(home, { url });
  expect(await echo(first, 'old')).toBe('{"text":"old"}');
  await first.close();
  // What was found out is remembered: no attempt at the newer transport next time.
  const tries = posts(fixture, '/sse');
  process.kill((await home.status())?.pid ?? 0, 'SIGTERM');
  await expect.poll(home.status).toBeNull();
  const second = await connect(home, { url });
  expect(await echo(second, 'again')).toBe('{"text":"again"}');
  expect(posts(fixture, '/sse')).toBe(tries);
  await second.close();
});

function posts({ seen }: Fixture, path: string): number {
  return seen.filter((one) => one.method === 'POST' && one.path === path).length;
}
