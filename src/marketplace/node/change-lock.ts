import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../kernel/index.ts';
import type { OnProgress } from '../store.ts';
import type { StoreOptions } from './ports.ts';

const WAIT_MS = 10_000;
const RETRY_MS = 25;

export type LockPlace = Pick<StoreOptions, 'home' | 'takeLock' | 'privateFolder' | 'log'>;

/**
 * Runs what changes plugins or marketplaces of a home, one change at a time in all processes.
 *
 * @throws AppError `PLUGIN_BUSY` when another process holds the lock for 10 s, `HOME_UNUSABLE`, `HOME_NOT_PRIVATE`
 */
export async function changing<T>(place: LockPlace, onProgress: OnProgress, run: () => Promise<T>): Promise<T> {
  const folder = join(place.home, 'run');
  place.privateFolder(place.home);
  place.privateFolder(folder);
  const giveBack = await waitFor(place, join(folder, 'plugins.lock'), onProgress);
  try {
    return await run();
  } finally {
    giveBack();
  }
}

async function waitFor({ takeLock }: LockPlace, file: string, onProgress: OnProgress): Promise<() => void> {
  const until = performance.now() + WAIT_MS;
  for (let told = false; ; ) {
    const giveBack = takeLock(file);
    if (giveBack !== null) return giveBack;
    if (performance.now() > until) {
      throw new AppError('PLUGIN_BUSY', 'another process has been changing plugins for 10 s', { where: file });
    }
    if (!told) onProgress('waiting for another process that is changing plugins');
    told = true;
    await sleep(RETRY_MS);
  }
}
