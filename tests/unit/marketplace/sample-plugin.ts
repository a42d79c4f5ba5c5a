import type { HttpTransport, Origin, ServerEntry, StdioTransport } from '../../../src/config/index.ts';
import type { ConsentFacts, ConsentServer } from '../../../src/marketplace/types.ts';
import type { Plugin, PluginServer } from '../../../src/plugins/index.ts';

export const ROOT = '/home/ada/.plugboard/plugins/cache/acme/tools/1.0.0';
export const DATA = '/home/ada/.plugboard/plugins/data/tools@acme';

const origin: Origin = { layer: 'plugin', file: `${ROOT}/.mcp.json`, line: 1, column: 1 };

export function stdio(command: string, more: Partial<StdioTransport> = {}): StdioTransport {
  return {
    kind: 'stdio',
    command,
    args: [],
    env: {},
    envVars: [],
    cwd: ROOT,
    cwdAbsolute: ROOT,
    envFile: null,
    ...more,
  };
}

export function http(url: string, more: Partial<HttpTransport> = {}): HttpTransport {
  return {
    ...{ kind: 'http', url, bearerTokenEnvVar: null, headers: {}, envHeaders: {}, headersHelper: null },
    ...{ caFile: null, clientCertFile: null, clientKeyFile: null },
    ...more,
  };
}

/** A server of a plugin as the parser gives it. */
export function server(name: string, entry: Partial<ServerEntry>, more: Partial<PluginServer> = {}): PluginServer {
  return {
    entry: {
      ...{ name, origin, enabled: true, enabledOrigin: origin, required: false, transport: null },
      ...{ startupTimeoutMs: 30_000, toolTimeoutMs: 300_000, startupTimeoutSec: null, toolTimeoutSec: null },
      ...{ enabledTools: null, disabledTools: [], toolNames: [], supportsParallelToolCalls: false },
      ...{ allowSecretInArgs: false, sharing: 'auto', maxConnections: 8, roots: [], problems: [] },
      ...entry,
    },
    table: { kind: 'table', origin, at: origin, entries: new Map() },
    requests: { required: false, supportsParallelToolCalls: false, approveAll: false, approveTools: [] },
    ...{ settings: [], undeclared: [], variables: [], authModel: 'none', authModelDeclared: false, dataClasses: [] },
    ...more,
  };
}

export function plugin(more: Partial<Plugin> = {}): Plugin {
  return {
    ...{ family: 'codex', name: 'tools', version: '1.0.0', description: null, displayName: null, category: null },
    ...{ homepage: null, manifestPath: '.codex-plugin/plugin.json', mcpPath: '.mcp.json' },
    ...{ servers: [], settings: [], hooks: [], skills: [], commands: [], agents: [], apps: [] },
    ...more,
  };
}

/** Facts of a plugin without anything in it. */
export const NO_FACTS: ConsentFacts = {
  pluginId: 'tools@acme',
  version: '1.0.0',
  marketplaceSource: { sourceType: 'local', source: '/srv/market' },
  source: { source: 'local', path: '/srv/market/plugins/tools' },
  revision: null,
  installPolicy: 'AVAILABLE',
  authPolicy: 'ON_INSTALL',
  ...{ servers: [], settings: [], hooks: [], skills: [], commands: [], agents: [], apps: [] },
};

/** A server that does as little as it can. */
export const NO_SERVER: ConsentServer = {
  ...{ name: 'docs', transport: 'stdio', command: ['node', 'main.js'], url: null, host: null, runs: 'local' },
  ...{
    unpinned: null,
    envNames: [],
    setsEnv: [],
    headers: [],
    headersHelper: null,
    valueDigests: [],
    settings: [],
    authModel: 'none',
  },
  ...{ dataClasses: [], enabledTools: null, disabledTools: [], requests: [] },
  ...{ cwd: null, files: [], roots: [], sharing: 'auto', enabled: true },
};
