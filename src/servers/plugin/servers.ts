import { BUILT_IN, type KeyPath, type LocatedTable, type Origin, type ServerEntry } from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import { namedToolsOf } from '../named-tools.ts';
import type { NamedTool, ResolvedServer, ResolveInput } from '../types.ts';
import { sourcesOfPlugin } from '../values/value-sources.ts';
import { factsOf, launchOf } from '../verdict-parts.ts';
import { claimsOf, type PluginClaim } from './claims.ts';
import { type LaidTable, type MergedServer, mergeServer } from './merge.ts';
import { conflictIssue, replacedIssue } from './name-issues.ts';
import { namePluginServers } from './names.ts';
import { overlaysOf } from './overlays.ts';
import { unknownPolicies } from './policies.ts';
import {
  defaultsOutside,
  inBundle,
  ofUser,
  overlayProblems,
  unagreedIn,
  undeclaredIn,
  unreadable,
  wrongValues,
} from './problems.ts';
import { type PluginValues, valuesOfPlugin } from './setting-values.ts';
import { pluginVerdict } from './verdict.ts';

export type PluginServers = {
  readonly servers: readonly ResolvedServer[];
  readonly entries: ReadonlyMap<string, ServerEntry>;
  readonly parts: ReadonlyMap<string, ServerParts>;
  readonly issues: readonly Issue[];
  /**
   * Names of entries of config.toml that say something of a plugin's server and are none themselves, with the id of the plugin;
   * null where servers of several are meant.
   */
  readonly settled: ReadonlyMap<string, string | null>;
  /** An issue under the name that people know the server by; null for one that plugins settle. */
  readonly restate: (issue: Issue) => Issue | null;
};

/** What a plugin's server is put together from. */
export type ServerParts = {
  /** Its key in the settings of the plugin. */
  readonly path: KeyPath;
  /** As the plugin's files have it, under the keys of config.toml; null when they are not there. */
  readonly own: LocatedTable | null;
  /** From low to high. */
  readonly laid: readonly LaidTable[];
};

/**
 * The servers of all plugins, under names of their own, with what the user lays over them.
 *
 * An entry of config.toml with a command or an address takes the place of a plugin's server of that name; any other is laid
 * over it.
 */
export function resolvePluginServers(input: ResolveInput): PluginServers {
  const { config, plugins } = input;
  const all = claimsOf(plugins, config);
  const replacing = ({ server }: PluginClaim): ServerEntry | null =>
    config.overlays.has(server) ? null : (config.servers.get(server) ?? null);
  const claims = all.filter((claim) => replacing(claim) === null);
  const whole = [...config.servers.keys()].filter((name) => !config.overlays.has(name));
  const { names, conflicts } = namePluginServers(claims, whole);
  const overlays = overlaysOf(claims, names, config);
  const values = new Map(plugins.map((plugin) => [plugin.pluginId, valuesOfPlugin(plugin, config)]));
  const shown = claims.map((claim) =>
    showServer(claim, {
      name: names.get(claim) ?? claim.server,
      laid: overlays.of.get(claim) ?? [],
      values: values.get(claim.pluginId) ?? NO_VALUES,
      input,
    }),
  );
  const known = new Map(shown.map((one) => [keyOf(one.claim), one]));
  return {
    servers: shown.map(({ server }) => server),
    entries: new Map(shown.map(({ server, entry }) => [server.name, entry])),
    parts: new Map(shown.map(({ server, claim }) => [server.name, partsOf(claim, overlays.of.get(claim) ?? [])])),
    issues: [
      ...all.flatMap((claim) => replacedIssue(claim, replacing(claim))),
      ...conflicts.map((group) => conflictIssue(group, names)),
      ...unknownPolicies(input),
      ...overlays.issues,
      ...[...values.values()].flatMap(({ issues }) => issues),
      ...shown.flatMap(({ issues }) => issues),
    ],
    settled: new Map([...overlays.settled].map(([name, claim]) => [name, claim?.pluginId ?? null])),
    restate: (issue) => restate(issue, { known, settled: overlays.settled }),
  };
}

function partsOf({ pluginId, server, declared }: PluginClaim, laid: readonly LaidTable[]): ServerParts {
  return { path: ['plugins', pluginId, 'mcp_servers', server], own: declared?.table ?? null, laid };
}

const NO_VALUES: PluginValues = { settings: new Map(), byDefault: new Set(), wrong: new Map(), issues: [] };

type Shown = {
  readonly claim: PluginClaim;
  readonly server: ResolvedServer;
  readonly entry: ServerEntry;
  readonly repaired: MergedServer['repaired'];
  /** What nobody else has reported. */
  readonly issues: readonly Issue[];
};

