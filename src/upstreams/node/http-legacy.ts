/* oxlint-disable typescript/no-deprecated -- the SDK's way to servers of that age is as deprecated as they are */
import type { SSEClientTransport } from '@modelcontextprotocol/client';
import { classifyMessage, type RpcMessage } from '../../kernel/index.ts';
import { reasonOfError } from '../http-reasons.ts';
import { type EndReason, TransportEnded } from '../transport.ts';
import type { LightResponse } from './http-light-fetch.ts';
import {
  drain,
  expectEventStream,
  isRedirect,
  type Road,
  type RoadOptions,
  reasonOfResponse,
  textBody,
  unlessAborted,
} from './http-road.ts';
import { followEvents, parseEventData } from './http-stream.ts';

/** How long a server may take to name its endpoint once it was asked for the stream. Milliseconds. */
const ENDPOINT_MS = 10_000;

/**
 * HTTP+SSE of 2024-11-05: one event stream for everything the server says, and POSTs to the endpoint that its first event
 * names. The stream is the session: when it ends, so does the road.
 *
 * @see MCP 2024-11-05, basic/transports#http-with-sse
 */
export class LegacyRoad implements Road {
  readonly #options: RoadOptions;
  readonly #sdk: SSEClientTransport;
  readonly #abort = new AbortController();
  /** Rejects with what our fetch saw while the stream was being opened; the SDK's own error has only a text. */
  readonly #refused = Promise.withResolvers<never>();
  #open = false;

  /** @throws TransportEnded when there is no such server at this address; nothing is left behind */
  static async connect(options: RoadOptions, signal: AbortSignal | undefined): Promise<LegacyRoad> {
    const { SSEClientTransport } = await import('@modelcontextprotocol/client');
    const road = new LegacyRoad(options, SSEClientTransport);
    await road.#start(signal);
    return road;
  }

  private constructor(options: RoadOptions, Sdk: typeof SSEClientTransport) {
    this.#options = options;
    this.#refused.promise.catch(() => {});
    this.#sdk = new Sdk(options.url, {
      // The SDK reads no more of a response than LightResponse has.
      fetch: (to, init) => this.#fetch(new URL(to), init ?? {}) as Promise<unknown> as Promise<Response>,
    });
  }

  async send(message: RpcMessage, signal: AbortSignal | undefined): Promise<void> {
    try {
      await unlessAborted(this.#sdk.send(message as Parameters<SSEClientTransport['send']>[0]), signal);
    } catch (error) {
      const reason = this.#reasonOf(error);
      // The endpoint is the session. Where it is gone, so is everything that was to come on the stream.
      if (reason.kind === 'http_status' && reason.status === 404) {
        this.#lose({ kind: 'network', detail: 'the server forgot the session' });
      }
      throw new TransportEnded(reason);
    }
  }

  setProtocolVersion(version: string): void {
    this.#sdk.setProtocolVersion(version);
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#abort.abort();
    await this.#sdk.close();
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const limit = AbortSignal.timeout(ENDPOINT_MS);
    const starting = this.#sdk.start();
    starting.catch(() => {});
    try {
      await unlessAborted(
        Promise.race([this.#refused.promise, starting]),
        signal === undefined ? limit : AbortSignal.any([limit, signal]),
      );
      this.#open = true;
    } catch (error) {
      await this.close();
      if (limit.aborted) throw new TransportEnded({ kind: 'protocol', detail: 'the event stream names no endpoint' });
      throw new TransportEnded(this.#reasonOf(error));
    }
  }

  /** Before the endpoint is known this refuses the start, afterwards it ends the road. */
  #lose(reason: EndReason): void {
    this.#refused.reject(new TransportEnded(reason));
    if (!this.#open) return;
    void this.close();
    this.#options.onLost(reason);
  }

  async #fetch(url: URL, init: RequestInit): Promise<LightResponse> {
    try {
      return init.method === 'POST' ? await this.#post(url, init) : await this.#get(url, init);
    } catch (error) {
      const ended = new TransportEnded(reasonOfError(error, url));
      if (init.method !== 'POST') this.#refused.reject(ended);
      throw ended;
    }
  }

  async #post(url: URL, init: RequestInit): Promise<LightResponse> {
    const { net } = this.#options;
    const headers = init.headers as Headers;
    const signal = this.#abort.signal;
    const response = await net.fetch(url, { method: 'POST', headers, body: textBody(init), signal });
    if (isRedirect(response)) return response;
    await drain(response);
    if (!response.ok) throw new TransportEnded(reasonOfResponse(response, net));
    return { ...response, text: async () => '' };
  }

  async #get(url: URL, init: RequestInit): Promise<LightResponse> {
    const { net } = this.#options;
    const signal = this.#abort.signal;
    const response = await net.fetch(url, { method: 'GET', headers: init.headers as Headers, signal });
    if (isRedirect(response)) return response;
    await expectEventStream(response, net);
    let toSdk: ReadableStreamDefaultController<Uint8Array> | null = null;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (toSdk = controller) });
    void this.#follow(response, (endpoint) => {
      toSdk?.enqueue(new TextEncoder().encode(`event: endpoint\ndata: ${endpoint}\n\n`));
    });
    return { ...response, body };
  }

  /** The SDK is shown the endpoint only; messages go past it, by reference. */
  async #follow(response: LightResponse, onEndpoint: (endpoint: string) => void): Promise<void> {
    const reason = await followEvents(response, this.#options.url, {
      onData: (data, name) => {
        if (name === 'endpoint') this.#onEndpoint(data, onEndpoint);
        else if (name === 'message') this.#onData(data);
      },
      onId: () => {},
      onRetry: () => {},
    });
    this.#lose(reason ?? { kind: 'network', detail: 'the server ended the event stream' });
  }

  #onEndpoint(data: string, onEndpoint: (endpoint: string) => void): void {
    const { url } = this.#options;
    if (URL.parse(data, url.href)?.origin === url.origin) onEndpoint(data);
    else this.#lose({ kind: 'protocol', detail: 'the event stream names an endpoint of another origin' });
  }

  #onData(data: string): void {
    const classified = classifyMessage(parseEventData(data));
    if (classified.kind === 'invalid') this.#options.onOdd(`a message that is not JSON-RPC: ${classified.reason}`);
    else if (this.#open) this.#options.onMessage(classified.message);
  }

  /** The SDK's own errors are about redirects that it does not follow; the stream's has the status as its code. */
  #reasonOf(error: unknown): EndReason {
    if (error instanceof TransportEnded) return error.reason;
    const status = error instanceof Error && 'code' in error ? error.code : null;
    if (typeof status === 'number') return { kind: 'http_status', status };
    return { kind: 'protocol', detail: 'the server redirects to another address' };
  }
}
