const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** A buffer that held an unusually long line is given back, not kept for the next one. */
const KEEP_BYTES = 1024 * 1024;

export type LineSplitter = {
  /** Takes the next bytes. Each byte is looked at once and copied at most a small, constant number of times. */
  readonly push: (chunk: Buffer) => void;
  /** The stream is over: a last line without its newline counts. */
  readonly end: () => void;
};

/**
 * Cuts a byte stream into lines at `\n` or `\r\n`. Empty lines are skipped.
 *
 * @param options.limitBytes Longest line, without its end. A longer one calls `onTooLong` once, as soon as it is known;
 * everything after it is ignored, because no one knows where the next message starts.
 * @param options.onLine Gets bytes that are good only during the call.
 */
export function createLineSplitter(options: {
  readonly limitBytes: number;
  readonly onLine: (line: Buffer) => void;
  readonly onTooLong: () => void;
}): LineSplitter {
  const { limitBytes, onLine } = options;
  let store: Buffer = Buffer.alloc(0);
  let stored = 0;
  let dead = false;

  const keep = (part: Buffer): void => {
    const needed = stored + part.length;
    if (needed > store.length) {
      const bigger = Buffer.allocUnsafe(Math.max(needed, Math.min(store.length * 2, limitBytes + 1), 1024));
      store.copy(bigger, 0, 0, stored);
      store = bigger;
    }
    part.copy(store, stored);
    stored = needed;
  };

  const emit = (line: Buffer): void => {
    const bare = line.at(-1) === RETURN ? line.subarray(0, -1) : line;
    if (bare.length > limitBytes) tooLong();
    else if (bare.length > 0) onLine(bare);
  };

  const tooLong = (): void => {
    dead = true;
    store = Buffer.alloc(0);
    stored = 0;
    options.onTooLong();
  };

  const emitStored = (): void => {
    const line = store.subarray(0, stored);
    stored = 0;
    if (store.length > KEEP_BYTES) store = Buffer.alloc(0);
    emit(line);
  };

  return {
    push: (chunk) => {
      let from = 0;
      for (;;) {
        const to = dead ? -1 : chunk.indexOf(NEWLINE, from);
        if (to === -1) break;
        const part = chunk.subarray(from, to);
        from = to + 1;
        if (stored === 0) emit(part);
        else if (stored + part.length > limitBytes + 1) tooLong();
        else {
          keep(part);
          emitStored();
        }
      }
      if (dead || from === chunk.length) return;
      // One byte more than the limit may be the `\r` of the line's end.
      if (stored + chunk.length - from > limitBytes + 1) tooLong();
      else keep(chunk.subarray(from));
    },
    end: () => {
      if (!dead && stored > 0) emitStored();
    },
  };
}
