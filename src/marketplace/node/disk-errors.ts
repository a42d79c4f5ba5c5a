import { AppError, type ErrorCode } from '../../kernel/index.ts';

/** What the system says when files cannot be written, in words that complete "… (words)". */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'you may not write there',
  EDQUOT: 'your share of the disk is used up',
  EEXIST: 'something is in the way',
  EFBIG: 'a file is larger than is allowed here',
  EISDIR: 'a folder is in the way',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'a path is too long for this disk',
  ENOSPC: 'no space is left on the disk',
  ENOTDIR: 'something that is no folder is in the way',
  EPERM: 'you may not write there',
  EROFS: 'the disk can only be read',
};

/** The errno name of an error of the file system; null for any other. */
export function errnoOf(error: unknown): string | null {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : null;
}

/** Runs what writes files. Errors of the file system get a code, the path they name, and words. */
export async function writing<T>(
  what: { readonly code: ErrorCode; readonly text: string },
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw asWriteError(what, error);
  }
}

/** An error of the file system with a code; any other as it is. */
export function asWriteError(what: { readonly code: ErrorCode; readonly text: string }, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === null) return error;
  const where = pathOf(error);
  return new AppError(what.code, `${what.text} (${WORDS[errno] ?? errno})`, {
    ...(where === null ? {} : { where }),
    cause: error,
  });
}

/** The path that could not be written: where something was copied to, before where it came from. */
function pathOf(error: unknown): string | null {
  const { dest, path } = error as { readonly dest?: unknown; readonly path?: unknown };
  if (typeof dest === 'string') return dest;
  return typeof path === 'string' ? path : null;
}
