import type { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  classifyMessage,
  isJsonObject,
  type Log,
  type RpcMessage,
  type RpcRequest,
  type RpcResponse,
} from '../../kernel/index.ts';
import { reasonOfError, reasonOfStatus } from '../http-reasons.ts';
import { type EndReason, TransportEnded } from '../transport.ts';
import { Answers } from './http-answers.ts';
import { Exchange } from './http-exchange.ts';
import type { LightResponse } from './http-light-fetch.ts';
import type { Net } from './http-net.ts';
import { ServerStream } from './http-server-stream.ts';
import { isRedirect, mediaType, parseEventData } from './http-stream.ts';

/** Tells our fetch which exchange the SDK sends. It never leaves the process. */
const KEY_HEADER = 'x-plugboard-exchange';

/** How long a request of our own may take. Milliseconds. */
const OWN_REQUEST_MS = 30_000;

/** How long the DELETE of a session may take. Milliseconds. */
const DELETE_MS = 2_000;

/** Most bytes that are read of an answer that only says what went wrong. */
const ERROR_BODY_LIMIT_BYTES = 1024 * 1024;

export type RoadOptions = {
  readonly server: string;
  readonly url: URL;
  readonly net: Net;
  readonly log: Log;
  readonly onMessage: (message: RpcMessage) => void;
  readonly onOdd: (detail: string) => void;
  /** The server cannot be reached any more. */
  readonly onLost: (reason: EndReason) => void;
  /** A new session took the place of a lost one: subscriptions and log level are gone, lists may have changed. */
  readonly onRenewed: () => void;
};

/** The way messages go to one server. */
export type Road = {
  readonly send: (message: RpcMessage, signal?: AbortSignal) => Promise<void>;
  readonly setProtocolVersion: (version: string) => void;
  readonly close: () => Promise<void>;
};

class SessionLost extends Error {
  override readonly name = 'SessionLost';
  readonly status: number;

  constructor(status: number) {
    super('session lost');
    this.status = status;
  }
}

/**
 * Streamable HTTP. The SDK's transport builds the requests, keeps the session id and follows redirects within the origin;
 * its fetch is ours, which reads the answers itself: by reference, within limits, and never leaving a request open.
 */
export class StreamableRoad implements Road {
  readonly #options: RoadOptions;
  readonly #sdk: StreamableHTTPClientTransport;
  readonly #answers: Answers;
  readonly #serverStream: ServerStream;
  readonly #exchanges = new Map<string, Exchange>();
  /** Exchanges that are being resumed, by the event id they resume after. */
  readonly #resuming = new Map<string, Exchange>();
  #initialize: RpcRequest | null = null;
  #version: string | null = null;
  /** Other messages wait for this: a session that is being made. */
  #gate: Promise<void> | null = null;
  #renewing: Promise<void> | null = null;
  #ownIds = 0;
  #closed = false;

  /** @throws nothing; the import of the SDK costs 110 ms the first time */
  static async create(options: RoadOptions): Promise<StreamableRoad> {
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
    const road = new StreamableRoad(options, StreamableHTTPClientTransport);
    await road.#sdk.start();
    return road;
  }

