import type { KeyRow, KeyType } from './key-types.ts';
import type { KeyPath } from './located.ts';
import { MARKETPLACE_KEYS, OVERLAY_KEYS, PLUGIN_KEYS } from './plugin-keys.ts';

const BOOLEAN = { kind: 'boolean' } as const;
const TEXT = { kind: 'text' } as const;
const FILLED = { kind: 'text', nonEmpty: true } as const;
const count = (max: number): KeyType => ({ kind: 'integer', min: 1, max });

/** Every key of `[serve]`. */
export const SERVE_KEYS: readonly KeyRow[] = [
  {
    key: 'host',
    type: FILLED,
    default: '127.0.0.1',
    atStart: true,
    doc: 'Address to listen on. Counts for the next `plugboard serve`.',
    example: 'host = "127.0.0.1"',
  },
  {
    key: 'port',
    type: { kind: 'integer', min: 0, max: 65_535 },
    default: 7450,
    atStart: true,
    doc: 'Port to listen on; 0 takes any free one. Counts for the next `plugboard serve`.',
    example: 'port = 7450',
  },
  {
    key: 'auth',
    type: { kind: 'one_of', values: ['token', 'none'] },
    default: 'token',
    doc: 'Whether requests need a token. `none` is accepted only while `host` is a loopback address.',
    example: 'auth = "token"',
  },
  {
    key: 'allowed_hosts',
    type: { kind: 'list', of: TEXT },
    default: [],
    doc: 'Host header values to answer to, beside the loopback names.',
    example: 'allowed_hosts = ["plugboard.example.com"]',
  },
  {
    key: 'allowed_origins',
    type: { kind: 'list', of: TEXT },
    default: [],
    doc: 'Origin header values to answer to.',
    example: 'allowed_origins = ["https://console.example.com"]',
  },
  {
    key: 'max_sessions_per_caller',
    type: count(1_000_000),
    default: 256,
    doc: 'Sessions one token may have open.',
    example: 'max_sessions_per_caller = 64',
  },
  {
    key: 'rate_limit_per_sec',
    type: count(1_000_000_000),
    default: 20_000,
    doc: 'Requests per second for one token.',
    example: 'rate_limit_per_sec = 500',
  },
  {
    key: 'session_idle_sec',
    type: { kind: 'seconds' },
    default: 1800,
    doc: 'Seconds after which a session without requests ends.',
    example: 'session_idle_sec = 3600',
  },
];

const FEATURE_DEFAULTS = {
  remote_plugin: true,
  mcp_tool_list_changed: false,
  mcp_connection_sharing: false,
  mcp_lazy_stdio_startup: false,
  mcp_2026_07_28: false,
  mcp_oauth_refresh_coordination: true,
  non_prefixed_mcp_tool_names: false,
  tool_call_mcp_elicitation: true,
  skill_mcp_dependency_install: true,
  secret_auth_storage: false,
  use_xaa: false,
} as const;

const FEATURE_KEYS: readonly KeyRow[] = [
  {
    key: 'plugins',
    type: BOOLEAN,
    default: true,
    doc: 'Whether plugins are used at all.',
    example: 'plugins = false',
  },
  ...Object.entries(FEATURE_DEFAULTS).map(([key, value]) => ({
    key,
    type: BOOLEAN,
    default: value,
    doc: 'A switch of Codex.',
    example: `${key} = ${!value}`,
    notYet: 'turn a feature of Codex on or off',
    quiet: [value],
  })),
];

const IDP_KEYS: readonly KeyRow[] = [
  { key: 'issuer', type: TEXT, default: null, doc: 'Identity provider.', example: 'issuer = "https://idp.example"' },
  { key: 'client_id', type: TEXT, default: null, doc: 'Client at the provider.', example: 'client_id = "plugboard"' },
  {
    key: 'client_secret',
    type: TEXT,
    default: null,
    sensitive: true,
    doc: 'Secret of that client.',
    example: 'client_secret = "…"',
  },
  {
    key: 'token_endpoint_auth_method',
    type: { kind: 'one_of', values: ['client_secret_basic', 'client_secret_post'] },
    default: null,
    doc: 'How the client identifies itself.',
    example: 'token_endpoint_auth_method = "client_secret_basic"',
  },
];

/** Every key of `[secret_providers.SCHEME]`. */
export const PROVIDER_KEYS: readonly KeyRow[] = [
  {
    key: 'command',
    type: { kind: 'list', of: FILLED },
    default: null,
    sensitive: true,
    doc: 'The program and its first arguments, or the program alone as a string. The reference is its last argument; what it prints is the value.',
    example: 'command = ["op", "read", "--no-newline"]',
  },
  {
    key: 'args',
    type: { kind: 'list', of: TEXT },
    default: [],
    sensitive: true,
    doc: 'Further arguments, before the reference.',
    example: 'args = ["--no-newline"]',
  },
  {
    key: 'env_vars',
    type: { kind: 'list', of: { kind: 'env_name' } },
    default: [],
    doc: 'Names of variables that it gets from the environment, beside those that every program gets.',
    example: 'env_vars = ["OP_SERVICE_ACCOUNT_TOKEN"]',
  },
];

