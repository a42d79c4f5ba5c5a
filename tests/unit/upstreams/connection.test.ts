import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AppError, type RpcMessage, type RpcOutcome } from '../../../src/kernel/index.ts';
import { Connection, type ConnectionEvents } from '../../../src/upstreams/node/connection.ts';
import type { AgentPort, AgentRequest, Call } from '../../../src/upstreams/ports.ts';
import {
  type EndReason,
  type Transport,
  TransportEnded,
  type TransportEvents,
} from '../../../src/upstreams/transport.ts';

const TIMEOUT_MS = 150;

/** A connection over a road that ends in the test: what was sent, and a way to say something as the server. */
async function connect(send: Transport['send'] = async () => {}) {
  const sent: RpcMessage[] = [];
  const told: unknown[][] = [];
  const servers: TransportEvents[] = [];
  const tell =
    (name: string) =>
    (...args: unknown[]): void =>
      void told.push([name, ...args]);
  const events: ConnectionEvents = {
    onNotification: tell('notification'),
    portForUnrelated: () => null,
    onAmbiguous: tell('ambiguous'),
    onAsk: tell('ask'),
    onOdd: tell('odd'),
    onNote: tell('note'),
    onEnd: tell('end'),
    onUnreachable: tell('unreachable'),
  };
  const transport: Transport = {
    start: async (given) => void servers.push(given),
    send: (message, options) => {
      sent.push(message);
      return send(message, options);
    },
    close: async () => {},
    setProtocolVersion: () => {},
    stderrTail: () => '',
  };
  const connection = new Connection({ server: 's', transport, events, roots: () => [] });
  await connection.open();
  const say = (message: RpcMessage): void => servers[0]?.onMessage(message);
  return { connection, sent, told, say };
}

/** An agent that is asked, and answers when the test says so. */
function agent() {
  const questions: { readonly request: AgentRequest; readonly answer: (outcome: RpcOutcome) => void }[] = [];
  const port: AgentPort = {
    session: 'ada',
    capabilities: () => ({ elicitation: {} }),
    notify: () => {},
    ask: (request) => new Promise((answer) => questions.push({ request, answer })),
  };
  const call: Call = {
    method: 'tools/call',
    params: { name: 'ask' },
    port,
    related: { requestId: 1 },
    signal: new AbortController().signal,
    timeoutMs: TIMEOUT_MS,
    timeoutKey: 'mcp_servers.s.tool_timeout_sec',
  };
  return { questions, call };
}

const DECLINED: RpcOutcome = { kind: 'result', result: { action: 'decline' } };

test('while two questions are open a call does not run out of time, nor while one of them still is', async () => {
  const { connection, say } = await connect();
  const { call, questions } = agent();
  const outcome = connection.call(call).catch((error: unknown) => (error instanceof AppError ? error.code : error));
  let settled = false;
  void outcome.then(() => (settled = true));
  for (const id of ['first', 'second'])
    say({ jsonrpc: '2.0', id, method: 'elicitation/create', params: { message: id, requestedSchema: {} } });
  expect(questions.map(({ request }) => request.params?.['message'])).toEqual(['first', 'second']);
  await sleep(2 * TIMEOUT_MS);
  questions[0]?.answer(DECLINED);
  await sleep(2 * TIMEOUT_MS);
  expect(settled).toBe(false);
  questions[1]?.answer(DECLINED);
  // Now its time counts again.
  expect(await outcome).toBe('UPSTREAM_TIMEOUT');
});

test('both questions are answered to the server, and the call has its result', async () => {
  const { connection, say, sent } = await connect();
  const { call, questions } = agent();
  const outcome = connection.call(call);
  for (const id of ['first', 'second'])
    say({ jsonrpc: '2.0', id, method: 'elicitation/create', params: { message: id, requestedSchema: {} } });
  questions[1]?.answer(DECLINED);
  questions[0]?.answer(DECLINED);
  await expect
    .poll(() => sent.slice(1))
    .toEqual([
      { jsonrpc: '2.0', id: 'second', result: { action: 'decline' } },
      { jsonrpc: '2.0', id: 'first', result: { action: 'decline' } },
    ]);
  say({ jsonrpc: '2.0', id: 1, result: { done: true } });
  expect(await outcome).toEqual({ kind: 'result', result: { done: true } });
});

const UNREACHABLE: readonly { readonly reason: EndReason; readonly lasts: boolean }[] = [
  { reason: { kind: 'auth', status: 401, detail: '' }, lasts: true },
  { reason: { kind: 'auth', status: 403, detail: '' }, lasts: false },
  { reason: { kind: 'refused', address: 'a:1' }, lasts: true },
  { reason: { kind: 'dns', host: 'a' }, lasts: true },
  { reason: { kind: 'tls', detail: '' }, lasts: true },
  { reason: { kind: 'http_status', status: 500 }, lasts: false },
  { reason: { kind: 'network', detail: '' }, lasts: false },
  { reason: { kind: 'protocol', detail: '' }, lasts: false },
];
test.each(UNREACHABLE)(
  'what keeps one message back costs one call, or the connection: $reason, $lasts',
  async (row) => {
    const { connection, told } = await connect(() => Promise.reject(new TransportEnded(row.reason)));
    await expect(connection.call(agent().call)).rejects.toBeInstanceOf(AppError);
    expect(told.filter(([name]) => name === 'unreachable')).toEqual(row.lasts ? [['unreachable', row.reason]] : []);
  },
);

test('a notification that cannot be sent, for whatever reason, is a note and no more', async () => {
  for (const cause of [new TransportEnded({ kind: 'closed' }), new TypeError('a mistake of ours')]) {
    const { connection, told } = await connect(() => Promise.reject(cause));
    connection.notify('notifications/roots/list_changed');
    await expect.poll(() => told).toEqual([['note', expect.stringContaining('could not send')]]);
  }
});