  private constructor(options: RoadOptions, Sdk: typeof StreamableHTTPClientTransport) {
    this.#options = options;
    const { server, url, onMessage, onOdd } = options;
    const reasonOf = (error: unknown): EndReason => this.#reasonOf(error);
    this.#sdk = new Sdk(url, {
      // The SDK reads no more of a response than LightResponse has.
      fetch: (to, init) => this.#fetch(new URL(to), init ?? {}) as Promise<unknown> as Promise<Response>,
    });
    this.#answers = new Answers({
      server,
      url,
      onMessage,
      onOdd,
      session: () => this.#session,
      resume: (exchange, lastEventId) => this.#resume(exchange, lastEventId),
      reasonOf,
    });
    this.#serverStream = new ServerStream({
      url,
      open: (lastEventId) => this.#sdk.resumeStream(lastEventId),
      reasonOf,
      onData: (data) => this.#onServerData(data),
      onSessionDoubtful: (status) => void this.#onSessionDoubtful(status),
      onLost: options.onLost,
    });
  }

  async send(message: RpcMessage, signal?: AbortSignal): Promise<void> {
    const method = 'method' in message ? message.method : null;
    if (method === 'initialize' && 'id' in message) this.#initialize = message as RpcRequest;
    else while (this.#gate !== null) await unlessAborted(this.#gate, signal);
    const sending = this.#deliver(message, signal, true);
    if (method !== 'notifications/initialized') return sending;
    const gate = sending.then(
      () => this.#serverStream.start(),
      () => {},
    );
    this.#closeGate(gate);
    return sending;
  }

  setProtocolVersion(version: string): void {
    this.#version = version;
    this.#sdk.setProtocolVersion(version);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#serverStream.stop();
    for (const exchange of this.#exchanges.values()) exchange.abort.abort();
    await this.#sdk.terminateSession().catch(() => {});
    await this.#sdk.close();
  }

  get #session(): string | null {
    return this.#sdk.sessionId ?? null;
  }

  #closeGate(until: Promise<void>): void {
    const gate = until.finally(() => {
      if (this.#gate === gate) this.#gate = null;
    });
    this.#gate = gate;
  }

  async #deliver(message: RpcMessage, signal: AbortSignal | undefined, mayRenew: boolean): Promise<void> {
    const exchange = new Exchange(message, signal);
    try {
      await this.#post(exchange);
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      if (!mayRenew || exchange.session === null)
        throw new TransportEnded({ kind: 'http_status', status: error.status });
      await unlessAborted(this.#renew(exchange.session), signal);
      return this.#deliver(message, signal, false);
    }
  }

  /** @throws TransportEnded | SessionLost */
  async #post(exchange: Exchange): Promise<void> {
    if (this.#closed || exchange.abort.signal.aborted) throw new TransportEnded({ kind: 'closed' });
    this.#exchanges.set(exchange.key, exchange);
    exchange.onSettled = () => this.#exchanges.delete(exchange.key);
    try {
      // The message is JSON-RPC already; the SDK's type only wants every member of `params` spelt out.
      await this.#sdk.send(exchange.message as Parameters<StreamableHTTPClientTransport['send']>[0], {
        headers: { [KEY_HEADER]: exchange.key },
      });
      this.#answers.release(exchange);
      if (exchange.isOver) exchange.settle();
    } catch (error) {
      exchange.settle();
      if (exchange.abort.signal.aborted) throw new TransportEnded({ kind: 'closed' });
      if (error instanceof SessionLost) throw error;
      throw new TransportEnded(this.#reasonOf(error));
    }
  }

  /** A request of the transport itself. @throws TransportEnded | SessionLost */
  async #ask(method: string, params: RpcRequest['params']): Promise<RpcResponse> {
    this.#ownIds += 1;
    const id = `plugboard:${this.#ownIds}`;
    const answer = Promise.withResolvers<RpcResponse>();
    answer.promise.catch(() => {});
    const message: RpcRequest = { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) };
    await this.#post(new Exchange(message, AbortSignal.timeout(OWN_REQUEST_MS), answer));
    return answer.promise;
  }

  // ── lost sessions ──

  /** Begins a new session in the place of `lost`; only the first of those who noticed does it. @throws TransportEnded */
  async #renew(lost: string): Promise<void> {
    if (this.#renewing === null) {
      if (this.#session !== lost) return;
      this.#renewing = this.#beginAgain().finally(() => (this.#renewing = null));
      this.#closeGate(this.#renewing.catch(() => {}));
    }
    await this.#renewing;
  }

  async #beginAgain(): Promise<void> {
    if (this.#initialize === null) throw new TransportEnded({ kind: 'http_status', status: 404 });
    this.#serverStream.stop();
    const answer = await this.#ask('initialize', this.#initialize.params);
    const result = 'result' in answer ? answer.result : null;
    const version = isJsonObject(result) ? result['protocolVersion'] : null;
    if (version !== this.#version) {
      const reason: EndReason = { kind: 'protocol', detail: 'a new session could not be had in place of a lost one' };
      this.#options.onLost(reason);
      throw new TransportEnded(reason);
    }
    await this.#post(new Exchange({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    this.#serverStream.start();
    this.#options.log('info', 'a lost session was replaced', { server: this.#options.server });
    this.#options.onRenewed();
  }

  /**
   * Whether a status says that the session is gone. 404 does. Some servers answer 400 instead, as they do to a bad
   * request: then a ping in the same session tells.
   */
  async #isSessionGone(status: number): Promise<boolean> {
    if (status === 404) return true;
    if (status !== 400) return false;
    try {
      await this.#ask('ping', undefined);
      return false;
    } catch (error) {
      return (
        error instanceof TransportEnded &&
        error.reason.kind === 'http_status' &&
        (error.reason.status === 400 || error.reason.status === 404)
      );
    }
  }

  async #onSessionDoubtful(status: number): Promise<void> {
    const session = this.#session;
    if (session === null || this.#closed) return;
    try {
      if (await this.#isSessionGone(status)) await this.#renew(session);
    } catch (error) {
      // The next message finds out again, and tells its sender.
      this.#options.log('debug', 'a lost session could not be replaced', { reason: this.#reasonOf(error).kind });
    }
  }

  // ── below the SDK ──

  async #fetch(url: URL, init: RequestInit): Promise<LightResponse> {
    const headers = init.headers as Headers;
    if (init.method === 'DELETE') {
      return this.#options.net.fetch(url, { method: 'DELETE', headers, signal: AbortSignal.timeout(DELETE_MS) });
    }
    if (this.#closed) throw new TransportEnded({ kind: 'closed' });
    if (init.method === 'GET') return this.#get(url, headers);
    const exchange = this.#exchanges.get(headers.get(KEY_HEADER) ?? '');
    if (exchange === undefined) throw new TransportEnded({ kind: 'closed' });
    exchange.session = headers.get('mcp-session-id');
    const response = await this.#options.net.fetch(url, {
      method: 'POST',
      headers: [...headers].filter(([name]) => name !== KEY_HEADER),
      body: String(init.body),
      signal: exchange.abort.signal,
    });
    if (isRedirect(response)) return response;
    if (response.ok) await this.#answers.read(exchange, response);
    else await this.#onRefused(exchange, response);
    // 202 tells the SDK that there is nothing for it to read; after 200 to a notification it reads nothing either.
    return { ...response, ok: true, status: exchange.requestId === null ? 200 : 202, text: async () => '' };
  }

  /** @throws TransportEnded | SessionLost unless the body is the answer to the request all the same */
  async #onRefused(exchange: Exchange, response: LightResponse): Promise<void> {
    const { status } = response;
    const text = await response.text(ERROR_BODY_LIMIT_BYTES).catch(() => '');
    const inSession = exchange.session !== null && exchange.own === null && !exchange.isInitialize;
    if (inSession && (await this.#isSessionGone(status))) throw new SessionLost(status);
    const parsed = classifyMessage(parseEventData(text));
    const isAnswer =
      parsed.kind === 'response' && exchange.requestId !== null && parsed.message.id === exchange.requestId;
    if (isAnswer && exchange.own === null && status !== 401 && status !== 403) {
      return this.#answers.read(exchange, { ...response, status: 200, json: async () => parsed.message });
    }
    throw new TransportEnded(this.#reasonOfStatus(response));
  }

  async #get(url: URL, headers: Headers): Promise<LightResponse> {
    const exchange = this.#resuming.get(headers.get('last-event-id') ?? '');
    const signal = exchange?.abort.signal ?? this.#serverStream.signal;
    const response = await this.#options.net.fetch(url, { method: 'GET', headers, signal });
    if (isRedirect(response)) return response;
    if (!response.ok || mediaType(response) !== 'text/event-stream') {
      await response.text(ERROR_BODY_LIMIT_BYTES).catch(() => {});
      if (!response.ok) throw new TransportEnded(this.#reasonOfStatus(response));
      throw new TransportEnded({ kind: 'protocol', detail: 'a GET was not answered with an event stream' });
    }
    if (exchange === undefined) void this.#serverStream.follow(response);
    else void this.#answers.follow(exchange, response);
    // No body: the SDK has nothing to read.
    return response;
  }

  async #resume(exchange: Exchange, lastEventId: string): Promise<void> {
    this.#resuming.set(lastEventId, exchange);
    try {
      await this.#sdk.resumeStream(lastEventId);
    } finally {
      this.#resuming.delete(lastEventId);
    }
  }

  #onServerData(data: string): void {
    const classified = classifyMessage(parseEventData(data));
    if (classified.kind === 'invalid') this.#options.onOdd(`a message that is not JSON-RPC: ${classified.reason}`);
    else this.#options.onMessage(classified.message);
  }

  #reasonOfStatus(response: LightResponse): EndReason {
    return reasonOfStatus({
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      sentCredentials: this.#options.net.sendsCredentials,
    });
  }

  /** The SDK's own errors have a status: a redirect that it does not follow. */
  #reasonOf(error: unknown): EndReason {
    if (error instanceof SessionLost) return { kind: 'http_status', status: error.status };
    if (!(error instanceof TransportEnded) && error instanceof Error && 'status' in error) {
      this.#options.onOdd(error.message);
      return { kind: 'http_status', status: Number(error.status) };
    }
    return reasonOfError(error, this.#options.url);
  }
}

/** @throws TransportEnded `closed` when the wait is aborted */
async function unlessAborted(wait: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return wait;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(new TransportEnded({ kind: 'closed' }));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([wait, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
