import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../kernel/index.ts';

/** Takes a lock between processes: a function that gives it back, or null while another process holds it. */
export type TakeLock = (lockFile: string) => (() => void) | null;

const WAIT_MS = 10_000;

/** How often it is asked: a change takes some milliseconds. */
const NEXT_RETRY_MS = 2;
const LONGEST_RETRY_MS = 15;
const SHORTEST_RETRY_MS = 3;

/**
 * Runs `act` while no other process changes the store.
 *
 * @throws AppError `SECRET_STORE_BUSY` after 10 s
 */
export async function whileLocked<T>(file: string, takeLock: TakeLock, act: () => Promise<T>): Promise<T> {
  const giveBack = await waitFor(file, takeLock);
  try {
    return await act();
  } finally {
    giveBack();
  }
}

/**
 * A second lock says who is next, so that a process that changes much does not take its turn again and again while others
 * sleep; and whoever has waited longer asks more often, and is next sooner.
 */
async function waitFor(file: string, takeLock: TakeLock): Promise<() => void> {
  const start = Date.now();
  const next = await retry(() => takeLock(`${file}.next`), {
    file,
    start,
    retryMs: () => Math.max(LONGEST_RETRY_MS - (Date.now() - start) / 20, SHORTEST_RETRY_MS),
  });
  try {
    return await retry(() => takeLock(file), { file, start, retryMs: () => NEXT_RETRY_MS });
  } finally {
    next();
  }
}

async function retry(
  take: () => (() => void) | null,
  { file, start, retryMs }: { readonly file: string; readonly start: number; readonly retryMs: () => number },
): Promise<() => void> {
  for (;;) {
    const giveBack = take();
    if (giveBack !== null) return giveBack;
    if (Date.now() > start + WAIT_MS)
      throw new AppError('SECRET_STORE_BUSY', `another process has been changing secrets for ${WAIT_MS / 1000} s`, {
        where: file,
      });
    await sleep(retryMs());
  }
}
