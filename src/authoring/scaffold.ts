import { AppError, type JsonObject } from '../kernel/index.ts';
import { serverSource, serverTestSource } from './scaffold-server.ts';

/** The families that a scaffold can be made for, as `--family` names them. */
export const SCAFFOLD_FAMILIES = ['codex', 'claude', 'agent-plugins'] as const;
export type ScaffoldFamily = (typeof SCAFFOLD_FAMILIES)[number];

export type ScaffoldOptions = {
  /** Of the plugin and its server: lower-case letters, digits and single hyphens. */
  readonly name: string;
  readonly family: ScaffoldFamily;
  /** Who the manifest says made it. */
  readonly author: string;
};

/** A file to write; the path is relative, with `/`. */
export type ScaffoldFile = { readonly path: string; readonly text: string };

const MAX_NAME_LENGTH = 64;

/**
 * The files of a new marketplace with one plugin in it: a manifest, a small real server, a test of it, and what to do
 * next.
 *
 * @returns In the order in which they are told of.
 * @throws AppError `USAGE` for a name that not every family allows
 */
export function planScaffold(options: ScaffoldOptions): readonly ScaffoldFile[] {
  checkName(options.name);
  const root = `plugins/${options.name}`;
  const { marketplace, plugin } = FAMILIES[options.family](options);
  const inPlugin: Readonly<Record<string, string>> = {
    ...textOf(plugin),
    'server/main.mjs': serverSource(options.name),
    'test/server.test.mjs': serverTestSource(),
    'README.md': pluginReadme(options),
  };
  const files = {
    'README.md': readme(options),
    ...textOf(marketplace),
    ...Object.fromEntries(Object.entries(inPlugin).map(([path, text]) => [`${root}/${path}`, text])),
  };
  return Object.entries(files).map(([path, text]) => ({ path, text }));
}

/** The name of the marketplace around a new plugin. */
export function scaffoldMarketplace(name: string): string {
  return `${name}-marketplace`;
}

function checkName(name: string): void {
  if (name.length <= MAX_NAME_LENGTH && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return;
  const meant = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, MAX_NAME_LENGTH);
  throw new AppError(
    'USAGE',
    `a plugin's name has lower-case letters, digits and single hyphens between them, at most ${MAX_NAME_LENGTH} characters`,
    meant === '' ? {} : { hint: `for example: plugboard plugin new ${meant}` },
  );
}

/** JSON files by their path. */
type JsonFiles = Readonly<Record<string, JsonObject>>;
type FamilyFiles = { readonly marketplace: JsonFiles; readonly plugin: JsonFiles };

const DESCRIPTION = 'Counts the words, lines and characters of a text.';
const AGENT_PLUGINS_SCHEMAS = 'https://agent-plugins.org/schemas/1.0.0';

const FAMILIES: Readonly<Record<ScaffoldFamily, (options: ScaffoldOptions) => FamilyFiles>> = {
  codex: (options) => ({
    marketplace: { '.agents/plugins/marketplace.json': codexMarketplace(options) },
    plugin: {
      '.codex-plugin/plugin.json': { ...described(options), mcpServers: './.mcp.json', interface: face(options) },
      '.mcp.json': { mcpServers: { [options.name]: { command: 'node', args: ['./server/main.mjs'], cwd: '.' } } },
    },
  }),
  claude: (options) => ({
    marketplace: {
      '.claude-plugin/marketplace.json': {
        name: scaffoldMarketplace(options.name),
        owner: { name: options.author },
        plugins: [{ name: options.name, source: `./plugins/${options.name}`, description: DESCRIPTION }],
      },
    },
    plugin: {
      '.claude-plugin/plugin.json': described(options),
      '.mcp.json': {
        mcpServers: { [options.name]: { command: 'node', args: ['${CLAUDE_PLUGIN_ROOT}/server/main.mjs'] } },
      },
    },
  }),
  'agent-plugins': (options) => ({
    marketplace: { '.agents/plugins/marketplace.json': codexMarketplace(options) },
    plugin: {
      'plugin.json': { $schema: `${AGENT_PLUGINS_SCHEMAS}/plugin.schema.json`, ...described(options) },
      'mcp.json': {
        $schema: `${AGENT_PLUGINS_SCHEMAS}/mcp.schema.json`,
        mcpServers: { [options.name]: { type: 'stdio', command: 'node', args: ['${PLUGIN_ROOT}/server/main.mjs'] } },
      },
    },
  }),
};

