/** Drives a transport as a connection does, and keeps what it told. */
import { expect } from 'vitest';
import { urlProblem } from '../../../src/config/index.ts';
import type { Log, RpcMessage, RpcRequest, RpcResponse } from '../../../src/kernel/index.ts';
import type { HeaderValues } from '../../../src/upstreams/http-headers.ts';
import { createHttpTransport, type HttpTransportOptions } from '../../../src/upstreams/node/http-transport.ts';
import { type EndReason, type Transport, TransportEnded } from '../../../src/upstreams/transport.ts';

export type Client = {
  readonly transport: Transport;
  /** What came besides answers to `ask`, oldest first. */
  readonly messages: readonly RpcMessage[];
  readonly odds: readonly string[];
  readonly ends: readonly EndReason[];
  readonly verdicts: readonly string[];
  readonly renewals: () => number;
  /** Everything that was logged, as text. */
  readonly logged: () => string;
  /** The answer, or the reason of a rejected `send`. */
  readonly ask: (
    method: string,
    params?: RpcRequest['params'],
    signal?: AbortSignal,
  ) => Promise<RpcResponse | EndReason>;
  readonly call: (args: Readonly<Record<string, string>>) => Promise<RpcResponse | EndReason>;
  /** `initialize` and `notifications/initialized`; gives the answer to the former. */
  readonly open: () => Promise<RpcResponse | EndReason>;
};

const clients: Client[] = [];

/** Closes every client that `connect` made since the last time. For `afterEach`. */
export async function closeClients(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.transport.close()));
}

/** A client whose transport is started. @throws TransportEnded */
export async function connect(url: string, options: Partial<HttpTransportOptions> = {}): Promise<Client> {
  const messages: RpcMessage[] = [];
  const odds: string[] = [];
  const ends: EndReason[] = [];
  const verdicts: string[] = [];
  const logged: string[] = [];
  let renewals = 0;
  let nextId = 0;
  const waiting = new Map<number, (answer: RpcResponse | EndReason) => void>();
  const log: Log = (level, message, facts) => void logged.push(`${level} ${message} ${JSON.stringify(facts)}`);
  const transport = createHttpTransport({
    server: 'fixture',
    url,
    urlProblem,
    writtenUrl: url,
    headers: async (): Promise<HeaderValues> => ({}),
    tls: { caFile: null, clientCertFile: null, clientKeyFile: null },
    env: {},
    log,
    onVerdict: (verdict) => verdicts.push(verdict),
    onRenewed: () => {
      renewals += 1;
    },
    ...options,
  });
  await transport.start({
    onMessage: (message) => {
      const answered = 'method' in message ? undefined : waiting.get(Number(message.id));
      if ('method' in message || answered === undefined) messages.push(message);
      else answered(message);
    },
    onOdd: (detail) => odds.push(detail),
    onEnd: (reason) => {
      ends.push(reason);
      for (const end of waiting.values()) end(reason);
    },
  });
  const ask: Client['ask'] = (method, params, signal) => {
    const id = nextId;
    nextId += 1;
    return new Promise((resolve, reject) => {
      const settle = (answer: RpcResponse | EndReason): void => {
        waiting.delete(id);
        resolve(answer);
      };
      waiting.set(id, settle);
      const request: RpcRequest = { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) };
      transport.send(request, signal === undefined ? {} : { signal }).catch((error: unknown) => {
        if (error instanceof TransportEnded) settle(error.reason);
        else reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
  };
  const open: Client['open'] = async () => {
    const answer = await ask('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: { roots: {} },
      clientInfo: { name: 'test', version: '1' },
    });
    if ('jsonrpc' in answer && 'result' in answer) {
      transport.setProtocolVersion('2025-11-25');
      await transport.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    }
    return answer;
  };
  const client: Client = {
    transport,
    messages,
    odds,
    ends,
    verdicts,
    renewals: () => renewals,
    logged: () => logged.join('\n'),
    ask,
    call: (args) => ask('tools/call', { name: 'echo', arguments: args }),
    open,
  };
  clients.push(client);
  return client;
}

/** What a call that went well answers. */
export function echo(args: Readonly<Record<string, string>>): object {
  return {
    jsonrpc: '2.0',
    id: expect.any(Number),
    result: { content: [{ type: 'text', text: JSON.stringify(args) }] },
  };
}
