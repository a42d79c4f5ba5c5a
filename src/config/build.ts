import { type Issue, nearest } from '../kernel/index.ts';
import { byPlace, type CheckContext, checkRow, found, onlyValid } from './check.ts';
import { MAX_TIMER_MS } from './key-types.ts';
import { CODEX_KEYS, defaultNumber, NOT_FROM_PROJECTS, SERVE_KEYS, TOP_KEYS } from './keys.ts';
import { isOverlay, mergeLayers } from './layers.ts';
import { BUILT_IN, emptyTable, type Located, type LocatedTable, locate, withoutKeys } from './located.ts';
import type { ParsedLayer } from './parse.ts';
import type { Places } from './places.ts';
import { type PolicyOptions, parseMarketplaces, parsePlugins } from './plugin-settings.ts';
import * as read from './read.ts';
import { isLoopback } from './scalars.ts';
import { parseSecretProviders } from './secret-providers.ts';
import { parseServer } from './server-entry.ts';
import { SERVER_KEYS } from './server-keys.ts';
import type { Config, Origin, ServerEntry, ServerOverlay, ServeSettings } from './types.ts';

/** Tables in which one bad entry is a problem of that entry alone. */
const READ_APART: readonly string[] = ['mcp_servers', 'plugins', 'marketplaces', 'secret_providers'];

const GRACE = 'mcp_optional_startup_grace_ms';

/**
 * What all layers together say.
 *
 * @param layers From low to high, project layers as {@link restrictProject} leaves them.
 * @returns A config in any case: a server with errors is in it with its `problems`, and a wrong value elsewhere counts as
 *   absent. `issues` holds all of it, the reasons why whole files were skipped included.
 */
export function buildConfig(layers: readonly ParsedLayer[], places: Places): Config {
  const merged = mergeLayers(layers);
  const issues: Issue[] = layers.flatMap((layer) => layer.issues);
  const report = (issue: Issue): void => void issues.push(issue);
  for (const layer of layers) reportUnknown(layer, report);
  for (const row of TOP_KEYS) {
    const value = merged.entries.get(row.key);
    if (value !== undefined && !READ_APART.includes(row.key)) checkRow(row, value, { path: [row.key], report });
  }
  const secretProviders = parseSecretProviders(merged, report);
  const providers = new Set(secretProviders.keys());
  const servers = serversOf(merged, { layers, places, providers, report });
  const plugins = parsePlugins(merged, { places, providers, report });
  const marketplaces = parseMarketplaces(merged, { places, report });
  const grace = read.number(onlyValid(merged, TOP_KEYS), GRACE) ?? defaultNumber([GRACE]);
  return {
    servers,
    overlays: overlaysOf(merged, servers),
    ...plugins,
    marketplaces,
    secretProviders,
    places,
    serve: serveOf(merged, report),
    startupGraceMs: Math.min(grace, MAX_TIMER_MS),
    issues: inOrder(issues, layers),
  };
}

/** By layer and place, as one reads the files; what has no place comes last. */
function inOrder(issues: readonly Issue[], layers: readonly ParsedLayer[]): readonly Issue[] {
  const rank = ({ file }: Issue): number => {
    const index = file === undefined ? -1 : layers.findIndex((layer) => layer.file === file);
    return index === -1 ? layers.length : index;
  };
  return issues.toSorted((a, b) => rank(a) - rank(b) || byPlace(a, b));
}

/** A project's layer without what a project may not set, and with an issue for each such table. */
export function restrictProject(layer: ParsedLayer): ParsedLayer {
  const refused = NOT_FROM_PROJECTS.filter((key) => layer.table.entries.has(key));
  const issues: Issue[] = [...layer.issues];
  for (const key of refused) {
    const place = layer.table.entries.get(key)?.origin ?? layer.table.origin;
    const context: CheckContext = { path: [key], report: (issue) => void issues.push(issue) };
    found(context, place, {
      code: 'CONFIG_NOT_FROM_PROJECT',
      severity: 'warning',
      message: 'is not read from the files of a project',
      hint: 'put it into the config.toml of the user',
    });
  }
  return { ...layer, table: withoutKeys(layer.table, refused), issues };
}

