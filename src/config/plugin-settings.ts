import { isAbsolute } from 'node:path';
import { type ErrorCode, type Issue, nearest } from '../kernel/index.ts';
import { byPlace, type CheckContext, checkTable, found } from './check.ts';
import { gitRefProblem, parseGitUrl, sparsePathProblem } from './git-url.ts';
import type { KeyRow } from './key-types.ts';
import { BUILT_IN, emptyTable, type Located, type LocatedTable } from './located.ts';
import { type Places, resolveFrom } from './places.ts';
import { isPluginName, parsePluginId } from './plugin-id.ts';
import { DEFAULT_PLUGIN_KEYS, MARKETPLACE_KEYS, PLUGIN_KEYS, POLICY_KEYS } from './plugin-keys.ts';
import * as read from './read.ts';
import { checkKeys, checkWiden } from './server-entry.ts';
import type { Config, MarketplaceSettings, PluginSettings, ServerPolicy } from './types.ts';

type Report = (issue: Issue) => void;

export type PolicyOptions = {
  readonly places: Places;
  /** Schemes of `[secret_providers]` that can be used. */
  readonly providers: ReadonlySet<string>;
  readonly report: Report;
};

const DEFAULTS = '_default';
const NAME_HINT = 'use letters, digits, `-`, `_` and `.`, starting with a letter or digit';

/**
 * Reads `[plugins]` and `features.plugins` after all layers were merged. What cannot be read never lets a plugin run that
 * somebody may have meant to restrict: its errors are then the `problems` of what they restrict.
 */
export function parsePlugins(
  merged: LocatedTable,
  options: PolicyOptions,
): Pick<Config, 'plugins' | 'pluginsEnabledByDefault' | 'pluginsOff'> {
  const node = merged.entries.get('plugins') ?? emptyTable(BUILT_IN);
  const plugins = new Map<string, PluginSettings>();
  if (node.kind === 'table') {
    for (const [pluginId, settings] of node.entries) {
      if (pluginId === DEFAULTS) continue;
      if (parsePluginId(pluginId) === null) reportBadId(pluginId, settings, options.report);
      else plugins.set(pluginId, parseSettings(pluginId, settings, options));
    }
  }
  return { plugins, pluginsEnabledByDefault: parseDefaults(node, options.report), pluginsOff: offAt(merged) };
}

function offAt(merged: LocatedTable): Config['pluginsOff'] {
  const features = merged.entries.get('features');
  const flag = features?.kind === 'table' ? features.entries.get('plugins') : undefined;
  return flag === undefined || (flag.kind === 'scalar' && flag.value === true) ? null : flag.origin;
}

function reportBadId(pluginId: string, { origin }: Located, report: Report): void {
  found({ path: ['plugins', pluginId], report }, origin, {
    code: 'PLUGIN_BAD_NAME',
    message: 'is not the id of a plugin, and has no effect',
    hint:
      nearest(pluginId, [DEFAULTS]) === null
        ? 'write `NAME@MARKETPLACE`, as `plugboard plugin list` shows it'
        : `did you mean \`${DEFAULTS}\`?`,
  });
}

/** @param node All of `[plugins]`. */
function parseDefaults(node: Located, report: Report): Config['pluginsEnabledByDefault'] {
  const defaults = node.kind === 'table' ? (node.entries.get(DEFAULTS) ?? emptyTable(BUILT_IN)) : node;
  const path = node.kind === 'table' ? ['plugins', DEFAULTS] : ['plugins'];
  const { table, problems } = checked(defaults, { keys: DEFAULT_PLUGIN_KEYS, context: { path, report } });
  return {
    enabled: read.boolean(table, 'enabled') ?? true,
    origin: table.entries.get('enabled')?.origin ?? table.origin,
    problems,
  };
}

