import { describe, expect, test } from 'vitest';
import { connect, echo } from '../../support/http-fixtures/client.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import {
  echoed,
  event,
  events,
  INITIALIZE_RESULT,
  json,
  mcp,
  result,
  status,
} from '../../support/http-fixtures/mcp.ts';
import type { Answer } from '../../support/http-fixtures/serve.ts';

const { serve } = useFixtures();

/** Gives out sessions `s1`, `s2` …; `forget` makes the current one unknown. */
function forgetful(on: Readonly<Record<string, Answer>> = {}): { answer: Answer; forget: () => void } {
  let number = 1;
  return {
    answer: mcp({ session: () => `s${number}`, on }),
    forget: () => {
      number += 1;
    },
  };
}

describe('the session', () => {
  test('its id and the protocol version go with every message after initialize, and it is deleted in the end', async () => {
    const { url, seen } = await serve(mcp({ session: () => 's1' }));
    const client = await connect(url);
    await client.open();
    await client.call({});
    await client.transport.close();
    const sent = seen.map((one) => [
      one.message?.method ?? one.method,
      one.headers['mcp-session-id'],
      one.headers['mcp-protocol-version'],
    ]);
    expect(sent).toHaveLength(5);
    expect(sent).toEqual(
      expect.arrayContaining([
        ['initialize', undefined, undefined],
        ['notifications/initialized', 's1', '2025-11-25'],
        ['GET', 's1', '2025-11-25'],
        ['tools/call', 's1', '2025-11-25'],
        ['DELETE', 's1', '2025-11-25'],
      ]),
    );
  });

  test('nothing of ours but the message reaches the server', async () => {
    const { url, seen } = await serve(mcp());
    const client = await connect(url, { headers: async () => ({ 'user-agent': 'plugboard/1' }) });
    await client.open();
    const { host: _host, ...headers } = seen[0]?.headers ?? {};
    expect(headers).toEqual({
      accept: 'application/json, text/event-stream',
      'accept-encoding': 'identity',
      connection: 'keep-alive',
      'content-length': String(seen[0]?.body.length),
      'content-type': 'application/json',
      'user-agent': 'plugboard/1',
    });
  });

  test('a server that does not answer the DELETE holds the end up for two seconds only', async () => {
    const { url } = await serve(mcp({ session: () => 's1', on: { DELETE: () => {} } }));
    const client = await connect(url);
    await client.open();
    const before = performance.now();
    await client.transport.close();
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(client.ends).toEqual([{ kind: 'closed' }]);
  });

  test('messages wait until the server has taken notifications/initialized', async () => {
    let taken = false;
    const { url } = await serve(
      mcp({
        on: {
          'notifications/initialized': (seen, response) =>
            void setTimeout(() => {
              taken = true;
              void status(202)(seen, response);
            }, 100),
          'tools/call': (seen, response) => json(response, result(seen, { taken })),
        },
      }),
    );
    const client = await connect(url);
    await client.ask('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    });
    const initialized = client.transport.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect(await client.call({})).toMatchObject({ result: { taken: true } });
    await initialized;
  });
});

describe('a forgotten session', () => {
  test('is replaced, and the message is sent once more', async () => {
    const { answer, forget } = forgetful();
    const { url, methods, seen } = await serve(answer);
    const client = await connect(url);
    await client.open();
    await expect.poll(methods).toContain('GET');
    forget();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(methods().filter((one) => one !== 'GET' && one !== 'ping')).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/call',
      'initialize',
      'notifications/initialized',
      'tools/call',
    ]);
    const initializes = seen.filter((one) => one.message?.method === 'initialize').map((one) => one.message);
    expect(initializes[1]?.params).toEqual(initializes[0]?.params);
    expect(initializes[1]?.id).not.toBe(initializes[0]?.id);
    expect(client.renewals()).toBe(1);
    expect(client.messages).toEqual([]);
  });

  test('is replaced once, however many messages notice', async () => {
    const { answer, forget } = forgetful();
    const { url, methods } = await serve(answer);
    const client = await connect(url);
    await client.open();
    forget();
    const names = Array.from({ length: 20 }, (_, index) => String(index));
    const answers = await Promise.all(names.map((a) => client.call({ a })));
    expect(answers).toEqual(names.map((a) => echo({ a })));
    expect(methods().filter((one) => one === 'initialize')).toHaveLength(2);
    expect(client.renewals()).toBe(1);
  });

  test('a server that says 400 instead of 404 is asked with a ping', async () => {
    let id = 's1';
    const { url, methods } = await serve((seen, response) => {
      const unknown = seen.headers['mcp-session-id'] !== undefined && seen.headers['mcp-session-id'] !== id;
      if (!unknown) return mcp({ session: () => id })(seen, response);
      response.writeHead(400, { 'content-type': 'application/json' });
      const error = { code: -32000, message: 'Bad Request: No valid session ID provided' };
      response.end(JSON.stringify({ jsonrpc: '2.0', id: seen.message?.id, error }));
    });
    const client = await connect(url);
    await client.open();
    id = 's2';
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(methods()).toContain('ping');
  });

  test('400 to a bad request leaves a living session alone', async () => {
    const { url, methods } = await serve(mcp({ session: () => 's1', on: { 'tools/call': status(400) } }));
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toEqual({ kind: 'http_status', status: 400 });
    expect(methods().filter((one) => one === 'initialize')).toHaveLength(1);
    expect(client.renewals()).toBe(0);
  });

  test('a message that is refused in the new session too is not sent a third time', async () => {
    const { url, methods } = await serve(mcp({ session: () => 's1', on: { 'tools/call': status(404) } }));
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toEqual({ kind: 'http_status', status: 404 });
    expect(methods().filter((one) => one === 'tools/call')).toHaveLength(2);
  });

  test('a server that cannot begin again fails the message, and the next one tries anew', async () => {
    let broken = false;
    const { answer, forget } = forgetful();
    const { url } = await serve((seen, response) =>
      broken && seen.message?.method === 'initialize' ? status(503)(seen, response) : answer(seen, response),
    );
    const client = await connect(url);
    await client.open();
    forget();
    broken = true;
    expect(await client.call({})).toEqual({ kind: 'http_status', status: 503 });
    broken = false;
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(client.ends).toEqual([]);
  });

  test('a server that comes back with another protocol revision ends the transport', async () => {
    let version = '2025-11-25';
    const { answer, forget } = forgetful();
    const { url } = await serve((seen, response) =>
      version !== '2025-11-25' && seen.message?.method === 'initialize'
        ? json(response, result(seen, { ...INITIALIZE_RESULT, protocolVersion: version }))
        : answer(seen, response),
    );
    const client = await connect(url);
    await client.open();
    forget();
    version = '2025-06-18';
    expect(await client.call({})).toMatchObject({ kind: 'protocol' });
    expect(client.ends).toMatchObject([{ kind: 'protocol' }]);
  });

  test('a call whose stream breaks after the session was forgotten fails with that reason', async () => {
    const { answer, forget } = forgetful({
      'tools/call': (seen, response) => {
        if (seen.message?.params?.['name'] !== 'slow') return json(response, echoed(seen));
        events(response, 'retry: 10\nid: 1\ndata:\n\n');
        setTimeout(() => response.end(), 300);
      },
    });
    const { url } = await serve(answer);
    const client = await connect(url);
    await client.open();
    const slow = client.ask('tools/call', { name: 'slow' });
    await client.ask('ping');
    forget();
    await client.call({});
    expect(await slow).toMatchObject({
      error: {
        code: -32000,
        message: 'the connection to fixture broke: the server forgot the session before it answered',
        data: { code: 'UPSTREAM_NETWORK' },
      },
    });
  });

  test('is noticed by the stream of the server too, before anyone calls', async () => {
    let open: (() => void) | null = null;
    const { answer, forget } = forgetful({});
    const { url, methods } = await serve((seen, response) => {
      if (seen.method !== 'GET' || open !== null) return answer(seen, response);
      events(response, 'retry: 10\n\n');
      open = () => response.end();
    });
    const client = await connect(url);
    await client.open();
    await expect.poll(() => open).not.toBeNull();
    forget();
    (open as unknown as () => void)();
    await expect.poll(client.renewals).toBe(1);
    expect(methods().filter((one) => one === 'initialize')).toHaveLength(2);
    expect(client.ends).toEqual([]);
  });

  test('a server that answers its stream with 404 although the session lives is left alone', async () => {
    const { url, methods } = await serve(mcp({ session: () => 's1', on: { GET: status(404) } }));
    const client = await connect(url);
    await client.open();
    await expect.poll(methods).toContain('ping');
    await client.call({});
    expect(methods().filter((one) => one === 'initialize')).toHaveLength(1);
    expect(methods().filter((one) => one === 'GET')).toHaveLength(1);
  });
});

test('events of a lost stream do not come twice', async () => {
  const { url } = await serve(
    mcp({ on: { 'tools/call': (seen, response) => void events(response, event(echoed(seen))).end() } }),
  );
  const client = await connect(url);
  await client.open();
  expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
  expect(client.messages).toEqual([]);
});
