import type { Writable } from 'node:stream';

/** Text queued beyond this is written at once instead of with the rest of the turn. UTF-16 units. */
const FLUSH_AT = 64 * 1024;

export type LineWriter = {
  /** Queues one line (without its newline). Resolves at once, or, while the pipe is full, when there is room again. */
  readonly write: (line: string) => Promise<void>;
  /** Nothing more gets through: rejects everyone who waits. */
  readonly fail: (error: Error) => void;
};

/** Writes lines to a pipe in order. Lines of one turn of the event loop become one write. */
export function createLineWriter(pipe: Writable): LineWriter {
  let queue = '';
  let scheduled = false;
  let full: PromiseWithResolvers<void> | null = null;

  const flush = (): void => {
    scheduled = false;
    if (queue === '') return;
    const batch = queue;
    queue = '';
    if (pipe.write(batch) || full !== null) return;
    const waiting = Promise.withResolvers<void>();
    full = waiting;
    // Nobody may be waiting when it fails.
    waiting.promise.catch(() => {});
    pipe.once('drain', () => {
      full = null;
      waiting.resolve();
    });
  };

  return {
    write: async (line) => {
      queue += `${line}\n`;
      if (queue.length > FLUSH_AT) flush();
      else if (!scheduled) {
        scheduled = true;
        setImmediate(flush);
      }
      if (full !== null) await full.promise;
    },
    fail: (error) => {
      queue = '';
      full?.reject(error);
    },
  };
}
