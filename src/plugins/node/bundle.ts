import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { Bundle, BundleFact, BundleText } from '../types.ts';

const MAX_BYTES = 1024 * 1024;
/** Most files of plugins are smaller. */
const CHUNK_BYTES = 16 * 1024;

/**
 * The folder of a plugin, for parsing. Symbolic links are followed within the folder and never out of it; a pipe or
 * device is never waited for. What is looked at is what is there at that moment: nothing is kept.
 *
 * @param root The folder; need not be there, and then everything in it is absent.
 * @param only The files that count, relative with `/`: what was added to an installed plugin is absent. Default: all.
 */
export function openBundle(root: string, only?: readonly string[]): Bundle {
  const real = realPathOf(root);
  const counts = only === undefined ? () => true : countsIn(only);
  const within = (path: string): string | BundleFact => {
    const place = insideOf(real, path);
    return typeof place !== 'string' || counts(relative(real, place)) ? place : { kind: 'absent' };
  };
  return {
    root: real,
    look: (path) => {
      const place = within(path);
      return typeof place === 'string' ? factOf(place) : place;
    },
    read: (path) => {
      const place = within(path);
      return typeof place === 'string' ? readText(place) : unreadableAs(place);
    },
    list: (path) => {
      const place = within(path);
      if (typeof place !== 'string') return [];
      return namesIn(place).filter((name) => counts(relative(real, join(place, name))));
    },
  };
}

/** True for these files and for every folder on the way to one. */
function countsIn(files: readonly string[]): (path: string) => boolean {
  const known = new Set(['']);
  for (const file of files) {
    for (let path = file; !known.has(path); path = dirname(path) === '.' ? '' : dirname(path)) known.add(path);
  }
  return (path) => known.has(path.split(sep).join('/'));
}

/** Without symbolic links, as far as the path exists. */
function realPathOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return dirname(path) === path ? path : join(realPathOf(dirname(path)), basename(path));
  }
}

/** The real place of a path of the bundle, or why there is none. */
function insideOf(root: string, path: string): string | BundleFact {
  const place = join(root, path);
  try {
    // Most of what is looked for is not there, and to be told so by an error takes long.
    if (statSync(place, { throwIfNoEntry: false }) === undefined) return { kind: 'absent' };
    const real = realpathSync.native(place);
    return real === root || real.startsWith(root.endsWith(sep) ? root : root + sep) ? real : { kind: 'outside' };
  } catch (error) {
    return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' ? { kind: 'absent' } : { kind: 'other' };
  }
}

function factOf(real: string): BundleFact {
  try {
    const facts = statSync(real);
    if (facts.isDirectory()) return { kind: 'folder' };
    if (!facts.isFile()) return { kind: 'other' };
    return { kind: 'file', executable: (facts.mode & 0o111) !== 0, sizeBytes: facts.size };
  } catch {
    return { kind: 'absent' };
  }
}

function unreadableAs(fact: BundleFact): BundleText {
  switch (fact.kind) {
    case 'absent':
      return { kind: 'absent' };
    case 'outside':
      return unusable('it is a link that leads out of the plugin', 'put the file itself into the plugin');
    case 'file':
    case 'folder':
    case 'other':
      return unusable('it is not a file', 'put a file in its place');
    default:
      return fact satisfies never;
  }
}

/** Opened without waiting and without following a last link, and looked at once more when it is open. */
function readText(real: string): BundleText {
  let file: number | null = null;
  try {
    file = openSync(real, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (!fstatSync(file).isFile()) return unreadableAs({ kind: 'other' });
    const bytes = readBytes(file);
    if (bytes.length > MAX_BYTES) return unusable('it is larger than 1 MiB', 'make it smaller');
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { kind: 'text', text };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return { kind: 'absent' };
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return unusable('it is not UTF-8 text', 'save it as UTF-8');
    return unusable(code ?? 'it cannot be read', 'check that you may read it');
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** All of it, or some more than the limit. */
function readBytes(file: number): Buffer {
  const chunks: Buffer[] = [];
  for (let length = 0; length <= MAX_BYTES; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const read = readSync(file, chunk, 0, chunk.length, null);
    if (read === 0) break;
    chunks.push(chunk.subarray(0, read));
    length += read;
  }
  return Buffer.concat(chunks);
}

function namesIn(real: string): readonly string[] {
  try {
    return readdirSync(real).toSorted();
  } catch {
    return [];
  }
}

function unusable(reason: string, hint: string): BundleText {
  return { kind: 'unreadable', reason, hint };
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
