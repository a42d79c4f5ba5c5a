import { BUILT_IN, type ServerEntry } from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import { namedToolsOf } from './named-tools.ts';
import { claimsOf, type PluginClaim, withPolicy } from './plugin-claims.ts';
import { namePluginServers } from './plugin-names.ts';
import { unknownPolicies } from './plugin-policies.ts';
import { pluginVerdict } from './plugin-verdict.ts';
import type { NamedTool, ResolvedServer, ResolveInput } from './types.ts';
import { factsOf } from './verdict-parts.ts';

export type PluginServers = {
  readonly servers: readonly ResolvedServer[];
  readonly entries: ReadonlyMap<string, ServerEntry>;
  readonly issues: readonly Issue[];
  /** Names of entries of config.toml that say something of a plugin's server, and are none themselves. */
  readonly settled: ReadonlySet<string>;
  /** An issue under the name that people know the server by; null for one that plugins settle. */
  readonly restate: (issue: Issue) => Issue | null;
};

/**
 * The servers of all plugins, under names of their own.
 *
 * An entry of config.toml with a command or an address takes the place of a plugin's server of that name; one that only
 * says `enabled = false` turns it off; one with other keys cannot be laid over it yet, and so keeps it from starting.
 */
export function resolvePluginServers(input: ResolveInput): PluginServers {
  const { config, plugins } = input;
  const all = claimsOf(plugins, config);
  const replacing = ({ server }: PluginClaim): ServerEntry | null => {
    const entry = config.servers.get(server);
    return entry !== undefined && entry.transport !== null ? entry : null;
  };
  const claims = all.filter((claim) => replacing(claim) === null);
  const whole = [...config.servers.values()].filter(({ transport }) => transport !== null).map(({ name }) => name);
  const { names, conflicts } = namePluginServers(claims, whole);
  const shown = claims.map((claim) => showServer(claim, { name: names.get(claim) ?? claim.server, input }));
  const knownAs = new Map(shown.map(({ claim, server }) => [keyOf(claim), server.name]));
  const settled = new Map(shown.flatMap(({ claim, overlay }) => overlay.map(({ name }) => [name, claim] as const)));
  return {
    servers: shown.map(({ server }) => server),
    entries: new Map(shown.map(({ server, entry }) => [server.name, entry])),
    issues: [
      ...all.flatMap((claim) => replacedIssue(claim, replacing(claim))),
      ...conflicts.map((group) => conflictIssue(group, names)),
      ...unknownPolicies(input),
    ],
    settled: new Set(settled.keys()),
    restate: (issue) => restate(issue, { knownAs, settled }),
  };
}

type Shown = {
  readonly claim: PluginClaim;
  readonly server: ResolvedServer;
  readonly entry: ServerEntry;
  /** Entries of config.toml under its name that are no servers themselves. */
  readonly overlay: readonly ServerEntry[];
};

function showServer(
  claim: PluginClaim,
  { name, input }: { readonly name: string; readonly input: ResolveInput },
): Shown {
  const { pluginId, declared, policy } = claim;
  const { env } = claim.input;
  const named = [...new Set([claim.server, name])].flatMap((wanted) => input.config.servers.get(wanted) ?? []);
  const overlay = named.filter(({ transport }) => transport === null);
  const turnedOff = overlay.find(({ enabled }) => !enabled) ?? null;
  const entry = withPolicy(claim);
  const problems = [
    ...inBundle(claim, declared?.entry.problems ?? unreadable(claim, input.pluginIssues)),
    ...[
      ...claim.problems,
      ...overlay.flatMap((partial) => partial.problems.map((problem) => laidOver(problem, claim))),
    ].map(ofUser),
  ].map((problem) => ({ ...problem, server: name, plugin: pluginId }));
  const verdict = pluginVerdict({ claim, name, entry, problems, turnedOff, requirements: input.requirements });
  const known: ServerEntry = {
    ...(entry ?? nothingKnown(claim)),
    name,
    enabled: verdict.kind !== 'disabled',
    problems,
  };
  return {
    claim,
    overlay,
    entry: known,
    server: {
      ...factsOf(known),
      verdict,
      namedTools: [
        ...(declared === null ? [] : namedToolsOf(['mcpServers', claim.server], declared.entry)),
        ...(policy === null ? [] : namedToolsOf(['plugins', pluginId, 'mcp_servers', claim.server], policy)),
      ] satisfies readonly NamedTool[],
      owner: {
        pluginId,
        server: claim.server,
        root: env['PLUGIN_ROOT'] ?? null,
        dataDir: env['PLUGIN_DATA'] ?? null,
      },
    },
  };
}

