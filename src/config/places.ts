import { dirname, isAbsolute, resolve, sep } from 'node:path';
import type { Located } from './located.ts';
import { escapeReferences, scanReferences } from './references.ts';

/** The folders that relative paths in a configuration may start at. All absolute. */
export type Places = {
  /** The user's home folder, for `~/`; null when nothing says which it is. */
  readonly homeDir: string | null;
  /** The project whose files are read. */
  readonly projectDir: string | null;
  /** The file given with `--config`. */
  readonly configFile: string | null;
};

/**
 * An absolute path for a path value, by where the value was written.
 *
 * @param relativeTo `project`: a relative path in a project's file starts at the project, in the `--config` file at its
 *   folder, elsewhere it stays open. `file`: it starts at the folder of the file it is written in.
 * @returns null when the value is no string, or relative to something that only the caller knows.
 */
export function resolveFrom(
  value: Located,
  { places, relativeTo }: { readonly places: Places; readonly relativeTo: 'project' | 'file' },
): string | null {
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return null;
  const path = value.value;
  if (places.homeDir !== null && (path === '~' || /^~[/\\]/.test(path))) return resolve(places.homeDir, path.slice(2));
  if (isAbsolute(path)) return resolve(path);
  const base = relativeTo === 'file' ? folderOf(value.origin.file) : startOf(value.origin, places);
  return base === null ? null : resolve(base, path);
}

/**
 * {@link resolveFrom} for a canonical text, and canonical itself. What is filled in later stays as it is written, so that
 * nothing of it is taken for a step up; null also where the path begins with a reference, which may be absolute.
 */
export function canonicalFrom(value: Located, options: Parameters<typeof resolveFrom>[1]): string | null {
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return null;
  const [first, ...others] = scanReferences(value.value, 'canonical');
  if (first?.kind !== 'text') return null;
  const { text } = first;
  // What comes last may go on in what is filled in: only the folders before it are known.
  const known = others.length === 0 ? text.length : Math.max(text.lastIndexOf('/'), text.lastIndexOf(sep)) + 1;
  const start = resolveFrom({ ...value, value: text.slice(0, known) }, options);
  if (start === null || others.length === 0) return start === null ? null : escapeReferences(start);
  const folder = start.endsWith(sep) ? start : start + sep;
  return escapeReferences(folder + text.slice(known)) + others.map(({ written }) => written).join('');
}

function startOf({ layer, file }: Located['origin'], places: Places): string | null {
  if (layer === 'project') return places.projectDir;
  return file !== null && file === places.configFile ? dirname(file) : null;
}

function folderOf(file: string | null): string | null {
  return file === null ? null : dirname(file);
}
