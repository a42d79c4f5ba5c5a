import { AppError } from '../../kernel/index.ts';

/** What a tree of files may hold. */
export type TreeLimits = {
  /** Files, folders and links together. */
  readonly entries: number;
  readonly totalBytes: number;
};

const MB = 1024 * 1024;

/** For the files of a plugin. */
export const PLUGIN_LIMITS: TreeLimits = { entries: 20_000, totalBytes: 250 * MB };

/** For a marketplace with all the plugins that are in it. */
export const MARKETPLACE_LIMITS: TreeLimits = { entries: 200_000, totalBytes: 1024 * MB };

/** For an archive of a plugin, packed. */
export const MAX_ARCHIVE_BYTES = 50 * MB;

export function tooManyEntries({ entries }: TreeLimits, where: string): AppError {
  return new AppError('PLUGIN_TOO_LARGE', `it holds more than ${entries} files and folders`, { where });
}

export function tooManyBytes({ totalBytes }: TreeLimits, where: string): AppError {
  return new AppError('PLUGIN_TOO_LARGE', `its files are larger than ${Math.round(totalBytes / MB)} MB together`, {
    where,
  });
}

/** Adds up what is found, and stops at the limit. @throws AppError `PLUGIN_TOO_LARGE` */
export function createTally(limits: TreeLimits, where: string): (sizeBytes: number) => void {
  let entries = 0;
  let bytes = 0;
  return (sizeBytes) => {
    entries += 1;
    bytes += sizeBytes;
    if (entries > limits.entries) throw tooManyEntries(limits, where);
    if (bytes > limits.totalBytes) throw tooManyBytes(limits, where);
  };
}
