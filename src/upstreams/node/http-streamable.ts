import type { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  classifyMessage,
  type JsonObject,
  type RpcMessage,
  type RpcRequest,
  type RpcResponse,
} from '../../kernel/index.ts';
import { reasonOfError } from '../http-reasons.ts';
import { type EndReason, TransportEnded } from '../transport.ts';
import { Answers } from './http-answers.ts';
import { Exchange } from './http-exchange.ts';
import type { LightResponse } from './http-light-fetch.ts';
import {
  ERROR_BODY_LIMIT_BYTES,
  expectEventStream,
  isRedirect,
  type Road,
  type RoadOptions,
  reasonOfResponse,
  textBody,
  unlessAborted,
} from './http-road.ts';
import { ServerStream } from './http-server-stream.ts';
import { Session, SessionLost } from './http-session.ts';
import { parseEventData } from './http-stream.ts';

/** Tells our fetch which exchange the SDK sends. It never leaves the process. */
const KEY_HEADER = 'x-plugboard-exchange';

/** How long a request of our own may take. Milliseconds. */
const OWN_REQUEST_MS = 30_000;

/** How long the DELETE of a session may take. Milliseconds. */
const DELETE_MS = 2_000;

type SdkMessage = Parameters<StreamableHTTPClientTransport['send']>[0];

/**
 * Streamable HTTP. The SDK's transport builds the requests, keeps the session id and follows redirects within the origin;
 * its fetch is ours, which reads the answers itself: by reference, within limits, and never leaving a request open.
 *
 * @see MCP 2025-11-25, basic/transports#streamable-http
 */
export class StreamableRoad implements Road {
  readonly #options: RoadOptions;
  readonly #sdk: StreamableHTTPClientTransport;
  readonly #answers: Answers;
  readonly #session: Session;
  readonly #serverStream: ServerStream;
  readonly #exchanges = new Map<string, Exchange>();
  /** Exchanges that are being resumed, by the event id they resume after. */
  readonly #resuming = new Map<string, Exchange>();
  /** `notifications/initialized` on its way: some servers refuse what overtakes it. */
  #beginning: Promise<void> | null = null;
  #ownIds = 0;
  #closed = false;

  /** The import of the SDK costs 110 ms the first time. */
  static async create(options: RoadOptions): Promise<StreamableRoad> {
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
    const road = new StreamableRoad(options, StreamableHTTPClientTransport);
    await road.#sdk.start();
    return road;
  }

