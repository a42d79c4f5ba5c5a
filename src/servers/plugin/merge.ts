import {
  type Config,
  canonicalText,
  type KeyPath,
  type Located,
  type LocatedTable,
  layOver,
  locate,
  mapTexts,
  type ParsedServer,
  parseServer,
  REFERENCE_KEYS,
  renderKey,
  type ServerEntry,
  scanReferences,
} from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import { atPlace } from '../verdict-parts.ts';
import type { PluginClaim } from './claims.ts';

/** A table of the user that is laid over a plugin's server, and the key under which it stands. */
export type LaidTable = { readonly path: KeyPath; readonly table: LocatedTable };

/** A server of a plugin with everything that is laid over it. */
export type MergedServer = {
  /** Its `problems` are those of the plugin's own files that are left. */
  readonly entry: ServerEntry;
  readonly table: LocatedTable;
  /** Issues that only the whole has: each part was checked where it was read. */
  readonly issues: readonly Issue[];
  /** True for an issue of the plugin's own files that no longer is one. */
  readonly repaired: (issue: Issue) => boolean;
};

/**
 * Lays what the user says over what the plugin says, and reads the whole as any server is read.
 *
 * @param laid From low to high. What the plugin asks for is in force where the user accepted it, or says so here.
 * @returns null for a plugin whose declaration is not there.
 */
export function mergeServer(claim: PluginClaim, laid: readonly LaidTable[], config: Config): MergedServer | null {
  const { declared, input, server } = claim;
  if (declared === null) return null;
  const { requests } = declared;
  const own: LaidTable = { path: ['mcpServers', server], table: declared.table };
  const merged = laid.length === 0 ? null : readMerged({ own, laid, claim, declared, config });
  const said = (key: string): boolean => merged !== null && merged.table.entries.has(key);
  const entry = merged?.entry ?? declared.entry;
  return {
    ...(merged ?? { table: declared.table, issues: [], repaired: () => false }),
    entry: {
      ...entry,
      required: said('required') ? entry.required : input.requestsAccepted && requests.required,
      supportsParallelToolCalls: said('supports_parallel_tool_calls')
        ? entry.supportsParallelToolCalls
        : input.requestsAccepted && requests.supportsParallelToolCalls,
    },
  };
}

type Merging = {
  readonly own: LaidTable;
  readonly laid: readonly LaidTable[];
  readonly claim: PluginClaim;
  readonly declared: NonNullable<PluginClaim['declared']>;
  readonly config: Config;
};

function readMerged({ own, laid, claim, declared, config }: Merging): MergedServer {
  const { input, server } = claim;
  const users = laid.map(({ path, table }) => ({ path, table: withFolders(table, input.env) }));
  const table = users.reduce((low, high) => layOver([withoutTwin(low, high.table), high.table]), layOver([own.table]));
  const parse = (whole: LocatedTable): ParsedServer =>
    parseServer(server, whole, {
      origin: declared.entry.origin,
      places: config.places,
      format: { spell: ([, , ...rest]) => writtenAs([own, ...users], rest) },
      merged: true,
    });
  const before = placesOf(parse(own.table).issues);
  const whole = parse(table);
  const after = placesOf(whole.issues);
  const repaired = (issue: Issue): boolean => before.has(placeOf(issue)) && !after.has(placeOf(issue));
  const known = new Set([...before, ...placesOf(declared.entry.problems), ...placesOf(config.issues)]);
  const issues = [...whole.issues, ...(whole.entry === null ? [startsUs(users)] : [])].filter(
    (issue) => !known.has(placeOf(issue)),
  );
  const problems = declared.entry.problems.filter((problem) => !repaired(problem));
  return { entry: { ...(whole.entry ?? declared.entry), problems }, table, issues, repaired };
}

/** What makes two issues one: what is wrong, and where it is written; by its key where that is no file. */
function placeOf({ code, file, line, column, key }: Issue): string {
  return JSON.stringify([code, ...(file === undefined ? [key] : [file, line, column])]);
}

function placesOf(issues: readonly Issue[]): ReadonlySet<string> {
  return new Set(issues.map(placeOf));
}

/** The key of a value as it is written in the highest table that has it. */
function writtenAs(tables: readonly LaidTable[], path: KeyPath): KeyPath {
  const from = tables.findLast(({ table }) => locate(table, path) !== undefined) ?? tables.at(-1);
  return [...(from?.path ?? []), ...path];
}

function startsUs(users: readonly LaidTable[]): Issue {
  const path = writtenAs(users, ['command']);
  const at = users.flatMap(({ table }) => locate(table, ['command'])?.at ?? []).at(-1);
  return {
    code: 'CONFIG_SELF_REFERENCE',
    severity: 'error',
    message: `${renderKey(path)} starts Plugboard itself`,
    ...(at === undefined ? {} : atPlace(at)),
    key: renderKey(path),
  };
}

/** Two keys for one thing: what the user writes counts, under whichever name. */
const TWINS: Readonly<Record<string, string>> = {
  startup_timeout_ms: 'startup_timeout_sec',
  startup_timeout_sec: 'startup_timeout_ms',
};

function withoutTwin(low: LocatedTable, high: LocatedTable): LocatedTable {
  const dropped = Object.entries(TWINS).flatMap(([key, twin]) => (high.entries.has(key) ? [twin] : []));
  return { ...low, entries: new Map([...low.entries].filter(([key]) => !dropped.includes(key))) };
}

/** What the user writes over a plugin's server may name the folders of the plugin. */
function withFolders(table: LocatedTable, env: Readonly<Record<string, string>>): LocatedTable {
  const { PLUGIN_ROOT: root, PLUGIN_DATA: data } = env;
  if (root === undefined || data === undefined) return table;
  const entries = [...table.entries].map(([key, value]): [string, Located] => [
    key,
    REFERENCE_KEYS.includes(key)
      ? mapTexts(value, [key], (node, text) => ({
          ...node,
          value: canonicalText(scanReferences(text, 'canonical'), { root, data }),
        }))
      : value,
  ]);
  return { ...table, entries: new Map(entries) };
}
