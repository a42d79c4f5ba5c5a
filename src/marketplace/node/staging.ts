import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnProgress } from '../store.ts';
import { changing, type LockPlace } from './change-lock.ts';
import { errnoOf, writing } from './disk-errors.ts';

/** A folder where something is made ready, on the same file system as where it will stand. */
export type Staging = {
  /** Absolute; empty at first. */
  readonly folder: string;
  /** Removes what is left of it. Idempotent; never throws. */
  readonly end: () => Promise<void>;
};

/**
 * Makes a staging folder below `parent`. It is held by a lock as long as this process lives; whatever others have left
 * behind there, killed or not, is removed first.
 *
 * @throws AppError `HOME_UNUSABLE`, `HOME_NOT_PRIVATE`, `PLUGIN_BUSY`
 */
export async function openStaging(place: LockPlace, parent: string, onProgress: OnProgress): Promise<Staging> {
  return changing(place, onProgress, () =>
    writing({ code: 'HOME_UNUSABLE', text: 'the home cannot be written to' }, async () => {
      await mkdir(parent, { recursive: true, mode: 0o700 });
      await sweep(place, parent);
      const folder = join(parent, randomBytes(6).toString('hex'));
      await mkdir(folder, { mode: 0o700 });
      const giveBack = place.takeLock(lockOf(folder));
      return {
        folder,
        end: async () => {
          await removeFolder(place, folder);
          giveBack?.();
          await rm(lockOf(folder), { force: true }).catch(() => {});
        },
      };
    }),
  );
}

const LOCK = '.lock';
const lockOf = (folder: string): string => `${folder}${LOCK}`;

/** Removes folders whose process has gone. What cannot be removed stays for the next time. */
async function sweep(place: LockPlace, parent: string): Promise<void> {
  const names = await readdir(parent);
  for (const name of new Set(names.map((one) => (one.endsWith(LOCK) ? one.slice(0, -LOCK.length) : one)))) {
    const folder = join(parent, name);
    const giveBack = place.takeLock(lockOf(folder));
    if (giveBack === null) continue;
    await removeFolder(place, folder);
    giveBack();
    await rm(lockOf(folder), { force: true }).catch(() => {});
  }
}

async function removeFolder({ log }: LockPlace, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch((error: unknown) => {
    log('warn', 'a staging folder could not be removed', { folder, reason: errnoOf(error) });
  });
}
