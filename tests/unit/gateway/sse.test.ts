import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventStore } from '../../../src/gateway/event-store.ts';
import { SseStream } from '../../../src/gateway/node/sse.ts';
import type { RpcNotification } from '../../../src/kernel/index.ts';

let server: Server;
let serverErrors: unknown[] = [];
let answer: (response: ServerResponse) => void = () => {};
beforeEach(async () => {
  serverErrors = [];
  server = createServer((_request, response) => {
    response.on('error', (error) => serverErrors.push(error));
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** A client that has the headers and reads nothing yet. */
async function come(): Promise<IncomingMessage> {
  const asked = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  asked.end();
  const [incoming] = (await once(asked, 'response')) as [IncomingMessage];
  incoming.on('error', () => {});
  return incoming;
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += String(chunk);
  return text;
}

const MIB = 1024 * 1024;
const say = (data: string): RpcNotification => ({ jsonrpc: '2.0', method: 'x', params: { data } });
const stream = (store = new EventStore()): SseStream => new SseStream({ stream: 'p1', store, primes: () => true });

test('a finished answer that a client resumes and reads slowly is whole, and a comment in between is no error', async () => {
  const store = new EventStore();
  const finished = stream(store);
  finished.send(say('x'.repeat(7 * MIB)));
  finished.end();
  answer = (response) => finished.attach(response, store.after('p1-0')?.events ?? []);
  const slow = await come();
  // It is still being written: the client has not read a byte of its 7 MiB.
  finished.comment();
  finished.comment();
  const text = await textOf(slow);
  expect(text.length).toBeGreaterThan(7 * MIB);
  expect(text).toMatch(/^id: p1-1\nevent: message\ndata: /);
  expect(text).not.toContain('still here');
  expect(serverErrors).toEqual([]);
});

test('a stream that goes on has its comments', async () => {
  const open = stream();
  answer = (response) => open.attach(response, []);
  const incoming = await come();
  open.comment();
  open.end();
  expect(await textOf(incoming)).toBe('id: p1-0\nretry: 1000\ndata: \n\n: still here\n\n');
});

test('a client that does not read is cut off before it costs memory, and may come back', async () => {
  const store = new EventStore();
  const open = stream(store);
  let response: ServerResponse | null = null;
  answer = (given) => {
    response = given;
    open.attach(given, []);
  };
  const lazy = await come();
  const closed = new Promise((resolve) => lazy.once('close', resolve));
  let most = 0;
  for (let number = 1; number <= 200; number += 1) {
    open.send(say(`${number} ${'x'.repeat(MIB)}`));
    most = Math.max(most, (response as ServerResponse | null)?.writableLength ?? 0);
  }
  expect(most).toBeLessThan(20 * MIB);
  lazy.resume();
  await closed;
  answer = (given) => open.attach(given, store.after('p1-199')?.events ?? []);
  const back = await come();
  open.end();
  expect(await textOf(back)).toMatch(/^id: p1-200\nevent: message\ndata: .*"200 x/);
});
