import { join } from 'node:path';
import {
  type CheckContext,
  type FileFormat,
  type Finding,
  found,
  type KeyPath,
  kindWord,
  type Located,
  type LocatedTable,
  type Origin,
} from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import { bundlePath } from './bundle-path.ts';
import { parseJson } from './json.ts';
import type { Bundle } from './types.ts';

/** A bundle that is being read, and where problems go. */
export type Reading = {
  readonly bundle: Bundle;
  readonly report: (issue: Issue) => void;
};

const JSON_FORMAT: FileFormat = { spell: (path) => path };

/** The place of a key in a JSON file, for findings about it. */
export function keyAt(reading: Reading, path: KeyPath): CheckContext {
  return { path, format: JSON_FORMAT, report: reading.report };
}

/** `an array`, `a string` …: what a value is, in the words of JSON. */
export function kindOf(value: Located): string {
  return kindWord(value, { format: JSON_FORMAT });
}

/** Absolute, for messages. */
export function fileOf(bundle: Bundle, path: string): string {
  return join(bundle.root, path);
}

/** The place of a file as a whole, for what has no line. */
export function startOf(bundle: Bundle, path: string): Origin {
  return { layer: 'plugin', file: fileOf(bundle, path), line: null, column: null };
}

/** What came of reading a JSON file. `unusable`: it is there, and why it is not read was reported. */
export type ReadJson =
  | { readonly kind: 'value'; readonly value: Located }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unusable' };

/**
 * Reads a JSON file of the bundle. One that is not there is no problem by itself.
 *
 * @param path Relative to the bundle, inside it.
 */
export function readJson({ bundle, report }: Reading, path: string): ReadJson {
  const file = fileOf(bundle, path);
  if (bundle.look(path).kind === 'outside') {
    const message = 'the file is a link that leads out of the plugin, and is not read';
    report({ code: 'PLUGIN_PATH_ESCAPES', severity: 'error', message, file });
    return { kind: 'unusable' };
  }
  const outcome = bundle.read(path);
  switch (outcome.kind) {
    case 'absent':
      return outcome;
    case 'unreadable': {
      const message = `the file cannot be read: ${outcome.reason}`;
      report({ code: 'PLUGIN_UNREADABLE', severity: 'error', message, hint: outcome.hint, file });
      return { kind: 'unusable' };
    }
    case 'text': {
      const { value, issues } = parseJson(outcome.text, file);
      issues.forEach(report);
      return value === null ? { kind: 'unusable' } : { kind: 'value', value };
    }
    default:
      return outcome satisfies never;
  }
}

/**
 * Where a path value of a manifest leads, relative to the bundle. As in Codex it has to start with `./` and may hold no `..`.
 *
 * @param instead What happens with a path that cannot be used, for the message.
 * @returns null when it may not be used, which was reported.
 */
export function pathValue(
  value: Located,
  { reading, key, instead }: { readonly reading: Reading; readonly key: KeyPath; readonly instead: string },
): string | null {
  const context = keyAt(reading, key);
  if (value.kind !== 'scalar' || typeof value.value !== 'string') {
    const message = `must be a path, and is ${kindOf(value)}; ${instead}`;
    found(context, value.at, { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message });
    return null;
  }
  const place = bundlePath(value.value);
  const escapes = (why: string): null => {
    const hint = 'use a path inside the plugin, such as `./file.json`';
    found(context, value.at, { code: 'PLUGIN_PATH_ESCAPES', message: `${why}; ${instead}`, hint });
    return null;
  };
  if (place.kind === 'escapes') return escapes(place.why);
  if (!/^\.(?:\/|$)/.test(value.value)) {
    const message = `is a path that does not start with \`./\`; ${instead}`;
    const hint = `write \`./\` in front of it`;
    found(context, value.at, { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message, hint });
    return null;
  }
  return reading.bundle.look(place.path).kind === 'outside'
    ? escapes('is a link that leads out of the plugin')
    : place.path;
}

/** The first `max` of what a key lists; that there are more is said. A path costs a look, and a file that it names a reading. */
export function firstOf<T>(
  items: readonly T[],
  {
    reading,
    max,
    ...at
  }: { readonly reading: Reading; readonly key: KeyPath; readonly place: Origin; readonly max: number },
): readonly T[] {
  if (items.length > max) {
    const message = `has ${items.length} entries; those after the first ${max} are left out`;
    tell(reading, at, { code: 'PLUGIN_TOO_LARGE', severity: 'warning', message });
  }
  return items.slice(0, max);
}

/** A problem that a key has, with its place. */
export function tell(reading: Reading, at: { readonly key: KeyPath; readonly place: Origin }, finding: Finding): void {
  found(keyAt(reading, at.key), at.place, finding);
}

/** `table` without members that are null. They count as absent, which is said. */
export function withoutNulls(table: LocatedTable, context: CheckContext): LocatedTable {
  const isNull = (value: Located): boolean => value.kind === 'scalar' && value.value === null;
  if (![...table.entries.values()].some(isNull)) return table;
  for (const [key, value] of table.entries) {
    if (!isNull(value)) continue;
    const inner = { ...context, path: [...context.path, key] };
    found(inner, value.at, { code: 'PLUGIN_WRONG_TYPE', severity: 'note', message: 'is null, and counts as absent' });
  }
  return { ...table, entries: new Map([...table.entries].filter(([, value]) => !isNull(value))) };
}
