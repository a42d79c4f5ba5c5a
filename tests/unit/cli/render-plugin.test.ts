import { describe, expect, test } from 'vitest';
import {
  type AddedMarketplace,
  type AddedPlugin,
  exitOfChanges,
  type PlacedPlugin,
  type Upgraded,
  type UpgradedPlugin,
} from '../../../src/cli/plugin-reports.ts';
import { renderMarketplaces, renderPlugin, renderPlugins } from '../../../src/cli/render-plugin.ts';
import {
  renderAddedMarketplace,
  renderAddedPlugin,
  renderRemovedMarketplace,
  renderUpgraded,
  renderUpgradedMarketplaces,
} from '../../../src/cli/render-plugin-change.ts';
import type { SettingState } from '../../../src/cli/settings/setting-states.ts';
import { type ErrorCode, type Issue, renderIssue } from '../../../src/kernel/index.ts';
import type { ListedState, MarketplaceListing, PluginListing } from '../../../src/marketplace/index.ts';
import { factsWith } from './sample-facts.ts';

const ESC = '\u001b';

const LISTING: PluginListing = {
  ...{
    pluginId: 'tools@acme',
    name: 'tools',
    marketplaceName: 'acme',
    version: '1.0.0',
    installed: true,
    enabled: true,
  },
  ...{ source: { source: 'local', path: '/m/tools' }, marketplaceSource: { sourceType: 'local', source: '/m' } },
  ...{ installPolicy: 'AVAILABLE', authPolicy: 'ON_INSTALL', hooks: [], mcpServers: [], settings: [], skills: [] },
  ...{ commands: [], agents: [], apps: [], policies: [], state: { kind: 'enabled' }, revision: null },
  ...{ installedPath: '/h/tools', receipt: { file: '/h/0001.json', digest: 'd' }, capabilitySummary: null },
};

const listed = (name: string, more: Partial<PluginListing>): PluginListing => ({
  ...LISTING,
  pluginId: `${name}@${more.marketplaceName ?? 'acme'}`,
  name,
  ...more,
});

const MARKET: MarketplaceListing = {
  ...{ name: 'acme', root: '/m', marketplaceSource: { sourceType: 'local', source: '/m' }, kind: 'configured' },
  ...{ ref: null, revision: null, displayName: null, pluginCount: 2, blockedBy: null, issues: [] },
};

const offered = { installed: false, enabled: false, state: { kind: 'not_installed' } } as const;
const blocked = (reason: 'tampered' | 'consent', detail: string | null): ListedState => ({
  kind: 'blocked',
  reason,
  detail,
});

describe('plugin list', () => {
  test('is a table for each marketplace, with what each plugin is', () => {
    const text = renderPlugins({
      schemaVersion: 1,
      installed: [
        LISTING,
        listed('off', { state: { kind: 'disabled', where: '/c.toml:3' } }),
        listed('bad', { state: blocked('tampered', 'x') }),
        listed('gone', { state: { kind: 'missing' } }),
        listed('old', { marketplaceName: 'left' }),
      ],
      available: [
        listed('new', offered),
        listed('shy', { ...offered, installPolicy: 'NOT_AVAILABLE' }),
        listed('far', { ...offered, source: { source: 'npm', package: '@a/far', version: '^1' } }),
      ],
      marketplaces: [MARKET, { ...MARKET, name: 'empty', root: '/e', pluginCount: 0, blockedBy: '/etc/r.toml' }],
      issues: [],
    });
    expect(text).toBe(`Marketplace 'acme'
/m

PLUGIN      STATUS              VERSION  SOURCE
tools@acme  installed           1.0.0    /m/tools
off@acme    disabled            1.0.0    /m/tools
bad@acme    blocked (tampered)  1.0.0    /m/tools
gone@acme   files missing       1.0.0    /m/tools
new@acme    not installed                /m/tools
shy@acme    not available                /m/tools
far@acme    not installed                npm package @a/far, version \`^1\`

Marketplace 'empty'
/e
not allowed by /etc/r.toml

It offers nothing that can be used.

From marketplace 'left', which does not count here
/m

PLUGIN    STATUS     VERSION  SOURCE
old@left  installed  1.0.0    /m/tools`);
  });

  test('says what to do when there is nothing', () => {
    const nothing = { schemaVersion: 1, installed: [], available: [], marketplaces: [], issues: [] } as const;
    expect(renderPlugins(nothing)).toBe("No plugins yet. Try 'plugboard plugin marketplace add SOURCE'.");
    expect(renderMarketplaces(nothing)).toBe("No marketplaces yet. Try 'plugboard plugin marketplace add SOURCE'.");
  });
});

