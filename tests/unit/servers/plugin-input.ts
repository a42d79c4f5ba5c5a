import { parse } from 'smol-toml';
import { type LocatedTable, locatedFrom, parseRequirements, parseServer } from '../../../src/config/index.ts';
import type { Issue } from '../../../src/kernel/index.ts';
import type { Plugin, PluginServer } from '../../../src/plugins/index.ts';
import { type PluginInput, type RemovedPlugin, type Resolved, resolveServers } from '../../../src/servers/index.ts';
import type { Setting } from '../../../src/settings/index.ts';
import { configFrom, type Sources } from '../config/read-config.ts';

/** What a test wants to be different about a server of a plugin. */
export type ServerWish = Partial<Omit<PluginServer, 'entry'>> & {
  /** Keys of the server as TOML. Default: a program. */
  readonly toml?: string;
};

/** A server as a plugin declares it, from the lines of a TOML table. */
export function pluginServer(name: string, { toml = 'command = "node"', ...rest }: ServerWish = {}): PluginServer {
  const origin = { layer: 'plugin', file: `/cache/${name}.json`, line: 3, column: 5 } as const;
  const table = locatedFrom(parse(toml), origin) as LocatedTable;
  const { entry } = parseServer(name, table, {
    origin,
    places: { homeDir: null, projectDir: null, configFile: null },
    format: { spell: (path) => path },
  });
  if (entry === null) throw new Error(`no entry ${name}`);
  const enabledOrigin = entry.enabled ? origin : { ...origin, line: 4 };
  const problems = entry.problems.filter(({ code }) => code !== 'CONFIG_NO_TRANSPORT');
  return {
    entry: { ...entry, enabledOrigin, problems },
    table,
    requests: { required: false, supportsParallelToolCalls: false, approveAll: false, approveTools: [] },
    settings: [],
    undeclared: [],
    variables: [],
    authModel: 'none',
    authModelDeclared: false,
    dataClasses: [],
    ...rest,
  };
}

function pluginOf(pluginId: string, servers: readonly PluginServer[]): Plugin {
  return {
    family: 'codex',
    name: pluginId.split('@')[0] ?? '',
    version: '1.0.0',
    description: null,
    displayName: null,
    category: null,
    homepage: null,
    manifestPath: '.codex-plugin/plugin.json',
    mcpPath: '.mcp.json',
    servers,
    settings: [],
    hooks: [],
    skills: [],
    commands: [],
    agents: [],
    apps: [],
  };
}

/** A declared setting. */
export function setting(key: string, wish: Partial<Setting> = {}): Setting {
  return {
    ...{ key, type: 'string', title: key, description: '', sensitive: false, required: false, multiple: false },
    ...{ default: null, min: null, max: null, enum: null, pattern: null },
    ...wish,
  };
}

/** An installed plugin with these servers. */
export function pluginInput(
  pluginId: string,
  servers: readonly PluginServer[],
  { settings = [], ...wish }: Partial<PluginInput> & { readonly settings?: readonly Setting[] } = {},
): PluginInput {
  const [name = '', marketplace = ''] = pluginId.split('@');
  return {
    pluginId,
    plugin: { ...pluginOf(pluginId, servers), settings },
    standing: { kind: 'ready' },
    knownServers: servers.map(({ entry }) => entry.name),
    marketplaceSource: { sourceType: 'git', source: 'https://github.com/acme/plugins.git', ref: null },
    requestsAccepted: false,
    agreedVariables: null,
    env: { PLUGIN_ROOT: `/cache/${marketplace}/${name}/1.0.0`, PLUGIN_DATA: `/data/${name}` },
    ...wish,
  };
}

export type Situation = Sources & {
  readonly plugins: readonly PluginInput[];
  readonly requirements?: string;
  readonly pluginIssues?: readonly Issue[];
  readonly removedPlugins?: readonly RemovedPlugin[];
};

export function resolveWith({
  plugins,
  requirements = '',
  pluginIssues = [],
  removedPlugins = [],
  ...sources
}: Situation): Resolved {
  return resolveServers({
    config: configFrom(sources),
    requirements: [parseRequirements(requirements, '/etc/r.toml', 'plugboard')],
    plugins,
    removedPlugins,
    pluginIssues,
    workspace: '/srv/space',
  });
}