function parseSettings(pluginId: string, node: Located, options: PolicyOptions): PluginSettings {
  const { report } = options;
  const context: CheckContext = { path: ['plugins', pluginId], plugin: pluginId, report };
  // Each policy is read on its own: what is wrong with one is no problem of the other servers.
  const rows = PLUGIN_KEYS.map((row) => (row.key === 'mcp_servers' ? { ...row, type: MAP_OF_ANY } : row));
  const { table, problems } = checked(node, { keys: rows, context });
  const policies = [...(read.tableAt(table, 'mcp_servers')?.entries ?? [])];
  return {
    pluginId,
    origin: table.origin,
    enabled: read.boolean(table, 'enabled') ?? null,
    enabledOrigin: table.entries.get('enabled')?.origin ?? table.origin,
    servers: new Map(
      policies.map(([server, policy]) => [server, parsePolicy(policy, { ...context, server }, options)]),
    ),
    values: valuesOf(table, { ...context, report: keepErrors(problems, report) }),
    problems,
  };
}

/** What is neither a single value nor a list of them is left out; what the plugin declares says whether the rest fits. */
function valuesOf(table: LocatedTable, context: CheckContext): PluginSettings['values'] {
  const values = [...(read.tableAt(table, 'user_config')?.entries ?? [])];
  return new Map(
    values.filter(([key, value]) => {
      if (value.kind === 'scalar') return true;
      if (value.kind === 'list' && value.items.every(({ kind }) => kind === 'scalar')) return true;
      found({ ...context, path: [...context.path, 'user_config', key] }, value.at, {
        code: 'CONFIG_WRONG_TYPE',
        message: 'must be a single value, or a list of single values',
      });
      return false;
    }),
  );
}

const MAP_OF_ANY = { kind: 'map', placeholder: 'server', of: { kind: 'any' } } as const;

function parsePolicy(
  node: Located,
  plugin: CheckContext & { readonly server: string },
  { places, providers }: PolicyOptions,
): ServerPolicy {
  const { server } = plugin;
  const context: CheckContext = { ...plugin, path: [...plugin.path, 'mcp_servers', server] };
  const problems: Issue[] = [];
  const table = tableOf(node, { ...context, report: keepErrors(problems, context.report) }, (policy, inner) => {
    checkWiden(policy, inner);
    checkKeys(policy, POLICY_KEYS, { rules: { places, providers, laidOver: true }, context: inner });
  });
  return {
    server,
    origin: table.origin,
    enabled: read.boolean(table, 'enabled') ?? null,
    enabledOrigin: table.entries.get('enabled')?.origin ?? table.origin,
    enabledTools: read.textList(table, 'enabled_tools') ?? null,
    widen: read.boolean(table, 'widen') ?? false,
    disabledTools: read.textList(table, 'disabled_tools') ?? [],
    toolNames: [...(read.tableAt(table, 'tools')?.entries.keys() ?? [])],
    table,
    problems: problems.sort(byPlace),
  };
}

/** Reports issues, and keeps errors as problems of what is read. */
function keepErrors(problems: Issue[], report: Report): Report {
  return (issue) => {
    if (issue.severity === 'error') problems.push(issue);
    report(issue);
  };
}

/** A table with its problems; of what is no table, an empty one with that as its problem. */
function checked(
  node: Located,
  { keys, context }: { readonly keys: readonly KeyRow[]; readonly context: CheckContext },
): { readonly table: LocatedTable; readonly problems: Issue[] } {
  const problems: Issue[] = [];
  const inner = { ...context, report: keepErrors(problems, context.report) };
  const table = tableOf(node, inner, (checkedTable, at) => checkTable(checkedTable, { keys }, at));
  return { table, problems: problems.sort(byPlace) };
}

/** What is no table is reported, and counts as an empty one. */
function tableOf(
  node: Located,
  context: CheckContext,
  check: (table: LocatedTable, context: CheckContext) => void,
): LocatedTable {
  if (node.kind === 'table') {
    check(node, context);
    return node;
  }
  found(context, node.at, { code: 'CONFIG_WRONG_TYPE', message: 'must be a table' });
  return { ...node, kind: 'table', entries: new Map() };
}

