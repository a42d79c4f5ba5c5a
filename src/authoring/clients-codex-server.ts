import { isOfType, type KeyRow, type KeyType, SERVER_KEYS } from '../config/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/index.ts';
import type { Bundle } from '../plugins/index.ts';
import { type ClientCell, ignores, keyList, loadsWith, stringsIn } from './clients-reading.ts';

export type CodexVersion = '0.136' | '0.169';

export type CodexFacts = {
  /** Where a manifest is looked for; the first that is there counts. */
  readonly manifests: readonly string[];
  /** Whether `mcpServers` may be an object. */
  readonly inline: boolean;
  /** Whether root manifests of Agent Plugins and bundles without a manifest are known. */
  readonly standard: boolean;
  /** Keys of a server, and of the tables in it, that are known elsewhere and not here. */
  readonly unknownKeys: readonly string[];
  readonly approvalModes: readonly string[];
  /** Names that a server can start under. */
  readonly serverName: RegExp;
  /** Most characters of one default prompt. */
  readonly promptChars: number;
};

/** Keys that only Plugboard acts on. */
const OURS = [
  'env_file',
  'allow_secret_in_args',
  'sharing',
  'max_connections',
  'roots',
  'ca_file',
  'client_cert_file',
  'client_key_file',
  'experimental_environment',
];
const SINCE_169 = [
  'http_headers_helper',
  'auth',
  'startup_readiness',
  'tool_input_schema_max_bytes',
  'omit_tools_from',
  'output_token_limit',
  'client_secret',
  'callback_url',
  'callback_port',
  'token_endpoint_auth_method',
  'authorization_server_issuer',
];

export const CODEX_FACTS: Readonly<Record<CodexVersion, CodexFacts>> = {
  '0.136': {
    manifests: ['.codex-plugin/plugin.json', '.claude-plugin/plugin.json'],
    inline: false,
    standard: false,
    unknownKeys: [...OURS, ...SINCE_169],
    approvalModes: ['auto', 'prompt', 'approve'],
    serverName: /^[a-zA-Z0-9_-]+$/,
    promptChars: 128,
  },
  '0.169': {
    manifests: ['.codex-plugin/plugin.json', '.claude-plugin/plugin.json', '.cursor-plugin/plugin.json'],
    inline: true,
    standard: true,
    unknownKeys: OURS,
    approvalModes: ['auto', 'prompt', 'writes', 'approve'],
    serverName: /^[a-zA-Z0-9_:@/.-]+$/,
    promptChars: 512,
  },
};

type Surroundings = { readonly bundle: Bundle; readonly facts: CodexFacts };

/** What becomes of one server. */
export function codexServerCell(name: string, server: JsonValue, { bundle, facts }: Surroundings): ClientCell {
  if (name === 'mcp_servers' && isJsonObject(server) && server['command'] === undefined && server['url'] === undefined)
    return ignores(
      '`mcp_servers` is read as the name of a server, which has neither `command` nor `url`; write `mcpServers`',
    );
  if (!isJsonObject(server)) return ignores('it is no object');
  const known = SERVER_KEYS.filter(({ key }) => !facts.unknownKeys.includes(key));
  const dropped = whyDropped(server, known, facts);
  if (dropped !== null) return ignores(dropped);
  const failing = whyFailing(name, server, facts);
  const notes = [...withoutEffect(server, known, facts), ...literally(server), ...placeNotes(server, bundle)];
  return failing === null ? loadsWith(notes) : { verdict: 'fails', notes: [failing, ...notes] };
}

/** Why a server is left out, without a word anywhere; null when it is taken. */
function whyDropped(server: JsonObject, known: readonly KeyRow[], facts: CodexFacts): string | null {
  const { command = null, url = null, auth, oauth } = server;
  if (command === null && url === null) return 'it has neither `command` nor `url`';
  if (command !== null && url !== null) return 'it has both `command` and `url`';
  const transport = command === null ? 'http' : 'stdio';
  for (const row of known) {
    const value = server[row.key] ?? null;
    if (value === null) continue;
    if (row.refused !== undefined) return `\`${row.key}\` is not supported`;
    if (row.transport !== undefined && row.transport !== transport)
      return `\`${row.key}\` is not supported for ${transport === 'stdio' ? 'stdio' : 'streamable_http'}`;
    if (!fits(row.type, value, facts)) return `\`${row.key}\` has a value that it does not take`;
  }
  if (auth === 'ema_auth' && !facts.unknownKeys.includes('auth')) return 'a plugin may not ask for `auth: "ema_auth"`';
  const ofOauth = facts.unknownKeys.includes('client_secret') ? [] : oauthKeys(oauth);
  return ofOauth.includes('client_secret') && !ofOauth.includes('client_id')
    ? '`oauth.client_secret` needs `oauth.client_id`'
    : null;
}

