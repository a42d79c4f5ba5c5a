import type { ServerResponse } from 'node:http';
import { AppError, type Caller, type RpcMessage, type Secret } from '../../kernel/index.ts';
import type { AgentSession } from '../agent-session.ts';
import { EventStore } from '../event-store.ts';
import { primesStreams } from '../versions.ts';
import { SseStream } from './sse.ts';

/** Who came over HTTP. `token` is null where none is wanted. */
export type Visitor = { readonly caller: Caller; readonly token: Secret | null };

/** The stream of messages that belong to no request. */
const OWN_STREAM = 'own';

/** Streams that a client can come back to. */
const MAX_STREAMS = 100;

/** One Streamable HTTP session: the agent's session, its event streams, and when it was last used. */
export class HttpSession {
  readonly store = new EventStore();
  readonly #streams = new Map<string, SseStream>();
  readonly #own: SseStream;
  #agent: AgentSession | null = null;
  #nextStream = 1;
  lastUsed: number;
  /** Who began it, and with what. */
  readonly visitor: Visitor;
  /** Connections that are open now. */
  open = 0;

  constructor(visitor: Visitor, now: number) {
    this.visitor = visitor;
    this.lastUsed = now;
    this.#own = this.#create(OWN_STREAM);
  }

  get agent(): AgentSession {
    if (this.#agent === null) throw new Error('the session has no agent yet');
    return this.#agent;
  }

  set agent(agent: AgentSession) {
    this.#agent = agent;
  }

  /** Takes a message that belongs to no request; it waits for the client's GET if there is none. */
  readonly outlet = (message: RpcMessage): void => this.#own.send(message);

  /** A new stream for the answer of one POST. */
  createStream(): SseStream {
    const stream = this.#create(`p${this.#nextStream}`);
    this.#nextStream += 1;
    this.#streams.set(stream.name, stream);
    this.#forgetOld();
    return stream;
  }

  /**
   * Serves a GET: the session's own stream, or the one that `Last-Event-ID` names.
   *
   * @throws AppError `HTTP_EVENT_UNKNOWN` for an event id that cannot be resumed
   */
  attach(response: ServerResponse, lastEventId: string | undefined): void {
    const missed = this.store.after(lastEventId ?? `${OWN_STREAM}-${this.#own.delivered}`);
    const name = missed?.stream ?? (lastEventId === undefined ? OWN_STREAM : null);
    const stream = name === null ? undefined : name === OWN_STREAM ? this.#own : this.#streams.get(name);
    if (stream === undefined)
      throw new AppError('HTTP_EVENT_UNKNOWN', 'the stream of this event cannot be resumed any more');
    stream.attach(response, missed?.events ?? []);
  }

  comment(): void {
    for (const stream of [this.#own, ...this.#streams.values()]) stream.comment();
  }

  close(): void {
    this.#agent?.close();
    for (const stream of [this.#own, ...this.#streams.values()]) stream.end();
  }

  /** The oldest answers that are complete cannot be had again. */
  #forgetOld(): void {
    for (const [name, stream] of this.#streams) {
      if (this.#streams.size <= MAX_STREAMS) return;
      if (!stream.ended) continue;
      this.#streams.delete(name);
      this.store.forget(name);
    }
  }

  #create(name: string): SseStream {
    return new SseStream({
      stream: name,
      store: this.store,
      primes: () => primesStreams(this.#agent?.version ?? null),
    });
  }
}
