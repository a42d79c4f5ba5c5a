import { MAX_STREAM_FAILURES, planReopen } from '../http-waits.ts';
import type { EndReason } from '../transport.ts';
import type { LightResponse } from './http-light-fetch.ts';
import { followEvents, pause } from './http-stream.ts';

/** A stream that lasted this long was a good one, even if it brought nothing. Milliseconds. */
const GOOD_AFTER_MS = 5_000;

/** What a server that is gone for good, or for a while, looks like. */
const UNREACHABLE: readonly EndReason['kind'][] = ['refused', 'dns', 'network', 'tls'];

export type ServerStreamOptions = {
  readonly url: URL;
  /** Sends the GET; `lastEventId` is '' at first. It ends in `follow` of this stream, or throws. */
  readonly open: (lastEventId: string) => Promise<void>;
  readonly reasonOf: (error: unknown) => EndReason;
  readonly onData: (data: string) => void;
  /** 400 or 404: the server forgot the session, or has no such stream and says so in its own way. */
  readonly onSessionDoubtful: () => void;
  /** The server cannot be reached any more. */
  readonly onLost: (reason: EndReason) => void;
};

/** The stream that a server speaks on by itself. A server need not have one; a lost one is opened again. */
export class ServerStream {
  readonly #options: ServerStreamOptions;
  #abort = new AbortController();
  #lastEventId = '';
  #retryMs: number | null = null;
  /** Attempts in a row that brought nothing: they make the pause longer. */
  #idle = 0;
  /** Attempts in a row that were refused: at some point the server is gone. */
  #refused = 0;

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
    this.#idle = 0;
    this.#refused = 0;
    void this.#open(this.#abort.signal);
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Reads the answer to the GET, and opens the stream again when it ends. */
  async follow(response: LightResponse): Promise<void> {
    const { signal } = this.#abort;
    const openedAt = performance.now();
    this.#refused = 0;
    const reason = await followEvents(response, this.#options.url, {
      onData: (data) => {
        this.#idle = 0;
        if (!signal.aborted) this.#options.onData(data);
      },
      onId: (id) => (this.#lastEventId = id),
      onRetry: (waitMs) => (this.#retryMs = waitMs),
    });
    if (reason?.kind === 'too_large') return this.#options.onLost(reason);
    if (performance.now() - openedAt >= GOOD_AFTER_MS) this.#idle = 0;
    await this.#reopen(signal);
  }

  async #reopen(signal: AbortSignal): Promise<void> {
    await pause(planReopen(this.#retryMs, this.#idle), signal);
    this.#idle += 1;
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
    this.#refused += 1;
    const again = this.#refused < MAX_STREAM_FAILURES;
    if (reason.kind === 'http_status') {
      if (reason.status === 400 || reason.status === 404) this.#options.onSessionDoubtful();
      // 405 says that there is no such stream; only a server in trouble may have one later.
      if (reason.status >= 500 && again) await this.#reopen(signal);
    } else if (UNREACHABLE.includes(reason.kind)) {
      if (again) await this.#reopen(signal);
      else this.#options.onLost(reason);
    }
  }
}