/** Whether a value is of the type its key needs; addresses, variables and names of headers are not looked at. */
function fits(type: KeyType, value: JsonValue, facts: CodexFacts): boolean {
  switch (type.kind) {
    case 'any':
      return true;
    case 'list':
      return Array.isArray(value) && value.every((item: JsonValue) => fits(type.of, item, facts));
    case 'map':
      return isJsonObject(value) && Object.values(value).every((item) => fits(type.of, item ?? null, facts));
    case 'table': {
      const known = type.keys.filter(({ key }) => !facts.unknownKeys.includes(key));
      const fine = (inner: KeyType, part: JsonValue): boolean => part === null || fits(inner, part, facts);
      return isJsonObject(value) && known.every(({ key, type: inner }) => fine(inner, value[key] ?? null));
    }
    case 'name_or_table':
      return typeof value === 'string' || (isJsonObject(value) && fitsVariable(value));
    case 'one_of':
      return (
        typeof value === 'string' &&
        (type.values.includes('approve') ? facts.approvalModes : type.values).includes(value)
      );
    default:
      return (
        (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') && isOfType(type, value)
      );
  }
}

/** `{ name, source }` in `env_vars`: any other key makes it nothing that is known. */
function fitsVariable(value: JsonObject): boolean {
  const { name, source = 'local', ...others } = value;
  return typeof name === 'string' && (source === 'local' || source === 'remote') && Object.keys(others).length === 0;
}

/** Why a server that is listed cannot start; null when nothing speaks against it. */
function whyFailing(name: string, server: JsonObject, { serverName }: CodexFacts): string | null {
  if (!serverName.test(name))
    return `its name has a character that is not allowed, so it does not start (${serverName.source})`;
  if (typeof server['command'] === 'string' && PLACEHOLDER.test(server['command']))
    return '`command` holds a placeholder, which is not filled in';
  const variables = Array.isArray(server['env_vars']) ? (server['env_vars'] as readonly JsonValue[]) : [];
  const here = [undefined, '', 'local'].includes(server['environment_id'] as string | undefined);
  if (here && variables.some((item) => isJsonObject(item) && item['source'] === 'remote'))
    return '`env_vars` has a variable with the source "remote", and the server runs here';
  return null;
}

const OAUTH_KEYS = SERVER_KEYS.flatMap(({ key, type }) =>
  key === 'oauth' && type.kind === 'table' ? type.keys : [],
).map(({ key }) => key);

/** Keys of `oauth` in the spelling of config.toml; `clientId` and the like count as well. */
function oauthKeys(oauth: JsonValue | undefined): readonly string[] {
  const snake = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return isJsonObject(oauth) ? Object.keys(oauth).map(snake) : [];
}

const TYPES = ['http', 'streamable_http', 'streamable-http', 'stdio'];

function withoutEffect(server: JsonObject, known: readonly KeyRow[], facts: CodexFacts): readonly string[] {
  const { type, oauth, tools } = server;
  const unknown = Object.keys(server).filter(
    (key) => key !== 'type' && key !== 'headers' && !known.some((row) => row.key === key),
  );
  const ofOauth = oauthKeys(oauth).filter((key) => !OAUTH_KEYS.includes(key) || facts.unknownKeys.includes(key));
  const ofTools = isJsonObject(tools)
    ? Object.values(tools).flatMap((tool) => (isJsonObject(tool) ? Object.keys(tool) : []))
    : [];
  const lost = [
    ...unknown,
    ...ofOauth.map((key) => `oauth.${key}`),
    ...[...new Set(ofTools)].filter((key) => facts.unknownKeys.includes(key)).map((key) => `tools.*.${key}`),
  ];
  return [
    ...(type === 'sse' ? ['`type: "sse"` is not known: the address is used as one of Streamable HTTP'] : []),
    ...(type !== undefined && type !== 'sse' && !TYPES.includes(String(type))
      ? ['`type` is not known and passed over']
      : []),
    ...(server['headers'] === undefined ? [] : ['`headers` is dropped; write `http_headers`']),
    ...(lost.length === 0 ? [] : [`${keyList(lost)} ${lost.length === 1 ? 'has' : 'have'} no effect`]),
  ];
}

const PLACEHOLDER = /\$\{[^}]*\}/;

function literally(server: JsonObject): readonly string[] {
  const keys = ['args', 'env', 'cwd', 'url', 'http_headers'].filter((key) =>
    stringsIn(server[key]).some((text) => PLACEHOLDER.test(text)),
  );
  return keys.length === 0 ? [] : [`placeholders in ${keyList(keys)} are not filled in and used as they stand`];
}

/** Without `cwd` a server starts in the folder of the session, where files of the plugin are not found. */
function placeNotes({ command, args, cwd }: JsonObject, bundle: Bundle): readonly string[] {
  if (typeof command !== 'string' || typeof cwd === 'string') return [];
  const words = [command, ...stringsIn(args)].filter(
    (word) => !word.startsWith('/') && !word.split('/').includes('..'),
  );
  const files = words.filter(
    (word) => /^\.?[^:]*\//.test(word) && bundle.look(word.replace(/^(?:\.\/)+/, '')).kind === 'file',
  );
  return files.length === 0
    ? []
    : ['it starts in the folder of the session, where a file of the plugin is not found; add `"cwd": "."`'];
}
