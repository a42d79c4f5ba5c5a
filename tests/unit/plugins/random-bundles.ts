/** Bundles that nobody would write, in memory: near enough to real ones to get past the first check. */
import fc from 'fast-check';
import type { Issue, JsonValue } from '../../../src/kernel/index.ts';
import { type Bundle, type EntryFacts, type ParsedPlugin, parsePlugin } from '../../../src/plugins/index.ts';

type Texts = Readonly<Record<string, string>>;

/** A folder that is only these texts. */
export function memoryBundle(texts: Texts): Bundle {
  const files = new Map(Object.entries(texts));
  const isFolder = (path: string): boolean =>
    path === '' || [...files.keys()].some((file) => file.startsWith(`${path}/`));
  return {
    root: '/bundles/p',
    look: (path) => {
      const text = files.get(path);
      if (text !== undefined) return { kind: 'file', executable: false, sizeBytes: text.length };
      return { kind: isFolder(path) ? 'folder' : 'absent' };
    },
    read: (path) => {
      const text = files.get(path);
      if (text !== undefined) return { kind: 'text', text };
      return isFolder(path) ? { kind: 'unreadable', reason: 'it is not a file', hint: '' } : { kind: 'absent' };
    },
    list: (path) => {
      const inside = [...files.keys()].filter((file) => path === '' || file.startsWith(`${path}/`));
      const names = inside.map((file) => file.slice(path === '' ? 0 : path.length + 1).split('/')[0] ?? '');
      return [...new Set(names)].toSorted();
    },
  };
}

const PLACES = [
  'plugin.json',
  'manifest.json',
  'mcp.json',
  '.mcp.json',
  '.app.json',
  'hooks.json',
  'hooks/hooks.json',
  '.codex-plugin/plugin.json',
  '.claude-plugin/plugin.json',
  '.cursor-plugin/plugin.json',
  'x.json',
  'skills/a/SKILL.md',
  'bin/run',
];

const KEYS = (
  '$schema name version description author homepage category displayName interface presentation extensions dev.plugboard mcpServers mcp_servers ' +
  'user_config userConfig hooks skills commands agents apps id type command args env env_vars cwd url headers http_headers headersHelper ' +
  'http_headers_helper bearer_token bearer_token_env_var env_http_headers oauth clientId client_id callbackPort scopes auth auth_model data_classes ' +
  'enabled enabled_tools disabled_tools required supports_parallel_tool_calls default_tools_approval_mode tools approval_mode timeout ' +
  'startup_timeout_sec tool_timeout_sec roots uri source sharing title sensitive multiple default min max enum options pattern ' +
  'manifest_version server mcp_config platform_overrides display_name env_file allow_secret_in_args ' +
  'matcher Stop PreToolUse prompt __proto__ constructor toString PLUGIN_ROOT'
).split(' ');

const TEXTS = [
  '',
  ' ',
  '.',
  './',
  '..',
  '../x',
  './x.json',
  './gone',
  'x.json',
  '/etc/passwd',
  'C:\\x',
  '~/x',
  './a/../b',
  '\0',
  'é',
  '\ud800',
  '${PLUGIN_ROOT}',
  '${PLUGIN_ROOT}/../x',
  '${CLAUDE_PLUGIN_DATA}/y',
  '${user_config.token}',
  '${user_config.__proto__}',
  '${env:A:-${B}}',
  '${env:A}',
  '${A:-b}',
  '$${x}',
  '${',
  '}',
  '${secret:s}',
  'https://h.example/mcp',
  'http://localhost:1/',
  'https://u:p@h/#x',
  'ftp://x',
  'node',
  './bin/run',
  'plugboard',
  'stdio',
  'sse',
  'http',
  'streamable-http',
  'approve',
  'prompt',
  'ema_auth',
  'string',
  'number',
  'boolean',
  'file',
  '(a+)+',
  '[a-z]*',
  '(',
  'p',
  '1.0.0',
  'nul',
  'A',
  'Authorization',
  'none',
  'service_token',
  'local',
  'remote',
  'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
  'https://agent-plugins.org/schemas/1.1.0/plugin.schema.json',
  'https://agent-plugins.org/schemas/1.0.0/mcp.schema.json',
  'https://agent-plugins.org/schemas/1.1.0/mcp.schema.json',
  'https://agent-plugins.org/schemas/9/plugin.schema.json',
];

