import { isDeepStrictEqual } from 'node:util';
import {
  addServer,
  buildConfig,
  type Config,
  get,
  type KeyPath,
  type ParsedLayer,
  parseLayer,
  renderKey,
  type ServerEntry,
  setKey,
  type TomlInput,
  type TomlInputTable,
  unsetKey,
} from '../config/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/index.ts';

/** What Codex's config.toml says about servers. */
export type CodexServers = {
  /** Each `[mcp_servers.NAME]` as it is written, values included. */
  readonly tables: Readonly<Record<string, JsonObject>>;
  /** Those that are servers; an entry that starts Plugboard is none. */
  readonly config: Config;
  /** The entry that starts Plugboard, if there is one. */
  readonly linkName: string | null;
};

/** What happens to a server that Codex has. */
export type CodexServer = {
  readonly name: string;
  /** `moved`: an earlier run moved it. */
  readonly action: 'move' | 'moved' | 'keep';
  /** Why it stays; '' for one that does not. */
  readonly why: string;
};

/** What `connect` changed in one file of Codex, so that it can be put back. Of what moved it holds no value. */
export type LinkRecord = {
  /** True when there was no such file. */
  readonly createdFile: boolean;
  readonly linkName: string;
  /** What the keys of {@link linkTable} were in an entry that was there before; null when `connect` made the entry. */
  readonly former: TomlInputTable | null;
  readonly moved: readonly { readonly name: string; readonly enabledWritten: boolean }[];
};

export function readCodexServers(layer: ParsedLayer, homeDir: string | null): CodexServers {
  const config = buildConfig([layer], { homeDir, projectDir: null, configFile: null });
  const tables = serverTables(layer);
  const linkName = Object.keys(tables).find((name) => !config.servers.has(name)) ?? null;
  return { tables, config, linkName };
}

/** The servers of one layer, as they are written. */
export function serverTables(layer: ParsedLayer): Readonly<Record<string, JsonObject>> {
  const value = get({ layers: [layer] }, 'mcp_servers', { showValues: true });
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, table]) => (isJsonObject(table) ? [[name, table]] : [])),
  );
}

/**
 * The entry that makes Codex start Plugboard. Codex starts servers with few variables, so those that Plugboard's servers
 * declare are named here, and a home of its own is written down.
 */
export function linkTable(facts: {
  readonly command: string;
  readonly args: readonly string[];
  readonly home: string | null;
  readonly envNames: readonly string[];
}): TomlInputTable {
  return {
    command: facts.command,
    args: facts.args,
    ...(facts.home === null ? {} : { env: { PLUGBOARD_HOME: facts.home } }),
    ...(facts.envNames.length === 0 ? {} : { env_vars: facts.envNames }),
  };
}

/** The keys of the entry that are ours. Whatever else stands in it is the user's: approvals, time-outs, lists of tools. */
const LINK_KEYS: readonly KeyPath[] = [['command'], ['args'], ['env_vars'], ['env', 'PLUGBOARD_HOME']];

/** The text of Codex's file with our keys of the entry as `link` has them, and nothing else changed. */
export function withLink(text: string, name: string, link: TomlInputTable): string {
  const entry = serverTables(parseLayer(text, 'config.toml'))[name];
  if (entry === undefined) return addServer(text, name, link);
  return LINK_KEYS.reduce((next, key) => {
    const wanted = valueAt(link, key);
    const path = ['mcp_servers', name, ...key];
    if (isDeepStrictEqual(wanted, valueAt(entry as TomlInputTable, key))) return next;
    return wanted === undefined ? unsetKey(next, path) : setKey(next, path, wanted);
  }, text);
}

/** What our keys are in an entry, for {@link withLink} to put back. */
export function linkKeysOf(entry: JsonObject): TomlInputTable {
  const { command, args, env_vars: envVars, env } = entry as TomlInputTable;
  const home = valueAt({ env: env ?? {} }, ['env', 'PLUGBOARD_HOME']);
  return {
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ...(envVars === undefined ? {} : { env_vars: envVars }),
    ...(home === undefined ? {} : { env: { PLUGBOARD_HOME: home } }),
  };
}

function valueAt(table: TomlInputTable, path: KeyPath): TomlInput | undefined {
  return path.reduce<TomlInput | undefined>(
    (node, key) => (isJsonObject(node) ? (node as TomlInputTable)[key] : undefined),
    table,
  );
}

/**
 * Which servers of Codex can move without losing anything.
 *
 * @param own The names that Plugboard has already.
 * @param moved The names that earlier runs have moved.
 */
export function planMove(
  { config }: CodexServers,
  own: ReadonlySet<string>,
  moved: ReadonlySet<string>,
): readonly CodexServer[] {
  return [...config.servers.values()].map((entry) => {
    if (!entry.enabled && moved.has(entry.name) && own.has(entry.name))
      return { name: entry.name, action: 'moved', why: '' };
    const why = whyKept(entry, config) ?? (own.has(entry.name) ? 'Plugboard has a server of this name' : '');
    return { name: entry.name, action: why === '' ? 'move' : 'keep', why };
  });
}

function whyKept(entry: ServerEntry, { issues }: Config): string | null {
  if (!entry.enabled) return 'disabled there';
  if (entry.problems.length > 0) return 'its entry has problems';
  const lost = issues.find(({ server, code }) => server === entry.name && LOST[code] !== undefined);
  if (lost !== undefined) {
    const key = (lost.key ?? '').replace(`${renderKey(['mcp_servers', entry.name])}.`, '');
    return `uses ${key}, ${LOST[lost.code]}`;
  }
  return mayBeSignedIn(entry) ? 'Codex may be signed in to it, and Plugboard cannot sign in yet' : null;
}

/** A key with one of these would limit the server in Codex, and not here. */
const LOST: Readonly<Record<string, string>> = {
  KEY_NOT_YET_SUPPORTED: 'which Plugboard does not act on yet',
  CONFIG_UNKNOWN_KEY: 'which Plugboard does not know',
};

/** Codex signs in with OAuth where the entry brings no token of its own. */
function mayBeSignedIn({ transport }: ServerEntry): boolean {
  if (transport?.kind !== 'http') return false;
  const { bearerTokenEnvVar, headersHelper, headers, envHeaders } = transport;
  const names = [...Object.keys(headers), ...Object.keys(envHeaders)].map((name) => name.toLowerCase());
  return bearerTokenEnvVar === null && headersHelper === null && !names.includes('authorization');
}

/** An entry as Plugboard gets it: all of it but `enabled`, which is true. */
export function movedTable(table: JsonObject): TomlInputTable {
  return withoutEnabled(table) as TomlInputTable;
}

/** True when Plugboard's entry is still what was moved. */
export function isUnchanged(own: JsonValue | undefined, codex: JsonObject | undefined): boolean {
  return isJsonObject(own) && codex !== undefined && isDeepStrictEqual(withoutEnabled(own), withoutEnabled(codex));
}

function withoutEnabled(table: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(table).filter(([key]) => key !== 'enabled'));
}
