import { isDeepStrictEqual } from 'node:util';
import type { Dispatcher } from 'undici';
import { createRedactor, type Redact, Secret } from '../../kernel/index.ts';
import type { HeaderValues } from '../http-headers.ts';
import { TransportEnded } from '../transport.ts';
import { openDispatcher, type ProxyEnv, type TlsFiles } from './http-dispatcher.ts';
import { type LightResponse, lightFetch } from './http-light-fetch.ts';
import { revealed } from './http-send-headers.ts';

export type NetOptions = {
  readonly url: URL;
  /** Whether nobody may read the address. */
  readonly isUrlSecret: boolean;
  readonly headers: () => Promise<HeaderValues>;
  readonly tls: TlsFiles;
  readonly env: ProxyEnv;
};

export type NetRequest = {
  readonly method: string;
  /** The SDK's own headers. The configured ones are laid under them, `authorization` over them. */
  readonly headers: Iterable<readonly [string, string]>;
  readonly body?: string;
  readonly signal?: AbortSignal;
};

/** How one server is reached: its connections, and the headers that go with every request to it. */
export class Net {
  readonly #options: NetOptions;
  #dispatcher: Dispatcher | null = null;
  #headers: Readonly<Record<string, string>> = {};
  #redact: Redact = (text) => text;
  #sendsCredentials = false;
  #refreshing: Promise<void> | null = null;

  constructor(options: NetOptions) {
    this.#options = options;
  }

  /** @throws TransportEnded */
  async open(): Promise<void> {
    const { url, tls, env } = this.#options;
    [this.#headers, this.#dispatcher] = await Promise.all([this.#read(), openDispatcher(url, tls, env)]);
  }

  async close(): Promise<void> {
    await this.#dispatcher?.destroy();
  }

  get sendsCredentials(): boolean {
    return this.#sendsCredentials;
  }

  /** `text` without the values that go with every request: a server may repeat them wherever it writes something. */
  redact(text: string): string {
    return this.#redact(text);
  }

  /**
   * A 401 makes the headers be asked for again, and the request be sent once more if they have changed.
   *
   * @throws what undici throws, and TransportEnded when the headers cannot be made
   */
  async fetch(url: URL, request: NetRequest): Promise<LightResponse> {
    const sent = this.#headers;
    const response = await this.fetchOnce(url, request);
    if (response.status !== 401) return response;
    if (this.#headers === sent) await this.#refresh();
    if (this.#headers === sent) return response;
    await response.text().catch(() => {});
    return this.fetchOnce(url, request);
  }

  /** As `fetch`, but takes a 401 as it is. */
  fetchOnce(url: URL, request: NetRequest): Promise<LightResponse> {
    if (this.#dispatcher === null) throw new TransportEnded({ kind: 'closed' });
    const { method, body, signal } = request;
    const headers: Record<string, string> = { ...this.#headers, 'accept-encoding': 'identity' };
    for (const [name, value] of request.headers) {
      if (name !== 'authorization' || headers['authorization'] === undefined) headers[name] = value;
    }
    return lightFetch(this.#dispatcher, url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#reread().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  /** Keeps the very same object when nothing has changed. */
  async #reread(): Promise<void> {
    const headers = await this.#read();
    if (!isDeepStrictEqual(headers, this.#headers)) this.#headers = headers;
  }

  async #read(): Promise<Readonly<Record<string, string>>> {
    const { url, isUrlSecret } = this.#options;
    const values = Object.entries(await this.#options.headers());
    const secrets = values.flatMap(([, value]) => (value instanceof Secret ? withoutScheme(value) : []));
    const credentials = secrets.filter((secret) => secret.reveal().length >= SHORTEST_SECRET);
    this.#sendsCredentials = credentials.length > 0;
    const address = isUrlSecret ? [url.href, url.host, url.pathname + url.search] : [];
    this.#redact = createRedactor([...credentials, ...address.map((part) => new Secret('url', part))]);
    return Object.fromEntries(values.map(([name, value]) => [name.toLowerCase(), revealed(value)]));
  }
}

/** What follows the scheme of an authorization is a secret by itself. */
function withoutScheme(secret: Secret): readonly Secret[] {
  const last = secret.reveal().split(' ').at(-1) ?? '';
  return [secret, new Secret(secret.label, last)];
}

/** Shorter values are words that any text may hold. */
const SHORTEST_SECRET = 6;