/** Every key that Plugboard reads at the top of a `config.toml`. */
export const TOP_KEYS: readonly KeyRow[] = [
  {
    key: 'mcp_servers',
    type: { kind: 'map', placeholder: 'name', of: { kind: 'table', keys: OVERLAY_KEYS } },
    default: {},
    doc: 'The servers, by name.',
    example: 'mcp_servers.memory.command = "mcp-server-memory"',
  },
  {
    key: 'serve',
    type: { kind: 'table', keys: SERVE_KEYS },
    default: {},
    doc: 'The HTTP endpoint. Not read from project files.',
    example: 'serve.port = 7450',
  },
  {
    key: 'projects',
    type: {
      kind: 'map',
      placeholder: 'absolute folder',
      names: 'folder',
      of: {
        kind: 'table',
        keys: [
          {
            key: 'trust_level',
            type: { kind: 'one_of', values: ['trusted', 'untrusted'] },
            default: 'untrusted',
            doc: "Whether the folder's own config files are read. `plugboard config trust DIR` writes it.",
            example: 'trust_level = "trusted"',
          },
        ],
      },
    },
    default: {},
    doc: 'Folders and how far they are trusted. Not read from project files.',
    example: 'projects."/home/me/app".trust_level = "trusted"',
  },
  {
    key: 'mcp_optional_startup_grace_ms',
    type: { kind: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER },
    default: 700,
    doc: 'Milliseconds that a list waits for servers that are still starting, counted from the start of each.',
    example: 'mcp_optional_startup_grace_ms = 2000',
  },
  {
    key: 'mcp_oauth_callback_port',
    type: { kind: 'integer', min: 0, max: 65_535 },
    default: null,
    doc: 'Port the browser comes back to after a sign-in.',
    example: 'mcp_oauth_callback_port = 8976',
    notYet: 'be used for signing in with OAuth',
  },
  {
    key: 'mcp_oauth_callback_url',
    type: TEXT,
    default: null,
    doc: 'Address the browser comes back to after a sign-in.',
    example: 'mcp_oauth_callback_url = "https://devbox.example/callback"',
    notYet: 'be used for signing in with OAuth',
  },
  {
    key: 'mcp_oauth_credentials_store',
    type: { kind: 'one_of', values: ['auto', 'file', 'keyring'] },
    default: 'auto',
    doc: 'Where OAuth tokens are kept.',
    example: 'mcp_oauth_credentials_store = "file"',
    notYet: 'say where OAuth tokens are kept',
    quiet: ['auto'],
  },
  {
    key: 'mcp_enterprise_managed_auth',
    type: {
      kind: 'table',
      keys: [
        {
          key: 'idp',
          type: { kind: 'table', keys: IDP_KEYS },
          default: null,
          doc: 'Identity provider of the company.',
          example: 'idp.issuer = "https://idp.example"',
        },
      ],
    },
    default: {},
    doc: "Sign-in through the company's identity provider. Not read from project files.",
    example: 'mcp_enterprise_managed_auth.idp.issuer = "https://idp.example"',
    notYet: "sign in through a company's identity provider",
    quiet: [{}],
  },
  {
    key: 'secrets_store',
    type: { kind: 'one_of', values: ['auto', 'keyring', 'file'] },
    default: 'auto',
    doc: 'Where the key of the secret store is kept; `docs/secrets.md` has the choices. Not read from project files.',
    example: 'secrets_store = "keyring"',
  },
  {
    key: 'secret_providers',
    type: { kind: 'map', placeholder: 'scheme', of: { kind: 'table', keys: PROVIDER_KEYS } },
    default: {},
    doc: 'Programs that `${secret:SCHEME://…}` asks, by scheme. Not read from project files.',
    example: 'secret_providers.op = { command = ["op", "read"] }',
  },
  {
    key: 'tool_output_token_limit',
    type: { kind: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER },
    default: null,
    doc: 'Longest result of a tool.',
    example: 'tool_output_token_limit = 12000',
    notYet: 'shorten long results',
  },
  {
    key: 'plugins',
    type: { kind: 'map', placeholder: 'plugin@marketplace', of: { kind: 'table', keys: PLUGIN_KEYS } },
    default: {},
    doc: 'Settings of plugins, by `name@marketplace`; `_default` holds for those without their own.',
    example: 'plugins."docs@acme".enabled = true',
  },
  {
    key: 'marketplaces',
    type: { kind: 'map', placeholder: 'name', of: { kind: 'table', keys: MARKETPLACE_KEYS } },
    default: {},
    doc: 'Where plugins come from. Not read from project files.',
    example: 'marketplaces.acme = { source_type = "git", source = "https://github.com/acme/plugins.git" }',
  },
  {
    key: 'features',
    type: { kind: 'table', keys: FEATURE_KEYS, open: true },
    default: {},
    doc: 'Switches of Codex.',
    example: 'features.plugins = true',
  },
];

