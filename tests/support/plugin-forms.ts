/** The same plugin as each family writes it, and in each place where servers may stand. */
import { digestFiles } from './digests.ts';
import type { Files, PluginFolder } from './marketplace-folder.ts';

export type FormedServer =
  | { readonly env?: Readonly<Record<string, string>>; readonly args?: readonly string[] }
  | { readonly url: string; readonly headers?: Readonly<Record<string, string>> };

export type Formed = {
  readonly name: string;
  readonly version?: string;
  readonly servers: Readonly<Record<string, FormedServer>>;
  /** Its settings, as the family spells the key. */
  readonly settings?: Readonly<Record<string, object>>;
};

export type Form = {
  readonly form: string;
  /** How a reference to the folder of the plugin is written. */
  readonly root: string;
  /** How a reference to a setting is written; null where the family has none. */
  readonly setting: ((key: string) => string) | null;
  readonly write: (plugin: Formed) => PluginFolder;
};

const reference = (key: string): string => `\${user_config.${key}}`;

/** Programs run `server.mjs` of the bundle, which tells digests. */
const keysOf = (server: FormedServer, script: string, headers: string): object =>
  'url' in server
    ? { url: server.url, [headers]: server.headers ?? {} }
    : { command: 'node', args: [script, ...(server.args ?? [])], env: server.env ?? {} };

const serversOf = ({ servers }: Formed, script: string, headers = 'http_headers'): object =>
  Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, keysOf(server, script, headers)]));

const codex = (plugin: Formed, manifest: object, files: Files): PluginFolder => ({
  files: {
    '.codex-plugin/plugin.json': {
      name: plugin.name,
      version: plugin.version ?? '1.0.0',
      ...(plugin.settings === undefined ? {} : { user_config: plugin.settings }),
      ...manifest,
    },
    ...files,
    ...digestFiles(),
  },
});

const SCHEMAS = 'https://agent-plugins.org/schemas';

function agentPlugins(plugin: Formed, version: '1.0.0' | '1.1.0'): PluginFolder {
  const servers = Object.entries(plugin.servers).map(([name, server]) => {
    if ('url' in server) return [name, { type: 'streamable-http', ...keysOf(server, '', 'headers') }];
    const { env, ...rest } = keysOf(server, 'server.mjs', 'headers') as { readonly env: object };
    const ours = version === '1.0.0' ? { env } : { extensions: { 'dev.plugboard': { env } } };
    return [name, { type: 'stdio', ...rest, ...ours }];
  });
  return {
    files: {
      'plugin.json': {
        $schema: `${SCHEMAS}/${version}/plugin.schema.json`,
        name: plugin.name,
        version: plugin.version ?? '1.0.0',
        ...(plugin.settings === undefined ? {} : { extensions: { 'dev.plugboard': { user_config: plugin.settings } } }),
      },
      'mcp.json': { $schema: `${SCHEMAS}/${version}/mcp.schema.json`, mcpServers: Object.fromEntries(servers) },
      ...digestFiles(),
    },
  };
}

export const FORMS: readonly Form[] = [
  {
    form: 'a path',
    root: '${PLUGIN_ROOT}',
    setting: reference,
    write: (plugin) =>
      codex(
        plugin,
        { mcpServers: './servers.json' },
        { 'servers.json': { mcpServers: serversOf(plugin, 'server.mjs') } },
      ),
  },
  {
    form: 'inline',
    root: '${PLUGIN_ROOT}',
    setting: reference,
    write: (plugin) => codex(plugin, { mcpServers: serversOf(plugin, 'server.mjs') }, {}),
  },
  {
    form: 'the default file',
    root: '${PLUGIN_ROOT}',
    setting: reference,
    write: (plugin) => codex(plugin, {}, { '.mcp.json': serversOf(plugin, 'server.mjs') }),
  },
  {
    form: 'Claude',
    root: '${CLAUDE_PLUGIN_ROOT}',
    setting: reference,
    write: (plugin) => ({
      files: {
        '.claude-plugin/plugin.json': {
          name: plugin.name,
          version: plugin.version ?? '1.0.0',
          ...(plugin.settings === undefined ? {} : { userConfig: plugin.settings }),
        },
        '.mcp.json': { mcpServers: serversOf(plugin, '${CLAUDE_PLUGIN_ROOT}/server.mjs', 'headers') },
        ...digestFiles(),
      },
    }),
  },
  {
    form: 'Agent Plugins',
    root: '${PLUGIN_ROOT}',
    setting: null,
    write: (plugin) => agentPlugins(plugin, '1.0.0'),
  },
];

/** The draft, where a server has extensions of its own. */
export const AGENT_PLUGINS_DRAFT: Form = {
  form: 'the draft of Agent Plugins 1.1.0',
  root: '${PLUGIN_ROOT}',
  setting: reference,
  write: (plugin) => agentPlugins(plugin, '1.1.0'),
};
