import { expect, test } from 'vitest';
import { callText, fixture, type Home, type ServerKeys, useHomes } from '../support/home.ts';
import { useFixtures } from '../support/http-fixtures/fixtures.ts';
import { echoed, event, events, json, type McpOptions, mcp, result, status } from '../support/http-fixtures/mcp.ts';
import type { Answer } from '../support/http-fixtures/serve.ts';
import type { RawClient } from '../support/raw-client.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const { serve } = useFixtures();

const tools: Answer = (seen, response) =>
  json(response, result(seen, { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] }));
const server = ({ on = {}, ...rest }: McpOptions = {}): Answer => mcp({ ...rest, on: { 'tools/list': tools, ...on } });

/** A home with one HTTP server that does what the test is about, and a healthy one. A pipe on it has said hello. */
async function beside(
  odd: ServerKeys,
  env: NodeJS.ProcessEnv = {},
): Promise<{ readonly home: Home; readonly pipe: RawClient }> {
  const home = createHome();
  home.configure({ odd, healthy: fixture('echo') });
  const pipe = home.pipe([], { env: { ...home.env, ...env } });
  await pipe.initialize();
  return { home, pipe };
}

async function untouched(pipe: RawClient): Promise<void> {
  expect(await callText(pipe, 'healthy__echo', { text: 'untouched' })).toBe('untouched');
  await pipe.close();
}

const call = (pipe: RawClient, text: string) => pipe.exchange('tools/call', { name: 'odd__echo', arguments: { text } });

const failed = (code: string, message: RegExp) =>
  expect.objectContaining({
    error: expect.objectContaining({
      message: expect.stringMatching(message),
      data: expect.objectContaining({ code }),
    }),
  });

const answered = (text: string) =>
  expect.objectContaining({ result: { content: [{ type: 'text', text: JSON.stringify({ text }) }] } });

test.each([
  { code: 401, sent: false, reason: 'the server wants credentials (HTTP 401)' },
  { code: 401, sent: true, reason: 'the server refused the credentials (HTTP 401, invalid_token)' },
  { code: 403, sent: true, reason: 'the server refused the credentials (HTTP 403, invalid_token)' },
])(`${proves('fault.http-auth')}: $code, with a token: $sent`, async ({ code, sent, reason }) => {
  const challenge = { 'www-authenticate': `Bearer realm="x"${sent ? ', error="invalid_token"' : ''}` };
  const { url } = await serve(status(code, challenge));
  const { home, pipe } = await beside(
    { url, ...(sent ? { bearer_token_env_var: 'ODD_TOKEN' } : {}) },
    { ODD_TOKEN: 'of-this-test' },
  );
  expect(await home.untilServer('odd', 'auth_required')).toEqual(
    expect.objectContaining({ reason, nextStep: expect.stringContaining('token') }),
  );
  expect(await call(pipe, 'x')).toEqual(failed('UPSTREAM_NOT_READY', /auth_required/));
  await untouched(pipe);
});

test(`${proves('fault.http-auth')}: in the middle of a session`, async () => {
  let allowed = true;
  const healthy = server();
  const { url } = await serve((seen, response) => (allowed ? healthy : status(401))(seen, response));
  const { home, pipe } = await beside({ url });
  expect(await call(pipe, 'before')).toEqual(answered('before'));
  allowed = false;
  expect(await call(pipe, 'after')).toEqual(failed('UPSTREAM_AUTH_REQUIRED', /credentials/));
  await home.untilServer('odd', 'auth_required');
  await untouched(pipe);
});

test.each([404, 500, 503])(`${proves('fault.http-status')}: %d`, async (code) => {
  const { url } = await serve(status(code));
  const { home, pipe } = await beside({ url });
  expect(await home.untilServer('odd', 'connection_error')).toEqual(
    expect.objectContaining({
      state: expect.objectContaining({ reason: { kind: 'http_status', status: code } }),
      reason: `unexpected HTTP status ${code}`,
      nextStep: 'check mcp_servers.odd.url; while a host runs, plugboard mcp restart odd tries again at once',
    }),
  );
  await untouched(pipe);
});

test('nobody at the address is a state that names it', async () => {
  const gone = await serve(server());
  await gone.close();
  const { home, pipe } = await beside({ url: gone.url });
  const report = await home.untilServer('odd', 'connection_error');
  expect(report.reason).toBe(`connection refused: 127.0.0.1:${gone.port}`);
  await untouched(pipe);
});

