import { classifyMessage, type RpcMessage, toRpcError } from '../../kernel/index.ts';
import { errorOfEnd } from '../failures.ts';
import { MAX_STREAM_FAILURES, planReopen } from '../http-waits.ts';
import { type EndReason, TransportEnded } from '../transport.ts';
import type { Exchange } from './http-exchange.ts';
import type { LightResponse } from './http-light-fetch.ts';
import { followEvents, mediaType, parseEventData, pause } from './http-stream.ts';

/** How long a stream may stay open after it brought the answer. Milliseconds. */
const LINGER_MS = 5_000;

export type AnswersOptions = {
  readonly server: string;
  readonly url: URL;
  readonly onMessage: (message: RpcMessage) => void;
  readonly onOdd: (detail: string) => void;
  /** The session that is good now. */
  readonly session: () => string | null;
  /** Sends the GET that goes on with a broken stream. It ends in `follow`, or throws. */
  readonly resume: (exchange: Exchange, lastEventId: string) => Promise<void>;
  readonly reasonOf: (error: unknown) => EndReason;
};

/**
 * Reads what servers answer to POSTs. Every request gets exactly one of these: its answer, a rejected POST, or, once the
 * POST was accepted, an error in the place of the answer. Only an aborted request gets nothing.
 */
export class Answers {
  readonly #options: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** Reads a successful answer. An event stream goes on being read after this. @throws TransportEnded */
  async read(exchange: Exchange, response: LightResponse): Promise<void> {
    if (exchange.requestId === null) {
      await response.text();
      return;
    }
    const type = mediaType(response);
    if (type === 'text/event-stream') {
      void this.follow(exchange, response);
      return;
    }
    if (type === 'application/json' && response.status !== 202) {
      this.#deliver(exchange, await response.json());
      if (exchange.answered) return;
      throw new TransportEnded({ kind: 'protocol', detail: 'the answer does not belong to the request' });
    }
    await response.text().catch(() => {});
    const what = type === '' ? `HTTP ${response.status} without an answer` : `an answer of type ${type.slice(0, 80)}`;
    throw new TransportEnded({ kind: 'protocol', detail: `${what}, not JSON or an event stream` });
  }

  /** Reads an event stream that may hold the answer, to its end and beyond. Never throws. */
  async follow(exchange: Exchange, response: LightResponse): Promise<void> {
    const reason = await followEvents(response, this.#options.url, {
      onData: (data, name) => {
        if (name === 'message') this.#onData(exchange, data);
      },
      onId: (id) => (exchange.lastEventId = id === '' ? null : id),
      onRetry: (waitMs) => (exchange.retryMs = waitMs),
    });
    if (exchange.isOver) return exchange.settle();
    if (reason?.kind === 'too_large' || exchange.lastEventId === null) {
      return this.fail(exchange, reason ?? { kind: 'network', detail: 'the stream ended before the answer' });
    }
    await this.#resume(exchange, exchange.lastEventId, 0);
  }

  /** Puts an error in the place of the answer. */
  fail(exchange: Exchange, reason: EndReason): void {
    const id = exchange.requestId;
    if (!exchange.isOver && id !== null) {
      if (exchange.own === null) {
        exchange.answered = true;
        this.#pass(exchange, { jsonrpc: '2.0', id, error: toRpcError(errorOfEnd(this.#options.server, reason)) });
      } else exchange.own.reject(new TransportEnded(reason));
    }
    exchange.abort.abort();
    exchange.settle();
  }

  /** Hands on what waited for the end of the POST. */
  release(exchange: Exchange): void {
    const held = exchange.held ?? [];
    exchange.held = null;
    for (const message of held) this.#pass(exchange, message);
  }

  async #resume(exchange: Exchange, lastEventId: string, failures: number): Promise<void> {
    await pause(planReopen(exchange.retryMs, failures), exchange.abort.signal);
    if (exchange.isOver) return exchange.settle();
    if (exchange.session !== this.#options.session()) {
      return this.fail(exchange, { kind: 'network', detail: 'the server forgot the session before it answered' });
    }
    try {
      await this.#options.resume(exchange, lastEventId);
    } catch (error) {
      const reason = this.#options.reasonOf(error);
      const again = reason.kind === 'network' || reason.kind === 'refused' || isTrouble(reason);
      if (again && failures + 1 < MAX_STREAM_FAILURES) await this.#resume(exchange, lastEventId, failures + 1);
      else this.fail(exchange, reason);
    }
  }

  #onData(exchange: Exchange, data: string): void {
    const value = parseEventData(data);
    if (value === undefined) this.#options.onOdd('an event that is not JSON');
    else this.#deliver(exchange, value);
    if (exchange.answered) exchange.closeAfter(LINGER_MS);
  }

  #deliver(exchange: Exchange, value: unknown): void {
    for (const one of Array.isArray(value) ? value : [value]) this.#deliverOne(exchange, one);
  }

  #deliverOne(exchange: Exchange, value: unknown): void {
    const classified = classifyMessage(value);
    if (classified.kind === 'invalid') {
      this.#options.onOdd(`a message that is not JSON-RPC: ${classified.reason}`);
      if (classified.id !== null && classified.id === exchange.requestId) {
        this.fail(exchange, { kind: 'protocol', detail: classified.reason });
      }
      return;
    }
    const { message } = classified;
    if (classified.kind === 'response' && classified.message.id === exchange.requestId) exchange.answered = true;
    if (exchange.held === null) this.#pass(exchange, message);
    else exchange.held.push(message);
  }

  #pass(exchange: Exchange, message: RpcMessage): void {
    if (exchange.own !== null && !('method' in message) && message.id === exchange.requestId) {
      exchange.own.resolve(message);
    } else this.#options.onMessage(message);
  }
}

function isTrouble(reason: EndReason): boolean {
  return reason.kind === 'http_status' && reason.status >= 500;
}
