import { type Log, type RpcMessage, Secret } from '../../kernel/index.ts';
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
import type { Road, RoadOptions } from './http-road.ts';
import { revealed } from './http-send-headers.ts';
import { StreamableRoad } from './http-streamable.ts';

/** Which of the two HTTP transports a server speaks. */
export type HttpVerdict = 'streamable' | 'sse';

export type HttpTransportOptions = {
  /** The server's name, for messages and the log. */
  readonly server: string;
  readonly url: string | Secret;
  /** Why an address is none, completing "KEY …" and never quoting it; null when it is one. */
  readonly urlProblem: (url: string) => string | null;
  /** The address as it was written, for people. */
  readonly writtenUrl: string;
  /** Asked at `start` and once more after a 401. @throws TransportEnded `headers_helper` */
  readonly headers: () => Promise<HeaderValues>;
  readonly tls: TlsFiles;
  /** HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, in either case. */
  readonly env: ProxyEnv;
  readonly log: Log;
  /** What an earlier transport to this server found out: saves the attempt at the other one. */
  readonly remembered?: HttpVerdict;
  /** Told once the server has answered in one of the two. */
  readonly onVerdict?: (verdict: HttpVerdict) => void;
  /** A lost session was replaced: subscriptions and log level are gone, lists may have changed. */
  readonly onRenewed?: () => void;
};

/**
 * The transport to a server at a URL: Streamable HTTP, or HTTP+SSE where the server knows no other.
 *
 * Every message travels by itself, so a failure concerns that message: `send` rejects, or, when the POST had been accepted
 * before its stream broke for good, an error arrives in the place of the answer. The transport as a whole goes on after
 * that; a server that was away answers again when it is back. It ends (`onEnd`) only
 *
 * - by `close`;
 * - when the stream that the server speaks on broke and could not be opened again in about 8 s;
 * - when a lost session could not be replaced by one of the same protocol revision;
 * - HTTP+SSE: when the event stream ends, or the endpoint answers 404, because the stream is the session.
 *
 * A request that its caller aborts gets nothing any more; its `send` rejects with `closed` if it still waits.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const transport = new HttpTransport(options);
  return {
    start: (events) => transport.start(events),
    send: (message, sendOptions) => transport.send(message, sendOptions),
    close: () => transport.close(),
    setProtocolVersion: (version) => transport.setProtocolVersion(version),
    stderrTail: () => '',
  };
}

type Started = { readonly url: URL; readonly net: Net; readonly events: TransportEvents };

class HttpTransport {
  readonly #options: HttpTransportOptions;
  #started: Started | null = null;
  #road: Promise<Road> | null = null;
  #ended = false;
  #closing: Promise<void> | null = null;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  async start(events: TransportEvents): Promise<void> {
    const { headers, tls, env } = this.#options;
    const text = revealed(this.#options.url);
    const problem = this.#options.urlProblem(text);
    if (problem !== null) throw new TransportEnded({ kind: 'protocol', detail: `with its values, "url" ${problem}` });
    const url = new URL(text);
    const net = new Net({ url, isUrlSecret: this.#isUrlSecret, headers, tls, env });
    await net.open();
    this.#started = { url, net, events };
  }

  async send(message: RpcMessage, { signal }: SendOptions = {}): Promise<void> {
    const started = this.#started;
    if (this.#ended || started === null) throw new TransportEnded({ kind: 'closed' });
    try {
      if ('method' in message && message.method === 'initialize') {
        await this.#connect(this.#roadOptions(started), message, signal);
      } else {
        this.#road ??= StreamableRoad.create(this.#roadOptions(started));
        const road = await this.#road;
        await road.send(message, signal);
      }
    } catch (error) {
      throw error instanceof TransportEnded ? new TransportEnded(this.#shown(error.reason, started.net)) : error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  setProtocolVersion(version: string): void {
    void this.#road?.then((road) => road.setProtocolVersion(version));
  }

  /** Finds the transport that the server speaks, by its answer to `initialize`. @throws TransportEnded */
  async #connect(options: RoadOptions, initialize: RpcMessage, signal: AbortSignal | undefined): Promise<void> {
    if (this.#options.remembered === 'sse') {
      const road = await LegacyRoad.connect(options, signal).catch(nullIfNoStream);
      if (road !== null) return this.#sendFirst(road, initialize, signal);
    }
    const streamable = await StreamableRoad.create(options);
    try {
      await this.#sendFirst(streamable, initialize, signal);
    } catch (error) {
      if (!(error instanceof TransportEnded) || !isMaybeOlder(error.reason)) throw error;
      const road = await LegacyRoad.connect(options, signal).catch(nullIfNoStream);
      if (road === null) throw error;
      await this.#sendFirst(road, initialize, signal);
    }
  }

  async #sendFirst(road: Road, initialize: RpcMessage, signal: AbortSignal | undefined): Promise<void> {
    this.#road = Promise.resolve(road);
    if (this.#ended) {
      await road.close();
      throw new TransportEnded({ kind: 'closed' });
    }
    await road.send(initialize, signal);
    this.#options.onVerdict?.(road instanceof LegacyRoad ? 'sse' : 'streamable');
  }

  #roadOptions({ url, net, events }: Started): RoadOptions {
    const { server, log } = this.#options;
    return {
      server,
      url,
      net,
      log,
      onMessage: (message) => {
        if (!this.#ended) events.onMessage(message);
      },
      onOdd: (detail) => {
        if (!this.#ended) events.onOdd(net.redact(detail));
      },
      onLost: (reason) => this.#end(this.#shown(reason, net)),
      onRenewed: () => this.#options.onRenewed?.(),
    };
  }

  get #isUrlSecret(): boolean {
    return this.#options.url instanceof Secret;
  }

  /** A reason as people may read it. */
  #shown(reason: EndReason, net: Net): EndReason {
    const { writtenUrl } = this.#options;
    if (this.#isUrlSecret && reason.kind === 'refused') return { ...reason, address: writtenUrl };
    if (this.#isUrlSecret && reason.kind === 'dns') return { ...reason, host: writtenUrl };
    return 'detail' in reason ? { ...reason, detail: net.redact(reason.detail) } : reason;
  }

  #end(reason: EndReason): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#started?.events.onEnd(reason);
    void this.close();
  }

  async #close(): Promise<void> {
    const tellsEnd = !this.#ended;
    this.#ended = true;
    const road = await this.#road?.catch(() => null);
    await road?.close();
    await this.#started?.net.close();
    if (tellsEnd) this.#started?.events.onEnd({ kind: 'closed' });
  }
}

/** Statuses of a POST that a server which only knows HTTP+SSE gives. Refused credentials, 5xx and the network say nothing. */
function isMaybeOlder(reason: EndReason): boolean {
  return reason.kind === 'http_status' && [400, 404, 405].includes(reason.status);
}

/** @returns null when the server has no HTTP+SSE at this address. @throws TransportEnded for every other failure */
function nullIfNoStream(error: unknown): null {
  const kind = error instanceof TransportEnded ? error.reason.kind : null;
  if (kind === 'http_status' || kind === 'protocol') return null;
  throw error;
}