type ShowOptions = {
  readonly name: string;
  readonly laid: readonly LaidTable[];
  readonly values: PluginValues;
  readonly input: ResolveInput;
};

function showServer(claim: PluginClaim, options: ShowOptions): Shown {
  const { name, laid, values, input } = options;
  const { pluginId, declared } = claim;
  const { env } = claim.input;
  const merged = mergeServer(claim, laid, input.config);
  const entry = merged?.entry ?? null;
  const launch = entry === null ? null : launchOf(entry, { from: env['PLUGIN_ROOT'] ?? '/', env });
  const { undeclared, unknown } = undeclaredIn(merged, { claim, values });
  const mine = (issue: Issue): Issue => ({ ...issue, server: name, plugin: pluginId });
  const issues = [...(merged?.issues ?? []), ...unknown, ...defaultsOutside(merged, { claim, values })].map(mine);
  const problems = [
    ...inBundle(claim, entry?.problems ?? unreadable(claim, input.pluginIssues)),
    ...[
      ...claim.problems,
      ...overlayProblems(laid, input),
      ...issues.filter(({ severity }) => severity === 'error'),
      ...wrongValues(merged, values),
    ].map(ofUser),
  ].map(mine);
  const sources = sourcesOfPlugin(claim, { name, entry, launch, values, workspace: input.workspace });
  const verdict = pluginVerdict({
    ...{ claim, name, entry, launch, problems, sources, undeclared },
    offAt: laid.flatMap(({ table }) => turnedOffAt(table)).at(-1) ?? null,
    unagreed: unagreedIn(merged, claim),
    requirements: input.requirements,
  });
  const known: ServerEntry = {
    ...(entry ?? nothingKnown(claim)),
    name,
    enabled: verdict.kind !== 'disabled',
    problems,
  };
  return {
    ...{ claim, issues, entry: known },
    repaired: merged?.repaired ?? (() => false),
    server: {
      ...factsOf(known),
      verdict,
      namedTools: [
        ...(declared === null ? [] : namedToolsOf(['mcpServers', claim.server], declared.entry)),
        ...laid.flatMap((table) => toolsNamedIn(table, { claim, input })),
      ],
      owner: {
        pluginId,
        server: claim.server,
        root: env['PLUGIN_ROOT'] ?? null,
        dataDir: env['PLUGIN_DATA'] ?? null,
      },
      sources,
    },
  };
}

function toolsNamedIn(
  { path }: LaidTable,
  { claim: { policy }, input }: { readonly claim: PluginClaim; readonly input: ResolveInput },
): readonly NamedTool[] {
  const lists = path[0] === 'plugins' ? policy : (input.config.servers.get(path[1] ?? '') ?? null);
  return lists === null ? [] : namedToolsOf(path, lists);
}

/** The place of an `enabled = false`. */
function turnedOffAt(table: LaidTable['table']): readonly Origin[] {
  const enabled = table.entries.get('enabled');
  return enabled?.kind === 'scalar' && enabled.value === false ? [enabled.origin] : [];
}

/** The entry of a server that is known by its name alone. */
function nothingKnown({ server, policy }: PluginClaim): ServerEntry {
  return {
    name: server,
    origin: policy?.origin ?? { ...BUILT_IN, layer: 'plugin' },
    enabled: true,
    enabledOrigin: policy?.enabledOrigin ?? { ...BUILT_IN, layer: 'plugin' },
    required: false,
    transport: null,
    startupTimeoutMs: 0,
    toolTimeoutMs: 0,
    startupTimeoutSec: null,
    toolTimeoutSec: null,
    enabledTools: null,
    disabledTools: [],
    toolNames: [],
    supportsParallelToolCalls: false,
    allowSecretInArgs: false,
    sharing: 'auto',
    maxConnections: 1,
    roots: [],
    problems: [],
  };
}

function keyOf({ pluginId, server }: { readonly pluginId: string; readonly server: string }): string {
  return `${pluginId}\0${server}`;
}

function restate(
  issue: Issue,
  {
    known,
    settled,
  }: { readonly known: ReadonlyMap<string, Shown>; readonly settled: ReadonlyMap<string, PluginClaim | null> },
): Issue | null {
  const { plugin, server, ...rest } = issue;
  if (server === undefined) return issue;
  if (plugin !== undefined) {
    const shown = known.get(keyOf({ pluginId: plugin, server }));
    if (shown === undefined) return { ...rest, plugin };
    return shown.repaired(issue) ? null : { ...issue, server: shown.server.name };
  }
  const claim = settled.get(server);
  if (claim === undefined) return issue;
  if (issue.code === 'CONFIG_NO_TRANSPORT') return null;
  return claim === null
    ? rest
    : { ...issue, server: known.get(keyOf(claim))?.server.name ?? server, plugin: claim.pluginId };
}
