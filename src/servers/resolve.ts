import { keyBesideIdentity, renderKey, requirementFor, type ServerEntry } from '../config/index.ts';
import { commandLine, type Issue, nearest } from '../kernel/index.ts';
import { namedToolsOf } from './named-tools.ts';
import { resolvePluginServers, type ServerParts } from './plugin/servers.ts';
import { secretNotes } from './secret-notes.ts';
import type { ResolvedServer, ResolveInput, ServerVerdict } from './types.ts';
import { beforeValues } from './values/lacking.ts';
import { sourcesOfEntry } from './values/value-sources.ts';
import { againstRequirements, brokenFileStep, factsOf, issuesAt, launchOf, placeOf } from './verdict-parts.ts';

export type Resolved = {
  readonly servers: readonly ResolvedServer[];
  /** What each server was made of, by name: for a plugin's server, with everything laid over it. */
  readonly entries: ReadonlyMap<string, ServerEntry>;
  /** The tables of each plugin's server, by name. */
  readonly parts: ReadonlyMap<string, ServerParts>;
  readonly issues: readonly Issue[];
};

/**
 * Every server there is, and whether it may start.
 *
 * @returns Servers sorted by name (by code unit, so the order is the same everywhere), and all issues: of the
 *   configuration, of the plugins, and of what one says of the other. A server that requirements block is blocked also when
 *   it is disabled; a server with problems that is disabled counts as disabled, since that is how one silences it.
 */
export function resolveServers(input: ResolveInput): Resolved {
  const { config, pluginIssues } = input;
  const { servers, entries, parts, issues, settled, restate } = resolvePluginServers(input);
  const own = [...config.servers.values()].filter(({ name }) => !settled.has(name));
  const gone = new Map(own.flatMap((entry) => goneServer(entry, input)));
  const goneFrom = [...gone].map(([name, { owner }]) => [name, owner?.pluginId ?? null] as const);
  const all = [...own.map((entry) => gone.get(entry.name) ?? resolveServer(entry, input)), ...servers]
    .map((server) => withPlaces(server, config.issues))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const everyEntry = new Map([...own.map((entry) => [entry.name, entry] as const), ...entries]);
  return {
    servers: all,
    entries: everyEntry,
    parts,
    issues: [
      ...[...config.issues, ...pluginIssues]
        .flatMap((issue) => restate(issue) ?? [])
        .filter(({ code, server }) => code !== 'CONFIG_NO_TRANSPORT' || !gone.has(server ?? ''))
        .map((issue) => withNearest(issue, servers)),
      ...issues,
      ...all.flatMap((server) => refusals(server, everyEntry.get(server.name)?.problems ?? [])),
      ...secretNotes(config, new Map([...settled, ...goneFrom])),
    ],
  };
}

/** What keeps a server from starting, with the place of the server, or of the file that has to be corrected first. */
function withPlaces(server: ResolvedServer, issues: readonly Issue[]): ResolvedServer {
  const { verdict, origin } = server;
  if (verdict.kind === 'invalid')
    return { ...server, verdict: { ...verdict, issues: issuesAt(origin, verdict.issues) } };
  const step = verdict.kind === 'needs_config' ? brokenFileStep(issues) : null;
  return verdict.kind === 'needs_config' && step !== null
    ? { ...server, verdict: { ...verdict, command: step } }
    : server;
}

/** What a server is refused for without a problem of its entry, which nobody else has reported. */
function refusals({ verdict, owner }: ResolvedServer, problems: readonly Issue[]): readonly Issue[] {
  if (verdict.kind !== 'invalid' || problems.length > 0) return [];
  return verdict.issues.map((issue) => (owner === null ? issue : { ...issue, plugin: owner.pluginId }));
}

/** An entry that was laid over a server of a plugin that is not installed any more. One that only turns it off stays that. */
function goneServer(
  entry: ServerEntry,
  { config, removedPlugins, workspace }: ResolveInput,
): readonly (readonly [string, ResolvedServer])[] {
  const { name, enabled, problems } = entry;
  if (!config.overlays.has(name) || !enabled || problems.some(({ code }) => code !== 'CONFIG_NO_TRANSPORT')) return [];
  const from = removedPlugins.filter(({ pluginId, servers }) =>
    servers.some((server) => [server, `${pluginId.split('@')[0]}:${server}`, `${pluginId}:${server}`].includes(name)),
  );
  const [first] = from;
  if (first === undefined) return [];
  const adds = from.map(({ pluginId }) => `plugboard plugin add ${pluginId}`);
  const unset = commandLine(['plugboard', 'config', 'unset', renderKey(['mcp_servers', name])]);
  const command = `run: ${adds.join(', or ')}; or take away what ${placeOf(entry.origin)} lays over it: ${unset}`;
  const { pluginId, servers } = first;
  const server = servers.find((known) => name === known || name.endsWith(`:${known}`)) ?? name;
  return [
    [
      name,
      {
        ...factsOf(entry),
        verdict: { kind: 'missing', pluginId, command },
        namedTools: namedToolsOf(['mcp_servers', name], entry),
        owner: { pluginId, server, root: null, dataDir: null },
        sources: { ...sourcesOfEntry(entry, workspace), consumer: { kind: 'plugin', id: pluginId } },
      },
    ],
  ];
}

/** An entry that lacks a command may be meant for a server whose name is written otherwise. */
function withNearest(issue: Issue, servers: readonly ResolvedServer[]): Issue {
  if (issue.code !== 'CONFIG_NO_TRANSPORT' || issue.severity !== 'error' || issue.plugin !== undefined) return issue;
  const near = nearest(
    issue.server ?? '',
    servers.map(({ name }) => name),
  );
  const own = 'add `command` for a program, or `url` for an HTTP server';
  const hint =
    near === null
      ? `${own}; or install the plugin that has this server`
      : `did you mean [${renderKey(['mcp_servers', near])}]? Else ${own}`;
  return { ...issue, hint };
}

function resolveServer(entry: ServerEntry, surroundings: ResolveInput): ResolvedServer {
  return {
    ...factsOf(entry),
    verdict: verdictOf(entry, surroundings),
    namedTools: namedToolsOf(['mcp_servers', entry.name], entry),
    owner: null,
    sources: sourcesOfEntry(entry, surroundings.workspace),
  };
}

function verdictOf(entry: ServerEntry, { requirements, workspace }: ResolveInput): ServerVerdict {
  const launch = launchOf(entry, { from: workspace });
  const off = {
    kind: 'disabled',
    by: 'user',
    where: placeOf(entry.enabledOrigin),
    command: `run: plugboard mcp enable ${entry.name}`,
    launch,
  } as const;
  if (entry.problems.length > 0) return entry.enabled ? { kind: 'invalid', issues: entry.problems } : off;
  if (launch === null && !entry.enabled) return off;
  const file = requirementFor(requirements, entry.name, entry.transport);
  if (file !== null) {
    const beside = entry.transport === null ? null : keyBesideIdentity(entry.transport, 'config');
    return againstRequirements(file, launch, beside);
  }
  if (!entry.enabled) return off;
  if (launch === null) throw new Error(`server ${entry.name} has neither a transport nor a problem`);
  return beforeValues(launch, sourcesOfEntry(entry, workspace)) ?? { kind: 'startable', launch };
}