/** Reads `[marketplaces]`. One that cannot be used is left out. */
export function parseMarketplaces(
  merged: LocatedTable,
  { places, report }: { readonly places: Places; readonly report: Report },
): Config['marketplaces'] {
  const marketplaces = new Map<string, MarketplaceSettings>();
  const node = merged.entries.get('marketplaces');
  if (node !== undefined && node.kind !== 'table')
    found({ path: ['marketplaces'], report }, node.at, { code: 'CONFIG_WRONG_TYPE', message: 'must be a table' });
  if (node?.kind !== 'table') return marketplaces;
  for (const [name, table] of node.entries) {
    const settings = parseMarketplace(name, table, { places, report });
    if (settings !== null) marketplaces.set(name, settings);
  }
  return marketplaces;
}

function parseMarketplace(
  name: string,
  node: Located,
  { places, report }: { readonly places: Places; readonly report: Report },
): MarketplaceSettings | null {
  const problems: Issue[] = [];
  const context: CheckContext = { path: ['marketplaces', name], report: keepErrors(problems, report) };
  if (!isPluginName(name))
    found(context, node.origin, {
      code: 'PLUGIN_BAD_NAME',
      message: 'has a name that is not allowed',
      hint: NAME_HINT,
    });
  const { table } = checked(node, { keys: MARKETPLACE_KEYS, context });
  const sourceType = read.text(table, 'source_type') === 'git' ? 'git' : 'local';
  if (problems.length === 0) checkSource(table, sourceType, context);
  const source = sourceOf(table, sourceType, places);
  if (problems.length === 0 && source === null) {
    const message = 'must be an absolute folder, since it is not written in a file it could be relative to';
    found(within(context, 'source'), table.origin, { code: 'MARKETPLACE_SOURCE', message });
  }
  if (problems.length > 0 || source === null) return null;
  return {
    name,
    origin: table.origin,
    sourceType,
    source,
    ref: sourceType === 'git' ? (read.text(table, 'ref') ?? null) : null,
    sparsePaths: sourceType === 'git' ? (read.textList(table, 'sparse_paths') ?? []) : [],
    manifest: read.text(table, 'manifest') ?? null,
  };
}

function sourceOf(table: LocatedTable, sourceType: 'local' | 'git', places: Places): string | null {
  const source = table.entries.get('source');
  if (source === undefined) return null;
  return sourceType === 'git'
    ? (read.text(table, 'source') ?? null)
    : resolveFrom(source, { places, relativeTo: 'file' });
}

function within(context: CheckContext, key: string): CheckContext {
  return { ...context, path: [...context.path, key] };
}

/** What the types of its values do not say. */
function checkSource(table: LocatedTable, sourceType: 'local' | 'git', context: CheckContext): void {
  for (const key of ['source_type', 'source']) {
    if (!table.entries.has(key))
      found(context, table.origin, { code: 'MARKETPLACE_SOURCE', message: `needs \`${key}\`` });
  }
  const judge = (key: string, problem: string | null, code: ErrorCode = 'MARKETPLACE_SOURCE'): void => {
    const value = table.entries.get(key);
    if (value !== undefined && problem !== null) found(within(context, key), value.at, { code, message: problem });
  };
  judge('manifest', manifestProblem(read.text(table, 'manifest') ?? ''), 'PLUGIN_PATH_ESCAPES');
  if (sourceType === 'git') {
    const url = parseGitUrl(read.text(table, 'source') ?? '');
    judge('source', url.kind === 'refused' ? url.reason : null);
    judge('ref', gitRefProblem(read.text(table, 'ref') ?? ''));
    const [problem] = (read.textList(table, 'sparse_paths') ?? []).flatMap((path) => sparsePathProblem(path) ?? []);
    judge('sparse_paths', problem === undefined ? null : `holds a path that ${problem}`);
    return;
  }
  for (const key of ['ref', 'sparse_paths']) {
    const value = table.entries.get(key);
    if (value === undefined) continue;
    found(within(context, key), value.origin, {
      code: 'MARKETPLACE_SOURCE',
      severity: 'warning',
      message: 'has no effect: the source is a folder, which is read as it is',
    });
  }
}

function manifestProblem(path: string): string | null {
  const inside = !isAbsolute(path) && !/^[A-Za-z]:|\\/.test(path) && !path.split('/').includes('..');
  return inside ? null : 'must be a path inside the marketplace, such as "store/marketplace.json"';
}