/** Keys at the top that nobody reads. In a file of Codex only those are named that look like one of ours. */
function reportUnknown(layer: ParsedLayer, report: (issue: Issue) => void): void {
  const known = TOP_KEYS.map((row) => row.key);
  const codexFile = layer.file !== null && /[\\/]\.codex[\\/]config\.toml$/.test(layer.file);
  for (const [key, value] of layer.table.entries) {
    if (known.includes(key) || CODEX_KEYS.includes(key)) continue;
    const ofServers = SERVER_KEYS.some((row) => row.key === key);
    const near = ofServers ? null : nearest(key, known);
    if (!ofServers && near === null && (codexFile || key.startsWith('experimental_'))) continue;
    const hint = ofServers ? 'it belongs in a table `[mcp_servers.NAME]`' : `did you mean \`${near}\`?`;
    found({ path: [key], report }, value.origin, {
      code: 'CONFIG_UNKNOWN_KEY',
      severity: 'warning',
      message: 'is not known here and has no effect',
      ...(ofServers || near !== null ? { hint } : {}),
    });
  }
}

function serversOf(
  merged: LocatedTable,
  { layers, report, ...given }: PolicyOptions & { readonly layers: readonly ParsedLayer[] },
): ReadonlyMap<string, ServerEntry> {
  const servers = new Map<string, ServerEntry>();
  const node = merged.entries.get('mcp_servers');
  if (node !== undefined && node.kind !== 'table') {
    found({ path: ['mcp_servers'], report }, node.at, { code: 'CONFIG_WRONG_TYPE', message: 'must be a table' });
  }
  if (node?.kind !== 'table') return servers;
  for (const [name, server] of node.entries) {
    const { entry, issues } = parseServer(name, server, { ...given, origin: definedAt(name, server, layers) });
    issues.forEach(report);
    if (entry !== null) servers.set(name, entry);
  }
  return servers;
}

/** The entries of servers that name no program and no address. */
function overlaysOf(
  merged: LocatedTable,
  servers: ReadonlyMap<string, ServerEntry>,
): ReadonlyMap<string, ServerOverlay> {
  return new Map(
    [...servers.values()].flatMap(({ name, origin }): [string, ServerOverlay][] => {
      const table = locate(merged, ['mcp_servers', name]);
      return table?.kind === 'table' && isOverlay(table) ? [[name, { name, origin, table }]] : [];
    }),
  );
}

/** The table of the layer that names the command or url: where one would go to edit the server. */
function definedAt(name: string, server: Located, layers: readonly ParsedLayer[]): Origin {
  const decisive = locate(server, ['command']) ?? locate(server, ['url']);
  const from = decisive?.origin ?? server.origin;
  const home = layers.findLast((layer) => layer.layer === from.layer && layer.file === from.file);
  return (home === undefined ? undefined : locate(home.table, ['mcp_servers', name]))?.origin ?? from;
}

function serveOf(merged: LocatedTable, report: (issue: Issue) => void): ServeSettings {
  const table = onlyValid(read.tableAt(merged, 'serve') ?? emptyTable(BUILT_IN), SERVE_KEYS);
  const number = (key: string): number => read.number(table, key) ?? defaultNumber(['serve', key]);
  const host = read.text(table, 'host') ?? '127.0.0.1';
  const open = read.text(table, 'auth') === 'none';
  const auth = table.entries.get('auth');
  if (open && auth !== undefined && !isLoopback(host)) {
    found({ path: ['serve', 'auth'], report }, auth.at, {
      code: 'CONFIG_WRONG_TYPE',
      message: 'may be "none" only while `serve.host` is a loopback address; a token is required all the same',
      hint: 'remove `auth`, or set `host = "127.0.0.1"`',
    });
  }
  return {
    host,
    port: number('port'),
    auth: open && isLoopback(host) ? 'none' : 'token',
    allowedHosts: read.textList(table, 'allowed_hosts') ?? [],
    allowedOrigins: read.textList(table, 'allowed_origins') ?? [],
    maxSessionsPerCaller: number('max_sessions_per_caller'),
    rateLimitPerSec: number('rate_limit_per_sec'),
    sessionIdleMs: Math.min(number('session_idle_sec') * 1000, MAX_TIMER_MS),
  };
}