test('plugin marketplace list shows which count, and from where', () => {
  const git = { sourceType: 'git', source: 'https://git.example/m.git' } as const;
  expect(
    renderMarketplaces({
      schemaVersion: 1,
      marketplaces: [
        { ...MARKET, name: 'hub', root: '/h/hub/abc', marketplaceSource: git, revision: 'abcdef0123456789' },
        { ...MARKET, name: 'lost', pluginCount: null },
        { ...MARKET, name: 'shut', kind: 'personal', blockedBy: '/etc/r.toml' },
      ],
      issues: [],
    }),
  ).toBe(`MARKETPLACE  KIND        PLUGINS      REVISION      ROOT
hub          configured  2            abcdef012345  /h/hub/abc (https://git.example/m.git)
lost         configured  unreadable   -             /m
shut         personal    not allowed  -             /m`);
});

const STATE: SettingState = {
  ...{ key: '', title: '', description: '', type: 'string', sensitive: false, required: false, multiple: false },
  ...{ enum: null, set: null, from: 'unknown', where: null, problem: null },
};

test('plugin show ends with states, policies, evidence and issues', () => {
  const text = renderPlugin({
    schemaVersion: 1,
    ...LISTING,
    settingStates: [
      { ...STATE, key: 'token', sensitive: true, required: true, set: false, from: 'unset' },
      {
        ...STATE,
        key: 'port',
        type: 'number',
        set: true,
        from: 'config',
        where: '/c.toml:3',
        problem: 'must be a number',
      },
    ],
    state: blocked('tampered', 'main.mjs'),
    policies: [{ server: 'tools', enabled: null, enabledTools: ['read'], disabledTools: ['write'], widen: true }],
    consent: { digest: 'd'.repeat(64), facts: factsWith({}), how: 'asked', requestsAccepted: true },
    servers: [
      {
        name: 'tools',
        exposedAs: 'acme:tools',
        state: {
          kind: 'blocked',
          reason: 'tampered',
          detail: 'main.mjs',
          command: 'run: plugboard plugin add tools@acme',
        },
        nextStep: 'run: plugboard plugin add tools@acme',
      },
    ],
    receipts: [
      {
        ...{
          file: '/h/0001.json',
          digest: 'd',
          action: 'add',
          outcome: 'failed',
          at: '2026-01-01T00:00:00.000Z',
          by: 'ada',
        },
        ...{ version: null, previousVersion: null, revision: null, contentSha256: null, consentDigest: null },
        errors: [{ code: 'PLUGIN_FETCH_FAILED', message: 'm' }],
      },
    ],
    invalidServers: [],
    cachedVersions: ['1.0.0', '0.9.0'],
    issues: [{ code: 'PLUGIN_FILE_ADDED', severity: 'warning', message: `m${ESC}`, file: '/f' }],
  });
  expect(text.slice(text.indexOf('State:'))).toBe(`State: blocked (a file was changed): main.mjs
  server tools (as acme:tools): BLOCKED, main.mjs is not as it was installed
  next, for tools: run: plugboard plugin add tools@acme

Settings:
  SETTING  TYPE    REQUIRED  SENSITIVE  STATE
  token    string  yes       yes        unset
  port     number  no        no         set, not usable
  /c.toml:3: 'port' must be a number
  still to be set: token; run: plugboard plugin configure tools@acme

Your policies:
  server tools: tools read, also beyond the plugin's own list; without write

Consent: you agreed, with what it asks for
  ${'d'.repeat(64)}

Receipts:
  2026-01-01T00:00:00.000Z  add failed: PLUGIN_FETCH_FAILED  by ada  /h/0001.json

Versions to go back to: 1.0.0, 0.9.0

Issues:
  /f: warning: m\\x1b [PLUGIN_FILE_ADDED]`);
});

const PLACED: PlacedPlugin = {
  ...{ pluginId: 'tools@acme', name: 'tools', marketplaceName: 'acme', outcome: 'upgraded', version: '1.1.0' },
  ...{ previousVersion: '1.0.0', changes: [], receipt: null, consent: null, issues: [] },
};
const UPGRADED_PLUGIN: UpgradedPlugin = { ...PLACED, servers: [], missingSettings: [] };
const UPGRADED: Upgraded = {
  schemaVersion: 1,
  ...{ selectedMarketplaces: [], upgradedRoots: [], errors: [], plugins: [], skipped: [], notFetched: [] },
};
const failed = (code: ErrorCode): Upgraded['errors'][number] => ({
  ...{ marketplaceName: 'acme', pluginId: null, code, message: 'm', hint: 'h' },
});

