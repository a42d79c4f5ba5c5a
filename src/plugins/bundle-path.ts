import { posix } from 'node:path';

/** A path as a bundle writes it. `path` is relative to the bundle, normalised, and `''` for the bundle itself. */
export type BundlePath =
  | { readonly kind: 'inside'; readonly path: string }
  /** `why` completes "KEY …". */
  | { readonly kind: 'escapes'; readonly why: string };

/**
 * Where a path of a bundle leads, by its text alone; symbolic links are the business of `Bundle.look`. The same on every
 * platform: what would be a drive or a separator on Windows is refused everywhere.
 *
 * @param parents Whether `..` may stand in a path that stays inside all the same.
 */
export function bundlePath(text: string, parents: 'refused' | 'allowed' = 'refused'): BundlePath {
  const why = unsafe(text) ?? (parents === 'refused' && text.split('/').includes('..') ? 'has `..` in it' : null);
  if (why !== null) return { kind: 'escapes', why };
  const path = posix.normalize(text).replace(/\/$/, '');
  if (path === '..' || path.startsWith('../')) return { kind: 'escapes', why: 'leads out of the plugin' };
  return { kind: 'inside', path: path === '.' ? '' : path };
}

function unsafe(text: string): string | null {
  if (text.includes('\0')) return 'holds a NUL character';
  if (/^[A-Za-z]:/.test(text)) return 'names a drive';
  if (text.includes('\\')) return 'has a backslash in it; folders are separated by `/`';
  if (text.startsWith('/')) return 'is an absolute path';
  return text === '~' || text.startsWith('~/') ? 'starts with `~`, which is no folder of the plugin' : null;
}

/** Names that Windows keeps for devices, whatever follows the first dot. */
const DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * What keeps a text from being the name of a folder on every platform, completing "NAME …"; null when nothing does.
 * Names of plugins and marketplaces, and versions, become folders of the cache.
 *
 * @param kind `version` may hold a `+`.
 */
export function folderNameProblem(text: string, kind: 'name' | 'version'): string | null {
  const max = kind === 'name' ? 128 : 64;
  if (text === '') return 'is empty';
  if (text.length > max) return `is longer than ${max} characters`;
  const allowed = kind === 'name' ? /^[A-Za-z0-9][A-Za-z0-9._-]*$/ : /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;
  if (!allowed.test(text)) {
    const characters = kind === 'name' ? '`-`, `_` and `.`' : '`-`, `_`, `.` and `+`';
    return `may hold only letters, digits, ${characters}, and starts with a letter or digit`;
  }
  if (text.includes('..') || text.endsWith('.')) return 'may not hold `..` or end with a dot';
  return DEVICES.test(text) ? 'is a name that Windows keeps for a device' : null;
}
