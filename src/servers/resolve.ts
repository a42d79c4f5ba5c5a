import { keyBesideIdentity, requirementFor, type ServerEntry } from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import { namedToolsOf } from './named-tools.ts';
import { resolvePluginServers } from './plugin-servers.ts';
import type { ResolvedServer, ResolveInput, ServerVerdict } from './types.ts';
import { againstRequirements, factsOf, launchOf, placeOf } from './verdict-parts.ts';

export type Resolved = {
  readonly servers: readonly ResolvedServer[];
  /** What each server was made of, by name: for a plugin's server, with the policy of the user applied. */
  readonly entries: ReadonlyMap<string, ServerEntry>;
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
  const { servers, entries, issues, settled, restate } = resolvePluginServers(input);
  const own = [...config.servers.values()].filter(({ name }) => !settled.has(name));
  return {
    servers: [...own.map((entry) => resolveServer(entry, input)), ...servers].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    ),
    entries: new Map([...own.map((entry) => [entry.name, entry] as const), ...entries]),
    issues: [...[...config.issues, ...pluginIssues].flatMap((issue) => restate(issue) ?? []), ...issues],
  };
}

function resolveServer(entry: ServerEntry, surroundings: ResolveInput): ResolvedServer {
  return {
    ...factsOf(entry),
    verdict: verdictOf(entry, surroundings),
    namedTools: namedToolsOf(['mcp_servers', entry.name], entry),
    owner: null,
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
  return { kind: 'startable', launch };
}
