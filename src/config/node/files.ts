import { readFile, realpath, stat } from 'node:fs/promises';
import { AppError } from '../../kernel/index.ts';

/** More than any configuration needs; keeps a mistaken path from filling the memory. */
const MAX_BYTES = 8 * 1024 * 1024;

/** What is wrong with a file, and what to do. */
export type Unreadable = { readonly kind: 'unreadable'; readonly reason: string; readonly hint: string };

/** What came of reading a file. `absent`: it is not there, which is no problem by itself. */
export type ReadOutcome = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'absent' } | Unreadable;

/** Reads a text file of UTF-8. Never throws, and never waits for a pipe or device. */
export async function readText(file: string): Promise<ReadOutcome> {
  try {
    const facts = await stat(file);
    if (!facts.isFile()) return unusable('it is not a file', 'put a TOML file in its place, or name another');
    if (facts.size > MAX_BYTES)
      return unusable(`it is larger than ${MAX_BYTES} bytes`, 'check that it is the right file');
    const bytes = await readFile(file);
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return unusable('it is not UTF-8 text', 'save it as UTF-8');
    return unusable(typeof code === 'string' ? code : 'it cannot be read', 'check that you may read it');
  }
}

function unusable(reason: string, hint: string): Unreadable {
  return { kind: 'unreadable', reason, hint };
}

/** The path without symbolic links; the path itself where it does not exist. */
export async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** A file that was asked for by name and cannot be used. */
export function unreadable(file: string, { reason, hint }: Pick<Unreadable, 'reason' | 'hint'>): AppError {
  return new AppError('CONFIG_UNREADABLE', `cannot read the configuration: ${reason}`, { where: file, hint });
}
