/**
 * Fills the tables of `docs/plugins.md`, which is written by hand otherwise: what stands between `<!-- table NAME -->` and
 * `<!-- end -->` comes from the tables of keys. `--check` only says whether they are up to date.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { KeyRow } from '../src/config/index.ts';
import {
  INTERFACE_KEYS,
  MANIFEST_KEYS,
  type ManifestForm,
  type ManifestKey,
  PLUGIN_SERVER_KEYS,
  SETTING_KEYS,
} from '../src/plugins/index.ts';
import { writeGenerated } from './generated-file.ts';
import { defaultText, JSON_WORDS, markdownTable, typeText } from './key-text.ts';

const PAGE = 'docs/plugins.md';

const FORM_TEXT: Readonly<Record<ManifestForm, string>> = {
  text: 'string',
  texts: 'array of strings',
  text_or_texts: 'string or array of strings',
  boolean: 'boolean',
  https: 'https address',
  colour: 'colour',
  path: 'path',
  paths: 'path or array of paths',
  author: 'object',
  face: 'object',
  settings: 'object by name',
  servers: 'path or object',
  hooks: 'path, object or array',
  apps: 'path or object',
  any: 'any',
};

const STORE_TEXT: Readonly<Record<ManifestKey['store'], string>> = {
  required: 'required',
  taken: 'yes',
  refused: 'no',
};

function manifestTable(rows: readonly ManifestKey[]): string {
  const listed = rows.filter(({ effect }) => effect !== 'elsewhere');
  return markdownTable(
    ['key', 'value', 'what it says', 'stores'],
    listed.map(({ key, form, doc, store }) => [`\`${key}\``, FORM_TEXT[form], doc, STORE_TEXT[store]]),
  );
}

function keyTable(rows: readonly KeyRow[]): string {
  return markdownTable(
    ['key', 'value', 'default', 'what it does'],
    rows.map((row) => [
      `\`${row.key}\``,
      typeText(row.type, JSON_WORDS),
      defaultText(row),
      row.notYet === undefined ? row.doc : `${row.doc} *Not acted on yet.*`,
    ]),
  );
}

const ELSEWHERE = MANIFEST_KEYS.filter(({ effect }) => effect === 'elsewhere').map(({ key }) => `\`${key}\``);

const TABLES: Readonly<Record<string, string>> = {
  manifest: `${manifestTable(MANIFEST_KEYS)}\n\n${ELSEWHERE.join(', ')} are for other clients, and have no effect here.`,
  interface: manifestTable(INTERFACE_KEYS),
  'servers-stdio': keyTable(PLUGIN_SERVER_KEYS.filter(({ transport }) => transport === 'stdio')),
  'servers-http': keyTable(PLUGIN_SERVER_KEYS.filter(({ transport }) => transport === 'http')),
  'servers-both': keyTable(PLUGIN_SERVER_KEYS.filter(({ transport }) => transport === undefined)),
  settings: keyTable(SETTING_KEYS),
};

const page = readFileSync(fileURLToPath(new URL(`../${PAGE}`, import.meta.url)), 'utf8');
const wanted = new Set(Object.keys(TABLES));
const filled = page.replaceAll(/<!-- table ([a-z-]+) -->[\s\S]*?<!-- end -->/g, (_, name: string) => {
  const table = TABLES[name];
  if (table === undefined) throw new Error(`${PAGE} wants a table ${name}, which there is not`);
  wanted.delete(name);
  return `<!-- table ${name} -->\n\n${table}\n\n<!-- end -->`;
});
if (wanted.size > 0) throw new Error(`${PAGE} has no place for the tables ${[...wanted].join(', ')}`);
writeGenerated(PAGE, filled);
