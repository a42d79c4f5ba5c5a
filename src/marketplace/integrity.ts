import { createHash } from 'node:crypto';
import type { FileRecord, Integrity } from './types.ts';

/**
 * One digest for a whole tree: paths, kinds, contents, sizes and which files may be executed. The order of `files` does not
 * count, nor do owners and times.
 *
 * @returns 64 hex digits: SHA-256 over one line of JSON for each file, by path.
 */
export function contentDigest(files: readonly FileRecord[]): string {
  const hash = createHash('sha256');
  for (const { path, kind, sha256, executable, sizeBytes } of inOrder(files)) {
    hash.update(`${JSON.stringify([path, kind, sha256, executable, sizeBytes])}\n`);
  }
  return hash.digest('hex');
}

/**
 * Holds what is installed against the record of it. A file that changed or is gone counts before one that was added, and
 * of several the first by path is named.
 */
export function compareFiles(recorded: readonly FileRecord[], found: readonly FileRecord[]): Integrity {
  const there = new Map(found.map((file) => [file.path, file]));
  for (const file of inOrder(recorded)) {
    const now = there.get(file.path);
    if (now === undefined) return { kind: 'tampered', path: file.path, change: 'removed' };
    if (!isSame(file, now)) return { kind: 'tampered', path: file.path, change: 'changed' };
    there.delete(file.path);
  }
  return { kind: 'intact', added: [...there.keys()].sort() };
}

function isSame(a: FileRecord, b: FileRecord): boolean {
  return a.kind === b.kind && a.sha256 === b.sha256 && a.executable === b.executable && a.sizeBytes === b.sizeBytes;
}

/** By code unit, so that it is the same in every locale. */
function inOrder(files: readonly FileRecord[]): readonly FileRecord[] {
  return files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}
