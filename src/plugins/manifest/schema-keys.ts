import { type KeyRow, SERVER_KEYS } from '../../config/index.ts';

const TEXT = { kind: 'text' } as const;
const BOOLEAN = { kind: 'boolean' } as const;

/** Every key of one setting in `user_config`. Examples are JSON. */
export const SETTING_KEYS: readonly KeyRow[] = [
  {
    key: 'type',
    type: { kind: 'one_of', values: ['string', 'number', 'boolean', 'directory', 'file'] },
    default: 'string',
    doc: 'What a value is. `directory` and `file` are paths.',
    example: '"type": "string"',
  },
  { key: 'title', type: TEXT, default: '', doc: 'What people are asked for.', example: '"title": "Access token"' },
  {
    key: 'description',
    type: TEXT,
    default: '',
    doc: 'Where to find it, and what it is for.',
    example: '"description": "Settings → API"',
  },
  {
    key: 'sensitive',
    type: BOOLEAN,
    default: false,
    doc: 'Whether it is a secret: never shown, never in a file of the configuration.',
    example: '"sensitive": true',
  },
  {
    key: 'required',
    type: BOOLEAN,
    default: false,
    doc: 'Whether servers that refer to it wait for it. A reference to an optional one that is unset drops the variable, header or argument it stands in.',
    example: '"required": true',
  },
  {
    key: 'multiple',
    type: BOOLEAN,
    default: false,
    doc: 'Whether it takes several values. An argument that refers to it is given once for each; elsewhere they are joined.',
    example: '"multiple": true',
  },
  {
    key: 'default',
    type: { kind: 'any' },
    default: null,
    doc: 'Value when the user gives none; not for sensitive ones. A path may start with `~/` or `${HOME}`.',
    example: '"default": "eu"',
  },
  {
    key: 'min',
    type: { kind: 'any' },
    default: null,
    doc: 'Least number, or least length of a string.',
    example: '"min": 1',
  },
  {
    key: 'max',
    type: { kind: 'any' },
    default: null,
    doc: 'Greatest number, or greatest length of a string.',
    example: '"max": 64',
  },
  {
    key: 'enum',
    type: { kind: 'list', of: { kind: 'any' } },
    default: null,
    doc: 'The only values. Claude calls it `options`.',
    example: '"enum": ["eu", "us"]',
  },
  {
    key: 'options',
    type: { kind: 'list', of: { kind: 'any' } },
    default: null,
    doc: 'The same as `enum`, as Claude spells it.',
    example: '"options": ["eu", "us"]',
  },
  {
    key: 'pattern',
    type: TEXT,
    default: null,
    doc: 'Regular expression for the whole string, without repetitions of repetitions. The default is not held against it.',
    example: '"pattern": "[a-z0-9-]+"',
  },
];

/** What some keys of a server mean in a plugin, where that is not what they mean in `config.toml`. */
const IN_PLUGIN: Readonly<Record<string, Partial<KeyRow>>> = {
  command: {
    doc: 'The program to start; its presence makes this a stdio server. A relative path with a slash starts at the plugin.',
    example: '"command": "node"',
  },
  cwd: {
    doc: 'Working folder, in the plugin or in `${PLUGIN_DATA}`. Relative paths start at the plugin.',
    defaultText: 'the plugin',
    example: '"cwd": "."',
  },
  env: {
    doc: 'Variables with their values; they win over `env_vars`. This is where settings belong.',
    example: '"env": { "TOKEN": "${user_config.token}" }',
  },
  env_vars: {
    doc: 'Names of variables that the user has to set. They are shown before the plugin is installed. `{ "name": "X", "required": true }` keeps the server from starting without it; Codex drops a server with such an object.',
  },
  http_headers: {
    doc: 'Headers with literal values or references, sent with every request.',
    example: '"http_headers": { "X-Api-Key": "${user_config.key}" }',
  },
  ca_file: {
    doc: 'PEM file with the certificate authority to trust beside the usual ones. In the plugin or in `${PLUGIN_DATA}`; relative paths start at the plugin.',
  },
  required: { doc: 'Asks to be an error when it does not start. In force only when the user accepted it.' },
  supports_parallel_tool_calls: {
    doc: 'Asks that all its tools may run side by side. In force only when the user accepted it.',
  },
  default_tools_approval_mode: {
    doc: 'When calls need approval. "approve" is a request: in force only when the user accepted it.',
  },
  tools: {
    doc: 'Settings for single tools. `approval_mode` "approve" is a request: in force only when the user accepted it.',
  },
};

/** Keys of a server that only the user may write: what they allow is not the plugin's to give. */
export const USERS_KEYS: readonly string[] = ['env_file', 'allow_secret_in_args'];

/** Keys of a server that `config.toml` does not have. */
const ONLY_HERE: readonly KeyRow[] = [
  {
    key: 'type',
    type: { kind: 'one_of', values: ['stdio', 'http', 'streamable_http', 'streamable-http', 'sse'] },
    default: null,
    doc: 'How messages travel. `command` and `url` decide; this says it for others.',
    example: '"type": "http"',
  },
  {
    key: 'headers',
    type: { kind: 'map', placeholder: 'Header', of: TEXT },
    transport: 'http',
    default: {},
    sensitive: true,
    doc: 'The same as `http_headers`, as Claude and Agent Plugins spell it; Codex drops it.',
    example: '"headers": { "X-Team": "blue" }',
  },
  {
    key: 'headersHelper',
    type: TEXT,
    transport: 'http',
    default: null,
    doc: 'The same as `http_headers_helper`, as Claude spells it.',
    example: '"headersHelper": "./headers.sh"',
  },
  {
    key: 'auth_model',
    type: { kind: 'one_of', values: ['none', 'user_oauth', 'service_token', 'scoped_credential'] },
    default: null,
    defaultText: 'what the other keys suggest',
    doc: 'How the server knows who is asking. It is shown before the plugin is installed.',
    example: '"auth_model": "service_token"',
  },
  {
    key: 'data_classes',
    type: { kind: 'list', of: TEXT },
    default: [],
    doc: 'What kinds of data its tools can return, in your own words. They are shown before the plugin is installed.',
    example: '"data_classes": ["customer e-mail"]',
  },
];

/** Every key of a server in `.mcp.json` or `mcpServers`. */
export const PLUGIN_SERVER_KEYS: readonly KeyRow[] = [
  ...ONLY_HERE.slice(0, 1),
  ...SERVER_KEYS.filter(({ key }) => !USERS_KEYS.includes(key)).map((row) => ({ ...row, ...IN_PLUGIN[row.key] })),
  ...ONLY_HERE.slice(1),
];
