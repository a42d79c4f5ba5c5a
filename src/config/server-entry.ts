import type { Issue } from '../kernel/index.ts';
import { byPlace, type CheckContext, checkTable, containerWord, type FileFormat, found } from './check.ts';
import { type KeyRow, MAX_TIMER_MS } from './key-types.ts';
import { isOverlay } from './layers.ts';
import { type KeyPath, type Located, type LocatedTable, locate } from './located.ts';
import { canonicalFrom, type Places, resolveFrom } from './places.ts';
import { OVERLAY_KEYS } from './plugin-keys.ts';
import * as read from './read.ts';
import { shownUrl } from './scalars.ts';
import { SERVER_KEYS } from './server-keys.ts';
import { checkReferences, isShell, programName } from './server-references.ts';
import { withStandIns } from './stand-ins.ts';
import type { EnvVarRef, HttpTransport, Origin, ServerEntry, StdioTransport } from './types.ts';

const MAX_NAME_LENGTH = 128;
const RESERVED_NAMES: readonly string[] = ['profile'];

/** What a `[mcp_servers.NAME]` came to. `entry` is null for one that starts Plugboard itself. */
export type ParsedServer = { readonly entry: ServerEntry | null; readonly issues: readonly Issue[] };

export type ParseServerOptions = {
  /** Where the server is defined, for lists and messages. */
  readonly origin: Origin;
  readonly places: Places;
  /** Given by who reads servers from other files than config.toml, and sees to references in their values. */
  readonly format?: FileFormat;
  /** Schemes of `[secret_providers]` that can be used; none without it. */
  readonly providers?: ReadonlySet<string>;
  /** For a plugin's server with config.toml laid over it: what its parts refer to was checked where they were read. */
  readonly merged?: true;
};

/**
 * Reads one `[mcp_servers.NAME]` after all layers were merged. Never throws: what is wrong with it becomes issues, and
 * those of severity `error` are also the entry's `problems`.
 */
export function parseServer(
  name: string,
  node: Located,
  { origin, places, format, providers, merged }: ParseServerOptions,
): ParsedServer {
  const issues: Issue[] = [];
  const context: CheckContext = {
    path: ['mcp_servers', name],
    server: name,
    ...(format === undefined ? {} : { format }),
    report: (issue) => void issues.push(issue),
  };
  const table: LocatedTable = node.kind === 'table' ? node : { ...node, kind: 'table', entries: new Map() };
  if (node.kind !== 'table') {
    found(context, node.at, { code: 'CONFIG_WRONG_TYPE', message: `must be ${containerWord('table', context)}` });
  } else if (startsPlugboard(table)) {
    found(context, origin, {
      code: 'CONFIG_SELF_REFERENCE',
      severity: 'warning',
      message: 'starts Plugboard itself and is not read as a server',
    });
    return { entry: null, issues };
  } else {
    checkName(name, node.origin, context);
    const overlay = format === undefined && isOverlay(table);
    const own = format === undefined && merged !== true;
    const rules = { laidOver: overlay, places, providers: own ? (providers ?? new Set<string>()) : null };
    if (overlay) checkWiden(table, context);
    checkKeys(table, overlay ? OVERLAY_KEYS : SERVER_KEYS, { rules, context });
    checkTransport(table, context);
    if (!overlay) checkTogether(table, context);
  }
  const problems = issues.filter((issue) => issue.severity === 'error').sort(byPlace);
  return { entry: entryOf(name, table, { origin, places, problems }), issues };
}

function checkName(name: string, place: Origin, context: CheckContext): void {
  if (RESERVED_NAMES.includes(name)) {
    found(context, place, { code: 'CONFIG_RESERVED_NAME', message: `has the name "${name}", which is reserved` });
  } else if (name === '' || name.length > MAX_NAME_LENGTH || !/^[A-Za-z0-9_:@/.-]+$/.test(name)) {
    const message =
      name.length > MAX_NAME_LENGTH
        ? `has a name longer than ${MAX_NAME_LENGTH} characters`
        : "has a name with characters that are not allowed, or none (use letters, numbers, '-', '_', ':', '@', '/', '.')";
    found(context, place, { code: 'CONFIG_BAD_NAME', message });
  }
}

