import type { HttpTransport, Origin, ServerEntry, StdioTransport } from '../config/index.ts';
import type { Issue, JsonObject, JsonValue, ServerState } from '../kernel/index.ts';

/** What is known of a configured server besides its entry. */
export type ServerFacts = {
  readonly entry: ServerEntry;
  /** `name@marketplace` of the plugin it comes from; null for a server of config.toml. */
  readonly plugin: string | null;
  /** What keeps it from running whatever the configuration says, such as `requirements (FILE)`; null when nothing does. */
  readonly blockedBy: string | null;
  /** What the running host says, or what the configuration alone decides; null when neither knows. */
  readonly state: ServerState | null;
};

/** Whether values of `env` and `http_headers` are shown. */
export type Masking = { readonly showValues: boolean };

export type TransportJson = JsonObject & { readonly type: 'stdio' | 'streamable_http' };

/** How a server authenticates, without asking anyone. `unknown`: OAuth, or nothing at all. */
export type AuthStatus = 'unsupported' | 'bearer_token' | 'unknown';

/** One entry of `mcp list --json`: the members of Codex 0.169 in its order, then ours. */
export type ListedServer = {
  readonly name: string;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  /** null when the entry has none that could be used. */
  readonly transport: TransportJson | null;
  readonly startup_timeout_sec: number | null;
  readonly tool_timeout_sec: number | null;
  readonly auth_status: AuthStatus;
  readonly origin: OriginJson;
  readonly plugin: string | null;
  readonly state: ServerState | null;
};

export type OriginJson = Pick<Origin, 'layer' | 'file' | 'line'>;

/** `mcp get --json`: likewise. */
export type ShownServer = {
  readonly name: string;
  readonly enabled: boolean;
  readonly disabled_reason: string | null;
  readonly transport: TransportJson | null;
  readonly enabled_tools: readonly string[] | null;
  readonly disabled_tools: readonly string[] | null;
  readonly startup_timeout_sec: number | null;
  readonly tool_timeout_sec: number | null;
  readonly schemaVersion: 1;
  readonly auth_status: AuthStatus;
  readonly required: boolean;
  readonly supports_parallel_tool_calls: boolean;
  readonly sharing: 'auto' | 'session';
  readonly max_connections: number;
  readonly roots: ServerEntry['roots'];
  readonly origin: OriginJson;
  readonly plugin: string | null;
  readonly state: ServerState | null;
  /** Everything the configuration reports about it. */
  readonly issues: readonly Issue[];
};

export function listedServer(facts: ServerFacts, masking: Masking): ListedServer {
  const { entry } = facts;
  return {
    ...headOf(facts, masking),
    startup_timeout_sec: entry.startupTimeoutSec,
    tool_timeout_sec: entry.toolTimeoutSec,
    auth_status: authStatusOf(entry.transport),
    origin: originOf(entry),
    plugin: facts.plugin,
    state: facts.state,
  };
}

export function shownServer(
  facts: ServerFacts,
  { showValues, issues }: Masking & { readonly issues: readonly Issue[] },
): ShownServer {
  const { entry } = facts;
  return {
    ...headOf(facts, { showValues }),
    enabled_tools: entry.enabledTools,
    disabled_tools: entry.disabledTools.length === 0 ? null : entry.disabledTools,
    startup_timeout_sec: entry.startupTimeoutSec,
    tool_timeout_sec: entry.toolTimeoutSec,
    schemaVersion: 1,
    auth_status: authStatusOf(entry.transport),
    required: entry.required,
    supports_parallel_tool_calls: entry.supportsParallelToolCalls,
    sharing: entry.sharing,
    max_connections: entry.maxConnections,
    roots: entry.roots,
    origin: originOf(entry),
    plugin: facts.plugin,
    state: facts.state,
    issues: issues.filter((issue) => issue.server === entry.name),
  };
}

function headOf({ entry, blockedBy }: ServerFacts, masking: Masking) {
  return {
    name: entry.name,
    enabled: entry.enabled && blockedBy === null,
    disabled_reason: blockedBy,
    transport: entry.transport === null ? null : transportJson(entry.transport, masking),
  };
}

function originOf({ origin: { layer, file, line } }: ServerEntry): OriginJson {
  return { layer, file, line };
}

function transportJson(transport: StdioTransport | HttpTransport, masking: Masking): TransportJson {
  switch (transport.kind) {
    case 'stdio':
      return {
        type: 'stdio',
        command: transport.command,
        args: transport.args,
        env: mapOrNull(transport.env, masking),
        env_vars: transport.envVars.map(envVarJson),
        cwd: transport.cwd,
      };
    case 'http':
      return {
        type: 'streamable_http',
        url: transport.url,
        bearer_token_env_var: transport.bearerTokenEnvVar,
        http_headers: mapOrNull(transport.headers, masking),
        env_http_headers: mapOrNull(transport.envHeaders, { showValues: true }),
        http_headers_helper: transport.headersHelper,
        ...given('ca_file', transport.caFile),
        ...given('client_cert_file', transport.clientCertFile),
        ...given('client_key_file', transport.clientKeyFile),
      };
    default:
      return transport satisfies never;
  }
}

function envVarJson({ name, source, required }: StdioTransport['envVars'][number]): JsonValue {
  if (required) return { name, source, required };
  return source === 'local' ? name : { name, source };
}

function mapOrNull(map: Readonly<Record<string, string>>, { showValues }: Masking): JsonObject | null {
  const entries = Object.entries(map);
  if (entries.length === 0) return null;
  return Object.fromEntries(entries.map(([key, value]) => [key, showValues ? value : '*****']));
}

function given(key: string, value: string | null): JsonObject {
  return value === null ? {} : { [key]: value };
}

export function authStatusOf(transport: StdioTransport | HttpTransport | null): AuthStatus {
  if (transport === null) return 'unknown';
  if (transport.kind === 'stdio') return 'unsupported';
  const headers = [...Object.keys(transport.headers), ...Object.keys(transport.envHeaders)];
  const authorized = headers.some((header) => header.toLowerCase() === 'authorization');
  return transport.bearerTokenEnvVar !== null || authorized ? 'bearer_token' : 'unknown';
}
