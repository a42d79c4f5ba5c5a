import { isDeepStrictEqual } from 'node:util';
import type { Dispatcher } from 'undici';
import { Secret } from '../../kernel/index.ts';
import type { HeaderValues } from '../http-headers.ts';
import { TransportEnded } from '../transport.ts';
import { openDispatcher, type ProxyEnv, type TlsFiles } from './http-dispatcher.ts';
import { type LightResponse, lightFetch } from './http-light-fetch.ts';

export type NetOptions = {
  readonly url: URL;
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
  #secrets: readonly string[] = [];
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
    return this.#secrets.length > 0;
  }

  /** `text` without the values that go with every request: a server may repeat them wherever it writes something. */
  redact(text: string): string {
    return this.#secrets.reduce((left, secret) => left.replaceAll(secret, '[secret]'), text);
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
    const values = Object.entries(await this.#options.headers());
    const secrets = values.map(([, value]) => (value instanceof Secret ? value.reveal() : ''));
    const basic = basicOf(this.#options.url);
    // What follows the scheme of an authorization is a secret by itself.
    this.#secrets = [...secrets, ...secrets.map((secret) => secret.split(' ').at(-1) ?? ''), basic]
      .filter((secret) => secret.length >= SHORTEST_SECRET)
      .toSorted((a, b) => b.length - a.length);
    return {
      ...(basic === '' ? {} : { authorization: `Basic ${basic}` }),
      ...Object.fromEntries(
        values.map(([name, value]) => [name.toLowerCase(), value instanceof Secret ? value.reveal() : value]),
      ),
    };
  }
}

/** Shorter values are words that any text may hold. */
const SHORTEST_SECRET = 6;

/** Name and password of an address such as `https://name:password@host/`; '' without them. */
function basicOf(url: URL): string {
  if (url.username === '' && url.password === '') return '';
  return Buffer.from(`${decoded(url.username)}:${decoded(url.password)}`).toString('base64');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