function checkTransport(table: LocatedTable, context: CheckContext): void {
  const command = table.entries.get('command');
  const url = table.entries.get('url');
  if (command !== undefined && url !== undefined) {
    found(context, url.origin, {
      code: 'CONFIG_BOTH_TRANSPORTS',
      message: 'has both `command` and `url`; url is not supported for stdio',
      hint: 'keep one of the two',
    });
    return;
  }
  if (context.format === undefined && turnsOffOnly(table)) {
    found(context, table.origin, {
      code: 'CONFIG_NO_TRANSPORT',
      severity: 'note',
      message: 'turns off a server that none of the files read here defines',
      hint: 'it may be one of a project; else remove the entry',
    });
    return;
  }
  if (command === undefined && url === undefined) {
    found(context, table.origin, {
      code: 'CONFIG_NO_TRANSPORT',
      message: 'has neither `command` nor `url`',
      hint: 'add `command` for a program, or `url` for an HTTP server',
    });
    return;
  }
  const transport = command === undefined ? 'http' : 'stdio';
  for (const row of SERVER_KEYS) {
    const value = table.entries.get(row.key);
    if (value === undefined || row.transport === undefined || row.transport === transport || row.refused) continue;
    found({ ...context, path: [...context.path, row.key] }, value.origin, {
      code: 'CONFIG_KEY_NOT_FOR_TRANSPORT',
      message: `is not supported for ${transport === 'stdio' ? 'stdio' : 'streamable_http'}`,
      hint:
        transport === 'stdio' ? 'remove it, or replace `command` by `url`' : 'remove it, or replace `url` by `command`',
    });
  }
}

/** What `mcp disable` leaves in the user's file for a server of a project, seen from outside that project. */
function turnsOffOnly(table: LocatedTable): boolean {
  return table.entries.size === 1 && read.boolean(table, 'enabled') === false;
}

/** Rules about keys that need each other. */
function checkTogether(table: LocatedTable, context: CheckContext): void {
  const needs = (key: KeyPath, fine: boolean, message: string): void => {
    const value = locate(table, key);
    if (value === undefined || fine) return;
    found({ ...context, path: [...context.path, ...key] }, value.origin, { code: 'CONFIG_WRONG_TYPE', message });
  };
  const has = (...key: string[]): boolean => locate(table, key) !== undefined;
  const enterprise = read.text(table, 'auth') === 'ema_auth';
  needs(['oauth', 'client_secret'], has('oauth', 'client_id'), 'needs `oauth.client_id`');
  needs(['oauth', 'token_endpoint_auth_method'], enterprise, 'needs `auth = "ema_auth"`');
  needs(['oauth', 'authorization_server_issuer'], enterprise, 'needs `auth = "ema_auth"`');
  needs(['client_cert_file'], has('client_key_file'), 'needs `client_key_file`');
  needs(['client_key_file'], has('client_cert_file'), 'needs `client_cert_file`');
  const elsewhere = !['local', '', undefined].includes(read.text(table, 'environment_id'));
  needs(['http_headers_helper'], !elsewhere, 'is only supported for servers of the local environment');
}

export type KeyRules = {
  readonly places: Places;
  readonly laidOver: boolean;
  /** null: what the texts refer to is not judged here. */
  readonly providers: ReadonlySet<string> | null;
};

/** The keys of a server one by one: known, of the right type, and with references that stand for something. */
export function checkKeys(
  table: LocatedTable,
  keys: readonly KeyRow[],
  { rules, context }: { readonly rules: KeyRules; readonly context: CheckContext },
): void {
  checkTable(withStandIns(table), { keys }, context);
  checkFiles(table, rules.places, context);
  const { laidOver, providers } = rules;
  if (providers !== null) checkReferences(table, { laidOver, providers }, context);
}

/** `widen` says something of the list beside it. */
export function checkWiden(table: LocatedTable, context: CheckContext): void {
  const widen = table.entries.get('widen');
  if (widen === undefined || table.entries.has('enabled_tools')) return;
  found({ ...context, path: [...context.path, 'widen'] }, widen.origin, {
    code: 'CONFIG_WRONG_TYPE',
    severity: 'warning',
    message: 'has no effect without `enabled_tools`',
  });
}

function checkFiles(table: LocatedTable, places: Places, context: CheckContext): void {
  for (const key of ['env_file', 'ca_file', 'client_cert_file', 'client_key_file']) {
    const value = table.entries.get(key);
    if (value === undefined || read.text(table, key) === undefined) continue;
    if (resolveFrom(value, { places, relativeTo: 'file' }) !== null) continue;
    const message = 'must be an absolute path, since it is not written in a file it could be relative to';
    found({ ...context, path: [...context.path, key] }, value.at, { code: 'CONFIG_WRONG_TYPE', message });
  }
}