const key = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...KEYS) },
  { weight: 1, arbitrary: fc.string({ maxLength: 12 }) },
);
const leaf = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom<JsonValue>(...TEXTS) },
  { weight: 2, arbitrary: fc.constantFrom<JsonValue>(null, true, false, 0, -1, 1e308, 1.5, 65_536) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
);
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 8 }).map((pairs) => objectOf(pairs)),
  ),
}));

/** Own members whatever they are called, `__proto__` too. */
function objectOf(pairs: readonly (readonly [string, JsonValue])[]): JsonValue {
  return Object.fromEntries(pairs);
}

const servers = fc.dictionary(fc.oneof(key, fc.constantFrom('a', 'b')), value, { maxKeys: 4 });
const manifest = fc
  .tuple(
    fc.array(fc.tuple(key, value), { maxLength: 8 }),
    fc.option(servers),
    fc.option(fc.constantFrom(...TEXTS.slice(-5))),
  )
  .map(([pairs, declared, schema]) =>
    objectOf([
      ['name', 'p'],
      ...(schema === null ? [] : [['$schema', schema] as const]),
      ...(declared === null ? [] : [['mcpServers', declared as JsonValue] as const]),
      ...pairs,
    ]),
  );

/** JSON, and sometimes what is left of it. */
const text = (content: fc.Arbitrary<JsonValue>): fc.Arbitrary<string> =>
  fc.tuple(content, fc.nat({ max: 9 }), fc.nat(), fc.string({ maxLength: 5 })).map(([json, what, at, insert]) => {
    const written = JSON.stringify(json);
    const place = at % (written.length + 1);
    if (what === 0) return written.slice(0, place) + insert + written.slice(place);
    if (what === 1) return written.slice(0, place);
    if (what === 2) return `\ufeff${written.slice(0, place)}${written.slice(place + 1)}`;
    return written;
  });

const texts: fc.Arbitrary<Texts> = fc
  .array(
    fc.oneof(
      fc.tuple(fc.constantFrom(...PLACES.filter((path) => path.endsWith('plugin.json'))), text(manifest)),
      fc.tuple(
        fc.constantFrom(...PLACES),
        text(
          fc.oneof(
            value,
            servers.map((inner) => inner as JsonValue),
            manifest,
          ),
        ),
      ),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((pairs) => Object.fromEntries(pairs));

const entry: fc.Arbitrary<EntryFacts | null> = fc.option(
  fc.record({
    name: fc.constantFrom('p', 'q', '../x'),
    version: fc.constantFrom(null, '1.0.0', '../1'),
    description: fc.constant(null),
    category: fc.constant('c'),
    mcpServers: fc.oneof(fc.constant(undefined), value),
    components: fc.dictionary(key, value, { maxKeys: 2 }),
    file: fc.constant('/mkt/marketplace.json'),
  }),
);

export type RandomCase = { readonly texts: Texts; readonly entry: EntryFacts | null };

export const randomCase: fc.Arbitrary<RandomCase> = fc.record({ texts, entry });

export function parseCase({ texts: files, entry: facts }: RandomCase): ParsedPlugin {
  return parsePlugin({ bundle: memoryBundle(files), entry: facts, dataDir: '/data/p' });
}

/** What must hold of whatever came out: it is a plugin or says why not, and no issue is without its code, text and file. */
export function brokenPromise({ plugin, issues }: ParsedPlugin): string | null {
  if (plugin === null && !issues.some(({ severity }) => severity === 'error')) return 'neither a plugin nor an error';
  const bare = issues.find((issue) => issue.message === '' || issue.file === undefined);
  if (bare !== undefined) return `an issue without a text or file: ${bare.code}`;
  const server = plugin?.servers.find(({ entry: one }) => one.transport === null && one.problems.length === 0);
  if (server !== undefined) return 'a server without a transport and without a problem';
  const open = plugin?.servers.find(
    (one) =>
      one.entry.problems.length === 0 &&
      waits(one.entry.transport) &&
      one.settings.length + one.undeclared.length + one.variables.length === 0,
  );
  if (open !== undefined && plugin?.family !== 'agent_plugins')
    return 'a server that would start with a reference of ours as it stands';
  return issues.map(leak).find((found) => found !== null) ?? null;
}

function waits(transport: unknown): boolean {
  return /(?<!\$)\$\{(?:user_config\.|env:|secret:)/.test(JSON.stringify(transport));
}

/** Values of a file never stand in messages, since any may be a secret. */
function leak({ message, hint = '' }: Issue): string | null {
  return `${message}${hint}`.includes('u:p@') ? `a password in a message: ${message}` : null;
}
