import { describe, expect, test } from 'vitest';
import type { Located, Origin, PluginSettings } from '../../../src/config/index.ts';
import {
  type Listed,
  marketplaceListing,
  pluginListing,
  unreadableListing,
} from '../../../src/marketplace/inventory.ts';
import type { ConsentFacts, InstalledPlugin, Marketplace, Receipt } from '../../../src/marketplace/types.ts';
import { around, parse } from './read-manifest.ts';
import { DATA, NO_FACTS, NO_SERVER, ROOT } from './sample-plugin.ts';

const SUMMARY = {
  ...{ config_name: 'tools@acme', display_name: 'Tools', description: 'Does things', has_skills: true },
  ...{ mcp_server_names: ['docs'], app_connector_ids: ['connector_1'] },
};

const facts: ConsentFacts = {
  ...NO_FACTS,
  servers: [NO_SERVER],
  settings: [
    { key: 'region', sensitive: false, required: false },
    { key: 'token', sensitive: true, required: true },
  ],
  ...{ hooks: ['Stop make'], skills: ['s'], commands: ['c'], agents: ['g'], apps: ['connector_1'] },
};

const marketplace: Marketplace = {
  ...parse(
    JSON.stringify({
      name: 'acme',
      interface: { displayName: 'Acme Inc' },
      plugins: [
        {
          name: 'tools',
          source: { source: 'local', path: './plugins/tools' },
          policy: { installation: 'INSTALLED_BY_DEFAULT', authentication: 'ON_USE' },
        },
        { name: 'git', version: '3.0.0', source: { source: 'url', url: 'https://git.example/a.git', ref: 'main' } },
      ],
    }),
  ),
  source: { kind: 'git', url: 'https://git.example/m.git', ref: 'main', sparse: [] },
  revision: 'abc',
};
const offerOf = (name: string) => {
  const entry = marketplace.entries.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`no entry ${name}`);
  return { marketplace, entry };
};

const receipt: Receipt = {
  schemaVersion: 1,
  ...{ pluginId: 'tools@acme', name: 'tools', marketplaceName: 'acme', action: 'add', outcome: 'done' },
  ...{ at: '2026-11-20T16:00:00Z', by: 'ada', plugboardVersion: '0.2.0', version: '1.0.0', previousVersion: null },
  ...{ installedPath: ROOT, marketplaceSource: { sourceType: 'local', source: '/srv/old' } },
  ...{ source: { source: 'local', path: '/srv/old/tools' }, revision: 'old', contentSha256: 'ab', files: [] },
  ...{ installPolicy: 'AVAILABLE', authPolicy: 'ON_INSTALL', entry: null, capabilitySummary: SUMMARY },
  consent: { digest: 'cd', facts, how: 'asked', requestsAccepted: false },
  ...{ selectedMarketplaces: [], upgradedRoots: [], errors: [] },
};
const installed: InstalledPlugin = {
  ...{ pluginId: 'tools@acme', name: 'tools', marketplaceName: 'acme', version: '1.0.0', root: ROOT, dataDir: DATA },
  filed: { receipt, file: '/r/0001.json', digest: 'ef' },
};
const origin: Origin = { layer: 'user', file: '/c', line: 1, column: 1 };
const policies: PluginSettings = {
  ...{ pluginId: 'tools@acme', origin, enabled: null, enabledOrigin: origin },
  servers: new Map([
    [
      'docs',
      {
        ...{ server: 'docs', origin, enabled: false, enabledOrigin: origin, enabledTools: ['a'], widen: true },
        ...{ disabledTools: ['b'], toolNames: [], problems: [] },
        table: { kind: 'table', origin, at: origin, entries: new Map() },
      },
    ],
  ]),
  values: new Map(),
  problems: [],
};

const parts = {
  hooks: ['Stop make'],
  mcpServers: [NO_SERVER],
  settings: [
    { key: 'region', sensitive: false, required: false, set: false },
    { key: 'token', sensitive: true, required: true, set: false },
  ],
  ...{ skills: ['s'], commands: ['c'], agents: ['g'], apps: ['connector_1'] },
};
/** Whether a value is there: of `region` in config.toml, of `token` only the secret store knows. */
function setSettings(region: boolean, token: null): readonly object[] {
  const [first, second] = parts.settings;
  return [
    { ...first, set: region },
    { ...second, set: token },
  ];
}

