import type { Log, RpcMessage } from '../../kernel/index.ts';
import type { HeaderValues } from '../http-headers.ts';
import {
  type EndReason,
  type SendOptions,
  type Transport,
  TransportEnded,
  type TransportEvents,
} from '../transport.ts';
import type { ProxyEnv, TlsFiles } from './http-dispatcher.ts';
import { LegacyRoad } from './http-legacy.ts';
import { Net } from './http-net.ts';
import { type Road, type RoadOptions, StreamableRoad } from './http-streamable.ts';

/** Which of the two HTTP transports a server speaks. */
export type HttpVerdict = 'streamable' | 'sse';

export type HttpTransportOptions = {
  /** For messages and the log. */
  readonly server: string;
  readonly url: string;
  /** Asked at `start` and once more after a 401. @throws TransportEnded `headers_helper` */
  readonly headers: () => Promise<HeaderValues>;
  readonly tls: TlsFiles;
  /** HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, in either case. */
  readonly env: ProxyEnv;
  readonly log: Log;
  /** What an earlier transport to this server found out: saves the attempt at the other one. */
  readonly remembered?: HttpVerdict;
  readonly onVerdict?: (verdict: HttpVerdict) => void;
  /** A lost session was replaced: subscriptions and log level are gone, lists may have changed. */
  readonly onRenewed?: () => void;
};

/** Statuses of an `initialize` that make it worth looking for the older transport. */
const MAYBE_OLDER = [400, 404, 405];

/**
 * The transport to a server at a URL: Streamable HTTP, or HTTP+SSE where the server knows no other.
 *
 * Every message travels by itself, so a failure concerns that message: `send` rejects, or, when the POST had been accepted
 * before its stream broke for good, an error arrives in the place of the answer. The transport as a whole goes on after
 * that; a server that is away answers again when it is back. It ends (`onEnd`) only
 *
 * - by `close`;
 * - when the stream that the server speaks on broke and could not be opened again in about 13 s;
 * - when a lost session could not be replaced by one of the same protocol revision;
 * - HTTP+SSE: when the event stream ends, or the endpoint answers 404, because the stream is the session.
 *
 * A request that its caller aborts gets nothing any more; its `send` rejects with `closed` if it still waits.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  return new HttpTransport(options);
}

class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #url: URL;
  readonly #net: Net;
  #events: TransportEvents | null = null;
  #road: Promise<Road> | null = null;
  #version: string | null = null;
  #ended = false;
  #closing: Promise<void> | null = null;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
    const { headers, tls, env } = options;
    this.#url = new URL(options.url);
    this.#net = new Net({ url: this.#url, headers, tls, env });
  }

  start = async (events: TransportEvents): Promise<void> => {
    this.#events = events;
    await this.#net.open();
  };

  send = async (message: RpcMessage, { signal }: SendOptions = {}): Promise<void> => {
    if (this.#ended || this.#events === null) throw new TransportEnded({ kind: 'closed' });
    const isInitialize = 'method' in message && message.method === 'initialize';
    if (isInitialize) return this.#connect(message, signal);
    this.#road ??= StreamableRoad.create(this.#roadOptions());
    const road = await this.#road;
    await road.send(message, signal);
  };

  close = (): Promise<void> => {
    this.#closing ??= this.#close();
    return this.#closing;
  };

  setProtocolVersion = (version: string): void => {
    this.#version = version;
    void this.#road?.then((road) => road.setProtocolVersion(version));
  };

  stderrTail = (): string => '';

  /** Finds the transport that the server speaks, by its answer to `initialize`. @throws TransportEnded */
  async #connect(initialize: RpcMessage, signal: AbortSignal | undefined): Promise<void> {
    if (this.#options.remembered === 'sse') {
      const sent = await this.#connectLegacy(initialize, signal).catch(ignoreNoSuchStream);
      if (sent === 'sent') return;
    }
    const streamable = await StreamableRoad.create(this.#roadOptions());
    this.#road = Promise.resolve(streamable);
    try {
      await streamable.send(initialize, signal);
      this.#options.onVerdict?.('streamable');
    } catch (error) {
      if (!(error instanceof TransportEnded) || !isMaybeOlder(error.reason)) throw error;
      const sent = await this.#connectLegacy(initialize, signal).catch(ignoreNoSuchStream);
      if (sent !== 'sent') throw error;
    }
  }

  async #connectLegacy(initialize: RpcMessage, signal: AbortSignal | undefined): Promise<'sent'> {
    const road = await LegacyRoad.connect(this.#roadOptions(), signal);
    this.#road = Promise.resolve(road);
    if (this.#version !== null) road.setProtocolVersion(this.#version);
    await road.send(initialize, signal);
    this.#options.onVerdict?.('sse');
    return 'sent';
  }

  #roadOptions(): RoadOptions {
    const { server, log } = this.#options;
    return {
      server,
      url: this.#url,
      net: this.#net,
      log,
      onMessage: (message) => {
        if (!this.#ended) this.#events?.onMessage(message);
      },
      onOdd: (detail) => {
        if (!this.#ended) this.#events?.onOdd(detail);
      },
      onLost: (reason) => this.#end(reason),
      onRenewed: () => this.#options.onRenewed?.(),
    };
  }

  #end(reason: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events?.onEnd(reason);
    void this.close();
  }

  async #close(): Promise<void> {
    const tellEnd = !this.#ended;
    this.#ended = true;
    try {
      await (await this.#road)?.close();
      await this.#net.close();
    } catch (error) {
      this.#options.log('debug', 'closing an HTTP transport failed', {
        name: error instanceof Error ? error.name : '',
      });
    }
    if (tellEnd) this.#events?.onEnd({ kind: 'closed' });
  }
}

/** True for what a server that only knows HTTP+SSE says to a POST. Refused credentials, 5xx and a broken network say nothing. */
function isMaybeOlder(reason: EndReason): boolean {
  return reason.kind === 'http_status' && MAYBE_OLDER.includes(reason.status);
}

/** @throws TransportEnded unless the server only has no HTTP+SSE at this address */
function ignoreNoSuchStream(error: unknown): 'none' {
  const reason = error instanceof TransportEnded ? error.reason.kind : null;
  if (reason === 'http_status' || reason === 'protocol') return 'none';
  throw error;
}
