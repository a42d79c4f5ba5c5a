import { isDeepStrictEqual } from 'node:util';
import { buildConfig, type Config, get, type ParsedLayer, type TomlInputTable } from '../config/index.ts';
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
  readonly action: 'move' | 'keep';
  /** Why it stays; '' for one that moves. */
  readonly why: string;
};

/** What `connect` changed in one file of Codex, so that it can be put back. Holds no value of an entry. */
export type LinkRecord = {
  /** True when there was no such file. */
  readonly createdFile: boolean;
  readonly linkName: string;
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

/** Which servers of Codex can move. `own`: the names that Plugboard has already. */
export function planMove({ config }: CodexServers, own: ReadonlySet<string>): readonly CodexServer[] {
  return [...config.servers.values()].map((entry) => {
    const why = !entry.enabled
      ? 'disabled there'
      : entry.problems.length > 0
        ? 'its entry has problems'
        : own.has(entry.name)
          ? 'Plugboard has a server of this name'
          : '';
    return { name: entry.name, action: why === '' ? 'move' : 'keep', why };
  });
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