const unknown = {
  hooks: null,
  mcpServers: null,
  settings: null,
  skills: null,
  commands: null,
  agents: null,
  apps: null,
};

const available: Listed = {
  kind: 'available',
  offer: offerOf('tools'),
  read: { version: '1.1.0', facts, capabilitySummary: SUMMARY },
  blockedBy: null,
};

describe('one plugin', () => {
  test('that is offered', () => {
    expect(pluginListing(available)).toEqual({
      ...{ pluginId: 'tools@acme', name: 'tools', marketplaceName: 'acme', version: '1.1.0' },
      ...{ installed: false, enabled: false },
      source: { source: 'local', path: '/srv/market/plugins/tools' },
      marketplaceSource: { sourceType: 'git', source: 'https://git.example/m.git' },
      ...{ installPolicy: 'INSTALLED_BY_DEFAULT', authPolicy: 'ON_USE' },
      ...parts,
      ...{ policies: [], state: { kind: 'not_installed' }, revision: 'abc', installedPath: null, receipt: null },
      capabilitySummary: SUMMARY,
    });
  });

  test('that is offered and was not fetched: what is not known is null', () => {
    const listing = pluginListing({ kind: 'available', offer: offerOf('git'), read: null, blockedBy: '/etc/r.toml' });
    expect(listing).toEqual({
      ...{ pluginId: 'git@acme', name: 'git', marketplaceName: 'acme', version: '3.0.0' },
      ...{ installed: false, enabled: false },
      source: { source: 'git', url: 'https://git.example/a.git', ref: 'main' },
      marketplaceSource: { sourceType: 'git', source: 'https://git.example/m.git' },
      ...{ installPolicy: 'AVAILABLE', authPolicy: 'ON_INSTALL' },
      ...unknown,
      policies: [],
      state: { kind: 'blocked', reason: 'requirements', detail: '/etc/r.toml' },
      ...{ revision: null, installedPath: null, receipt: null, capabilitySummary: null },
    });
  });

  test('that is installed: the receipt says what is in it, the marketplace how it is offered now', () => {
    const state = { kind: 'disabled', where: '/c:1' } as const;
    const listing = pluginListing({
      kind: 'installed',
      installed,
      offer: offerOf('tools'),
      enabled: false,
      state,
      policies,
    });
    expect(listing).toEqual({
      ...{ pluginId: 'tools@acme', name: 'tools', marketplaceName: 'acme', version: '1.0.0' },
      ...{ installed: true, enabled: false },
      source: { source: 'local', path: '/srv/market/plugins/tools' },
      marketplaceSource: { sourceType: 'git', source: 'https://git.example/m.git' },
      ...{ installPolicy: 'INSTALLED_BY_DEFAULT', authPolicy: 'ON_USE' },
      ...parts,
      settings: setSettings(false, null),
      policies: [{ server: 'docs', enabled: false, enabledTools: ['a'], disabledTools: ['b'], widen: true }],
      ...{ state, revision: 'old', installedPath: ROOT, receipt: { file: '/r/0001.json', digest: 'ef' } },
      capabilitySummary: SUMMARY,
    });
  });

  test('that is installed, and whose marketplace is gone', () => {
    const state = { kind: 'enabled' } as const;
    const listing = pluginListing({ kind: 'installed', installed, offer: null, enabled: true, state, policies: null });
    expect(listing).toMatchObject({
      ...{ enabled: true, state, policies: [] },
      source: { source: 'local', path: '/srv/old/tools' },
      marketplaceSource: { sourceType: 'local', source: '/srv/old' },
      ...{ installPolicy: 'AVAILABLE', authPolicy: 'ON_INSTALL' },
    });
  });
});

describe('which settings of an installed plugin are set', () => {
  const value: Located = { kind: 'scalar', origin, at: origin, value: 'eu' };
  test.each<{ name: string; values?: PluginSettings['values']; want: readonly object[] }>([
    { name: 'nothing is written', want: setSettings(false, null) },
    { name: 'one stands in config.toml', values: new Map([['region', value]]), want: setSettings(true, null) },
    {
      name: 'a secret in config.toml does not count',
      values: new Map([['token', value]]),
      want: setSettings(false, null),
    },
  ])('$name', ({ values = new Map(), want }) => {
    const listing = pluginListing({
      ...{ kind: 'installed', installed, offer: null, enabled: true, state: { kind: 'enabled' } },
      policies: { ...policies, values },
    });
    expect(listing.settings).toEqual(want);
  });
});

