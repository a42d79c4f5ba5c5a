import type { RpcMessage } from '../kernel/index.ts';
import { wireText } from './wire-text.ts';

/** One SSE event that may be asked for again. `id` is `<stream>-<number>`. */
export type StoredEvent = { readonly id: string; readonly data: string };

/** What one session may ask for again, over all its streams. Older events go first. */
const MAX_EVENTS = 1_000;
const MAX_CHARS = 8 * 1024 * 1024;

/**
 * The events of one session's SSE streams, kept for a client that comes back with `Last-Event-ID`. Bounded in number
 * and size: what is older than that cannot be had again.
 *
 * @see MCP 2025-11-25, basic/transports#resumability-and-redelivery
 */
export class EventStore {
  readonly #events: { readonly stream: string; readonly number: number; readonly data: string }[] = [];
  readonly #counts = new Map<string, number>();
  #chars = 0;

  /** The id of an event that holds nothing and only marks where a stream begins. */
  mark(stream: string): string {
    this.#counts.set(stream, this.#counts.get(stream) ?? 0);
    return `${stream}-${this.#counts.get(stream) ?? 0}`;
  }

  add(stream: string, message: RpcMessage): StoredEvent {
    const number = (this.#counts.get(stream) ?? 0) + 1;
    this.#counts.set(stream, number);
    const data = wireText(message);
    this.#events.push({ stream, number, data });
    this.#chars += data.length;
    while (this.#events.length > MAX_EVENTS || (this.#chars > MAX_CHARS && this.#events.length > 1))
      this.#chars -= this.#events.shift()?.data.length ?? 0;
    return { id: `${stream}-${number}`, data };
  }

  /** Drops what is known of a stream. */
  forget(stream: string): void {
    this.#counts.delete(stream);
  }

  /** The stream of an event id and what came after it there, or null for an id that is not ours. */
  after(eventId: string): { readonly stream: string; readonly events: readonly StoredEvent[] } | null {
    const found = /^(.+)-(\d+)$/.exec(eventId);
    const stream = found?.[1];
    if (stream === undefined || !this.#counts.has(stream)) return null;
    const seen = Number(found?.[2]);
    const events = this.#events.filter((event) => event.stream === stream && event.number > seen);
    return { stream, events: events.map(({ number, data }) => ({ id: `${stream}-${number}`, data })) };
  }
}
