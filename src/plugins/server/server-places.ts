import { posix } from 'node:path';
import {
  type CheckContext,
  escapeReferences,
  found,
  type Located,
  type LocatedTable,
  type Piece,
  read,
  scanReferences,
} from '../../config/index.ts';
import { bundlePath } from '../bundle-path.ts';
import { fileOf } from '../reading.ts';
import type { Bundle } from '../types.ts';
import { keyOf } from './server-keys.ts';

export type PlaceOptions = {
  readonly bundle: Bundle;
  /** Absolute: what `${PLUGIN_DATA}` stands for. */
  readonly dataDir: string;
  readonly context: CheckContext;
};

/** Keys with paths of files. They hold no references but to the folders, and are not canonical. */
const FILE_KEYS = ['ca_file', 'client_cert_file', 'client_key_file'];

/**
 * Makes the paths of a server absolute. Relative ones start at the bundle and stay inside it, symbolic links followed; a
 * path that leads out is an error of that server. Only `command` may be a path of the machine: Plugboard itself reads the
 * files that other keys name, and sends what is in them. Without `cwd` a program runs in the bundle.
 *
 * Of a path with references, which are filled in later, only what is written is judged here.
 *
 * @param filled Canonical, with the folders filled in.
 * @param written The same server before that.
 */
export function placeServer(filled: LocatedTable, written: LocatedTable, options: PlaceOptions): LocatedTable {
  const entries = new Map(filled.entries);
  for (const key of ['command', 'cwd', ...FILE_KEYS]) {
    const value = entries.get(key);
    const canonical = read.text(filled, key);
    if (value === undefined || canonical === undefined) continue;
    const pieces = FILE_KEYS.includes(key) ? [] : scanReferences(canonical, 'canonical');
    const waits = pieces.some(({ kind }) => kind !== 'text');
    const text = FILE_KEYS.includes(key) ? canonical : wordsOf(pieces);
    const place: Place = { key, value, text, written: read.text(written, key) ?? text };
    if (waits) {
      const start = startOfOpen(place, pieces, options);
      if (start !== null) entries.set(key, { ...value, kind: 'scalar', value: escapeReferences(start) + canonical });
      continue;
    }
    const path = key === 'command' && !/[/\\]/.test(text) && !/^[A-Za-z]:/.test(text) ? text : placed(place, options);
    if (path === null) continue;
    entries.set(key, { ...value, kind: 'scalar', value: FILE_KEYS.includes(key) ? path : escapeReferences(path) });
  }
  if (entries.has('command') && !entries.has('cwd')) {
    const value = escapeReferences(options.bundle.root);
    entries.set('cwd', { kind: 'scalar', origin: filled.origin, at: filled.at, value });
  }
  return { ...filled, entries };
}

/** A canonical text with a word for each reference. */
function wordsOf(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (piece.kind === 'text' ? piece.text : 'reference')).join('');
}

/** What has to stand before a path that holds references; null when nothing has to, or it may not be used, which was reported. */
function startOfOpen(place: Place, pieces: readonly Piece[], options: PlaceOptions): string | null {
  const first = pieces[0];
  if (first?.kind !== 'text') return null;
  if (place.key === 'command' && !/[/\\]/.test(place.text)) return null;
  if (posix.isAbsolute(place.text) && !place.text.includes('\\')) {
    const inside = [options.bundle.root, options.dataDir].some((dir) => below(place.text, dir) !== null);
    return place.key === 'command' || inside ? null : escapes(place, options, ABSOLUTE);
  }
  const path = bundlePath(place.text, 'allowed');
  return path.kind === 'escapes' ? escapes(place, options, path.why) : `${options.bundle.root}/`;
}

const ABSOLUTE = 'is an absolute path, and a plugin runs its servers in its own folder';

/** A path relative to a folder that it is in, starting with `.`; null when it is not. */
function below(path: string, dir: string): string | null {
  const normal = posix.normalize(path);
  return normal === dir ? '.' : normal.startsWith(`${dir}/`) ? `.${normal.slice(dir.length)}` : null;
}

type Place = { readonly key: string; readonly value: Located; readonly text: string; readonly written: string };

/** The absolute path; null when it may not be used, which was reported. */
function placed(place: Place, options: PlaceOptions): string | null {
  const [first, ...rest] = scanReferences(place.written, 'canonical');
  const start = first?.kind === 'folder' ? first.folder : null;
  const tail = rest.map((piece) => piece.written).join('');
  if (start !== null && tail !== '' && !tail.startsWith('/')) return escapes(place, options, 'leads out of the plugin');
  if (start === 'data') return inData(tail, place, options);
  if (start === 'root') return inBundle(`.${tail}`, place, options);
  if (posix.isAbsolute(place.text) && !place.text.includes('\\')) return absolute(place, options);
  return inBundle(place.text, place, options);
}

/** Programs of the machine may be named, which consent shows; working folders and files are the plugin's own. */
function absolute(place: Place, options: PlaceOptions): string | null {
  if (place.key === 'command') return place.text;
  const inRoot = below(place.text, options.bundle.root);
  if (inRoot !== null) return inBundle(inRoot, place, options);
  if (below(place.text, options.dataDir) !== null) return posix.normalize(place.text);
  return escapes(
    place,
    options,
    place.key === 'cwd' ? ABSOLUTE : 'is an absolute path, and a plugin names files of its own',
  );
}

/** What is in the folder for data cannot be looked at: it may not be there yet. */
function inData(tail: string, place: Place, options: PlaceOptions): string | null {
  const path = bundlePath(`.${tail}`, 'allowed');
  return path.kind === 'escapes' ? escapes(place, options, path.why) : joined(options.dataDir, path.path);
}

/** What is not in the bundle may come later, and still starts there and nowhere else. */
function inBundle(text: string, place: Place, options: PlaceOptions): string | null {
  const path = bundlePath(text, 'allowed');
  if (path.kind === 'escapes') return escapes(place, options, path.why);
  const fact = options.bundle.look(path.path);
  const wanted = place.key === 'cwd' ? 'folder' : 'file';
  switch (fact.kind) {
    case 'outside':
      return escapes(place, options, 'is a link that leads out of the plugin');
    case 'absent': {
      const message = `names a ${wanted} that is not in the plugin`;
      const hint = 'correct the path, or see that it is there when the server starts';
      found(keyOf(options.context, place.key), place.value.at, {
        code: 'PLUGIN_PATH_MISSING',
        severity: 'warning',
        message,
        hint,
      });
      break;
    }
    case 'file':
    case 'folder':
    case 'other': {
      if (fact.kind === wanted) break;
      const message = `must name a ${wanted}, and there is ${fact.kind === 'other' ? 'something else' : `a ${fact.kind}`}`;
      found(keyOf(options.context, place.key), place.value.at, { code: 'PLUGIN_PATH_MISSING', message });
      return null;
    }
    default:
      return fact satisfies never;
  }
  return fileOf(options.bundle, path.path);
}

function joined(dir: string, path: string): string {
  return path === '' ? dir : `${dir}/${path}`;
}

function escapes(place: Place, { context }: PlaceOptions, why: string): null {
  const hint =
    place.key === 'cwd'
      ? 'use a folder of the plugin, such as `./data`, or leave `cwd` out'
      : 'use a path inside the plugin';
  found(keyOf(context, place.key), place.value.at, { code: 'PLUGIN_PATH_ESCAPES', message: why, hint });
  return null;
}