  private constructor(options: RoadOptions, Sdk: typeof StreamableHTTPClientTransport) {
    this.#options = options;
    const { server, url, onMessage, onOdd, onLost } = options;
    const reasonOf = (error: unknown): EndReason => this.#reasonOf(error);
    this.#sdk = new Sdk(url, {
      // The SDK reads no more of a response than LightResponse has.
      fetch: (to, init) => this.#fetch(new URL(to), init ?? {}) as Promise<unknown> as Promise<Response>,
    });
    const session = (): string | null => this.#sdk.sessionId ?? null;
    const resume = (exchange: Exchange, lastEventId: string): Promise<void> => this.#resume(exchange, lastEventId);
    this.#answers = new Answers({ server, url, onMessage, onOdd, session, resume, reasonOf });
    this.#serverStream = new ServerStream({
      url,
      open: (lastEventId) => this.#sdk.resumeStream(lastEventId),
      reasonOf,
      onData: (data) => this.#onServerData(data),
      onSessionDoubtful: () => void this.#onSessionDoubtful(),
      onLost,
    });
    this.#session = new Session({
      current: session,
      ask: (method, params) => this.#ask(method, params),
      initialized: () => this.#post(new Exchange({ jsonrpc: '2.0', method: 'notifications/initialized' })),
      onReplacing: () => this.#serverStream.stop(),
      onReplaced: () => this.#onReplaced(),
      onLost,
    });
  }

  send(message: RpcMessage, signal: AbortSignal | undefined): Promise<void> {
    const method = 'method' in message ? message.method : null;
    if (method === 'initialize' && 'id' in message) {
      this.#session.remember(message as RpcRequest);
      return this.#deliver(message, signal, true);
    }
    const sending = this.#turn(signal).then(() => this.#deliver(message, signal, true));
    // Before anything else can be sent: the caller need not wait for this one.
    if (method === 'notifications/initialized') this.#begin(sending);
    return sending;
  }

  setProtocolVersion(version: string): void {
    this.#session.setProtocolVersion(version);
    this.#sdk.setProtocolVersion(version);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#serverStream.stop();
    for (const exchange of [...this.#exchanges.values()]) exchange.abort.abort();
    await this.#sdk.terminateSession().catch(() => {});
    await this.#sdk.close();
  }

  /** Waits while a session is being made. */
  async #turn(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const wait = this.#beginning ?? this.#session.busy;
      if (wait === null) return;
      await unlessAborted(wait, signal);
    }
  }

  #begin(initialized: Promise<void>): void {
    const over = (): void => void (this.#beginning = null);
    this.#beginning = initialized.then(() => {
      over();
      if (!this.#closed) this.#serverStream.start();
    }, over);
  }

  async #deliver(message: RpcMessage, signal: AbortSignal | undefined, mayReplace: boolean): Promise<void> {
    const exchange = new Exchange(message, signal);
    try {
      await this.#post(exchange);
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      if (!mayReplace || exchange.session === null) throw new TransportEnded(this.#reasonOf(error));
      await unlessAborted(this.#session.replace(exchange.session), signal).catch((cause: unknown) => {
        throw cause instanceof SessionLost ? new TransportEnded(this.#reasonOf(cause)) : cause;
      });
      await this.#deliver(message, signal, false);
    }
  }

  /** @throws TransportEnded | SessionLost */
  async #post(exchange: Exchange): Promise<void> {
    if (this.#closed || exchange.abort.signal.aborted) throw new TransportEnded({ kind: 'closed' });
    this.#exchanges.set(exchange.key, exchange);
    exchange.onSettled = () => this.#exchanges.delete(exchange.key);
    try {
      // JSON-RPC all the same: the SDK's type only wants every member of `params` spelt out.
      await this.#sdk.send(exchange.message as SdkMessage, { headers: { [KEY_HEADER]: exchange.key } });
      this.#answers.release(exchange);
      if (exchange.isOver) exchange.settle();
    } catch (error) {
      exchange.settle();
      if (exchange.abort.signal.aborted) throw new TransportEnded({ kind: 'closed' });
      throw error instanceof SessionLost ? error : new TransportEnded(this.#reasonOf(error));
    }
  }

  /** A request of the transport itself. @throws TransportEnded | SessionLost */
  async #ask(method: string, params: JsonObject | undefined): Promise<RpcResponse> {
    this.#ownIds += 1;
    const id = `plugboard:${this.#ownIds}`;
    const answer = Promise.withResolvers<RpcResponse>();
    answer.promise.catch(() => {});
    const request: RpcRequest = { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) };
    const limit = AbortSignal.timeout(OWN_REQUEST_MS);
    try {
      await this.#post(new Exchange(request, limit, answer));
      return await answer.promise;
    } catch (error) {
      if (!limit.aborted) throw error;
      throw new TransportEnded({ kind: 'network', detail: `no answer to ${method}` });
    }
  }

  #onReplaced(): void {
    if (this.#closed) return;
    this.#serverStream.start();
    this.#options.log('info', 'the server forgot its session; a new one was begun', { server: this.#options.server });
    this.#options.onRenewed();
  }

  async #onSessionDoubtful(): Promise<void> {
    const session = this.#sdk.sessionId;
    if (session === undefined || this.#closed) return;
    try {
      if (!(await this.#session.isAlive())) await this.#session.replace(session);
    } catch {
      // The next message finds out again, and tells its sender.
    }
  }

  #onServerData(data: string): void {
    const classified = classifyMessage(parseEventData(data));
    if (classified.kind === 'invalid') this.#options.onOdd(`a message that is not JSON-RPC: ${classified.reason}`);
    else this.#options.onMessage(classified.message);
  }

  // ── below the SDK ──

  async #fetch(url: URL, init: RequestInit): Promise<LightResponse> {
    const headers = init.headers as Headers;
    if (init.method === 'DELETE') {
      return this.#options.net.fetchOnce(url, { method: 'DELETE', headers, signal: AbortSignal.timeout(DELETE_MS) });
    }
    if (this.#closed) throw new TransportEnded({ kind: 'closed' });
    if (init.method === 'GET') return this.#fetchStream(url, headers);
    const exchange = this.#exchanges.get(headers.get(KEY_HEADER) ?? '');
    if (exchange === undefined) throw new TransportEnded({ kind: 'closed' });
    exchange.session = headers.get('mcp-session-id');
    const response = await this.#options.net.fetch(url, {
      method: 'POST',
      headers: [...headers].filter(([name]) => name !== KEY_HEADER),
      body: textBody(init),
      signal: exchange.abort.signal,
    });
    if (isRedirect(response)) return response;
    if (response.ok) await this.#answers.read(exchange, response);
    else await this.#onRefused(exchange, response);
    // 202 tells the SDK that there is nothing for it to read. After 200 to a notification it reads nothing either, and
    // leaves the opening of the server's stream to us.
    return { ...response, ok: true, status: exchange.requestId === null ? 200 : 202, text: async () => '' };
  }

  /** @throws TransportEnded | SessionLost unless the body is the answer to the request all the same */
  async #onRefused(exchange: Exchange, response: LightResponse): Promise<void> {
    const { status } = response;
    const text = await response.text(ERROR_BODY_LIMIT_BYTES).catch(() => '');
    if (exchange.own === null && status !== 401 && status !== 403) {
      const inSession = exchange.session !== null && !exchange.isInitialize;
      if (inSession && (await this.#session.isGone(status))) throw new SessionLost(status);
      if (this.#answers.readRefusal(exchange, parseEventData(text))) return;
    }
    throw new TransportEnded(reasonOfResponse(response, this.#options.net));
  }

  async #fetchStream(url: URL, headers: Headers): Promise<LightResponse> {
    const { net } = this.#options;
    const exchange = this.#resuming.get(headers.get('last-event-id') ?? '');
    const signal = exchange?.abort.signal ?? this.#serverStream.signal;
    const response = await net.fetch(url, { method: 'GET', headers, signal });
    if (isRedirect(response)) return response;
    await expectEventStream(response, net);
    if (exchange === undefined) void this.#serverStream.follow(response);
    else void this.#answers.follow(exchange, response);
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

  /** The SDK's own errors have a status: that of a redirect it did not follow. */
  #reasonOf(error: unknown): EndReason {
    if (error instanceof SessionLost) return { kind: 'http_status', status: error.status };
    if (!(error instanceof TransportEnded) && error instanceof Error && 'status' in error) {
      this.#options.onOdd(error.message);
      return { kind: 'http_status', status: Number(error.status) };
    }
    return reasonOfError(error, this.#options.url);
  }
}
