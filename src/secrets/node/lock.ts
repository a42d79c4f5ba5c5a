import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../kernel/index.ts';

/** Takes a lock between processes: a function that gives it back, or null while another process holds it. */
export type TakeLock = (lockFile: string) => (() => void) | null;

const WAIT_MS = 10_000;
/** A change takes some ten milliseconds, and who asks more often gets its turn sooner. */
const RETRY_MS = 4;

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

async function waitFor(file: string, takeLock: TakeLock): Promise<() => void> {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    const giveBack = takeLock(file);
    if (giveBack !== null) return giveBack;
    if (Date.now() > until)
      throw new AppError('SECRET_STORE_BUSY', `another process has been changing secrets for ${WAIT_MS / 1000} s`, {
        where: file,
      });
    await sleep(RETRY_MS);
  }
}