/**
 * Top-level tables that a project's own files may not hold: they would change what the user's machine does for others, and
 * a marketplace decides what is offered for installation to all of them.
 */
export const NOT_FROM_PROJECTS: readonly string[] = [
  'serve',
  'projects',
  'secrets_store',
  'secret_providers',
  'mcp_enterprise_managed_auth',
  'marketplaces',
];

/** Keys at the top of a Codex `config.toml` that concern Codex alone. They are not read, and nothing is said about them. */
export const CODEX_KEYS: readonly string[] = (
  'model model_provider model_providers model_context_window model_auto_compact_token_limit model_reasoning_effort ' +
  'model_reasoning_summary model_verbosity model_supports_reasoning_summaries model_instructions_file ' +
  'model_catalog_json model_max_output_tokens plan_mode_reasoning_effort review_model service_tier personality ' +
  'approval_policy approvals_reviewer sandbox_mode sandbox_workspace_write permissions default_permissions network ' +
  'allow_login_shell shell_environment_policy instructions developer_instructions compact_prompt base_instructions ' +
  'project_doc_max_bytes project_doc_fallback_filenames project_root_markers notify notice history tui file_opener ' +
  'profile profiles hide_agent_reasoning show_raw_agent_reasoning chatgpt_base_url openai_base_url oss_provider ' +
  'cli_auth_credentials_store forced_login_method forced_chatgpt_workspace_id check_for_update_on_startup ' +
  'disable_paste_burst disable_response_storage preferred_auth_method analytics feedback otel windows ' +
  'windows_wsl_setup_acknowledged apps skills agents memories hooks rules web_search tools log_dir sqlite_home ' +
  'zsh_path js_repl_node_path js_repl_node_module_dirs background_terminal_max_timeout commit_attribution ' +
  'ghost_snapshot audio realtime tool_suggest suppress_unstable_features_warning bypass_hook_trust desktop'
).split(' ');

/** The row for a key; undefined for the names in maps and for what is not known. */
export function findRow(path: KeyPath): KeyRow | undefined {
  let row: KeyRow | undefined;
  let type: KeyType = { kind: 'table', keys: TOP_KEYS };
  for (const part of path) {
    if (type.kind === 'table') {
      row = type.keys.find((candidate) => candidate.key === part);
      if (row === undefined) return undefined;
      type = row.type;
    } else if (type.kind === 'map') {
      row = undefined;
      type = type.of;
    } else {
      return undefined;
    }
  }
  return row;
}

/**
 * True for values that are shown only when asked for: literal environment values, headers, secrets, and whatever stands
 * under a key that is not known, since a misspelt key may hold any of these.
 */
export function isSensitive(path: KeyPath): boolean {
  return path.some((_, index) => findRow(path.slice(0, index + 1))?.sensitive === true) || !isKnown(path);
}

function isKnown(path: KeyPath): boolean {
  return unknownPart(path) === null;
}

/** The first part of a key that is not known, by its index, and what may stand there; null for a key that is known. */
export function unknownPart(path: KeyPath): { readonly index: number; readonly known: readonly string[] } | null {
  let type: KeyType = { kind: 'table', keys: TOP_KEYS };
  for (const [index, part] of path.entries()) {
    if (type.kind === 'any') return null;
    if (type.kind === 'map' || type.kind === 'list') {
      type = type.of;
      continue;
    }
    const rows: readonly KeyRow[] = type.kind === 'table' || type.kind === 'name_or_table' ? type.keys : [];
    const row = rows.find(({ key }) => key === part);
    if (row === undefined)
      return type.kind === 'table' && type.open === true ? null : { index, known: rows.map(({ key }) => key) };
    type = row.type;
  }
  return null;
}

/** True for a key that leaves the endpoints as they are that are open when it is edited. */
export function countsAtStart(path: KeyPath): boolean {
  return findRow(path)?.atStart === true;
}

/** The default of a key that has a number as default. */
export function defaultNumber(path: KeyPath): number {
  const value = findRow(path)?.default;
  if (typeof value !== 'number') throw new Error(`${path.join('.')} has no number as default`);
  return value;
}
