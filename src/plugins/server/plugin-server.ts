import {
  byPlace,
  type CheckContext,
  found,
  type LocatedTable,
  parseServer,
  type ServerEntry,
} from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import type { Setting } from '../../settings/index.ts';
import { readAgentServer, withOurs } from '../agent/server.ts';
import { USERS_KEYS } from '../manifest/schema-keys.ts';
import { type Reading, withoutNulls } from '../reading.ts';
import type { PluginFamily, PluginServer } from '../types.ts';
import { deriveAuthModel } from './auth-model.ts';
import type { Declaration } from './declarations.ts';
import { createSpelling, keyOf, type Spelling, type Statements, takeStatements, toServerKeys } from './server-keys.ts';
import { placeServer } from './server-places.ts';
import { takeRequests } from './server-requests.ts';
import { type Filled, fillReferences } from './server-values.ts';

export type ServerOptions = {
  readonly reading: Reading;
  readonly family: PluginFamily;
  /** Of the Agent Plugins standard, for that family. */
  readonly agentVersion: string | null;
  readonly settings: ReadonlyMap<string, Setting>;
  /** Absolute. */
  readonly dataDir: string;
  /** Why no server of the file may run, completing "NAME …"; null when nothing is wrong with it. */
  readonly refusal: string | null;
};

/** More than there are keys; keeps a hostile server from costing time. */
const MAX_KEYS = 64;

/**
 * Reads one declared server. Never throws: what is wrong becomes issues, and those of severity `error` are also problems
 * of its entry, so that it is shown and not started.
 *
 * @returns null for one that starts Plugboard itself, which was reported.
 */
export function readServer({ name, node }: Declaration, options: ServerOptions): PluginServer | null {
  const own: Issue[] = [];
  const waiting: Issue[] = [];
  const spelling = createSpelling(options.family);
  const context: CheckContext = {
    path: ['mcp_servers', name],
    server: name,
    format: spelling,
    report: oneErrorPerKey(own),
  };
  if (options.refusal !== null) {
    found(context, node.origin, { code: 'PLUGIN_SCHEMA', message: options.refusal });
  }
  const read =
    node.kind === 'table'
      ? readTable(limited(node, context), {
          ...options,
          context,
          spelling,
          waiting: (issue) => void waiting.push(issue),
        })
      : null;
  const parsed = parseServer(name, read === null ? node : read.table, {
    origin: node.origin,
    places: { homeDir: null, projectDir: null, configFile: null },
    format: spelling,
  });
  const issues = [...own, ...parsed.issues];
  [...issues, ...waiting].forEach(options.reading.report);
  if (parsed.entry === null) return null;
  return assemble(
    { ...parsed.entry, problems: issues.filter(({ severity }) => severity === 'error').sort(byPlace) },
    read,
  );
}

/** After an error of a key nothing more is said of it: the first says why it cannot be as it is. */
function oneErrorPerKey(issues: Issue[]): (issue: Issue) => void {
  const wrong = new Set<string | undefined>();
  return (issue) => {
    if (wrong.has(issue.key)) return;
    if (issue.severity === 'error') wrong.add(issue.key);
    issues.push(issue);
  };
}

type ReadTable = {
  readonly table: LocatedTable;
  readonly filled: Filled;
  readonly statements: Statements;
  readonly requests: PluginServer['requests'];
};

type TableOptions = ServerOptions & {
  readonly context: CheckContext;
  readonly spelling: Spelling;
  /** For what only a value can solve. */
  readonly waiting: (issue: Issue) => void;
};

/** From what is written to the keys of config.toml, step by step; what is wrong on the way goes to the context. */
function readTable(written: LocatedTable, options: TableOptions): ReadTable {
  const { context, dataDir, reading } = options;
  const { table, filled } = fillAll(written, options);
  const placed = placeServer(filled.table, table, { bundle: reading.bundle, dataDir, context });
  const { table: rest, requests } = takeRequests(withoutUsersKeys(placed, context));
  const { table: stated, statements } = takeStatements(rest, context);
  return { table: stated, filled, statements, requests };
}

/** The server under the keys of config.toml, as written and with its references filled in. */
function fillAll(
  written: LocatedTable,
  options: TableOptions,
): { readonly table: LocatedTable; readonly filled: Filled } {
  const { reading, family, agentVersion, context, spelling, settings, dataDir, waiting } = options;
  const how = { folders: { root: reading.bundle.root, data: dataDir }, settings, context, waiting };
  if (family !== 'agent_plugins') {
    const table = toServerKeys(written, { family, context, spelling });
    const dialect = family === 'claude' ? 'claude' : 'canonical';
    return { table, filled: fillReferences(table, { ...how, dialect }) };
  }
  const { table, ours } = readAgentServer(written, { reading, version: agentVersion ?? '', context, spelling });
  const filled = fillReferences(table, { ...how, dialect: 'agent_plugins' });
  if (ours === undefined) return { table, filled };
  const filledOurs = fillReferences(ours, { ...how, dialect: 'canonical' });
  const both = { ...filledOurs, table: withOurs(filled.table, filledOurs.table) };
  return { table: withOurs(table, ours), filled: both };
}

/** At most so many keys; more are an error, and are not looked at. */
function limited(node: LocatedTable, context: CheckContext): LocatedTable {
  const table = withoutNulls(node, context);
  if (table.entries.size <= MAX_KEYS) return table;
  const message = `has ${table.entries.size} keys, and a server has no more than ${MAX_KEYS}`;
  found(context, table.at, { code: 'PLUGIN_TOO_LARGE', message });
  return { ...table, entries: new Map([...table.entries].slice(0, MAX_KEYS)) };
}

/** Takes out what is not the plugin's to say. */
function withoutUsersKeys(table: LocatedTable, context: CheckContext): LocatedTable {
  const kept = [...table.entries].filter(([key]) => !USERS_KEYS.includes(key));
  for (const key of USERS_KEYS) {
    const value = table.entries.get(key);
    if (value === undefined) continue;
    const message = 'is for the user to write, and has no effect in a plugin';
    found(keyOf(context, key), value.origin, { code: 'PLUGIN_UNKNOWN_KEY', severity: 'warning', message });
  }
  return kept.length === table.entries.size ? table : { ...table, entries: new Map(kept) };
}

const NO_REQUESTS = { required: false, supportsParallelToolCalls: false, approveAll: false, approveTools: [] };

function assemble(entry: ServerEntry, read: ReadTable | null): PluginServer {
  const authModel = read?.statements.authModel ?? null;
  const signsIn = ['oauth', 'oauth_resource', 'scopes', 'auth'].some((key) => read?.table.entries.has(key));
  const credentials = read?.filled.credentials ?? false;
  return {
    entry,
    table: read?.table ?? { kind: 'table', origin: entry.origin, at: entry.origin, entries: new Map() },
    requests: read?.requests ?? NO_REQUESTS,
    settings: read?.filled.settings ?? [],
    undeclared: read?.filled.undeclared ?? [],
    variables: read?.filled.variables ?? [],
    authModel: authModel ?? deriveAuthModel(entry.transport, { credentials, signsIn }),
    authModelDeclared: authModel !== null,
    dataClasses: read?.statements.dataClasses ?? [],
  };
}
