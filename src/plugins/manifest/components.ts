import { type KeyPath, type Located, read } from '../../config/index.ts';
import { shorten } from '../../kernel/index.ts';
import { firstOf, kindOf, pathValue, type Reading, readJson, tell } from '../reading.ts';
import type { Bundle, PluginPart } from '../types.ts';
import type { Manifest } from './manifest.ts';

/** Files of one kind in a plugin. Plugboard lists them; agents read them. */
type PartRules = {
  readonly key: 'skills' | 'commands' | 'agents';
  /** Where they are when the manifest does not say so. */
  readonly folder: string;
};

const PARTS: Readonly<Record<'skills' | 'commands' | 'agents', PartRules>> = {
  skills: { key: 'skills', folder: 'skills' },
  commands: { key: 'commands', folder: 'commands' },
  agents: { key: 'agents', folder: 'agents' },
};

/** More than any plugin has; what is over it is said to be left out. */
const MAX_PARTS = 500;
const MAX_DEPTH = 5;
/** What is looked at for one kind: links may lead round in circles, and each turn multiplies what there is. */
const MAX_NAMES = 5000;

/** Skills, commands or agents of a plugin, sorted by path. A path that names nothing is a warning. */
export function readParts(reading: Reading, manifest: Manifest, kind: keyof typeof PARTS): readonly PluginPart[] {
  if (manifest.family === 'mcpb') return [];
  const rules = PARTS[kind];
  const value = manifest.family === 'agent_plugins' ? undefined : manifest.table.entries.get(rules.key);
  const named = value === undefined ? [] : pathsIn(reading, value, [rules.key]);
  // In Claude's format skills that are named are added to the usual ones; commands and agents take their place.
  const adds = manifest.family === 'claude' && kind === 'skills';
  const folders = value === undefined || adds ? [rules.folder] : [];
  const paths = [...new Set([...named.map(({ path }) => path), ...folders])];
  const search: Search = { bundle: reading.bundle, names: MAX_NAMES };
  const parts = paths.flatMap((path) => (kind === 'skills' ? skillsAt(search, path) : filesAt(search, path, 0)));
  if (search.names < 0) {
    const message = `has more than ${MAX_NAMES} files and folders to look through; what comes after these is left out`;
    const place = { key: [rules.key], place: manifest.table.at };
    tell(reading, place, { code: 'PLUGIN_TOO_LARGE', severity: 'warning', message });
  }
  for (const { path, key, at } of named) {
    if (reading.bundle.look(path).kind !== 'absent') continue;
    const message = `names nothing in the plugin: there is no ./${shorten(path, 200)}`;
    tell(reading, { key, place: at }, { code: 'PLUGIN_PATH_MISSING', severity: 'warning', message });
  }
  const unique = [...new Map(parts.map((part) => [part.path, part])).values()];
  if (unique.length > MAX_PARTS) {
    const message = `has ${unique.length} files; those after the first ${MAX_PARTS} are left out`;
    tell(
      reading,
      { key: [rules.key], place: manifest.table.at },
      { code: 'PLUGIN_TOO_LARGE', severity: 'warning', message },
    );
  }
  return unique.toSorted((a, b) => (a.path < b.path ? -1 : 1)).slice(0, MAX_PARTS);
}

/** A path that the manifest names, and where it does so. */
type Named = { readonly path: string; readonly key: KeyPath; readonly at: Located['at'] };

/** One path, several, or (commands of Claude) an object with a `source` under each name. */
function pathsIn(reading: Reading, value: Located, key: KeyPath): readonly Named[] {
  if (value.kind === 'list') {
    return firstOf(value.items, { reading, key, place: value.at, max: MAX_PARTS }).flatMap((item, index) =>
      pathOf(reading, item, [...key, String(index)]),
    );
  }
  if (value.kind !== 'table') return pathOf(reading, value, key);
  return firstOf([...value.entries], { reading, key, place: value.at, max: MAX_PARTS }).flatMap(([name, item]) => {
    const source = item.kind === 'table' ? item.entries.get('source') : item;
    return source === undefined ? [] : pathOf(reading, source, [...key, name]);
  });
}

function pathOf(reading: Reading, value: Located, key: KeyPath): readonly Named[] {
  const path = pathValue(value, { reading, key, instead: 'it is left out' });
  return path === null ? [] : [{ path, key, at: value.at }];
}

/** The folder itself where it is a skill; else the folders in it that are. */
function skillsAt(search: Search, path: string): readonly PluginPart[] {
  const skill = (folder: string): readonly PluginPart[] =>
    search.bundle.look(join(folder, 'SKILL.md')).kind === 'file'
      ? [{ name: nameOf(folder), path: join(folder, 'SKILL.md') }]
      : [];
  const own = skill(path);
  if (own.length > 0) return own;
  return list(search, path).flatMap((name) => skill(join(path, name)));
}

/** Markdown files: the path itself, or those in the folder and in folders below it. */
function filesAt(search: Search, path: string, depth: number): readonly PluginPart[] {
  const fact = search.bundle.look(path);
  if (fact.kind === 'file') return path.endsWith('.md') ? [{ name: nameOf(path).slice(0, -3), path }] : [];
  if (fact.kind !== 'folder' || depth > MAX_DEPTH) return [];
  return list(search, path).flatMap((name) => filesAt(search, join(path, name), depth + 1));
}

/** A search through the bundle, and how many names it may still come upon; less than none once it had to stop. */
type Search = { readonly bundle: Bundle; names: number };

function list(search: Search, path: string): readonly string[] {
  const left = search.names;
  const names = left > 0 ? search.bundle.list(path) : [];
  search.names = left > 0 ? left - names.length - 1 : -1;
  return names.slice(0, Math.max(left, 0));
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Connector ids of the apps that a plugin brings, in the order of its file. */
export function readApps(reading: Reading, manifest: Manifest): readonly string[] {
  if (manifest.family === 'agent_plugins' || manifest.family === 'mcpb') return [];
  const value = manifest.table.entries.get('apps');
  const inline = value?.kind === 'table' ? value : undefined;
  if (inline !== undefined) return idsIn(reading, inline, ['apps']);
  const path =
    value === undefined ? '.app.json' : pathValue(value, { reading, key: ['apps'], instead: 'it is left out' });
  if (path === null) return [];
  const outcome = readJson(reading, path);
  if (outcome.kind === 'absent' && value !== undefined) {
    const message = 'names a file that is not there';
    tell(reading, { key: ['apps'], place: value.at }, { code: 'PLUGIN_PATH_MISSING', severity: 'warning', message });
  }
  if (outcome.kind !== 'value') return [];
  return idsIn(reading, outcome.value, []);
}

/** The ids in an object of apps by name, which may stand under `apps`. */
function idsIn(reading: Reading, value: Located, key: KeyPath): readonly string[] {
  const table = value.kind === 'table' ? (read.tableAt(value, 'apps') ?? value) : null;
  if (table === null) {
    const message = `must be an object, and is ${kindOf(value)}; there are no apps`;
    tell(
      reading,
      { key: [...key, 'apps'], place: value.at },
      { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message },
    );
    return [];
  }
  const ids = [...table.entries].flatMap(([name, app]) => idOf(reading, app, [...key, 'apps', name]));
  return [...new Set(ids)];
}

function idOf(reading: Reading, app: Located, key: KeyPath): readonly string[] {
  const id = app.kind === 'table' ? read.text(app, 'id') : undefined;
  if (id !== undefined) return [id];
  const message = 'must be an object with an `id`; it is left out';
  tell(reading, { key, place: app.at }, { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message });
  return [];
}
