import type { ServerEntry } from '../../../src/config/index.ts';

/** One key that is laid over the server of a plugin, and what becomes of it. */
export type OverlayCase = {
  /** The kind of server it is for. */
  readonly on: 'stdio' | 'http';
  /** What is written: this, and `besides`, where the key alone is not whole. */
  readonly value: unknown;
  readonly besides?: Readonly<Record<string, unknown>>;
  /** What of the server shows it. */
  readonly seen: (entry: ServerEntry) => unknown;
  readonly want: unknown;
  /** Codes of what is said about it. */
  readonly says?: readonly string[];
  /** The bare table with it is a whole server, which takes the place of the plugin's. */
  readonly replaces?: true;
};

const stdio = ({ transport }: ServerEntry) => (transport?.kind === 'stdio' ? transport : null);
const http = ({ transport }: ServerEntry) => (transport?.kind === 'http' ? transport : null);

/** What the servers of the plugin say themselves. */
export const BASE = {
  env: { FROM_PLUGIN: 'plugin', BOTH: 'plugin' },
  url: 'https://tickets.example/mcp',
  headers: { 'X-Plugin': 'plugin', 'X-Both': 'plugin' },
} as const;

/** Keys that are read and checked, and that this version does not act on. */
const notYet = (on: 'stdio' | 'http', value: unknown): OverlayCase => ({
  ...{ on, value, seen: () => null, want: null, says: ['KEY_NOT_YET_SUPPORTED'] },
});

/** By key of `[mcp_servers.NAME]`. */
export const OVERLAY_CASES: Readonly<Record<string, OverlayCase>> = {
  command: {
    on: 'stdio',
    value: 'deno',
    seen: (entry) => stdio(entry)?.command,
    want: 'deno',
    replaces: true,
  },
  args: { on: 'stdio', value: ['--quiet'], seen: (entry) => stdio(entry)?.args, want: ['--quiet'] },
  env: {
    on: 'stdio',
    value: { BOTH: 'user', MINE: 'user' },
    seen: (entry) => stdio(entry)?.env,
    want: { FROM_PLUGIN: 'plugin', BOTH: 'user', MINE: 'user' },
  },
  env_vars: {
    on: 'stdio',
    value: ['GIVEN', { name: 'NEEDED', required: true }],
    seen: (entry) => stdio(entry)?.envVars.map(({ name, required }) => [name, required]),
    want: [
      ['GIVEN', false],
      ['NEEDED', true],
    ],
  },
  env_file: { on: 'stdio', value: '/srv/poka.env', seen: (entry) => stdio(entry)?.envFile, want: '/srv/poka.env' },
  cwd: { on: 'stdio', value: '/srv', seen: (entry) => stdio(entry)?.cwdAbsolute, want: '/srv' },
  url: {
    on: 'http',
    value: 'https://other.example/mcp',
    seen: (entry) => http(entry)?.url,
    want: 'https://other.example/mcp',
    replaces: true,
  },
  bearer_token_env_var: {
    on: 'http',
    value: 'TICKETS_TOKEN',
    seen: (entry) => http(entry)?.bearerTokenEnvVar,
    want: 'TICKETS_TOKEN',
  },
  bearer_token: {
    on: 'http',
    value: 'literal',
    seen: ({ problems }) => problems.map(({ code }) => code),
    want: ['CONFIG_LITERAL_TOKEN'],
    says: ['CONFIG_LITERAL_TOKEN'],
  },
  http_headers: {
    on: 'http',
    value: { 'X-Both': 'user', 'X-Mine': 'user' },
    seen: (entry) => http(entry)?.headers,
    want: { 'X-Plugin': 'plugin', 'X-Both': 'user', 'X-Mine': 'user' },
  },
  env_http_headers: {
    on: 'http',
    value: { 'X-Key': 'TICKETS_KEY' },
    seen: (entry) => http(entry)?.envHeaders,
    want: { 'X-Key': 'TICKETS_KEY' },
  },
  http_headers_helper: {
    on: 'http',
    value: '/srv/headers.sh',
    seen: (entry) => http(entry)?.headersHelper,
    want: '/srv/headers.sh',
  },
  ca_file: { on: 'http', value: '/srv/ca.pem', seen: (entry) => http(entry)?.caFile, want: '/srv/ca.pem' },
  client_cert_file: {
    on: 'http',
    value: '/srv/me.pem',
    besides: { client_key_file: '/srv/me.key' },
    seen: (entry) => http(entry)?.clientCertFile,
    want: '/srv/me.pem',
  },
  client_key_file: {
    on: 'http',
    value: '/srv/me.key',
    besides: { client_cert_file: '/srv/me.pem' },
    seen: (entry) => http(entry)?.clientKeyFile,
    want: '/srv/me.key',
  },
  auth: notYet('http', 'chatgpt'),
  oauth: notYet('http', { client_id: 'plugboard' }),
  oauth_resource: notYet('http', 'https://tickets.example'),
  enabled: { on: 'stdio', value: false, seen: ({ enabled }) => enabled, want: false },
  required: { on: 'stdio', value: true, seen: ({ required }) => required, want: true },
  enabled_tools: { on: 'stdio', value: ['digests'], seen: ({ enabledTools }) => enabledTools, want: ['digests'] },
  disabled_tools: { on: 'stdio', value: ['print'], seen: ({ disabledTools }) => disabledTools, want: ['print'] },
  startup_timeout_sec: { on: 'stdio', value: 7, seen: ({ startupTimeoutMs }) => startupTimeoutMs, want: 7000 },
  startup_timeout_ms: { on: 'stdio', value: 8500, seen: ({ startupTimeoutMs }) => startupTimeoutMs, want: 8500 },
  tool_timeout_sec: { on: 'stdio', value: 9, seen: ({ toolTimeoutMs }) => toolTimeoutMs, want: 9000 },
  supports_parallel_tool_calls: {
    on: 'stdio',
    value: true,
    seen: ({ supportsParallelToolCalls }) => supportsParallelToolCalls,
    want: true,
  },
  allow_secret_in_args: {
    on: 'stdio',
    value: true,
    seen: ({ allowSecretInArgs }) => allowSecretInArgs,
    want: true,
  },
  sharing: { on: 'stdio', value: 'session', seen: ({ sharing }) => sharing, want: 'session' },
  max_connections: { on: 'stdio', value: 3, seen: ({ maxConnections }) => maxConnections, want: 3 },
  roots: {
    on: 'stdio',
    value: ['file:///srv/docs'],
    seen: ({ roots }) => roots.map(({ uri }) => uri),
    want: ['file:///srv/docs'],
  },
  name: { on: 'stdio', value: 'docs', seen: () => null, want: null },
  default_tools_approval_mode: notYet('stdio', 'prompt'),
  tools: {
    on: 'stdio',
    value: { digests: { output_token_limit: 9 } },
    seen: ({ toolNames }) => toolNames,
    want: ['digests'],
    says: ['KEY_NOT_YET_SUPPORTED'],
  },
  environment_id: notYet('stdio', 'build-box'),
  experimental_environment: notYet('stdio', 'remote'),
  startup_readiness: notYet('stdio', 'connection'),
  scopes: notYet('http', ['read']),
  tool_input_schema_max_bytes: notYet('stdio', 5000),
  omit_tools_from: notYet('stdio', ['deferred']),
};
