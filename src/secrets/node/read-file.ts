import { type FileHandle, lstat, open } from 'node:fs/promises';

const PIECE_BYTES = 1024 * 1024;

/** What a file holds, and who may read it. */
type FileContent = { readonly bytes: Uint8Array; readonly mode: number };

/**
 * Reads a file, or a pipe to its end.
 *
 * @returns null when there is none. A link that leads nowhere is not that: what is behind it is away, not gone.
 * @throws Error of the system; with the code `EFBIG` where there is more than `maxBytes`
 */
export async function readUpTo(file: string, maxBytes: number): Promise<FileContent | null> {
  const handle = await openIfThere(file);
  if (handle === null) return null;
  try {
    const { mode, size } = await handle.stat();
    if (size > maxBytes) throw tooLarge(file);
    return { bytes: await readAll(handle, { file, maxBytes, size }), mode };
  } finally {
    await handle.close();
  }
}

async function openIfThere(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    const found = await lstat(file).catch(() => null);
    if (found?.isSymbolicLink() === true) throw error;
    // A file that is there after all was made meanwhile.
    return found === null ? null : openIfThere(file);
  }
}

/** @param limits `size` is what the system says, which is nothing for a pipe or a device. */
async function readAll(
  handle: FileHandle,
  limits: { readonly file: string; readonly maxBytes: number; readonly size: number },
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for (let length = limits.size + 1; ; length = PIECE_BYTES) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length);
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
    if (total > limits.maxBytes) throw tooLarge(limits.file);
  }
}

function tooLarge(file: string): Error {
  return Object.assign(new Error(`${file} is too large`), { code: 'EFBIG' });
}
