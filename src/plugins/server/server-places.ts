import { posix } from 'node:path';
import { type CheckContext, found, type Located, type LocatedTable, read, scanReferences } from '../../config/index.ts';
import { bundlePath } from '../bundle-path.ts';
import { fileOf } from '../reading.ts';
import type { Bundle } from '../types.ts';
import { keyOf } from './server-keys.ts';

export type PlaceOptions = {
  readonly bundle: Bundle;
  /** Absolute: what `${PLUGIN_DATA}` stands for. */
  readonly dataDir: string;
  readonly context: CheckContext;
  /** Values that are not complete yet, and cannot be placed. */
  readonly pending: ReadonlyMap<Located, string>;
};

/** Keys with paths of files. */
const FILE_KEYS = ['ca_file', 'client_cert_file', 'client_key_file'];

/**
 * Makes the paths of a server absolute. Relative ones start at the bundle and stay inside it, symbolic links followed; a
 * path that leads out is an error of that server. Only `command` may be a path of the machine: Plugboard itself reads the
 * files that other keys name, and sends what is in them. Without `cwd` a program runs in the bundle.
 *
 * @param written The same server before references were filled in.
 */
export function placeServer(filled: LocatedTable, written: LocatedTable, options: PlaceOptions): LocatedTable {
  const entries = new Map(filled.entries);
  for (const key of ['command', 'cwd', ...FILE_KEYS]) {
    const value = entries.get(key);
    const text = read.text(filled, key);
    if (value === undefined || text === undefined || options.pending.has(value)) continue;
    const place: Place = { key, value, text, written: read.text(written, key) ?? text };
    const path = key === 'command' && !/[/\\]/.test(text) && !/^[A-Za-z]:/.test(text) ? text : placed(place, options);
    if (path !== null) entries.set(key, { ...value, kind: 'scalar', value: path });
  }
  if (entries.has('command') && !entries.has('cwd')) {
    entries.set('cwd', { kind: 'scalar', origin: filled.origin, at: filled.at, value: options.bundle.root });
  }
  return { ...filled, entries };
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
  const path = posix.normalize(place.text);
  const below = (dir: string): string | null =>
    path === dir ? '.' : path.startsWith(`${dir}/`) ? `.${path.slice(dir.length)}` : null;
  const inRoot = below(options.bundle.root);
  if (inRoot !== null) return inBundle(inRoot, place, options);
  if (below(options.dataDir) !== null) return path;
  const whose = place.key === 'cwd' ? 'runs its servers in its own folder' : 'names files of its own';
  return escapes(place, options, `is an absolute path, and a plugin ${whose}`);
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
