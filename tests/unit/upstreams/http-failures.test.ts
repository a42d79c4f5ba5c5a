import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { EndReason } from '../../../src/upstreams/transport.ts';
import { connect, echo } from '../../support/http-fixtures/client.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import { event, events, json, mcp, result, status } from '../../support/http-fixtures/mcp.ts';
import type { Answer } from '../../support/http-fixtures/serve.ts';

const { serve } = useFixtures();

/** One answer to a call that goes wrong, while everything else goes right. */
const failures: readonly { readonly name: string; readonly answer: Answer; readonly reason: EndReason }[] = [
  {
    name: '401 without credentials',
    answer: status(401, { 'www-authenticate': 'Bearer realm="x"' }),
    reason: { kind: 'auth', status: 401, detail: 'the server wants credentials (HTTP 401)' },
  },
  {
    name: '403 that names a known error',
    answer: status(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="a b"' }),
    reason: { kind: 'auth', status: 403, detail: 'the server wants credentials (HTTP 403, insufficient_scope)' },
  },
  { name: '404', answer: status(404), reason: { kind: 'http_status', status: 404 } },
  { name: '400', answer: status(400), reason: { kind: 'http_status', status: 400 } },
  { name: '500', answer: status(500, {}, 'oh no'), reason: { kind: 'http_status', status: 500 } },
  {
    name: 'a redirect to another origin, which gets nothing',
    answer: status(307, { location: 'https://elsewhere.example/mcp' }),
    reason: { kind: 'http_status', status: 307 },
  },
  {
    name: 'a redirect that would turn the POST into a GET',
    answer: status(302, { location: '/mcp2' }),
    reason: { kind: 'http_status', status: 302 },
  },
  {
    name: 'HTML',
    answer: (_seen, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'),
    reason: { kind: 'protocol', detail: 'an answer of type text/html, not JSON or an event stream' },
  },
  {
    name: 'a type that repeats what it was sent, in small letters',
    answer: (_seen, response) => void response.writeHead(200, { 'content-type': 'text/S3CR3T-Token' }).end('x'),
    reason: { kind: 'protocol', detail: 'an answer of another type, not JSON or an event stream' },
  },
  {
    name: 'invalid JSON',
    answer: (_seen, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":'),
    reason: { kind: 'protocol', detail: 'the answer is not valid JSON' },
  },
  {
    name: 'JSON that answers something else',
    answer: (_seen, response) => json(response, { jsonrpc: '2.0', id: 'other', result: {} }),
    reason: { kind: 'protocol', detail: 'JSON that is not the answer to the request' },
  },
  {
    name: '202, as if a request wanted no answer',
    answer: status(202),
    reason: { kind: 'protocol', detail: 'HTTP 202 without an answer to the request' },
  },
  {
    name: 'a connection that is closed half-way through the answer',
    answer: (_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"jsonrpc"', () => response.destroy());
    },
    reason: { kind: 'network', detail: 'the server closed the connection (UND_ERR_SOCKET)' },
  },
  {
    name: 'an answer in chunks that ends in the middle of one',
    answer: (_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"jsonrpc"', () => response.socket?.end());
    },
    reason: { kind: 'network', detail: expect.any(String) as unknown as string },
  },
  {
    name: 'a connection that is closed before any answer',
    answer: (_seen, response) => void response.destroy(),
    reason: { kind: 'network', detail: 'the server closed the connection (UND_ERR_SOCKET)' },
  },
  {
    name: 'a body announced as over 64 MiB',
    answer: (_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(65 * 1024 * 1024) });
      response.write(' '.repeat(1000));
    },
    reason: { kind: 'too_large', limitBytes: 64 * 1024 * 1024 },
  },
];

describe('what goes wrong with one call stays with that call', () => {
  test.each(failures)('$name', async ({ answer, reason }) => {
    let healthy = false;
    const { url } = await serve((seen, response) =>
      mcp(healthy || seen.message?.method !== 'tools/call' ? {} : { on: { 'tools/call': answer } })(seen, response),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(reason);
    healthy = true;
    expect(await client.call({ a: '2' })).toEqual(echo({ a: '2' }));
    expect(client.ends).toEqual([]);
  });

  test('a body that turns out to be over 64 MiB', async () => {
    const { url } = await serve(
      mcp({
        on: {
          'tools/call': (_seen, response) => {
            response.writeHead(200, { 'content-type': 'application/json' });
            const chunk = Buffer.alloc(1024 * 1024, 32);
            const more = (): void => {
              while (!response.destroyed && response.write(chunk));
            };
            response.on('drain', more);
            more();
          },
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toEqual({ kind: 'too_large', limitBytes: 64 * 1024 * 1024 });
    expect(await client.ask('ping')).toMatchObject({ result: {} });
  });

  test('an answer of 20 MiB is none too large', async () => {
    const text = 'x'.repeat(20 * 1024 * 1024);
    const { url } = await serve(
      mcp({ on: { 'tools/call': (seen, response) => json(response, result(seen, { text })) } }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toMatchObject({ result: { text } });
  });
});

describe('what the transport is lenient about', () => {
  test('a redirect within the origin is followed, with method and body', async () => {
    const { url } = await serve((seen, response) =>
      seen.path === '/mcp' ? status(308, { location: '/new' })(seen, response) : mcp()(seen, response),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
  });

  test('an HTTP error that carries the answer to the request is that answer', async () => {
    const error = { code: -32602, message: 'no', data: { deep: [1] } };
    const { url } = await serve(
      mcp({
        on: {
          'tools/call': (seen, response) => {
            response.writeHead(400, { 'content-type': 'application/json' });
            response.end(JSON.stringify({ jsonrpc: '2.0', id: seen.message?.id, error }));
          },
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toMatchObject({ error });
  });

  test('an error without an id is the answer to the one request of its POST', async () => {
    const error = { code: -32700, message: 'cannot read this' };
    const { url } = await serve(
      mcp({ on: { 'tools/call': (_seen, response) => json(response, { jsonrpc: '2.0', id: null, error }) } }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toMatchObject({ error });
  });

  test('members that nobody knows reach the client, in the envelope too', async () => {
    const { url } = await serve(
      mcp({
        on: {
          'tools/call': (seen, response) => {
            events(response).end(event({ ...(result(seen, { odd: { a: [null] } }) as object), extra: 1 }));
          },
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toMatchObject({ result: { odd: { a: [null] } }, extra: 1 });
  });
});

describe('the way to the server', () => {
  test('a port where nobody listens', async () => {
    const { url, port, close } = await serve(mcp());
    await close();
    const client = await connect(url);
    expect(await client.open()).toEqual({ kind: 'refused', address: `127.0.0.1:${port}` });
  });

  test('a name that does not exist', async () => {
    const client = await connect('http://no-such-host.invalid/mcp');
    expect(await client.open()).toEqual({ kind: 'dns', host: 'no-such-host.invalid' });
  });

  test('a server that speaks something else', async () => {
    const server = createServer((socket) => void socket.end('220 smtp.example ESMTP\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const client = await connect(`http://127.0.0.1:${port}/mcp`);
    const reason = await client.open();
    server.close();
    expect(reason).toMatchObject({ kind: 'protocol', detail: expect.stringMatching(/^the answer is not HTTP/) });
  });

  test.each(['not a url', 'ftp://example.com/', 'stdio:x'])('%s is no address', async (url) => {
    await expect(connect(url)).rejects.toMatchObject({ reason: { kind: 'protocol' } });
  });

  test('a server that never answers is waited for until the caller gives up', async () => {
    const { url } = await serve(mcp({ on: { 'tools/call': () => {} } }));
    const client = await connect(url);
    await client.open();
    const giveUp = new AbortController();
    const answer = client.ask('tools/call', {}, giveUp.signal);
    expect(await client.ask('ping')).toMatchObject({ result: {} });
    giveUp.abort();
    expect(await answer).toEqual({ kind: 'closed' });
  });

  test('closing answers everything that is open, once', async () => {
    const { url, methods } = await serve(mcp({ on: { 'tools/call': () => {} } }));
    const client = await connect(url);
    await client.open();
    const answer = client.call({});
    await expect.poll(methods).toContain('tools/call');
    await Promise.all([client.transport.close(), client.transport.close()]);
    expect(await answer).toEqual({ kind: 'closed' });
    expect(client.ends).toEqual([{ kind: 'closed' }]);
    expect(await client.ask('ping')).toEqual({ kind: 'closed' });
  });
});
