import type { SSEClientTransport } from '@modelcontextprotocol/client';
import { classifyMessage, type RpcMessage } from '../../kernel/index.ts';
import { reasonOfError, reasonOfStatus } from '../http-reasons.ts';
import { type EndReason, TransportEnded } from '../transport.ts';
import type { LightResponse } from './http-light-fetch.ts';
import { followEvents, isRedirect, mediaType, parseEventData } from './http-stream.ts';
import type { Road, RoadOptions } from './http-streamable.ts';

/** How long a server may take to name its endpoint once the stream is open. Milliseconds. */
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
  /** Why the stream could not be opened, told by our fetch; the SDK's own error has only a text. */
  #refusal: EndReason | null = null;
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
    this.#sdk = new Sdk(options.url, {
      // The SDK reads no more of a response than LightResponse has.
      fetch: (to, init) => this.#fetch(new URL(to), init ?? {}) as Promise<unknown> as Promise<Response>,
    });
  }

  async send(message: RpcMessage, signal?: AbortSignal): Promise<void> {
    const sending = this.#sdk.send(message as Parameters<SSEClientTransport['send']>[0]);
    try {
      await Promise.race([sending, rejectedOn(signal)]);
    } catch (error) {
      sending.catch(() => {});
      const reason = reasonOfSdk(error, this.#options.url);
      // The endpoint names the session. Where it is gone, so is everything that was to come on the stream.
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
    const either = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    const starting = this.#sdk.start();
    try {
      await Promise.race([starting, rejectedOn(either)]);
      this.#open = true;
    } catch {
      starting.catch(() => {});
      await this.close();
      throw new TransportEnded(this.#refusal ?? { kind: 'protocol', detail: 'the event stream names no endpoint' });
    }
  }

  #lose(reason: EndReason): void {
    if (!this.#open) return;
    void this.close();
    this.#options.onLost(reason);
  }

  async #fetch(url: URL, init: RequestInit): Promise<LightResponse> {
    try {
      return init.method === 'POST' ? await this.#post(url, init) : await this.#get(url, init);
    } catch (error) {
      const reason = reasonOfError(error, url);
      if (init.method !== 'POST') this.#refusal ??= reason;
      throw new TransportEnded(reason);
    }
  }

  async #post(url: URL, init: RequestInit): Promise<LightResponse> {
    const { net } = this.#options;
    const headers = init.headers as Headers;
    const signal = this.#abort.signal;
    const response = await net.fetch(url, { method: 'POST', headers, body: String(init.body), signal });
    if (isRedirect(response)) return response;
    await response.text(1024 * 1024).catch(() => {});
    if (!response.ok) throw new TransportEnded(this.#reasonOf(response));
    return { ...response, text: async () => '' };
  }

  async #get(url: URL, init: RequestInit): Promise<LightResponse> {
    const { net } = this.#options;
    const signal = this.#abort.signal;
    const response = await net.fetch(url, { method: 'GET', headers: init.headers as Headers, signal });
    if (isRedirect(response)) return response;
    if (!response.ok || mediaType(response) !== 'text/event-stream') {
      await response.text(1024 * 1024).catch(() => {});
      if (!response.ok) throw new TransportEnded(this.#reasonOf(response));
      throw new TransportEnded({ kind: 'protocol', detail: 'a GET was not answered with an event stream' });
    }
    let toSdk: ReadableStreamDefaultController<Uint8Array> | null = null;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (toSdk = controller) });
    void this.#follow(response, (endpoint) => {
      toSdk?.enqueue(new TextEncoder().encode(`event: endpoint\ndata: ${endpoint}\n\n`));
    });
    return { ...response, body };
  }

  /** The SDK is shown the endpoint; messages go past it, by reference. */
  async #follow(response: LightResponse, onEndpoint: (endpoint: string) => void): Promise<void> {
    const reason = await followEvents(response, this.#options.url, {
      onData: (data, name) => {
        if (name === 'endpoint') onEndpoint(data);
        else if (name === 'message') this.#onData(data);
      },
      onId: () => {},
      onRetry: () => {},
    });
    this.#lose(reason ?? { kind: 'network', detail: 'the server ended the event stream' });
  }

  #onData(data: string): void {
    const classified = classifyMessage(parseEventData(data));
    if (classified.kind === 'invalid') this.#options.onOdd(`a message that is not JSON-RPC: ${classified.reason}`);
    else if (this.#open) this.#options.onMessage(classified.message);
  }

  #reasonOf(response: LightResponse): EndReason {
    return reasonOfStatus({
      status: response.status,
      challenge: response.headers.get('www-authenticate'),
      sentCredentials: this.#options.net.sendsCredentials,
    });
  }
}

/** A redirect that is not followed is an error of the SDK's, with nothing but a text. */
function reasonOfSdk(error: unknown, url: URL): EndReason {
  if (error instanceof Error && error.constructor === Error) {
    return { kind: 'protocol', detail: 'the endpoint redirects to another address' };
  }
  return reasonOfError(error, url);
}

function rejectedOn(signal: AbortSignal | undefined): Promise<never> {
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const onAbort = (): void => aborted.reject(new TransportEnded({ kind: 'closed' }));
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return aborted.promise;
}