/** True for `plugboard …`, and for node, npx, a shell and the like running it as an MCP endpoint. */
function startsPlugboard(table: LocatedTable): boolean {
  const command = read.text(table, 'command');
  if (command === undefined) return false;
  const program = programName(command);
  if (program === 'plugboard') return true;
  const args = read.textList(table, 'args') ?? [];
  if (isShell(command)) {
    return /(?:^|[\s;&|/\\'"])plugboard(?:\.js|\.cmd|@[^\s'"]*)?['"]?\s+(?:stdio|serve)\b/.test(args.join(' '));
  }
  const runs = args.some((arg) => /(?:^|[\\/])plugboard(?:\.js|@[^/\\]*)?$/.test(arg));
  return (
    runs &&
    /^(?:node|npx|npm|bunx?|deno|pnpm|yarn|env)$/.test(program) &&
    args.some((arg) => arg === 'stdio' || arg === 'serve')
  );
}

function entryOf(
  name: string,
  table: LocatedTable,
  { origin, places, problems }: { origin: Origin; places: Places; problems: readonly Issue[] },
): ServerEntry {
  const startupSec = read.number(table, 'startup_timeout_sec');
  const startupMs = startupSec === undefined ? read.number(table, 'startup_timeout_ms') : startupSec * 1000;
  const toolSec = read.number(table, 'tool_timeout_sec');
  return {
    name,
    origin,
    enabled: read.boolean(table, 'enabled') ?? true,
    enabledOrigin: table.entries.get('enabled')?.origin ?? origin,
    required: read.boolean(table, 'required') ?? false,
    transport: transportOf(table, places),
    startupTimeoutMs: timer(startupMs ?? 30_000),
    toolTimeoutMs: timer(toolSec === undefined ? 300_000 : toolSec * 1000),
    startupTimeoutSec: startupMs === undefined ? null : startupMs / 1000,
    toolTimeoutSec: toolSec ?? null,
    enabledTools: read.textList(table, 'enabled_tools') ?? null,
    disabledTools: read.textList(table, 'disabled_tools') ?? [],
    toolNames: [...(read.tableAt(table, 'tools')?.entries.keys() ?? [])],
    supportsParallelToolCalls: read.boolean(table, 'supports_parallel_tool_calls') ?? false,
    // A key of the user: what a plugin says of it does not count.
    allowSecretInArgs:
      !isOfPlugin(table, 'allow_secret_in_args') && read.boolean(table, 'allow_secret_in_args') === true,
    sharing: read.text(table, 'sharing') === 'session' ? 'session' : 'auto',
    maxConnections: read.number(table, 'max_connections') ?? 8,
    roots: rootsOf(table),
    problems,
  };
}

function isOfPlugin(table: LocatedTable, key: string): boolean {
  return table.entries.get(key)?.origin.layer === 'plugin';
}

function timer(ms: number): number {
  return Math.min(ms, MAX_TIMER_MS);
}

function transportOf(table: LocatedTable, places: Places): StdioTransport | HttpTransport | null {
  const command = read.text(table, 'command');
  const url = read.text(table, 'url');
  const file = (key: string): string | null => {
    const value = table.entries.get(key);
    return value === undefined ? null : resolveFrom(value, { places, relativeTo: 'file' });
  };
  if (command !== undefined) {
    const cwd = table.entries.get('cwd');
    return {
      kind: 'stdio',
      command,
      args: read.textList(table, 'args') ?? [],
      env: read.textMap(table, 'env'),
      envVars: envVarsOf(table),
      cwd: read.text(table, 'cwd') ?? null,
      cwdAbsolute: cwd === undefined ? null : canonicalFrom(cwd, { places, relativeTo: 'project' }),
      envFile: isOfPlugin(table, 'env_file') ? null : file('env_file'),
    };
  }
  if (url === undefined) return null;
  return {
    kind: 'http',
    url: shownUrl(url),
    bearerTokenEnvVar: read.text(table, 'bearer_token_env_var') ?? null,
    headers: read.textMap(table, 'http_headers'),
    envHeaders: read.textMap(table, 'env_http_headers'),
    headersHelper: read.text(table, 'http_headers_helper') ?? null,
    caFile: file('ca_file'),
    clientCertFile: file('client_cert_file'),
    clientKeyFile: file('client_key_file'),
  };
}

function envVarsOf(table: LocatedTable): readonly EnvVarRef[] {
  return read.items(table, 'env_vars').flatMap((item) => {
    if (item.kind === 'scalar') return [{ name: String(item.value), source: 'local', required: false } as const];
    if (item.kind === 'list') return [];
    const name = read.text(item, 'name');
    const source = read.text(item, 'source') === 'remote' ? 'remote' : 'local';
    return name === undefined ? [] : [{ name, source, required: read.boolean(item, 'required') ?? false }];
  });
}

function rootsOf(table: LocatedTable): ServerEntry['roots'] {
  return read.items(table, 'roots').flatMap((item) => {
    if (item.kind === 'scalar') return [{ uri: String(item.value) }];
    if (item.kind === 'list') return [];
    const name = read.text(item, 'name');
    return [{ uri: read.text(item, 'uri') ?? '', ...(name === undefined ? {} : { name }) }];
  });
}
