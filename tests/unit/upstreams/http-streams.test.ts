import { describe, expect, test } from 'vitest';
import { connect, echo } from '../../support/http-fixtures/client.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import { echoed, event, events, json, mcp, result, status } from '../../support/http-fixtures/mcp.ts';
import type { Answer, Seen } from '../../support/http-fixtures/serve.ts';

const { serve } = useFixtures();

const progress = (step: number): object => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: 1, progress: step },
});

describe('an answer that comes as a stream', () => {
  test('notifications before the answer, in one chunk with it, all arrive in order', async () => {
    const { url } = await serve(
      mcp({
        on: {
          'tools/call': (seen, response) =>
            void events(response, event(progress(1)) + event(progress(2)) + event(echoed(seen))).end(),
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(client.messages).toEqual([progress(1), progress(2)]);
  });

  test('a stream that ends without the answer fails the call at once', async () => {
    const { url } = await serve(
      mcp({ on: { 'tools/call': (_seen, response) => void events(response, event(progress(1))).end() } }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toMatchObject({
      error: {
        code: -32000,
        message: 'the connection to fixture broke: the stream ended before the answer',
        data: { code: 'UPSTREAM_NETWORK' },
      },
    });
  });

  test('an answer that is not JSON-RPC fails the call without waiting for the end of the stream', async () => {
    const { url } = await serve(
      mcp({
        on: { 'tools/call': (seen, response) => void events(response, event({ id: seen.message?.id, result: {} })) },
      }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toMatchObject({ error: { data: { code: 'UPSTREAM_PROTOCOL' } } });
    expect(client.odds).toEqual(['a message that is not JSON-RPC: "jsonrpc" must be "2.0"']);
  });

  test('an event that is not JSON is odd, and the answer after it still counts', async () => {
    const { url } = await serve(
      mcp({
        on: {
          'tools/call': (seen, response) => void events(response, `data: {oops\n\n${event(echoed(seen))}`).end(),
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(client.odds).toEqual(['an event that is not JSON']);
  });

  test('one event over 64 MiB fails the call; a long stream of small ones does not', async () => {
    const big: Answer = (seen, response) => {
      events(response);
      const small = seen.message?.params?.['name'] === 'small';
      const filler = 'x'.repeat(1024 * 1024);
      const chunk = small ? event({ ...progress(1), filler }) : filler;
      if (!small) response.write('id: 1\ndata: ');
      let left = 70;
      const more = (): void => {
        while (left > 0 && !response.destroyed) {
          left -= 1;
          if (!response.write(chunk)) return;
        }
        if (!response.destroyed) response.end(event(echoed(seen)));
      };
      response.on('drain', more);
      more();
    };
    const { url } = await serve(mcp({ on: { 'tools/call': big } }));
    const client = await connect(url);
    await client.open();
    expect(await client.ask('tools/call', { name: 'big' })).toMatchObject({
      error: { data: { code: 'UPSTREAM_MESSAGE_TOO_LARGE' } },
    });
    expect(await client.ask('tools/call', { name: 'small' })).toMatchObject({ result: {} });
  });

  test('aborting a call closes its stream', async () => {
    let closed = false;
    const { url, methods } = await serve(
      mcp({
        on: {
          'tools/call': (_seen, response) => {
            events(response, event(progress(1)));
            response.on('close', () => {
              closed = true;
            });
          },
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    const giveUp = new AbortController();
    void client.ask('tools/call', {}, giveUp.signal);
    await expect.poll(() => client.messages).toEqual([progress(1)]);
    giveUp.abort();
    await expect.poll(() => closed).toBe(true);
    expect(methods().filter((one) => one === 'GET')).toHaveLength(1);
  });
});

describe('a stream that breaks and is resumed', () => {
  /** Breaks the stream of a call once, and has the rest ready for whoever asks with the right id. */
  function breaking(how: (response: Parameters<Answer>[1]) => void): Answer {
    let pending: Seen | null = null;
    return mcp({
      session: () => 's1',
      on: {
        'tools/call': (seen, response) => {
          pending = seen;
          events(response, `retry: 20\n${event(progress(1), 'e1')}`);
          how(response);
        },
        GET: (seen, response) => {
          if (seen.headers['last-event-id'] !== 'e1' || pending === null) return status(405)(seen, response);
          events(response, event(progress(2), 'e2') + event(echoed(pending), 'e3')).end();
        },
      },
    });
  }

  test.each([
    { name: 'in good order', how: (response: Parameters<Answer>[1]) => void response.end() },
    {
      name: 'by a lost connection',
      how: (response: Parameters<Answer>[1]) => void setTimeout(() => response.destroy(), 20),
    },
  ])('$name', async ({ how }) => {
    const { url } = await serve(breaking(how));
    const client = await connect(url);
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(client.messages).toEqual([progress(1), progress(2)]);
  });

  test('again and again, as a server does that wants to be polled', async () => {
    let pending: Seen | null = null;
    let polls = 0;
    const { url } = await serve(
      mcp({
        on: {
          'tools/call': (seen, response) => {
            pending = seen;
            events(response, 'retry: 10\nid: 0\ndata:\n\n').end();
          },
          GET: (seen, response) => {
            if (seen.headers['last-event-id'] === undefined || pending === null) return status(405)(seen, response);
            polls += 1;
            events(response, polls < 12 ? `id: ${polls}\ndata:\n\n` : event(echoed(pending))).end();
          },
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(polls).toBe(12);
  });

  test('a server that refuses to resume fails the call', async () => {
    const { url } = await serve(
      mcp({
        on: {
          'tools/call': (_seen, response) => void events(response, 'retry: 10\nid: 1\ndata:\n\n').end(),
          GET: status(405),
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({})).toMatchObject({
      error: { message: 'fixture answered with HTTP 405', data: { code: 'UPSTREAM_HTTP_STATUS' } },
    });
  });

  test('a server that fails a while is asked again', async () => {
    let pending: Seen | null = null;
    let refusals = 0;
    const { url } = await serve(
      mcp({
        on: {
          'tools/call': (seen, response) => {
            pending = seen;
            events(response, 'retry: 10\nid: 1\ndata:\n\n').end();
          },
          GET: (seen, response) => {
            if (seen.headers['last-event-id'] === undefined || pending === null) return status(405)(seen, response);
            refusals += 1;
            if (refusals === 1) return status(503)(seen, response);
            events(response, event(echoed(pending))).end();
          },
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
  });
});

describe('the stream of the server', () => {
  const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };

  test('is opened after initialized; notifications and requests come on it, and answers go back by POST', async () => {
    const request = { jsonrpc: '2.0', id: 'r1', method: 'roots/list' };
    const { url, seen } = await serve(
      mcp({
        session: () => 's1',
        on: { GET: (_seen, response) => void events(response, event(changed) + event(request)) },
      }),
    );
    const client = await connect(url);
    await client.open();
    await expect.poll(() => client.messages).toEqual([changed, request]);
    await client.transport.send({ jsonrpc: '2.0', id: 'r1', result: { roots: [] } });
    expect(seen.at(-1)?.message).toEqual({ jsonrpc: '2.0', id: 'r1', result: { roots: [] } });
  });

  test('is opened too when the server answers initialized with 200', async () => {
    const { url } = await serve(
      mcp({
        on: {
          'notifications/initialized': status(200),
          GET: (_seen, response) => void events(response, event(changed)),
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    await expect.poll(() => client.messages).toEqual([changed]);
  });

  test('is opened again after it broke, from where it was', async () => {
    const { url, seen } = await serve(
      mcp({
        on: {
          GET: (one, response) =>
            one.headers['last-event-id'] === 'e1'
              ? void events(response, event(changed, 'e2'))
              : void events(response, `retry: 20\n${event(changed, 'e1')}`).end(),
        },
      }),
    );
    const client = await connect(url);
    await client.open();
    await expect.poll(() => client.messages).toEqual([changed, changed]);
    expect(seen.filter((one) => one.method === 'GET').map((one) => one.headers['last-event-id'])).toEqual([
      undefined,
      'e1',
    ]);
  });

  test.each([405, 404, 400, 401, 403, 501])('a server without one says %i, and is not asked again', async (code) => {
    const { url, methods } = await serve(mcp({ on: { GET: status(code) } }));
    const client = await connect(url);
    await client.open();
    await expect.poll(methods).toContain('GET');
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(client.ends).toEqual([]);
  });

  test('when it cannot be opened again because the server is gone, the transport ends', {
    timeout: 60_000,
  }, async () => {
    const { url, close, methods, port } = await serve(
      mcp({ on: { GET: (_seen, response) => void events(response, 'retry: 10\n\n') } }),
    );
    const client = await connect(url);
    await client.open();
    await expect.poll(methods).toContain('GET');
    await close();
    await expect
      .poll(() => client.ends, { timeout: 50_000 })
      .toEqual([{ kind: 'refused', address: `127.0.0.1:${port}` }]);
  });
});

test('a server that restarts is used again without anyone noticing, but for the calls in flight', async () => {
  const answer = mcp({ on: { 'tools/call': (seen, response) => json(response, result(seen, { ok: true })) } });
  const first = await serve(answer);
  const client = await connect(first.url);
  await client.open();
  await first.close();
  expect(await client.call({})).toEqual({ kind: 'refused', address: `127.0.0.1:${first.port}` });
  await serve(answer, { port: first.port });
  expect(await client.call({})).toMatchObject({ result: { ok: true } });
});

test('whatever a server does, every request is settled, and once', async () => {
  const broken = 'event: message\ndata: {oops\n\n';
  const ways: readonly Answer[] = [
    (seen, response) => json(response, echoed(seen)),
    (seen, response) => void events(response, event(echoed(seen))).end(),
    (seen, response) => void events(response, event(progress(1)) + broken + event(echoed(seen))).end(),
    (_seen, response) => void events(response, event(progress(1))).end(),
    (_seen, response) => void events(response, `retry: 10\n${event(progress(1), 'x')}`).destroy(),
    (seen, response) => void events(response, event(echoed(seen)) + event(echoed(seen))).end(),
    (seen, response) => void events(response, `id: y\nretry: 10\n${event(echoed(seen))}`).destroy(),
    (_seen, response) => void response.destroy(),
    (_seen, response) => json(response, []),
    (seen, response) => json(response, [echoed(seen)]),
    status(202),
    status(400),
    status(404),
    status(500),
    status(307, { location: 'http://127.0.0.1:1/' }),
  ];
  const { url } = await serve((seen, response) => {
    const way = seen.message?.method === 'tools/call' ? ways[Number(seen.message.id) % ways.length] : undefined;
    return (way ?? mcp())(seen, response);
  });
  const client = await connect(url);
  await client.open();
  const settled = await Promise.all(Array.from({ length: ways.length * 20 }, () => client.call({})));
  const answered = settled.filter((one) => 'jsonrpc' in one && 'result' in one);
  expect(answered.length).toBeGreaterThanOrEqual(20 * 4);
  expect(answered.length).toBeLessThanOrEqual(20 * 6);
  // Besides the second answers of the server that answers twice.
  const late = client.messages.filter((one) => !('method' in one) && 'error' in one);
  expect(late).toEqual([]);
  expect(client.ends).toEqual([]);
});