test('one marketplace', () => {
  expect(marketplaceListing(marketplace, null)).toEqual({
    name: 'acme',
    root: '/srv/market',
    marketplaceSource: { sourceType: 'git', source: 'https://git.example/m.git' },
    ...{ kind: 'configured', ref: 'main', revision: 'abc', displayName: 'Acme Inc', pluginCount: 2 },
    ...{ blockedBy: null, issues: [] },
  });
  const local = around({ name: 'x', source: '../x' });
  expect(marketplaceListing(local, '/etc/r.toml')).toMatchObject({
    marketplaceSource: { sourceType: 'local', source: '/srv/market' },
    ...{ ref: null, revision: null, displayName: null, pluginCount: 2, blockedBy: '/etc/r.toml', issues: local.issues },
  });
});

test('one marketplace that cannot be read is listed all the same', () => {
  const place = {
    name: 'acme',
    kind: 'configured',
    source: { kind: 'local', path: '/srv/market' },
    manifest: null,
  } as const;
  const issues = [{ code: 'MARKETPLACE_INVALID', severity: 'error', message: 'm' }] as const;
  expect(unreadableListing(place, '/srv/market', { blockedBy: null, issues })).toEqual({
    name: 'acme',
    root: '/srv/market',
    marketplaceSource: { sourceType: 'local', source: '/srv/market' },
    ...{ kind: 'configured', ref: null, revision: null, displayName: null, pluginCount: null, blockedBy: null, issues },
  });
});

/** What Codex 0.169 prints, by the types of its values. */
const CODEX_PLUGIN: Readonly<Record<string, string>> = {
  pluginId: 'string',
  name: 'string',
  marketplaceName: 'string',
  version: 'string or null',
  installed: 'boolean',
  enabled: 'boolean',
  source: 'object',
  marketplaceSource: 'object',
  installPolicy: 'string',
  authPolicy: 'string',
};
const CODEX_SOURCES: Readonly<Record<string, readonly string[]>> = {
  local: ['source', 'path'],
  git: ['source', 'url', 'ref'],
  'git-subdir': ['source', 'url', 'path', 'sha'],
  npm: ['source', 'package', 'version'],
};

describe('the names of Codex come first, in its order and with its types', () => {
  const typeOf = (value: unknown): string => (value === null ? 'null' : typeof value);
  const listings = [
    pluginListing(available),
    pluginListing({ kind: 'available', offer: offerOf('git'), read: null, blockedBy: null }),
    pluginListing({ kind: 'installed', installed, offer: null, enabled: true, state: { kind: 'enabled' }, policies }),
  ];

  test.each(listings.map((listing) => [listing.pluginId, listing] as const))('%s', (_id, listing) => {
    const names = Object.keys(CODEX_PLUGIN);
    expect(Object.keys(listing).slice(0, names.length)).toEqual(names);
    for (const [name, type] of Object.entries(CODEX_PLUGIN)) {
      expect(type.split(' or '), name).toContain(typeOf(Object.entries(listing).find(([key]) => key === name)?.[1]));
    }
    expect(Object.keys(listing.marketplaceSource)).toEqual(['sourceType', 'source']);
  });

  test.each([
    [{ source: 'local', path: './a' }, 'local'],
    [{ source: 'url', url: 'https://127.0.0.1:9/x.git', ref: 'main' }, 'git'],
    [{ source: 'git-subdir', url: 'https://127.0.0.1:9/x.git', path: 'plugins/a', sha: 'abc' }, 'git-subdir'],
    [{ source: 'npm', package: '@acme/p', version: '^1.0.0' }, 'npm'],
  ])('the source %j', (source, kind) => {
    const entry = around({ name: 'x', source }).entries[1];
    expect(entry?.source.source).toBe(kind);
    expect(Object.keys(entry?.source ?? {})).toEqual(CODEX_SOURCES[kind]);
  });

  test('a marketplace', () => {
    expect(Object.keys(marketplaceListing(marketplace, null)).slice(0, 3)).toEqual([
      'name',
      'root',
      'marketplaceSource',
    ]);
  });
});