test.each<{ outcome: PlacedPlugin['outcome']; previousVersion: string | null; want: string }>([
  { outcome: 'added', previousVersion: null, want: "Added plugin 'tools@acme' 1.1.0." },
  { outcome: 'upgraded', previousVersion: '1.0.0', want: "Upgraded plugin 'tools@acme' from 1.0.0 to 1.1.0." },
  { outcome: 'reinstalled', previousVersion: '1.1.0', want: "Installed plugin 'tools@acme' 1.1.0 again." },
  { outcome: 'rolled_back', previousVersion: '2.0.0', want: "Switched plugin 'tools@acme' from 2.0.0 to 1.1.0." },
  { outcome: 'repaired', previousVersion: '1.1.0', want: "Repaired plugin 'tools@acme' 1.1.0." },
  { outcome: 'declined', previousVersion: '1.0.0', want: "Plugin 'tools@acme' stays at 1.0.0: you did not agree." },
])('a plugin that was $outcome, before it $previousVersion', ({ outcome, previousVersion, want }) => {
  expect(renderUpgraded({ ...UPGRADED, plugins: [{ ...UPGRADED_PLUGIN, outcome, previousVersion }] })).toBe(want);
});

describe('where nothing was to be done', () => {
  const same = { ...UPGRADED_PLUGIN, outcome: 'unchanged' } as const;
  test.each<{ name: string; render: (report: Upgraded) => string; of: Partial<Upgraded>; want: string }>([
    { name: 'no plugins', render: renderUpgraded, of: {}, want: 'No plugins are installed.' },
    {
      name: 'current plugins',
      render: renderUpgraded,
      of: { plugins: [same] },
      want: 'All installed plugins are already up to date.',
    },
    {
      name: 'plugins that are current as far as is known',
      render: renderUpgraded,
      of: { plugins: [same], notFetched: ['acme'] },
      want: "All installed plugins are up to date as of the last fetch of their marketplaces; 'plugboard plugin marketplace upgrade' fetches.",
    },
    {
      name: 'a marketplace that does not count here',
      render: renderUpgraded,
      of: {
        skipped: [
          {
            ...{ pluginId: 'own@far', name: 'own', marketplaceName: 'far' },
            marketplaceSource: { sourceType: 'local', source: '/r' },
          },
        ],
      },
      want: "Plugin 'own@far' stays as it is: its marketplace 'far' (/r) does not count here.",
    },
    { name: 'errors alone', render: renderUpgraded, of: { errors: [failed('PLUGIN_NOT_FOUND')] }, want: '' },
    {
      name: 'no git marketplaces',
      render: renderUpgradedMarketplaces,
      of: {},
      want: 'No Git marketplaces are configured.',
    },
    {
      name: 'current marketplaces',
      render: renderUpgradedMarketplaces,
      of: { selectedMarketplaces: ['acme'], plugins: [same] },
      want: 'All configured Git marketplaces are already up to date.',
    },
    {
      name: 'marketplaces with errors alone',
      render: renderUpgradedMarketplaces,
      of: { selectedMarketplaces: ['acme'], errors: [failed('PLUGIN_FETCH_FAILED')] },
      want: '',
    },
    {
      name: 'a new snapshot without new plugins',
      render: renderUpgradedMarketplaces,
      of: { selectedMarketplaces: ['acme'], upgradedRoots: ['/r'], plugins: [same] },
      want: 'Upgraded 1 marketplace:\n  /r',
    },
  ])('$name', ({ render, of, want }) => expect(render({ ...UPGRADED, ...of })).toBe(want));
});

test.each<{ name: string; of: Partial<Upgraded>; want: number }>([
  { name: 'nothing', of: {}, want: 0 },
  { name: 'a person who said no', of: { plugins: [{ ...UPGRADED_PLUGIN, outcome: 'declined' }] }, want: 5 },
  { name: 'agreement that is missing', of: { errors: [failed('PLUGIN_CONSENT_REQUIRED')] }, want: 3 },
  {
    name: 'a failure beside it',
    of: { errors: [failed('PLUGIN_CONSENT_REQUIRED'), failed('PLUGIN_FETCH_FAILED')] },
    want: 1,
  },
])('the exit status of $name is $want', ({ of, want }) => expect(exitOfChanges({ ...UPGRADED, ...of })).toBe(want));

