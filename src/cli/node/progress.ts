import { printableLine } from '../../kernel/index.ts';
import { fit } from '../render-table.ts';
import type { CliContext } from './context.ts';

/** What is going on, on standard error: one line that changes on a terminal, nothing elsewhere and with `--json`. */
export type Progress = {
  readonly show: (line: string) => void;
  /** Takes the line away, before something else is written. */
  readonly clear: () => void;
};

const CLEAR_LINE = '\r\u001b[2K';

export function createProgress({ err, globals }: Pick<CliContext, 'err' | 'globals'>): Progress {
  let last = '';
  return {
    show: (line) => {
      const text = printableLine(line);
      if (globals.json || !err.isTty || text === last) return;
      last = text;
      err.write(`${CLEAR_LINE}${fit(text, (err.columns || 80) - 1)}`);
    },
    clear: () => {
      if (last !== '') err.write(CLEAR_LINE);
      last = '';
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work that cleans up after itself when it is aborted. A signal that would end the process aborts it, and ends the
 * process as soon as the work is over; a second one ends it at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  let caught: NodeJS.Signals | null = null;
  const stop = (signal: NodeJS.Signals): void => {
    caught = signal;
    forget();
    over.abort();
  };
  const forget = (): void => {
    for (const name of SIGNALS) process.off(name, stop);
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await work(over.signal);
  } finally {
    forget();
    if (caught !== null) process.kill(process.pid, caught);
  }
}