/**
 * What is wrong in the files of a plugin. Those of an installed one are not for its user to correct: a changed file would
 * block it, so only the maintainer is told how. One that comes from no marketplace is served where it is written.
 */
function inBundle({ input }: PluginClaim, problems: readonly Issue[]): readonly Issue[] {
  if (input.marketplaceSource === null) return problems;
  return problems.map(({ hint: _hint, ...problem }) => problem);
}

/** What is wrong in what the user wrote is for the user to correct. */
function ofUser(problem: Issue): Issue {
  const { key, file, line } = problem;
  if (problem.hint !== undefined || key === undefined) return problem;
  const where = [file, line].filter((part) => part !== undefined).join(':');
  return { ...problem, hint: `correct ${key}${where === '' ? '' : ` in ${where}`}` };
}

/** Why a plugin whose files are as they were installed has no declaration to show. */
function unreadable({ pluginId, input }: PluginClaim, issues: readonly Issue[]): readonly Issue[] {
  if (input.standing.kind !== 'ready') return [];
  return issues.filter(({ plugin, severity }) => plugin === pluginId && severity === 'error');
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
    sharing: 'auto',
    maxConnections: 1,
    roots: [],
    problems: [],
  };
}

/** What is wrong with an entry that was meant for a server of a plugin, said for that. */
function laidOver(issue: Issue, { pluginId, server }: PluginClaim): Issue {
  if (issue.code !== 'CONFIG_NO_TRANSPORT') return issue;
  return {
    ...issue,
    message: `${issue.key ?? server} cannot be laid over the server of the plugin ${pluginId} yet; the server is not started without it`,
    hint: `write it as [plugins."${pluginId}".mcp_servers.${server}], or remove it`,
  };
}

function keyOf({ pluginId, server }: { readonly pluginId: string; readonly server: string }): string {
  return `${pluginId}\0${server}`;
}

function restate(
  issue: Issue,
  {
    knownAs,
    settled,
  }: { readonly knownAs: ReadonlyMap<string, string>; readonly settled: ReadonlyMap<string, PluginClaim> },
): Issue | null {
  const { plugin, server, ...rest } = issue;
  if (server === undefined) return issue;
  if (plugin !== undefined) {
    const name = knownAs.get(keyOf({ pluginId: plugin, server }));
    return name === undefined ? { ...rest, plugin } : { ...issue, server: name };
  }
  const claim = settled.get(server);
  if (claim === undefined) return issue;
  if (issue.code === 'CONFIG_NO_TRANSPORT' && issue.severity === 'note') return null;
  const name = knownAs.get(keyOf(claim)) ?? server;
  return { ...laidOver(issue, claim), server: name, plugin: claim.pluginId };
}

function replacedIssue({ pluginId, server, active }: PluginClaim, by: ServerEntry | null): readonly Issue[] {
  if (by === null || !active) return [];
  const { file, line, column } = by.origin;
  return [
    {
      code: 'PLUGIN_SERVER_REPLACED',
      severity: 'warning',
      message: `mcp_servers.${server} replaces the server '${server}' of the plugin ${pluginId}`,
      hint: 'rename the one in config.toml to keep both, or remove it to use that of the plugin',
      ...(file === null ? {} : { file }),
      ...(line === null ? {} : { line }),
      ...(column === null ? {} : { column }),
      key: `mcp_servers.${server}`,
      server,
      plugin: pluginId,
    },
  ];
}

function conflictIssue(group: readonly PluginClaim[], names: ReadonlyMap<PluginClaim, string>): Issue {
  const ids = group.map(({ pluginId }) => pluginId);
  const called = group.map((claim) => names.get(claim) ?? claim.server);
  const [only] = group;
  if (only !== undefined && group.length === 1)
    return {
      code: 'PLUGIN_SERVER_CONFLICT',
      severity: 'warning',
      message: `${only.pluginId} has a server named '${only.server}', which could be taken for one of another plugin; it is called ${list(called)}`,
      hint: 'ask the maintainer of the plugin for a name without `:`',
      server: names.get(only) ?? only.server,
      plugin: only.pluginId,
    };
  return {
    code: 'PLUGIN_SERVER_CONFLICT',
    severity: 'warning',
    message: `${list(ids)} each have a server named '${group[0]?.server ?? ''}'; they are called ${list(called)}`,
    hint: 'disable or remove one of the plugins to get the short name back',
  };
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
