import type { Dispatcher } from 'undici';
import { parseExactly } from '../../kernel/index.ts';
import { MESSAGE_LIMIT_BYTES } from '../http-reasons.ts';
import { TransportEnded } from '../transport.ts';

export type LightRequest = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
};

/** The part of a fetch `Response` that the MCP SDK reads, straight over undici's stream. The body is read once. */
export type LightResponse = {
  readonly ok: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly url: string;
  readonly headers: { readonly get: (name: string) => string | null; readonly has: (name: string) => boolean };
  /** Always null: bodies are read by `text`, `json` or `stream`. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** @throws TransportEnded `too_large`, or what undici throws when the connection breaks */
  readonly text: (limitBytes?: number) => Promise<string>;
  /** @throws TransportEnded `protocol` when it is not JSON, and as `text` */
  readonly json: () => Promise<unknown>;
  /** Hands every chunk to `onChunk` until the end; `false` from it stops and closes the connection. */
  readonly stream: (onChunk: (chunk: Buffer) => boolean) => Promise<void>;
  /** Closes the connection that the body would come on. */
  readonly cancel: () => void;
};

/**
 * One request with undici's own streams, without the web's `Request`, `Response` and `ReadableStream` around them (a
 * fifth of the processor time of `fetch`). Redirects are not followed, nothing is decompressed, no time limit applies.
 *
 * @throws what undici throws
 */
export async function lightFetch(dispatcher: Dispatcher, url: URL, request: LightRequest): Promise<LightResponse> {
  const { statusCode, headers, body } = await dispatcher.request({
    origin: url.origin,
    path: url.pathname + url.search,
    method: request.method,
    headers: request.headers,
    body: request.body ?? null,
    signal: request.signal ?? null,
    // Given with the request too: an agent does not hand its own settings to the connections it makes to a proxy.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const get = (name: string): string | null => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? null : typeof value === 'string' ? value : value.join(', ');
  };
  const text = async (limitBytes = MESSAGE_LIMIT_BYTES): Promise<string> =>
    (await readAll(body, limitBytes, Number(get('content-length') ?? 0))).toString('utf8');
  return {
    ok: statusCode >= 200 && statusCode < 300,
    status: statusCode,
    statusText: '',
    url: url.href,
    headers: { get, has: (name) => get(name) !== null },
    body: null,
    text,
    json: async () => parseJson(await text()),
    stream: (onChunk) => forEachChunk(body, onChunk),
    cancel: () => abandon(body),
  };
}

function parseJson(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    throw new TransportEnded({ kind: 'protocol', detail: 'the answer is not valid JSON' });
  }
}

type Body = Dispatcher.ResponseData['body'];

async function readAll(body: Body, limitBytes: number, announcedBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = announcedBytes;
  const tooLarge = (): boolean => sizeBytes > limitBytes;
  if (!tooLarge()) {
    sizeBytes = 0;
    await forEachChunk(body, (chunk) => {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      return !tooLarge();
    });
  }
  if (!tooLarge()) return Buffer.concat(chunks);
  abandon(body);
  throw new TransportEnded({ kind: 'too_large', limitBytes });
}

function abandon(body: Body): void {
  body.on('error', () => {});
  body.destroy();
}

function forEachChunk(body: Body, onChunk: (chunk: Buffer) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let ended = false;
    body.on('data', (chunk: Buffer) => {
      if (onChunk(chunk)) return;
      ended = true;
      abandon(body);
      resolve();
    });
    body.on('end', () => {
      ended = true;
      resolve();
    });
    body.on('error', (error) => {
      ended = true;
      reject(error);
    });
    body.on('close', () => {
      if (!ended) reject(new TransportEnded({ kind: 'network', detail: 'the answer broke off' }));
    });
  });
}
