import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../kernel/index.ts';

/** Longest path a Unix socket can have everywhere we run. */
const MAX_PATH = 100;

export type RunPaths = { readonly socket: string; readonly key: string; readonly lock: string };

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
        : join(tmpdir(), `plugboard-${userInfo().uid}`, `${digest}.sock`);
  return { socket, key: join(run, 'host.key'), lock: join(run, 'host.lock') };
}

/**
 * Makes a folder that only this user can enter, or checks that it is one.
 *
 * @throws AppError `HOME_NOT_PRIVATE`
 */
export function privateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.platform === 'win32') return;
  const { uid, mode } = statSync(folder);
  if (uid !== userInfo().uid)
    throw new AppError('HOME_NOT_PRIVATE', 'the folder belongs to another user', { where: folder });
  if ((mode & 0o022) !== 0)
    throw new AppError('HOME_NOT_PRIVATE', 'others may write to the folder', {
      where: folder,
      hint: `run: chmod 700 ${folder}`,
    });
}
