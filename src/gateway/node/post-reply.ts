import type { ServerResponse } from 'node:http';
import type { RpcMessage, RpcResponse } from '../../kernel/index.ts';
import type { Reply } from '../reply.ts';
import { wireText } from '../wire-text.ts';
import type { SseStream } from './sse.ts';

export type PostReplyOptions = {
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly createStream: () => SseStream;
  /** How many answers there will be. */
  readonly answers: number;
  /** The answers of a batch always come as a stream. */
  readonly isBatch: boolean;
  readonly onDone: () => void;
};

/**
 * The answer of one POST: plain JSON where nothing else is to be said, an event stream from the first message that
 * belongs to the request, or after a while without an answer.
 */
export class PostReply implements Reply {
  readonly #options: PostReplyOptions;
  #stream: SseStream | null = null;
  #left: number;

  constructor(options: PostReplyOptions) {
    this.#options = options;
    this.#left = options.answers;
    if (options.isBatch) this.upgrade();
  }

  /** True once a client that loses its connection can come back for the answer. */
  get resumable(): boolean {
    return this.#stream?.canResume ?? false;
  }

  /** Turns the answer into an event stream. */
  upgrade(): void {
    if (this.#stream !== null || this.#left === 0) return;
    this.#stream = this.#options.createStream();
    this.#stream.attach(this.#options.response, [], this.#options.headers);
  }

  respond(response: RpcResponse): void {
    if (this.#stream === null) this.#respondPlain(response);
    else this.#stream.send(response);
    this.#countDown();
  }

  stream(message: RpcMessage): void {
    this.upgrade();
    this.#stream?.send(message);
  }

  abandon(): void {
    this.upgrade();
    this.#countDown();
  }

  #respondPlain(message: RpcResponse): void {
    const body = Buffer.from(wireText(message));
    const { response, headers } = this.#options;
    response.writeHead(200, { ...headers, 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  }

  #countDown(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#stream?.end();
    this.#options.onDone();
  }
}
