import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../kernel/index.ts';

/** Takes a lock between processes: a function that gives it back, or null while another process holds it. */
export type TakeLock = (lockFile: string) => (() => void) | null;

const WAIT_MS = 10_000;

/** How often the place in front is asked for: a change takes a few milliseconds. */
const RETRY_MS = 2;

/** So many wait in the order in which they came. Those who find all places taken wait for the last one, in no order. */
const PLACES = 10;

/**
 * Runs `act` while no other process changes the store.
 *
 * @throws AppError `SECRET_STORE_BUSY` after 10 s
 */
export async function whileLocked<T>(file: string, takeLock: TakeLock, act: () => Promise<T>): Promise<T> {
  const giveBack = await waitInLine(file, takeLock);
  try {
    return await act();
  } finally {
    giveBack();
  }
}

/**
 * Waiting is a line of places, each of them a lock. Whoever comes takes the last place and moves up as the one in front
 * becomes free, so nobody overtakes; without the line, a process that changes much would take its turn again and again
 * while others sleep. A process that is killed leaves its place as it leaves any lock.
 */
async function waitInLine(file: string, takeLock: TakeLock): Promise<() => void> {
  // Not the time of day, which may be set back.
  const until = performance.now() + WAIT_MS;
  let leave = (): void => {};
  for (let place = PLACES; place >= 0; place -= 1) {
    const name = place === 0 ? file : `${file}.${place}`;
    try {
      const taken = await retry(() => takeLock(name), file, until);
      leave();
      leave = taken;
    } catch (error) {
      leave();
      throw error;
    }
  }
  return leave;
}

async function retry(take: () => (() => void) | null, file: string, until: number): Promise<() => void> {
  for (;;) {
    const giveBack = take();
    if (giveBack !== null) return giveBack;
    if (performance.now() > until)
      throw new AppError('SECRET_STORE_BUSY', `another process has been changing secrets for ${WAIT_MS / 1000} s`, {
        where: file,
      });
    await sleep(RETRY_MS);
  }
}
