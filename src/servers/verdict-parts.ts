import { resolve } from 'node:path';
import { type Origin, renderKey, type ServerEntry } from '../config/index.ts';
import type { Launch, ResolvedServer, ServerVerdict } from './types.ts';

/** `file:line` of a key, or `-c`. */
export function placeOf({ file, line }: Origin): string {
  return file === null ? '-c' : [file, line].filter((part) => part !== null).join(':');
}

/**
 * How an entry is started or reached.
 *
 * @param from Absolute folder where a relative `cwd`, or none, starts.
 * @param env Beneath the variables of the entry itself.
 */
export function launchOf(
  { transport }: Pick<ServerEntry, 'transport'>,
  { from, env = {} }: { readonly from: string; readonly env?: Readonly<Record<string, string>> },
): Launch | null {
  if (transport?.kind !== 'stdio') return transport;
  const { cwdAbsolute, ...launch } = transport;
  return { ...launch, env: { ...env, ...launch.env }, cwd: cwdAbsolute ?? resolve(from, transport.cwd ?? '.') };
}

/**
 * @param file The requirements file that is against it.
 * @param beside The key with which no identity is met; null without one.
 */
export function againstRequirements(file: string, launch: Launch | null, beside: string | null): ServerVerdict {
  const why = beside === null ? '' : `; no identity is met by a server with \`${beside}\``;
  const command = `ask the administrator of ${file}${why}`;
  return { kind: 'blocked', reason: 'requirements', detail: file, command, launch };
}

/** What a server takes over from its entry as it is. */
export function factsOf(entry: ServerEntry): Omit<ResolvedServer, 'verdict' | 'namedTools' | 'owner'> {
  return {
    name: entry.name,
    origin: entry.origin,
    required: entry.required,
    startupTimeoutMs: entry.startupTimeoutMs,
    toolTimeoutMs: entry.toolTimeoutMs,
    startupTimeoutSec: entry.startupTimeoutSec,
    toolTimeoutSec: entry.toolTimeoutSec,
    enabledTools: entry.enabledTools,
    disabledTools: entry.disabledTools,
    supportsParallelToolCalls: entry.supportsParallelToolCalls,
    sharing: entry.sharing,
    maxConnections: entry.maxConnections,
    roots: entry.roots,
  };
}

/** The table in which the user says something of a server, as a dotted key. */
export function settingsKey({ name, owner }: Pick<ResolvedServer, 'name' | 'owner'>): string {
  return renderKey(owner === null ? ['mcp_servers', name] : ['plugins', owner.pluginId, 'mcp_servers', owner.server]);
}
