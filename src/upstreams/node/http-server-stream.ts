import { MAX_STREAM_FAILURES, planReopen } from '../http-waits.ts';
import type { EndReason } from '../transport.ts';
import type { LightResponse } from './http-light-fetch.ts';
import { followEvents, pause } from './http-stream.ts';

export type ServerStreamOptions = {
  readonly url: URL;
  /** Sends the GET; `lastEventId` is '' at first. It ends in `follow` of this stream, or throws. */
  readonly open: (lastEventId: string) => Promise<void>;
  readonly reasonOf: (error: unknown) => EndReason;
  readonly onData: (data: string) => void;
  /** The server does not know the session any more, or says something like it: 400 or 404. */
  readonly onSessionDoubtful: (status: number) => void;
  /** The server cannot be reached any more. */
  readonly onLost: (reason: EndReason) => void;
};

/** The stream that a server speaks on by itself. A server need not have one; a lost one is opened again. */
export class ServerStream {
  readonly #options: ServerStreamOptions;
  #abort = new AbortController();
  #lastEventId = '';
  #retryMs: number | null = null;
  #failures = 0;

  constructor(options: ServerStreamOptions) {
    this.#options = options;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Opens it for a session that has just begun. What an earlier session left is gone. */
  start(): void {
    this.stop();
    this.#abort = new AbortController();
    this.#lastEventId = '';
    this.#retryMs = null;
    this.#failures = 0;
    void this.#open(this.#abort.signal);
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Reads the answer to the GET, and opens the stream again when it ends. */
  async follow(response: LightResponse): Promise<void> {
    const { signal } = this.#abort;
    await followEvents(response, this.#options.url, {
      onData: (data) => {
        this.#failures = 0;
        if (!signal.aborted) this.#options.onData(data);
      },
      onId: (id) => (this.#lastEventId = id),
      onRetry: (waitMs) => (this.#retryMs = waitMs),
    });
    await this.#reopen(signal);
  }

  async #reopen(signal: AbortSignal): Promise<void> {
    await pause(planReopen(this.#retryMs, this.#failures), signal);
    this.#failures += 1;
    await this.#open(signal);
  }

  async #open(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    try {
      await this.#options.open(this.#lastEventId);
    } catch (error) {
      if (!signal.aborted) await this.#onRefused(this.#options.reasonOf(error), signal);
    }
  }

  async #onRefused(reason: EndReason, signal: AbortSignal): Promise<void> {
    switch (reason.kind) {
      case 'refused':
      case 'dns':
      case 'network':
      case 'tls':
        if (this.#failures >= MAX_STREAM_FAILURES) return this.#options.onLost(reason);
        return this.#reopen(signal);
      case 'http_status':
        if (reason.status === 400 || reason.status === 404) return this.#options.onSessionDoubtful(reason.status);
        // 405 says that there is no such stream; only a server in trouble may have one later.
        if (reason.status >= 500 && this.#failures < MAX_STREAM_FAILURES) return this.#reopen(signal);
        return;
      default:
        return;
    }
  }
}
