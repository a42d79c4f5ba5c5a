import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../kernel/index.ts';

/** The most that one fetch may put on the disk, packed and unpacked together. */
export const MAX_FETCHED_BYTES = 1024 * 1024 * 1024;

const LOOK_EVERY_MS = 250;

export type SizeWatch = {
  /** Aborts with an AppError `PLUGIN_TOO_LARGE`. */
  readonly exceeded: AbortSignal;
  readonly stop: () => void;
};

/** Looks at a folder that a program fills, so that no fetch fills the disk: git itself knows no limit. */
export function watchSize(folder: string, maxBytes: number): SizeWatch {
  const exceeded = new AbortController();
  const stopped = new AbortController();
  const look = async (): Promise<void> => {
    for (;;) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: stopped.signal, ref: false });
      if ((await sizeOf(folder, maxBytes)) > maxBytes) break;
    }
    exceeded.abort(
      new AppError('PLUGIN_TOO_LARGE', `what is fetched takes more than ${Math.round(maxBytes / 1024 / 1024)} MB`),
    );
  };
  look().catch(() => {});
  return { exceeded: exceeded.signal, stop: () => stopped.abort() };
}

/** Bytes of all files below a folder, counted until they are more than `enough`. What vanishes meanwhile does not count. */
async function sizeOf(folder: string, enough: number): Promise<number> {
  let bytes = 0;
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined && bytes <= enough; next = waiting.pop()) {
    const entries = await readdir(next, { withFileTypes: true }).catch(() => []);
    const here = next;
    waiting.push(...entries.filter((entry) => entry.isDirectory()).map((entry) => join(here, entry.name)));
    const files = entries.filter((entry) => entry.isFile());
    const sizes = await Promise.all(
      files.map(({ name }) =>
        lstat(join(here, name)).then(
          (facts) => facts.size,
          () => 0,
        ),
      ),
    );
    bytes += sizes.reduce((sum, size) => sum + size, 0);
  }
  return bytes;
}
