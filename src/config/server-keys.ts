import { HTTP_KEYS } from './http-keys.ts';
import type { KeyRow } from './key-types.ts';

const APPROVAL_MODES = ['auto', 'prompt', 'writes', 'approve'] as const;
const COUNT = { kind: 'integer', min: 1, max: Number.MAX_SAFE_INTEGER } as const;
const TEXT = { kind: 'text' } as const;
const TEXTS = { kind: 'list', of: TEXT } as const;
const BOOLEAN = { kind: 'boolean' } as const;

const ENV_VAR_KEYS: readonly KeyRow[] = [
  { key: 'name', type: { kind: 'env_name' }, default: null, doc: 'Name of the variable.', example: 'name = "DB_URL"' },
  {
    key: 'source',
    type: { kind: 'one_of', values: ['local', 'remote'] },
    default: 'local',
    doc: 'Where the value is read.',
    example: 'source = "remote"',
    notYet: 'read the variable on the machine the server runs on',
    quiet: ['local'],
  },
  {
    key: 'required',
    type: BOOLEAN,
    default: false,
    doc: 'Whether the server may not start without it.',
    example: 'required = true',
  },
];

const ROOT_KEYS: readonly KeyRow[] = [
  { key: 'uri', type: { kind: 'file_uri' }, default: null, doc: 'The folder.', example: 'uri = "file:///srv/code"' },
  { key: 'name', type: TEXT, default: null, doc: 'Its name.', example: 'name = "code"' },
];

const stdio: readonly KeyRow[] = [
  {
    key: 'command',
    type: { kind: 'text', nonEmpty: true },
    transport: 'stdio',
    default: null,
    doc: 'The program to start; its presence makes this a stdio server.',
    example: 'command = "npx"',
  },
  {
    key: 'args',
    type: TEXTS,
    transport: 'stdio',
    default: [],
    doc: 'Arguments for the program.',
    example: 'args = ["-y", "@modelcontextprotocol/server-memory"]',
  },
  {
    key: 'env',
    type: { kind: 'map', placeholder: 'VARIABLE', names: 'variable', of: TEXT },
    transport: 'stdio',
    default: {},
    sensitive: true,
    doc: 'Variables with literal values or references; they win over `env_vars`. A secret does not belong in this file: store it with `plugboard secret set NAME --for SERVER` and list its name in `env_vars`.',
    example: 'env = { LOG_LEVEL = "info" }',
  },
  {
    key: 'env_vars',
    type: { kind: 'list', of: { kind: 'name_or_table', name: { kind: 'env_name' }, keys: ENV_VAR_KEYS } },
    transport: 'stdio',
    default: [],
    doc: 'Names of variables to hand over: each from the environment, and where that has none or an empty one, from the secret store (`plugboard secret set NAME --for SERVER`). `{ name = "X", required = true }` keeps the server from starting without it; `source = "remote"` is not acted on yet.',
    example: 'env_vars = ["GITHUB_TOKEN", { name = "DB_URL", required = true }]',
  },
  {
    key: 'env_file',
    type: { kind: 'text', nonEmpty: true },
    transport: 'stdio',
    default: null,
    doc: 'File with further variables, one `NAME=VALUE` a line; `env_vars` and `env` win over it. `~/` is the home folder; a relative path starts at the folder of the config file. Only its owner should be able to read it (mode 0600).',
    example: 'env_file = "~/.config/notes.env"',
  },
  {
    key: 'cwd',
    type: { kind: 'text', nonEmpty: true },
    transport: 'stdio',
    default: null,
    defaultText: "the caller's workspace",
    doc: "Working folder. `~/` is the home folder. A relative path starts at the caller's workspace; in a project's file at the project, and in a file given with `--config` at the folder of that file.",
    example: 'cwd = "~/notes"',
  },
];

