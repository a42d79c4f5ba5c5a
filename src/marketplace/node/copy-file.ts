import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { errnoOf } from './disk-errors.ts';

/** `exchanged`: what is there now is not the file that was listed. `code` is an errno name. */
export type Copied =
  | { readonly kind: 'copied' }
  | { readonly kind: 'exchanged' }
  | { readonly kind: 'unreadable'; readonly code: string };

/** What the folder said of the file. Of its permissions only counts whether it can be run. */
type Listed = { readonly sizeBytes: number; readonly executable: boolean };

const CHUNK_BYTES = 1024 * 1024;
/** No link is followed, and nothing waits for the other end of a pipe. */
const READ_ONLY = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Copies a file that was listed before, whatever has been put in its place meanwhile: what is copied comes from the file
 * that was opened, once that has turned out to be a plain file of this very path, no larger than listed.
 *
 * @param from Absolute, with links resolved when it was listed.
 * @param to Must not exist.
 * @throws the errors of the file system about `to`
 */
export async function copyListedFile(from: string, to: string, listed: Listed): Promise<Copied> {
  let source: FileHandle;
  try {
    source = await open(from, READ_ONLY);
  } catch (error) {
    return failed(error);
  }
  try {
    const facts = await source.stat();
    if (!facts.isFile() || facts.size > listed.sizeBytes || !(await isAt(from, facts))) return { kind: 'exchanged' };
    return await copyFrom(source, to, listed);
  } finally {
    await source.close();
  }
}

/** Whether this file is what the path leads to, and no folder on the way is a link. */
async function isAt(path: string, file: { readonly dev: number; readonly ino: number }): Promise<boolean> {
  try {
    const there = await lstat(path);
    return there.dev === file.dev && there.ino === file.ino && (await realpath(path)) === path;
  } catch {
    return false;
  }
}

/** At most as much as was listed, also of a file that grows. */
async function copyFrom(source: FileHandle, to: string, { sizeBytes, executable }: Listed): Promise<Copied> {
  const written = await open(to, 'wx', executable ? 0o700 : 0o600);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(sizeBytes, CHUNK_BYTES));
    for (let left = sizeBytes; left > 0; ) {
      const read = await source.read(buffer, 0, Math.min(left, buffer.length)).catch(failed);
      if ('kind' in read) return read;
      if (read.bytesRead === 0) break;
      await written.writeFile(buffer.subarray(0, read.bytesRead)).catch((error: unknown) => {
        throw named(error, to);
      });
      left -= read.bytesRead;
    }
    return { kind: 'copied' };
  } finally {
    await written.close();
  }
}

/** Errors of an open file know no path. */
function named(error: unknown, path: string): unknown {
  return errnoOf(error) === null ? error : Object.assign(error as Error, { path });
}

/** `ELOOP`: a link; `ENXIO`: a socket; the others: what was there has gone. */
function failed(error: unknown): Copied {
  const code = errnoOf(error);
  if (code === null) throw error;
  return ['ELOOP', 'EMLINK', 'ENXIO', 'ENOENT', 'ENOTDIR', 'EISDIR'].includes(code)
    ? { kind: 'exchanged' }
    : { kind: 'unreadable', code };
}
