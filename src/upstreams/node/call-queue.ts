import { AppError, type RpcOutcome } from '../../kernel/index.ts';
import { createTurns } from '../turns.ts';

/** The tool calls of one connection: those that run, and those that wait for their turn. */
export type CallQueue = {
  /**
   * Waits for the turn, runs, and passes the turn on.
   *
   * @returns `moved` when the call left the queue without having run, because it shall go to another connection.
   * @throws AppError `CALL_CANCELLED` when `signal` is aborted while it waits; else what `run` throws
   */
  readonly run: (
    turn: { readonly mode: 'shared' | 'exclusive'; readonly signal: AbortSignal },
    run: () => Promise<RpcOutcome>,
  ) => Promise<RpcOutcome | 'moved'>;
  readonly waiting: () => number;
  /** Sends every call that waits elsewhere. */
  readonly move: () => void;
};

export function createCallQueue(): CallQueue {
  const turns = createTurns();
  const waiting = new Set<() => void>();
  return {
    run: ({ mode, signal }, run) =>
      new Promise((resolve, reject) => {
        let done: () => void = () => {};
        const stopWaiting = (): void => {
          signal.removeEventListener('abort', onAbort);
          waiting.delete(move);
        };
        const leave = (): void => {
          stopWaiting();
          done();
        };
        const onAbort = (): void => {
          leave();
          reject(new AppError('CALL_CANCELLED', 'the call was cancelled'));
        };
        const move = (): void => {
          leave();
          resolve('moved');
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.add(move);
        done = turns.take(mode, () => {
          stopWaiting();
          void run()
            .finally(() => done())
            .then(resolve, reject);
        });
      }),
    waiting: turns.waiting,
    move: () => {
      for (const move of [...waiting]) move();
    },
  };
}