test('plugin add says what became of it, who agreed, and what to do next', () => {
  const added: AddedPlugin = {
    ...{ schemaVersion: 1, pluginId: 'tools@acme', name: 'tools', marketplaceName: 'acme', version: '1.0.0' },
    ...{ installedPath: '/h/tools', authPolicy: 'ON_INSTALL', outcome: 'added', previousVersion: null, enabled: true },
    ...{ changes: [], receipt: { file: '/h/0001.json', digest: 'd' } },
    consent: { digest: 'd', how: 'asked', requestsAccepted: true },
    servers: [
      { name: 'a', exposedAs: 'a', state: null, nextStep: null },
      {
        ...{ name: 'b', exposedAs: 'b', nextStep: 'set TOKEN' },
        state: { kind: 'needs_config', names: ['TOKEN'], command: 'set TOKEN' },
      },
    ],
    missingSettings: [],
    issues: [],
  };
  expect(renderAddedPlugin(added)).toBe(`Added plugin 'tools@acme' 1.0.0, from marketplace 'acme'.
  files    /h/tools
  receipt  /h/0001.json
  consent  you agreed, with what it asks for
  server a: starts with the next use
  server b: NEEDS_CONFIG, not set: TOKEN
next, for b: set TOKEN`);
  expect(renderAddedPlugin({ ...added, outcome: 'unchanged', servers: [] })).toBe(
    `Plugin 'tools@acme' 1.0.0 is already installed, from marketplace 'acme'.
  files    /h/tools
  receipt  /h/0001.json`,
  );
});

test('settings that are missing are said once, however many servers want them', () => {
  const nextStep = 'run: plugboard plugin configure tools@acme';
  const servers = ['a', 'b'].map((name) => ({ name, exposedAs: name, state: null, nextStep }));
  const plugins = [{ ...PLACED, servers, missingSettings: ['token', 'region'] }];
  expect(renderUpgraded({ ...UPGRADED, plugins })).toBe(`Upgraded plugin 'tools@acme' from 1.0.0 to 1.1.0.
  server a: starts with the next use
  server b: starts with the next use
still to be set: token, region; ${nextStep}`);
});

const ASKS: Issue = { code: 'PLUGIN_REQUEST', severity: 'note', message: 'asks', hint: 'h' };
const GRANT = 'to grant what it asks for: plugboard plugin add tools@acme --accept-requests';

test('what was upgraded says where the evidence is, what its servers do, and what to do next', () => {
  const servers = [{ name: 'b', exposedAs: 'b', state: null, nextStep: 'set TOKEN' }];
  const receipt = { file: '/h/0002.json', digest: 'd' };
  const plugins = [{ ...PLACED, receipt, servers, missingSettings: [], issues: [ASKS] }];
  const text = `Upgraded plugin 'tools@acme' from 1.0.0 to 1.1.0.
  receipt  /h/0002.json
  server b: starts with the next use
${renderIssue(ASKS)}
next, for b: set TOKEN
${GRANT}`;
  expect(renderUpgraded({ ...UPGRADED, plugins })).toBe(text);
  expect(renderUpgradedMarketplaces({ ...UPGRADED, plugins })).toBe(text);
});

test('marketplaces that come and go say what stays and what is offered', () => {
  const added: AddedMarketplace = {
    ...{ schemaVersion: 1, marketplaceName: 'acme', installedRoot: '/r', alreadyAdded: false, revision: 'abc' },
    ...{ marketplaceSource: { sourceType: 'git', source: 'https://git.example/m.git' }, pluginCount: 3 },
    ...{
      offered: ['x@acme'],
      notes: ['why'],
      plugins: [{ ...PLACED, outcome: 'added', previousVersion: null }],
      errors: [],
      issues: [],
    },
  };
  expect(renderAddedMarketplace(added)).toBe(`Added marketplace 'acme' from https://git.example/m.git.
  root      /r
  revision  abc
  plugins   3; see: plugboard plugin list -m acme
Added plugin 'tools@acme' 1.1.0, as a requirements file of this machine says.
It would like to have 'x@acme' installed. If you want that: plugboard plugin add x@acme
note: why`);
  expect(
    renderRemovedMarketplace({
      ...{ schemaVersion: 1, marketplaceName: 'acme', installedRoot: '/r', plugins: ['tools@acme'], notes: ['n'] },
    }),
  ).toBe(`Removed marketplace 'acme'.
  its files are gone: /r
Plugin 'tools@acme' came from it and stays. To remove it: plugboard plugin remove tools@acme
note: n`);
});