const both: readonly KeyRow[] = [
  {
    key: 'enabled',
    type: BOOLEAN,
    default: true,
    safety: true,
    doc: 'Whether the server is used at all.',
    example: 'enabled = false',
  },
  {
    key: 'required',
    type: BOOLEAN,
    default: false,
    doc: 'Whether it is an error when this server does not start: agents are told in the instructions, `doctor` names it.',
    example: 'required = true',
  },
  {
    key: 'enabled_tools',
    type: TEXTS,
    default: null,
    defaultText: 'all',
    merge: 'intersect',
    safety: true,
    doc: 'The only tools to offer, by their own names. Lists of several layers intersect.',
    example: 'enabled_tools = ["search", "fetch"]',
  },
  {
    key: 'disabled_tools',
    type: TEXTS,
    default: [],
    merge: 'unite',
    safety: true,
    doc: 'Tools not to offer, by their own names; applied after `enabled_tools`. Lists of several layers unite.',
    example: 'disabled_tools = ["delete_everything"]',
  },
  {
    key: 'startup_timeout_sec',
    type: { kind: 'seconds' },
    default: 30,
    doc: 'Seconds from start to the answer to `initialize`, and then for each list.',
    example: 'startup_timeout_sec = 60',
  },
  {
    key: 'startup_timeout_ms',
    type: { kind: 'integer', min: 0, max: Number.MAX_SAFE_INTEGER },
    default: null,
    doc: 'The same in milliseconds; `startup_timeout_sec` wins.',
    example: 'startup_timeout_ms = 60000',
  },
  {
    key: 'tool_timeout_sec',
    type: { kind: 'seconds' },
    default: 300,
    doc: 'Seconds a call may take.',
    example: 'tool_timeout_sec = 600',
  },
  {
    key: 'supports_parallel_tool_calls',
    type: BOOLEAN,
    default: false,
    doc: 'Whether every tool may run beside other calls; without it only those that say they only read.',
    example: 'supports_parallel_tool_calls = true',
  },
  {
    key: 'sharing',
    type: { kind: 'one_of', values: ['auto', 'session'] },
    default: 'auto',
    doc: '`auto`: one connection for everybody. `session`: one for each agent session.',
    example: 'sharing = "session"',
  },
  {
    key: 'max_connections',
    type: { kind: 'integer', min: 1, max: 1024 },
    default: 8,
    doc: 'Most connections at a time with `sharing = "session"`.',
    example: 'max_connections = 16',
  },
  {
    key: 'roots',
    type: { kind: 'list', of: { kind: 'name_or_table', name: { kind: 'file_uri' }, keys: ROOT_KEYS } },
    default: [],
    doc: 'Folders, as `file://` URIs, that the server is told when it asks for roots outside any call.',
    example: 'roots = ["file:///srv/docs", { uri = "file:///srv/code", name = "code" }]',
  },
  {
    key: 'allow_secret_in_args',
    type: BOOLEAN,
    default: false,
    doc: 'Whether a secret may stand in `args` or `url`, where other programs of this machine, or logs on the way, can see it. Without it the server is not started.',
    example: 'allow_secret_in_args = true',
  },
  {
    key: 'name',
    type: TEXT,
    default: null,
    doc: 'Accepted for old files; it has no effect.',
    example: 'name = "docs"',
  },
  {
    key: 'default_tools_approval_mode',
    type: { kind: 'one_of', values: APPROVAL_MODES },
    default: 'auto',
    safety: true,
    doc: 'When calls of this server need approval.',
    example: 'default_tools_approval_mode = "prompt"',
    notYet: 'ask for approval before calls',
    quiet: ['auto'],
  },
  {
    key: 'tools',
    type: {
      kind: 'map',
      placeholder: 'tool',
      of: {
        kind: 'table',
        keys: [
          {
            key: 'approval_mode',
            type: { kind: 'one_of', values: APPROVAL_MODES },
            default: null,
            safety: true,
            doc: 'When calls of this tool need approval; wins over `default_tools_approval_mode`.',
            example: 'approval_mode = "approve"',
            notYet: 'ask for approval before calls of this tool',
            quiet: ['auto'],
          },
          {
            key: 'output_token_limit',
            type: COUNT,
            default: null,
            doc: 'Longest result of this tool.',
            example: 'output_token_limit = 8000',
            notYet: 'shorten long results of this tool',
          },
        ],
      },
    },
    default: {},
    safety: true,
    doc: 'Settings for single tools.',
    example: 'tools.search.approval_mode = "prompt"',
  },
  {
    key: 'environment_id',
    type: TEXT,
    default: 'local',
    doc: 'Where the server runs.',
    example: 'environment_id = "build-box"',
    notYet: 'run the server elsewhere than on this machine',
    quiet: ['local', ''],
  },
  {
    key: 'experimental_environment',
    type: TEXT,
    default: null,
    doc: 'An older spelling of `environment_id`.',
    example: 'experimental_environment = "remote"',
    notYet: 'run the server elsewhere than on this machine',
    quiet: ['local', ''],
  },
  {
    key: 'startup_readiness',
    type: { kind: 'one_of', values: ['connection', 'catalog'] },
    default: 'catalog',
    doc: 'What counts as started: an answer to `initialize`, or the list of tools.',
    example: 'startup_readiness = "connection"',
    notYet: 'count a server as started before its tools are known',
    quiet: ['catalog'],
  },
  {
    key: 'scopes',
    type: TEXTS,
    default: null,
    doc: 'OAuth scopes to ask for.',
    example: 'scopes = ["read"]',
    notYet: 'ask for OAuth scopes',
    quiet: [[]],
  },
  {
    key: 'tool_input_schema_max_bytes',
    type: COUNT,
    default: null,
    doc: 'Largest input schema of a tool before it is reduced.',
    example: 'tool_input_schema_max_bytes = 5000',
    notYet: 'reduce large input schemas',
  },
  {
    key: 'omit_tools_from',
    type: { kind: 'list', of: { kind: 'one_of', values: ['code_mode', 'deferred', 'direct'] } },
    default: [],
    doc: 'Ways of offering tools that leave out those of this server.',
    example: 'omit_tools_from = ["deferred"]',
    notYet: 'leave the tools out of single ways of offering them',
    quiet: [[]],
  },
];

/** Every key of `[mcp_servers.NAME]`. */
export const SERVER_KEYS: readonly KeyRow[] = [...stdio, ...HTTP_KEYS, ...both];
