import { basename } from 'node:path';
import { found, read } from '../../config/index.ts';
import { folderNameProblem } from '../bundle-path.ts';
import { keyAt, kindOf, type Reading, startOf, tell } from '../reading.ts';
import type { EntryFacts } from '../types.ts';
import { type Manifest, manifestText } from './manifest.ts';

/** Who a plugin is. Both become folders of the cache. */
export type Identity = { readonly name: string; readonly version: string | null };

/**
 * Name and version of a plugin. A name that is left out or empty is that of the marketplace's entry, else of the folder.
 *
 * @returns null when one of them cannot be used, which was reported.
 */
export function readIdentity(reading: Reading, manifest: Manifest, entry: EntryFacts | null): Identity | null {
  const name = nameOf(reading, manifest, entry);
  const version = versionOf(reading, manifest, entry);
  if (name === null || version === undefined) return null;
  if (entry !== null && name !== entry.name) {
    const place = manifest.table.entries.get('name')?.at ?? manifest.table.at;
    tell(
      reading,
      { key: ['name'], place },
      {
        code: 'PLUGIN_NAME_MISMATCH',
        message: `is "${name}", and the marketplace calls the plugin "${entry.name}"`,
        hint: 'ask the maintainer to make the two names equal',
      },
    );
  }
  return { name, version };
}

function nameOf(reading: Reading, { table, path }: Manifest, entry: EntryFacts | null): string | null {
  const value = table.entries.get('name');
  const place = value?.at ?? (path === null ? table.at : startOf(reading.bundle, path));
  const refuse = (message: string): null => {
    tell(reading, { key: ['name'], place }, { code: 'PLUGIN_BAD_NAME', message });
    return null;
  };
  const written = read.text(table, 'name');
  if (value !== undefined && written === undefined) return refuse(`must be a string, and is ${kindOf(value)}`);
  const given = written?.trim() === '' ? undefined : written;
  const name = given ?? entry?.name ?? basename(reading.bundle.root);
  const problem = folderNameProblem(name, 'name');
  if (problem !== null) return refuse(problem);
  if (given === undefined && path !== null) {
    const message = `is ${written === undefined ? 'missing' : 'empty'}; the plugin is called "${name}" after ${entry === null ? 'its folder' : 'what the marketplace calls it'}`;
    found(keyAt(reading, ['name']), place, { code: 'PLUGIN_BAD_NAME', severity: 'warning', message });
  }
  return name;
}

/** null when nobody says one; undefined when it cannot be used. */
function versionOf(reading: Reading, { table }: Manifest, entry: EntryFacts | null): string | null | undefined {
  const value = table.entries.get('version');
  const written = read.text(table, 'version');
  const refuse = (message: string): undefined => {
    tell(reading, { key: ['version'], place: value?.at ?? table.at }, { code: 'PLUGIN_BAD_VERSION', message });
  };
  if (value !== undefined && written === undefined) return refuse(`must be a string, and is ${kindOf(value)}`);
  const version = written === undefined || written === '' ? (entry?.version ?? null) : written;
  const problem = version === null || version === '' ? null : folderNameProblem(version, 'version');
  if (problem !== null) return refuse(`${problem}, since it names a folder of the cache`);
  return version === '' ? null : version;
}

/** What a plugin shows of itself. */
export type Presentation = {
  readonly description: string | null;
  readonly displayName: string | null;
  readonly category: string | null;
  readonly homepage: string | null;
};

/** What people are shown. The marketplace's category wins; its description fills in for one that is left out. */
export function readPresentation(reading: Reading, { table }: Manifest, entry: EntryFacts | null): Presentation {
  const text = (...key: readonly [string] | readonly [string, string]): string | null =>
    manifestText(reading, table, key);
  const category = text('interface', 'category') ?? text('category');
  const displayName = text('interface', 'displayName') ?? text('displayName');
  const homepage = text('homepage') ?? text('interface', 'websiteURL');
  return {
    description: text('description') ?? entry?.description ?? null,
    displayName,
    category: entry?.category ?? category,
    homepage,
  };
}
