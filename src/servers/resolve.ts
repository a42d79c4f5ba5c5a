import { resolve } from 'node:path';
import { type Config, type Requirements, requirementFor, type ServerEntry } from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import type { Launch, ResolvedServer, ServerVerdict } from './types.ts';

export type ResolveInput = {
  readonly config: Config;
  readonly requirements: readonly Requirements[];
  /** Absolute folder the caller works in: where servers without a `cwd` of their own start. */
  readonly workspace: string;
};

/**
 * Every server there is, and whether it may start.
 *
 * @returns Servers sorted by name (by code unit, so the order is the same everywhere), and all issues of the
 *   configuration. A blocked server is blocked also when it is disabled; a server with problems that is disabled counts
 *   as disabled, since that is how one silences it.
 */
export function resolveServers({ config, requirements, workspace }: ResolveInput): {
  readonly servers: readonly ResolvedServer[];
  readonly issues: readonly Issue[];
} {
  const servers = [...config.servers.values()]
    .map((entry) => resolveServer(entry, { requirements, workspace }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { servers, issues: config.issues };
}

type Surroundings = Omit<ResolveInput, 'config'>;

function resolveServer(entry: ServerEntry, surroundings: Surroundings): ResolvedServer {
  return {
    name: entry.name,
    origin: entry.origin,
    verdict: verdictOf(entry, surroundings),
    required: entry.required,
    startupTimeoutMs: entry.startupTimeoutMs,
    toolTimeoutMs: entry.toolTimeoutMs,
    startupTimeoutSec: entry.startupTimeoutSec,
    toolTimeoutSec: entry.toolTimeoutSec,
    enabledTools: entry.enabledTools,
    disabledTools: entry.disabledTools,
    toolNames: entry.toolNames,
    supportsParallelToolCalls: entry.supportsParallelToolCalls,
    sharing: entry.sharing,
    maxConnections: entry.maxConnections,
    roots: entry.roots,
    owner: null,
  };
}

function verdictOf(entry: ServerEntry, { requirements, workspace }: Surroundings): ServerVerdict {
  const launch = launchOf(entry, workspace);
  const off = {
    kind: 'disabled',
    by: 'user',
    where: disabledAt(entry),
    command: `run: plugboard mcp enable ${entry.name}`,
    launch,
  } as const;
  if (entry.problems.length > 0) return entry.enabled ? { kind: 'invalid', issues: entry.problems } : off;
  if (launch === null && !entry.enabled) return off;
  const file = requirementFor(requirements, entry.name, entry.transport);
  if (file !== null)
    return {
      kind: 'blocked',
      reason: 'requirements',
      detail: file,
      command: `ask the administrator of ${file}`,
      launch,
    };
  if (!entry.enabled) return off;
  if (launch === null) throw new Error(`server ${entry.name} has neither a transport nor a problem`);
  return { kind: 'startable', launch };
}

/** `file:line` of the key that turned it off, or `-c`. */
function disabledAt({ enabledOrigin: { file, line } }: ServerEntry): string {
  return file === null ? '-c' : [file, line].filter((part) => part !== null).join(':');
}

function launchOf({ transport }: ServerEntry, workspace: string): Launch | null {
  if (transport?.kind !== 'stdio') return transport;
  const { cwdAbsolute, ...launch } = transport;
  return { ...launch, cwd: cwdAbsolute ?? resolve(workspace, transport.cwd ?? '.') };
}