function described({ name, author }: ScaffoldOptions): JsonObject {
  return { name, version: '0.1.0', description: DESCRIPTION, author: { name: author } };
}

function codexMarketplace({ name }: ScaffoldOptions): JsonObject {
  return {
    name: scaffoldMarketplace(name),
    interface: { displayName: `${titleOf(name)} marketplace` },
    plugins: [
      {
        name,
        source: { source: 'local', path: `./plugins/${name}` },
        policy: { installation: 'AVAILABLE', authentication: 'ON_INSTALL' },
        category: 'Productivity',
      },
    ],
  };
}

function face({ name, author }: ScaffoldOptions): JsonObject {
  return {
    displayName: titleOf(name),
    shortDescription: 'Counts words',
    longDescription: `${DESCRIPTION} It starts one MCP server, which needs nothing but Node.`,
    developerName: author,
    category: 'Productivity',
    capabilities: ['Read'],
    defaultPrompt: ['Count the words of my draft'],
  };
}

/** `Word count` for `word-count`. */
function titleOf(name: string): string {
  const words = name.replaceAll('-', ' ');
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

function textOf(files: JsonFiles): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).map(([path, value]) => [path, `${JSON.stringify(value, null, 2)}\n`]),
  );
}

function readme({ name }: ScaffoldOptions): string {
  const marketplace = scaffoldMarketplace(name);
  return `# ${titleOf(name)} marketplace

A marketplace with one plugin, \`plugins/${name}\`.

\`\`\`sh
node --test                                    # tests of the server
plugboard plugin validate .                    # what is wrong, and what each client makes of it
plugboard plugin dev plugins/${name}           # runs the plugin, and again after each change
\`\`\`

Install it on this machine:

\`\`\`sh
plugboard plugin marketplace add .
plugboard plugin add ${name}@${marketplace}
\`\`\`

Publish it: push this folder to a git repository. Others then add it with
\`plugboard plugin marketplace add OWNER/REPOSITORY\`. Raise \`version\` in the manifest with each release.
`;
}

/** How a server of the family is handed a setting: where it is declared, and where it is referred to. */
const SETTING_WORDS: Readonly<Record<ScaffoldFamily, { readonly declare: string; readonly refer: string }>> = {
  codex: { declare: '`user_config` of `.codex-plugin/plugin.json`', refer: '`env` of `.mcp.json`' },
  claude: { declare: '`userConfig` of `.claude-plugin/plugin.json`', refer: '`env` of `.mcp.json`' },
  'agent-plugins': {
    declare: '`extensions` → `dev.plugboard` → `user_config` of `plugin.json`',
    refer: '`extensions` → `dev.plugboard` → `env` of the server, with 1.1.0 for 1.0.0 in both `$schema`',
  },
};

function pluginReadme({ name, family }: ScaffoldOptions): string {
  const { declare, refer } = SETTING_WORDS[family];
  return `# ${titleOf(name)}

${DESCRIPTION} It brings one MCP server, \`server/main.mjs\`, which needs Node 20 or later and nothing else.

| tool | what it does |
|---|---|
| \`count_words\` | counts the words, lines and characters of \`text\` |

It reads nothing but what it is given, keeps nothing and contacts nobody.

## When it needs a token

Declare it in ${declare}:

\`\`\`json
{ "access_token": { "type": "string", "title": "Access token", "description": "Settings → API", "sensitive": true, "required": true } }
\`\`\`

and hand it over in ${refer}:

\`\`\`json
{ "ACCESS_TOKEN": "\${user_config.access_token}" }
\`\`\`

Then tell your users one line: \`plugboard plugin configure ${name}\`.
`;
}
