import type { EpochMs } from './state.ts';

/** Time, handed in so that decisions about it can be tested. */
export type Clock = {
  readonly now: () => EpochMs;
  /** Calls `run` once after `ms`; the returned function takes it back. Never keeps the process alive by itself. */
  readonly after: (ms: number, run: () => void) => () => void;
};

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The host's own log. `facts` are plain values; secrets do not print (see Secret). */
export type Log = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;

export const silentLog: Log = () => {};
