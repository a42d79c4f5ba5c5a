import { type KeyPath, type Located, type LocatedTable, type Origin, read } from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import {
  type Bundle,
  bundlePath,
  INTERFACE_KEYS,
  MANIFEST_KEYS,
  type Plugin,
  type Reading,
  readJson,
  tell,
} from '../plugins/index.ts';

/** Reports a break of a rule. `place` is where it is to be corrected. */
type Report = (path: KeyPath, place: Origin, message: string) => void;

/** What the rules look at, and where breaks go. */
type Judged = {
  readonly bundle: Bundle;
  readonly table: LocatedTable;
  /** A note where the rules are not in force. */
  readonly broken: Report;
  /** A warning where the rules are not in force: users would see it. */
  readonly seen: Report;
};

/**
 * The rules that stores hold a plugin to and that nothing needs to run: a release number, an author, what a list shows,
 * pictures that are there. They are stricter than any loader.
 *
 * @param inForce Whether a break is an error; else it is a note, or a warning where users would see it.
 * @returns Issues `PLUGIN_STRICT`, in no order.
 */
export function strictFindings(
  plugin: Plugin,
  { bundle, inForce }: { readonly bundle: Bundle; readonly inForce: boolean },
): readonly Issue[] {
  const issues: Issue[] = [];
  const reading: Reading = { bundle, report: (issue) => void issues.push(issue) };
  const silent: Reading = { bundle, report: () => {} };
  if (plugin.manifestPath === null) {
    const message = 'there is no manifest; only some clients install such a plugin';
    const hint = 'add `.codex-plugin/plugin.json` with `name`, `version` and `description`';
    return [{ code: 'PLUGIN_STRICT', severity: inForce ? 'error' : 'note', message, hint, file: bundle.root }];
  }
  const manifest = readJson(silent, plugin.manifestPath);
  if (manifest.kind !== 'value' || manifest.value.kind !== 'table') return [];
  const report =
    (gentle: 'note' | 'warning'): Report =>
    (path, place, message) =>
      tell(reading, { key: path, place }, { code: 'PLUGIN_STRICT', severity: inForce ? 'error' : gentle, message });
  const judged: Judged = { bundle, table: manifest.value, broken: report('note'), seen: report('warning') };
  for (const rule of [...RULES, ...(plugin.family === 'codex' ? CODEX_RULES : [])]) rule(judged);
  if (plugin.family === 'codex' && plugin.mcpPath !== null && plugin.mcpPath !== plugin.manifestPath)
    checkMcpFile(judged, readJson(silent, plugin.mcpPath));
  return issues;
}

type Rule = (judged: Judged) => void;

/** Semantic Versioning 2.0.0. */
const SEMVER =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

/** Rules for every family. */
const RULES: readonly Rule[] = [
  ({ table, broken }) => {
    const version = read.text(table, 'version');
    if (version !== undefined && SEMVER.test(version)) return;
    broken(
      ['version'],
      (table.entries.get('version') ?? table).at,
      version === undefined ? 'is missing' : 'is no release number such as 1.2.0',
    );
  },
  ({ table, broken }) => {
    const author = table.entries.get('author');
    const name = author?.kind === 'table' ? read.text(author, 'name') : undefined;
    if (name === undefined || name.trim() === '') broken(['author', 'name'], (author ?? table).at, 'is missing');
  },
  (judged) => {
    for (const path of ADDRESSES) {
      const value = valueAt(judged.table, path);
      if (value !== undefined && !isHttps(value))
        judged.broken(path, value.at, 'must be an address that starts with https://');
    }
  },
  ({ table, broken }) => {
    for (const { path, node } of read.texts(table, []))
      if (/\bTODO\b/.test(node.value)) broken(path, node.at, 'still holds a TODO');
  },
];

