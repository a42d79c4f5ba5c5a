import type { RpcId, RpcMessage, RpcResponse } from '../../kernel/index.ts';
import { TransportEnded } from '../transport.ts';

/** Takes the answer to a request of the transport itself; nobody else sees it. */
export type OwnAnswer = {
  readonly resolve: (answer: RpcResponse) => void;
  readonly reject: (error: TransportEnded) => void;
};

let lastKey = 0;

/** One POST and what comes back for it, over as many streams as that takes. */
export class Exchange {
  readonly key: string;
  readonly message: RpcMessage;
  readonly own: OwnAnswer | null;
  /** Gives up the request and every stream that carries its answer. */
  readonly abort = new AbortController();
  /** The session it was sent in. */
  session: string | null = null;
  answered = false;
  /** Where to go on when the stream breaks; null when the server gave no event ids. */
  lastEventId: string | null = null;
  /** The pause the server asked for before its stream is opened again. Milliseconds. */
  retryMs: number | null = null;
  /** Messages that wait until the POST is over: nobody may act on a new session before the SDK knows it. */
  held: RpcMessage[] | null;
  onSettled: () => void = () => {};
  readonly #callerSignal: AbortSignal | undefined;
  readonly #onCallerAbort = (): void => this.abort.abort();
  #lingering: NodeJS.Timeout | undefined;

  constructor(message: RpcMessage, callerSignal?: AbortSignal, own: OwnAnswer | null = null) {
    lastKey += 1;
    this.key = String(lastKey);
    this.message = message;
    this.own = own;
    this.held = this.isInitialize ? [] : null;
    this.#callerSignal = callerSignal;
    if (callerSignal?.aborted === true) this.abort.abort();
    else callerSignal?.addEventListener('abort', this.#onCallerAbort, { once: true });
  }

  /** The id that wants an answer; null for notifications and responses. */
  get requestId(): RpcId | null {
    return 'method' in this.message && 'id' in this.message ? this.message.id : null;
  }

  get isInitialize(): boolean {
    return 'method' in this.message && this.message.method === 'initialize';
  }

  /** True when no answer is wanted any more. */
  get isOver(): boolean {
    return this.answered || this.abort.signal.aborted || this.requestId === null;
  }

  /** A stream that stays open after the answer is closed a while later: it would cost a connection per call. */
  closeAfter(waitMs: number): void {
    clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => this.abort.abort(), waitMs);
    this.#lingering.unref();
  }

  /** Nothing more comes. Idempotent. */
  settle(): void {
    this.onSettled();
    clearTimeout(this.#lingering);
    this.#callerSignal?.removeEventListener('abort', this.#onCallerAbort);
    if (!this.answered) this.own?.reject(new TransportEnded({ kind: 'network', detail: 'no answer' }));
  }
}
