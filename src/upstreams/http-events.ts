import { Buffer } from 'node:buffer';

/** One server-sent event. `data` is '' for an event that only carries an id; `name` is `message` unless it says otherwise. */
export type ServerSentEvent = { readonly name: string; readonly data: string; readonly id: string | null };

export type EventReaderOptions = {
  /** Most bytes of one event. */
  readonly limitBytes: number;
  readonly onEvent: (event: ServerSentEvent) => void;
  /** The server's wish for the pause before a reconnection. Milliseconds. */
  readonly onRetry: (waitMs: number) => void;
};

const LF = 10;
const CR = 13;
const BOM = 0xfeff;

/**
 * Reads an event stream chunk by chunk, on bytes: a line that comes in a thousand pieces is searched once and joined once.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class EventReader {
  readonly #options: EventReaderOptions;
  /** The pieces of the line that has not ended yet. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  #name = '';
  #data: string[] = [];
  #id: string | null = null;
  #afterCr = false;
  #first = true;

  constructor(options: EventReaderOptions) {
    this.#options = options;
  }

  /** @returns false when one event is larger than the limit; the stream is of no use from then on. */
  push(chunk: Buffer): boolean {
    let start = 0;
    if (this.#afterCr && chunk.length > 0) {
      if (chunk[0] === LF) start = 1;
      this.#afterCr = false;
    }
    let cr = chunk.indexOf(CR, start);
    for (;;) {
      const lf = chunk.indexOf(LF, start);
      if (cr !== -1 && cr < start) cr = chunk.indexOf(CR, start);
      const end = cr === -1 ? lf : lf === -1 ? cr : Math.min(lf, cr);
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end);
      this.#bytes += piece.length;
      if (this.#bytes > this.#options.limitBytes) return false;
      if (end === -1) {
        if (piece.length > 0) this.#pieces.push(piece);
        return true;
      }
      this.#line(this.#join(piece));
      start = end + 1;
      if (chunk[end] === CR) {
        if (start === chunk.length) this.#afterCr = true;
        else if (chunk[start] === LF) start += 1;
      }
    }
  }

  #join(last: Buffer): string {
    if (this.#pieces.length === 0) return last.toString('utf8');
    const line = Buffer.concat([...this.#pieces, last]).toString('utf8');
    this.#pieces = [];
    return line;
  }

  #line(line: string): void {
    if (this.#first) {
      this.#first = false;
      if (line.codePointAt(0) === BOM) return this.#line(line.slice(1));
    }
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment: it only keeps the connection alive
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#name = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.#options.onRetry(Number(value));
  }

  #dispatch(): void {
    const event = { name: this.#name === '' ? 'message' : this.#name, data: this.#data.join('\n'), id: this.#id };
    const empty = this.#data.length === 0 && this.#id === null;
    this.#bytes = 0;
    this.#name = '';
    this.#data = [];
    this.#id = null;
    if (!empty) this.#options.onEvent(event);
  }
}
