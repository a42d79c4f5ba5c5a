import type { ServerResponse } from 'node:http';
import type { RpcMessage } from '../../kernel/index.ts';
import type { EventStore, StoredEvent } from '../event-store.ts';

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;

/** What a client waits before it comes back, after we closed a stream. Milliseconds. */
const RETRY_MS = 1_000;

/** A client that leaves this much unread is cut off. Bytes. */
const SLOW_CLIENT_BYTES = 16 * 1024 * 1024;

export type SseOptions = {
  /** Names the stream within its session, for event ids. */
  readonly stream: string;
  readonly store: EventStore;
  /** Whether the client understands an event without data. */
  readonly primes: () => boolean;
};

/** One SSE stream of a session. It outlives the connection that carries it: a client may come back on another one. */
export class SseStream {
  readonly #options: SseOptions;
  #response: ServerResponse | null = null;
  #ended = false;
  #sent = 0;
  #delivered = 0;

  constructor(options: SseOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.stream;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether a client that loses its connection has an event to come back with. */
  get canResume(): boolean {
    return this.#sent > 0 || this.#options.primes();
  }

  /** The number of the last event that a connection has carried. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Begins on a connection, or goes on there; `missed` is what the client has not seen. */
  attach(
    response: ServerResponse,
    missed: readonly StoredEvent[],
    headers: Readonly<Record<string, string>> = {},
  ): void {
    this.#response?.end();
    this.#response = response;
    const { primes, store, stream } = this.#options;
    response.writeHead(200, { ...HEADERS, ...headers });
    if (primes() && missed.length === 0) response.write(`id: ${store.mark(stream)}\nretry: ${RETRY_MS}\ndata: \n\n`);
    else response.flushHeaders();
    for (const event of missed) writeEvent(response, event);
    this.#delivered = this.#sent;
    if (this.#ended) {
      this.#response = null;
      response.end();
      return;
    }
    response.on('close', () => {
      if (this.#response === response) this.#response = null;
    });
  }

  send(message: RpcMessage): void {
    const event = this.#options.store.add(this.#options.stream, message);
    this.#sent += 1;
    if (this.#response === null) return;
    if (this.#response.writableLength > SLOW_CLIENT_BYTES) return this.#cutOff();
    writeEvent(this.#response, event);
    this.#delivered = this.#sent;
  }

  /** A client that does not read loses its connection; it may come back and ask for what it has missed. */
  #cutOff(): void {
    this.#response?.destroy();
    this.#response = null;
  }

  /** Keeps proxies and clients from giving up on a quiet stream. */
  comment(): void {
    this.#response?.write(': still here\n\n');
  }

  end(): void {
    this.#ended = true;
    this.#response?.end();
    this.#response = null;
  }
}

function writeEvent(response: ServerResponse, { id, data }: StoredEvent): void {
  response.write(`id: ${id}\nevent: message\ndata: ${data}\n\n`);
}