const ADDRESSES: readonly KeyPath[] = [
  ...MANIFEST_KEYS.filter(({ form }) => form === 'https').map(({ key }) => [key]),
  ['author', 'url'],
  ...INTERFACE_KEYS.filter(({ form }) => form === 'https').map(({ key }) => ['interface', key]),
];

function isHttps(value: Located): boolean {
  return (
    value.kind === 'scalar' &&
    typeof value.value === 'string' &&
    /^https:\/\//i.test(value.value) &&
    URL.canParse(value.value)
  );
}

const STORE_KEYS = MANIFEST_KEYS.filter(({ store }) => store !== 'refused').map(({ key }) => key);
const SHOWN = INTERFACE_KEYS.filter(({ store }) => store === 'required');
const COLOUR_KEYS = INTERFACE_KEYS.filter(({ form }) => form === 'colour').map(({ key }) => key);
const PICTURE_KEYS = INTERFACE_KEYS.filter(({ form }) => form === 'path' || form === 'paths').map(({ key }) => key);

const CODEX_RULES: readonly Rule[] = [
  ({ table, broken }) => {
    for (const [key, value] of table.entries)
      if (!STORE_KEYS.includes(key)) broken([key], value.origin, 'is a key that stores do not take');
  },
  ({ table, broken }) => {
    const face = table.entries.get('interface');
    if (face?.kind !== 'table')
      return broken(['interface'], (face ?? table).at, 'is missing; it is what lists of plugins show');
    for (const { key, form } of SHOWN) {
      const there = form === 'texts' ? read.textList(face, key) !== undefined : textsAt(face, key).length > 0;
      if (!there) broken(['interface', key], (face.entries.get(key) ?? face).at, 'is missing');
    }
    for (const key of COLOUR_KEYS) {
      const colour = face.entries.get(key);
      if (colour !== undefined && !/^#[0-9a-f]{6}$/i.test(read.text(face, key) ?? ''))
        broken(['interface', key], colour.at, 'must be a colour such as #1A2B3C');
    }
  },
  (judged) => {
    const face = read.tableAt(judged.table, 'interface');
    for (const key of PICTURE_KEYS) {
      const value = face?.entries.get(key);
      if (value?.kind !== 'list') checkPicture(judged, ['interface', key], value);
      else value.items.forEach((item, index) => checkPicture(judged, ['interface', key, String(index)], item));
    }
  },
];

/** The strings under a key that may be one or several. */
function textsAt(table: LocatedTable, key: string): readonly string[] {
  const one = read.text(table, key);
  return (one === undefined ? (read.textList(table, key) ?? []) : [one]).filter((text) => text.trim() !== '');
}

function checkPicture({ bundle, seen }: Judged, path: KeyPath, value: Located | undefined): void {
  if (value === undefined) return;
  const text = value.kind === 'scalar' && typeof value.value === 'string' ? value.value : '';
  const place = bundlePath(text);
  if (place.kind === 'escapes' || place.path === '')
    return seen(path, value.at, 'must be a path in the plugin, such as ./assets/logo.png');
  if (bundle.look(place.path).kind !== 'file') seen(path, value.at, 'names a file that is not there');
}

/** A file of servers holds `mcpServers` and nothing else. */
function checkMcpFile({ broken }: Judged, file: ReturnType<typeof readJson>): void {
  if (file.kind !== 'value' || file.value.kind !== 'table') return;
  const { entries } = file.value;
  if (!entries.has('mcpServers'))
    return broken(['mcpServers'], file.value.at, 'is missing: the servers of a plugin stand under this key');
  for (const [key, value] of entries)
    if (key !== 'mcpServers') broken([key], value.origin, 'stands beside `mcpServers`, where nothing else may stand');
}

function valueAt(table: LocatedTable, [key, ...rest]: KeyPath): Located | undefined {
  const value = table.entries.get(key ?? '');
  if (rest.length === 0 || value === undefined) return value;
  return value.kind === 'table' ? valueAt(value, rest) : undefined;
}
