import { resolve } from 'node:path';
import { escapeReferences, type Origin, renderKey, type ServerEntry, scanReferences } from '../config/index.ts';
import { type Issue, issueLocation } from '../kernel/index.ts';
import type { Launch, ResolvedServer, ServerVerdict } from './types.ts';

/** `file:line` of a key, or `-c`. */
export function placeOf({ file, line }: Origin): string {
  return file === null ? '-c' : [file, line].filter((part) => part !== null).join(':');
}

/** The place of an issue, as far as it is known. */
export function atPlace({ file, line, column }: Origin): Pick<Issue, 'file' | 'line' | 'column'> {
  return {
    ...(file === null ? {} : { file }),
    ...(line === null ? {} : { line }),
    ...(column === null ? {} : { column }),
  };
}

/** Issues, those without a place at that of the server. */
export function issuesAt(origin: Origin, issues: readonly Issue[]): readonly Issue[] {
  return issues.map((issue) => (issue.file === undefined ? { ...issue, ...atPlace(origin) } : issue));
}

/** What comes before every other step while a file of the configuration is skipped as a whole; null where none is. */
export function brokenFileStep(issues: readonly Issue[]): string | null {
  const broken = issues.find(({ code }) => code === 'CONFIG_NOT_TOML' || code === 'CONFIG_UNREADABLE');
  if (broken === undefined) return null;
  return broken.code === 'CONFIG_NOT_TOML'
    ? `correct ${issueLocation(broken)}; until then the whole file is skipped`
    : `see to ${issueLocation(broken)}: ${broken.hint ?? broken.message}`;
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
  const folders = Object.entries(env).map(([name, folder]) => [name, escapeReferences(folder)] as const);
  return {
    ...launch,
    env: { ...Object.fromEntries(folders), ...launch.env },
    cwd: cwdAbsolute ?? startingAt(from, transport.cwd ?? '.'),
  };
}

/** A relative canonical path from `from` on; unchanged where it begins with a reference, which may stand for an absolute one. */
function startingAt(from: string, cwd: string): string {
  const [first, ...others] = scanReferences(cwd, 'canonical');
  if (first === undefined || first.kind !== 'text') return cwd;
  if (others.length === 0) return escapeReferences(resolve(from, first.text));
  return `${escapeReferences(from)}/${cwd}`;
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
export function factsOf(entry: ServerEntry): Omit<ResolvedServer, 'verdict' | 'namedTools' | 'owner' | 'sources'> {
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
    allowSecretInArgs: entry.allowSecretInArgs,
    sharing: entry.sharing,
    maxConnections: entry.maxConnections,
    roots: entry.roots,
  };
}

/** The table in which the user says something of a server, as a dotted key. */
export function settingsKey({ name, owner }: Pick<ResolvedServer, 'name' | 'owner'>): string {
  return renderKey(owner === null ? ['mcp_servers', name] : ['plugins', owner.pluginId, 'mcp_servers', owner.server]);
}
