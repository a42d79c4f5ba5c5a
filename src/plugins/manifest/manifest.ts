import { type Located, type LocatedTable, read } from '../../config/index.ts';
import type { Issue, JsonObject } from '../../kernel/index.ts';
import { checkAgentManifest, schemaVersion } from '../agent/manifest.ts';
import { locateJson } from '../json.ts';
import { isMcpb, MCPB_FILE, readMcpbManifest } from '../mcpb/manifest.ts';
import { fileOf, keyAt, kindOf, type Reading, readJson, startOf, tell, withoutNulls } from '../reading.ts';
import type { EntryFacts, PluginFamily } from '../types.ts';
import { checkManifestKeys } from './manifest-keys.ts';

/** What describes the plugin: its manifest, or what the marketplace says in place of one. */
export type Manifest = {
  readonly family: PluginFamily;
  /** Relative to the bundle; null when there is none. */
  readonly path: string | null;
  readonly table: LocatedTable;
  /** Of the Agent Plugins standard, for a manifest of that family. */
  readonly agentVersion: string | null;
};

const PLACES: readonly (readonly [path: string, family: PluginFamily])[] = [
  ['.codex-plugin/plugin.json', 'codex'],
  ['.claude-plugin/plugin.json', 'claude'],
  ['.cursor-plugin/plugin.json', 'cursor'],
];
const ROOT = 'plugin.json';

/**
 * Finds and reads the manifest. A `plugin.json` at the root that names a schema of Agent Plugins wins; then the first of
 * the folders counts; without any, a `manifest.json` of MCPB, unless the servers stand elsewhere; else what the marketplace
 * says.
 *
 * @returns null when there is a manifest and it cannot be used; why was reported.
 */
export function readManifest(reading: Reading, entry: EntryFacts | null): Manifest | null {
  const held: Issue[] = [];
  const root = readJson({ ...reading, report: (issue) => void held.push(issue) }, ROOT);
  const version = root.kind === 'value' ? schemaVersion(root.value) : null;
  const present = PLACES.filter(([path]) => reading.bundle.look(path).kind !== 'absent');
  if (version !== null && root.kind === 'value') {
    held.forEach(reading.report);
    noteOthers(reading, ROOT, present);
    const table = checkAgentManifest(reading, root.value, version);
    return table === null ? null : { family: 'agent_plugins', path: ROOT, table, agentVersion: version };
  }
  const [first, ...others] = present;
  if (first !== undefined) {
    noteOthers(reading, first[0], others);
    return readFirst(reading, first);
  }
  const mcpb = readMcpb(reading, entry);
  if (mcpb !== null) return mcpb;
  if (root.kind === 'unusable') {
    held.forEach(reading.report);
    return null;
  }
  if (root.kind === 'value') {
    tell(
      reading,
      { key: ['$schema'], place: root.value.at },
      {
        code: 'PLUGIN_SCHEMA',
        severity: 'warning',
        message: 'names no schema of Agent Plugins, so this `plugin.json` is not read',
        hint: 'add `$schema`, or put the file into `.codex-plugin/`',
      },
    );
  }
  return { family: 'none', path: null, table: tableOfEntry(reading, entry), agentVersion: null };
}

/** null when there is none that counts, of which nothing is said: many programs have a file of that name. */
function readMcpb(reading: Reading, entry: EntryFacts | null): Manifest | null {
  if (entry?.mcpServers !== undefined || reading.bundle.look('.mcp.json').kind === 'file') return null;
  const held: Issue[] = [];
  const found = readJson({ ...reading, report: (issue) => void held.push(issue) }, MCPB_FILE);
  if (found.kind !== 'value' || !isMcpb(found.value)) return null;
  held.forEach(reading.report);
  const written = withoutNulls(found.value, keyAt(reading, []));
  return { family: 'mcpb', path: MCPB_FILE, table: readMcpbManifest(reading, written), agentVersion: null };
}

function readFirst(reading: Reading, [path, family]: (typeof PLACES)[number]): Manifest | null {
  const outcome = readJson(reading, path);
  if (outcome.kind === 'absent') {
    reading.report(invalid(fileOf(reading.bundle, path), 'the manifest cannot be read: it is not a file'));
  }
  if (outcome.kind !== 'value') return null;
  if (outcome.value.kind !== 'table') {
    reading.report(
      invalid(fileOf(reading.bundle, path), `the manifest must be an object, and is ${kindOf(outcome.value)}`),
    );
    return null;
  }
  const table = withoutNulls(outcome.value, keyAt(reading, []));
  checkManifestKeys(reading, table);
  return { family, path, table, agentVersion: null };
}

function invalid(file: string, message: string): Issue {
  return { code: 'PLUGIN_MANIFEST_INVALID', severity: 'error', message, file };
}

function noteOthers(reading: Reading, counts: string, others: typeof PLACES): void {
  for (const [path] of others) noteUnused(reading, path, `${counts} counts`);
}

/** Says that a file is there and plays no part. */
export function noteUnused(reading: Reading, path: string, why: string): void {
  const message = `${path} is not read: ${why}`;
  reading.report({ code: 'PLUGIN_FILE_UNUSED', severity: 'note', message, file: fileOf(reading.bundle, path) });
}

/** What the marketplace says, as a manifest would say it. */
function tableOfEntry({ bundle, report }: Reading, entry: EntryFacts | null): LocatedTable {
  const origin = { ...startOf(bundle, ''), ...(entry === null ? {} : { file: entry.file }) };
  const said: JsonObject =
    entry === null
      ? {}
      : {
          ...entry.components,
          name: entry.name,
          ...(entry.version === null ? {} : { version: entry.version }),
          ...(entry.description === null ? {} : { description: entry.description }),
          ...(entry.mcpServers === undefined ? {} : { mcpServers: entry.mcpServers }),
        };
  const table: Located | null = locateJson(said, origin);
  if (table?.kind === 'table') return table;
  const message = 'what the marketplace says of the plugin is nested too deeply, and is not read';
  report({ code: 'PLUGIN_TOO_LARGE', severity: 'error', message, ...(entry === null ? {} : { file: entry.file }) });
  return { kind: 'table', origin, at: origin, entries: new Map() };
}

/** A string of the manifest; one of another kind is reported and counts as absent, and so does an empty one. */
export function manifestText(
  reading: Reading,
  table: LocatedTable,
  key: readonly [string] | readonly [string, string],
): string | null {
  const [first, second] = key;
  const parent = second === undefined ? table : read.tableAt(table, first);
  const value = parent?.entries.get(second ?? first);
  if (value === undefined) return null;
  if (value.kind === 'scalar' && typeof value.value === 'string') return value.value.trim() === '' ? null : value.value;
  const message = `must be a string, and is ${kindOf(value)}; it is left out`;
  tell(reading, { key, place: value.at }, { code: 'PLUGIN_WRONG_TYPE', severity: 'warning', message });
  return null;
}