test('a server that comes back is connected again by itself', async () => {
  const gone = await serve(server());
  const { port, url } = gone;
  await gone.close();
  const { home, pipe } = await beside({ url });
  await home.untilServer('odd', 'connection_error');
  await serve(server(), { port });
  await home.untilServer('odd', 'connected');
  expect(await call(pipe, 'back')).toEqual(answered('back'));
  await untouched(pipe);
});

test(proves('fault.http-redirect'), async () => {
  const elsewhere = await serve(server());
  const { url } = await serve(status(307, { location: elsewhere.url }));
  const { home, pipe } = await beside({ url, bearer_token_env_var: 'ODD_TOKEN' }, { ODD_TOKEN: 'of-this-test' });
  const report = await home.untilServer('odd', 'connection_error');
  expect(report.state).toEqual(expect.objectContaining({ reason: { kind: 'http_status', status: 307 } }));
  expect(elsewhere.seen).toEqual([]);
  await untouched(pipe);
});

test(proves('fault.http-slow'), async () => {
  const { url } = await serve(() => {});
  const { home, pipe } = await beside({ url, startup_timeout_sec: 0.5 });
  const report = await home.untilServer('odd', 'timed_out');
  expect(report.reason).toBe('no answer to initialize within 0.5 s');
  await untouched(pipe);
});

test(`${proves('fault.http-slow')}: an answer that does not come`, async () => {
  let given = 0;
  const { url } = await serve(
    server({
      on: {
        'tools/call': (seen, response) => {
          given += 1;
          if (given > 1) json(response, echoed(seen));
        },
      },
    }),
  );
  const { pipe } = await beside({ url, tool_timeout_sec: 0.4 });
  expect(await call(pipe, 'x')).toEqual(failed('UPSTREAM_TIMEOUT', /^odd did not answer tools\/call within 0\.4 s$/));
  expect(await call(pipe, 'y')).toEqual(answered('y'));
  await untouched(pipe);
});

const broken: Readonly<Record<string, Answer>> = {
  'in the middle of a JSON answer': (_seen, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
    response.write('{"jsonrpc":"2.0","id":');
    setTimeout(() => response.destroy(), 10);
  },
  'in the middle of a stream': (_seen, response) => {
    events(response, 'data: {"jsonrpc":');
    setTimeout(() => response.destroy(), 10);
  },
  'before the answer': (_seen, response) => void response.destroy(),
  'after a stream that says nothing': (_seen, response) => void events(response).end(),
};

test.each(Object.keys(broken))(`${proves('fault.http-half-closed')}: %s`, async (how) => {
  let given = 0;
  const { url } = await serve(
    server({
      on: {
        'tools/call': (seen, response) => {
          given += 1;
          return given === 1 ? broken[how]?.(seen, response) : json(response, echoed(seen));
        },
      },
    }),
  );
  const { home, pipe } = await beside({ url });
  expect(await call(pipe, 'lost')).toEqual(failed('UPSTREAM_NETWORK', /^the connection to odd broke: /));
  expect(await call(pipe, 'next')).toEqual(answered('next'));
  expect((await home.status())?.servers.find(({ name }) => name === 'odd')?.state?.kind).toBe('connected');
  await untouched(pipe);
});

const misfits: Readonly<Record<string, Answer>> = {
  'text/html': (_seen, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'),
  'no type': (_seen, response) => void response.writeHead(200).end('hello'),
  'JSON that is none': (_seen, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc": tru'),
  'JSON that is no message': (_seen, response) => json(response, { hello: 'world' }),
};

test.each(Object.keys(misfits))(`${proves('fault.http-content-type')}: %s`, async (kind) => {
  let given = 0;
  const { url } = await serve(
    server({
      on: {
        'tools/call': (seen, response) => {
          given += 1;
          return given === 1 ? misfits[kind]?.(seen, response) : void events(response, event(echoed(seen))).end();
        },
      },
    }),
  );
  const { pipe } = await beside({ url });
  expect(await call(pipe, 'lost')).toEqual(failed('UPSTREAM_PROTOCOL', /odd/));
  expect(await call(pipe, 'next')).toEqual(answered('next'));
  await untouched(pipe);
});

test(`${proves('fault.http-content-type')}: from the start`, async () => {
  const { url } = await serve(misfits['text/html'] ?? status(200));
  const { home, pipe } = await beside({ url });
  const report = await home.untilServer('odd', 'connection_error');
  expect(report.reason).toBe('not MCP: an answer of type text/html, not JSON or an event stream');
  await untouched(pipe);
});
