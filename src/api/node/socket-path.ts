import { createHash } from 'node:crypto';
import { mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../kernel/index.ts';

/** Longest path a Unix socket can have everywhere we run. */
const MAX_PATH = 100;

export type RunPaths = {
  readonly socket: string;
  readonly key: string;
  readonly lock: string;
  /** The home and every folder of these files: only this user may write there. */
  readonly folders: readonly string[];
};

/** Where the host of a home listens, keeps the proof for its callers, and holds its lock. */
export function runPaths(home: string): RunPaths {
  const run = join(home, 'run');
  const wanted = join(run, 'host.sock');
  const digest = createHash('sha256').update(home).digest('hex').slice(0, 16);
  const socket =
    process.platform === 'win32'
      ? `\\\\.\\pipe\\plugboard-${digest}`
      : wanted.length <= MAX_PATH
        ? wanted
        : // Not TMPDIR: it differs between callers of the same home.
          join('/tmp', `plugboard-${process.getuid?.()}`, `${digest}.sock`);
  const folders = process.platform === 'win32' ? [home, run] : [...new Set([home, run, dirname(socket)])];
  return { socket, key: join(run, 'host.key'), lock: join(run, 'host.lock'), folders };
}

/**
 * Makes a folder that only this user can enter, or checks that it is one.
 *
 * @throws AppError `HOME_NOT_PRIVATE` | `HOME_UNUSABLE`
 */
export function privateFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (cause) {
    throw new AppError('HOME_UNUSABLE', `the folder cannot be made (${errno(cause)})`, { where: folder, cause });
  }
  if (factsOf(folder)?.isDirectory() !== true)
    throw new AppError('HOME_UNUSABLE', 'something that is no folder is in the way', { where: folder });
  checkPrivate(folder);
}

/** Step by step: Node's own `recursive` never returns for a folder that cannot be, such as one in /proc. */
function makeFolder(folder: string): void {
  try {
    makeOne(folder);
  } catch (error) {
    if (errno(error) !== 'ENOENT' || dirname(folder) === folder) throw error;
    makeFolder(dirname(folder));
    makeOne(folder);
  }
}

/** Another process may have made it meanwhile. */
function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errno(error) !== 'EEXIST' || statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/**
 * Checks that nobody else may write to a folder. One that is not there is nobody's.
 *
 * @throws AppError `HOME_NOT_PRIVATE` | `HOME_UNUSABLE`
 */
export function checkPrivate(folder: string): void {
  const facts = factsOf(folder);
  if (facts === null || process.platform === 'win32') return;
  if (facts.uid !== process.getuid?.())
    throw new AppError('HOME_NOT_PRIVATE', 'the folder belongs to another user', { where: folder });
  if ((facts.mode & 0o022) !== 0)
    throw new AppError('HOME_NOT_PRIVATE', 'others may write to the folder', {
      where: folder,
      hint: `run: chmod 700 ${folder}`,
    });
}

function factsOf(folder: string): Stats | null {
  try {
    return statSync(folder);
  } catch (cause) {
    if (errno(cause) === 'ENOENT') return null;
    throw new AppError('HOME_UNUSABLE', `the folder cannot be used (${errno(cause)})`, { where: folder, cause });
  }
}

function errno(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
