import { describe, expect, test } from 'vitest';
import { connect, echo } from '../../support/http-fixtures/client.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import { legacy } from '../../support/http-fixtures/legacy.ts';
import { event, events, mcp, status } from '../../support/http-fixtures/mcp.ts';

const { serve } = useFixtures();

describe('a server that only knows HTTP+SSE', () => {
  test.each([400, 404, 405])('is found out when it answers the POST with %i', async (refuses) => {
    const { origin, seen } = await serve(legacy({ refuses }).answer);
    const client = await connect(`${origin}/sse`, { headers: async () => ({ 'x-team': 'blue' }) });
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(client.verdicts).toEqual(['sse']);
    expect(
      seen.map((one) => [
        one.method,
        one.path,
        one.message?.method,
        one.headers['x-team'],
        one.headers['mcp-protocol-version'],
      ]),
    ).toEqual([
      ['POST', '/sse', 'initialize', 'blue', undefined],
      ['GET', '/sse', undefined, 'blue', undefined],
      ['POST', '/messages?session=1', 'initialize', 'blue', undefined],
      ['POST', '/messages?session=1', 'notifications/initialized', 'blue', '2025-11-25'],
      ['POST', '/messages?session=1', 'tools/call', 'blue', '2025-11-25'],
    ]);
    expect(seen[1]?.headers.accept).toBe('text/event-stream');
  });

  test('is not asked for the other transport when that is remembered', async () => {
    const { origin, methods } = await serve(legacy().answer);
    const client = await connect(`${origin}/sse`, { remembered: 'sse' });
    await client.open();
    expect(await client.call({})).toEqual(echo({}));
    expect(methods()).toEqual(['GET', 'initialize', 'notifications/initialized', 'tools/call']);
  });

  test('that has learnt Streamable HTTP meanwhile is met in that', async () => {
    const { url } = await serve(mcp());
    const client = await connect(url, { remembered: 'sse' });
    await client.open();
    expect(await client.call({})).toEqual(echo({}));
    expect(client.verdicts).toEqual(['streamable']);
  });

  test('ends the transport when it ends its stream, and whoever waits is told', async () => {
    const server = legacy();
    const { origin } = await serve((seen, response) =>
      seen.message?.method === 'tools/call'
        ? void response.writeHead(202).end(() => server.endStream())
        : server.answer(seen, response),
    );
    const client = await connect(`${origin}/sse`);
    await client.open();
    const reason = { kind: 'network', detail: 'the server ended the event stream' };
    expect(await client.call({})).toEqual(reason);
    expect(client.ends).toEqual([reason]);
    expect(await client.call({})).toEqual({ kind: 'closed' });
  });

  test('ends the transport when it is gone', async () => {
    const { origin, dropConnections } = await serve(legacy().answer);
    const client = await connect(`${origin}/sse`);
    await client.open();
    dropConnections();
    await expect.poll(() => client.ends).toMatchObject([{ kind: 'network' }]);
  });

  test.each([
    { name: '500', code: 500, reason: { kind: 'http_status', status: 500 }, ends: [] },
    {
      name: '404, where the session is gone',
      code: 404,
      reason: { kind: 'http_status', status: 404 },
      ends: [{ kind: 'network', detail: 'the server forgot the session' }],
    },
  ])('that refuses one message with $name', async ({ code, reason, ends }) => {
    const server = legacy();
    const { origin } = await serve((seen, response) =>
      seen.message?.method === 'tools/call' ? status(code)(seen, response) : server.answer(seen, response),
    );
    const client = await connect(`${origin}/sse`);
    await client.open();
    expect([reason, ...ends]).toContainEqual(await client.call({}));
    expect(client.ends).toEqual(ends);
  });

  test('that names an endpoint elsewhere gets no message', async () => {
    const elsewhere = await serve(mcp());
    const { origin } = await serve(legacy({ endpoint: `${elsewhere.origin}/messages` }).answer);
    const client = await connect(`${origin}/sse`, { remembered: 'sse' });
    expect(await client.open()).toEqual({ kind: 'http_status', status: 405 });
    expect(elsewhere.seen).toEqual([]);
  });

  test('that ends its stream before it names an endpoint is no such server', async () => {
    const { url } = await serve((seen, response) =>
      seen.method === 'GET' ? void events(response, event({})).end() : status(404)(seen, response),
    );
    const client = await connect(url);
    const reason = await client.open();
    expect(reason).toEqual({ kind: 'network', detail: 'the server ended the event stream' });
  });
});

describe('what says nothing about the transport', () => {
  test.each([401, 403, 500, 503, 429])('%i to the POST', async (code) => {
    const { url, methods } = await serve(status(code));
    const client = await connect(url);
    expect(await client.open()).toMatchObject({ status: code });
    expect(methods()).toEqual(['initialize']);
    expect(client.verdicts).toEqual([]);
  });

  test('an address that is neither is reported with what it said to the POST', async () => {
    const { url, methods } = await serve(status(404));
    const client = await connect(url);
    expect(await client.open()).toEqual({ kind: 'http_status', status: 404 });
    expect(methods()).toEqual(['initialize', 'GET']);
  });

  test('a stream that wants credentials says so', async () => {
    const { url } = await serve((seen, response) => status(seen.method === 'GET' ? 401 : 405)(seen, response));
    const client = await connect(url);
    expect(await client.open()).toMatchObject({ kind: 'auth', status: 401 });
  });
});
