import type { ConsentFacts, ConsentServer } from '../../../src/marketplace/index.ts';

const SERVER: ConsentServer = {
  ...{ name: 'tools', transport: 'stdio', command: ['node', './main.mjs'], url: null, host: null, runs: 'local' },
  ...{ unpinned: null, envNames: [], setsEnv: [], headers: [], headersHelper: null, valueDigests: [], settings: [] },
  ...{ cwd: null, files: [], roots: [], sharing: 'auto', enabled: true },
  ...{ authModel: 'none', dataClasses: [], enabledTools: null, disabledTools: [], requests: [] },
};

/** What a user is shown of a plugin with one server, with these differences. */
export function factsWith(server: Partial<ConsentServer>, more: Partial<ConsentFacts> = {}): ConsentFacts {
  return {
    pluginId: 'tools@acme',
    version: '1.0.0',
    marketplaceSource: { sourceType: 'git', source: 'https://git.example/m.git' },
    source: { source: 'local', path: '/m/tools' },
    revision: 'abc',
    installPolicy: 'AVAILABLE',
    authPolicy: 'ON_INSTALL',
    servers: [{ ...SERVER, ...server }],
    ...{ settings: [], hooks: [], skills: [], commands: [], agents: [], apps: [] },
    ...more,
  };
}
