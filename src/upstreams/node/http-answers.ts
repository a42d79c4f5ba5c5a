import { classifyMessage, type RpcMessage, toRpcError } from '../../kernel/index.ts';
import { errorOfEnd } from '../failures.ts';
import { MAX_STREAM_FAILURES, planReopen } from '../http-waits.ts';
import { type EndReason, TransportEnded } from '../transport.ts';
import type { Exchange } from './http-exchange.ts';
import type { LightResponse } from './http-light-fetch.ts';
import { drain, mediaType } from './http-road.ts';
import { followEvents, parseEventData, pause } from './http-stream.ts';

/** How long a stream may stay open after it brought the answer. Milliseconds. */
const LINGER_MS = 5_000;

/** What servers that are not MCP answer with. Any other type may repeat what they were sent, and is not shown. */
const KNOWN_TYPES: ReadonlySet<string> = new Set([
  ...['text/html', 'text/plain', 'text/xml', 'text/css', 'text/csv', 'text/javascript', 'text/markdown'],
  ...['application/xml', 'application/xhtml+xml', 'application/octet-stream', 'application/javascript'],
  ...['application/problem+json', 'application/x-ndjson', 'application/jsonl', 'application/grpc', 'application/pdf'],
]);

const FORGOTTEN: EndReason = { kind: 'network', detail: 'the server forgot the session before it answered' };

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
    if (exchange.requestId === null) return drain(response);
    const type = mediaType(response);
    if (type === 'text/event-stream') {
      void this.follow(exchange, response);
    } else if (type === 'application/json' && response.status !== 202) {
      this.#deliver(exchange, await response.json());
      if (!exchange.answered) throw notTheAnswer('JSON that is not the answer to the request');
    } else {
      await drain(response);
      throw notTheAnswer(
        type === '' || response.status === 202
          ? `HTTP ${response.status} without an answer to the request`
          : `an answer of ${KNOWN_TYPES.has(type) ? `type ${type}` : 'another type'}, not JSON or an event stream`,
      );
    }
  }

  /** Takes the body of an HTTP error if it is the answer to the request. @returns whether it was */
  readRefusal(exchange: Exchange, body: unknown): boolean {
    const classified = classifyMessage(body);
    if (classified.kind !== 'response' || exchange.requestId === null) return false;
    if (classified.message.id !== exchange.requestId) return false;
    this.#deliverOne(exchange, body);
    return true;
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
      return this.#fail(exchange, reason ?? { kind: 'network', detail: 'the stream ended before the answer' });
    }
    await this.#resume(exchange, exchange.lastEventId, 0);
  }

  /** Hands on what waited for the end of the POST. */
  release(exchange: Exchange): void {
    const held = exchange.held ?? [];
    exchange.held = null;
    for (const message of held) this.#pass(exchange, message);
  }

  /** Puts an error in the place of the answer, and gives up the stream. */
  #fail(exchange: Exchange, reason: EndReason): void {
    const id = exchange.requestId;
    if (!exchange.isOver && id !== null) {
      if (exchange.own === null) {
        exchange.answered = true;
        const error = toRpcError(errorOfEnd(this.#options.server, reason));
        this.#handOn(exchange, { jsonrpc: '2.0', id, error });
      } else exchange.own.reject(new TransportEnded(reason));
    }
    exchange.abort.abort();
    exchange.settle();
  }

  async #resume(exchange: Exchange, lastEventId: string, failures: number): Promise<void> {
    await pause(planReopen(exchange.retryMs, failures), exchange.abort.signal);
    if (exchange.isOver) return exchange.settle();
    if (exchange.session !== this.#options.session()) return this.#fail(exchange, FORGOTTEN);
    try {
      await this.#options.resume(exchange, lastEventId);
    } catch (error) {
      const reason = this.#options.reasonOf(error);
      if (mayPass(reason) && failures + 1 < MAX_STREAM_FAILURES) {
        await this.#resume(exchange, lastEventId, failures + 1);
      } else this.#fail(exchange, reason.kind === 'http_status' && reason.status === 404 ? FORGOTTEN : reason);
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
    const { requestId } = exchange;
    if (classified.kind === 'invalid') {
      this.#options.onOdd(`a message that is not JSON-RPC: ${classified.reason}`);
      const isOurs = classified.id !== null && classified.id === requestId;
      if (isOurs) this.#fail(exchange, { kind: 'protocol', detail: classified.reason });
    } else if (classified.kind === 'response' && classified.message.id === null && requestId !== null) {
      // An error about a message that the server could not read. On this stream it can only be this one.
      exchange.answered = true;
      this.#handOn(exchange, { ...classified.message, id: requestId });
    } else {
      if (classified.kind === 'response' && classified.message.id === requestId) exchange.answered = true;
      this.#handOn(exchange, classified.message);
    }
  }

  #handOn(exchange: Exchange, message: RpcMessage): void {
    if (exchange.held === null) this.#pass(exchange, message);
    else exchange.held.push(message);
  }

  #pass(exchange: Exchange, message: RpcMessage): void {
    const isAnswer = !('method' in message) && message.id === exchange.requestId;
    if (exchange.own !== null && isAnswer) exchange.own.resolve(message);
    else this.#options.onMessage(message);
  }
}

function notTheAnswer(detail: string): TransportEnded {
  return new TransportEnded({ kind: 'protocol', detail });
}

/** What may be otherwise in a second: the network, and a server in trouble. */
function mayPass(reason: EndReason): boolean {
  return (
    reason.kind === 'network' || reason.kind === 'refused' || (reason.kind === 'http_status' && reason.status >= 500)
  );
}
