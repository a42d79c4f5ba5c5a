import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AddedMarketplace, AddedPlugin, RemovedMarketplace, Upgraded } from '../../../src/cli/plugin-reports.ts';
import type { ListedPlugins, ShownPlugin } from '../../../src/cli/render-plugin.ts';
import { proves } from '../../e2e/support/proves.ts';
import { refusal, report } from '../../support/cli.ts';
import { type GitRepository, type GitServer, startGitServer } from '../../support/git-server.ts';
import { type Home, useHomes } from '../../support/home.ts';
import { BUNDLED, bundledFiles } from '../../support/installed-plugin.ts';
import { writeMarketplace } from '../../support/marketplace-folder.ts';
import { type NpmRegistry, packageArchive, startNpmRegistry } from '../../support/npm-registry.ts';
import { until } from '../../support/processes.ts';

const createHome = useHomes();
let hub: GitServer;
let registry: NpmRegistry;
beforeAll(async () => {
  [hub, registry] = await Promise.all([startGitServer(), startNpmRegistry()]);
}, 120_000);
afterAll(async () => {
  await Promise.all([hub.close(), registry.close()]);
});

/** The files of the plugin `gp` in this version, whose server runs with these further keys. */
function gp(version: string, more: object = {}, folder = ''): Readonly<Record<string, string>> {
  const files = {
    '.codex-plugin/plugin.json': JSON.stringify({ name: 'gp', version, mcpServers: './.mcp.json' }),
    '.mcp.json': JSON.stringify({ mcpServers: { gp: { ...BUNDLED, ...more } } }),
    ...bundledFiles(),
  };
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}${name}`, text]));
}

/** A manifest with one plugin `gp` from this source, and other files. */
function market(name: string, source: object, files: Readonly<Record<string, string>> = {}): Record<string, string> {
  const plugins = [{ name: 'gp', source }];
  return { '.agents/plugins/marketplace.json': JSON.stringify({ name, plugins }), ...files };
}

const HERE = { source: 'local', path: './plugins/gp' };
const inMarket = (name: string, version: string, more: object = {}): Record<string, string> =>
  market(name, HERE, gp(version, more, 'plugins/gp/'));

/** `plugboard ARGS --json` for a command that shows on standard error what it is about to do. */
async function change<T>(home: Home, args: readonly string[], want = 0): Promise<T> {
  const { status, stdout, stderr } = await home.finish(['--json', ...args]);
  expect({ args, status, stderr: status === want ? '' : stderr }).toEqual({ args, status: want, stderr: '' });
  return JSON.parse(stdout) as T;
}

const upgradeAll = (home: Home, want = 0, ...more: readonly string[]): Promise<Upgraded> =>
  change<Upgraded>(home, ['plugin', 'marketplace', 'upgrade', ...more], want);

/** A home with a git marketplace of this name, and `gp` installed from it. */
async function homeWith(
  name: string,
): Promise<{ readonly home: Home; readonly repository: GitRepository; readonly commit: string }> {
  const home = createHome();
  const repository = hub.create(name);
  const commit = repository.commit(inMarket(name, '1.0.0'));
  await report(home, ['plugin', 'marketplace', 'add', repository.url]);
  await change(home, ['plugin', 'add', `gp@${name}`]);
  return { home, repository, commit };
}

test(proves('plugins.marketplace-upgrade'), async () => {
  const { home, repository, commit } = await homeWith('gitmkt');
  const add = ['plugin', 'marketplace', 'add', repository.url];
  const again = await report<AddedMarketplace>(home, add);
  expect(again).toMatchObject({ marketplaceName: 'gitmkt', alreadyAdded: true, revision: commit });
  expect(again.installedRoot.startsWith(join(home.path, 'marketplaces', 'gitmkt'))).toBe(true);
  const nothing = { schemaVersion: 1, selectedMarketplaces: ['gitmkt'], upgradedRoots: [], errors: [] };
  const seen = { skipped: [], notFetched: [] };
  expect(await upgradeAll(home)).toEqual({
    ...nothing,
    ...seen,
    plugins: [expect.objectContaining({ outcome: 'unchanged' })],
  });

  // A commit that is about something else makes a new snapshot, and leaves the plugin as it is.
  repository.commit({ ...inMarket('gitmkt', '1.0.0'), README: 'new' });
  const other = await upgradeAll(home);
  expect(other.upgradedRoots).toHaveLength(1);
  expect(other.plugins).toMatchObject([{ pluginId: 'gp@gitmkt', outcome: 'unchanged', version: '1.0.0' }]);

  // One that changes what the server runs is not made without agreement, and waits.
  const last = repository.commit(inMarket('gitmkt', '1.1.0', { args: ['server.mjs', '--more'] }));
  const refused = await upgradeAll(home, 3);
  expect(refused.upgradedRoots).toEqual([expect.stringContaining(last.slice(0, 12))]);
  expect(refused.errors).toMatchObject([
    { marketplaceName: 'gitmkt', pluginId: 'gp@gitmkt', code: 'PLUGIN_CONSENT_REQUIRED' },
  ]);
  const waiting = await upgradeAll(home, 3);
  expect([waiting.upgradedRoots, waiting.errors.length]).toEqual([[], 1]);
  const agreed = await upgradeAll(home, 0, 'gitmkt', '--yes');
  expect(agreed.plugins).toMatchObject([{ outcome: 'upgraded', version: '1.1.0', previousVersion: '1.0.0' }]);
  const { receipts } = await report<ShownPlugin>(home, ['plugin', 'show', 'gp']);
  expect(receipts.map(({ action, outcome, revision }) => [action, outcome, revision])).toEqual([
    ['add', 'done', commit],
    ['upgrade', 'failed', last],
    ['upgrade', 'failed', last],
    ['upgrade', 'done', last],
  ]);
});

test('a marketplace that cannot be fetched stops no other, and what is there stays', async () => {
  const home = createHome();
  const [broken, sound] = [hub.create('broken'), hub.create('sound')];
  for (const [name, repository] of [
    ['broken', broken],
    ['sound', sound],
  ] as const) {
    repository.commit(inMarket(name, '1.0.0'));
    await report(home, ['plugin', 'marketplace', 'add', repository.url]);
    await change(home, ['plugin', 'add', `gp@${name}`]);
  }
  broken.git('update-ref', '-d', 'refs/heads/main');
  sound.commit(inMarket('sound', '1.0.1'));
  const { selectedMarketplaces, errors, plugins } = await upgradeAll(home, 1);
  expect(selectedMarketplaces).toEqual(['broken', 'sound']);
  expect(errors).toMatchObject([{ marketplaceName: 'broken', pluginId: null, code: 'PLUGIN_FETCH_FAILED' }]);
  expect(plugins).toMatchObject([{ pluginId: 'gp@sound', outcome: 'upgraded', version: '1.0.1' }]);
  const text = await home.finish(['plugin', 'marketplace', 'upgrade']);
  expect(text.stderr).toContain("failed for marketplace 'broken'");
  const { installed } = await report<ListedPlugins>(home, ['plugin', 'list']);
  expect(installed.map(({ pluginId, version }) => [pluginId, version])).toEqual([
    ['gp@broken', '1.0.0'],
    ['gp@sound', '1.0.1'],
  ]);
});

test('files that were changed are blocked, and a version from the cache runs in their place', async () => {
  const { home, repository } = await homeWith('spoilt');
  repository.commit(inMarket('spoilt', '1.1.0'));
  await upgradeAll(home);
  const { installedPath } = await report<ShownPlugin>(home, ['plugin', 'show', 'gp']);
  writeFileSync(join(installedPath ?? '', 'server.mjs'), 'process.exit(1);');
  await home.host();
  expect((await home.untilServer('gp', 'blocked')).state).toMatchObject({ reason: 'tampered', detail: 'server.mjs' });
  const back = await change<AddedPlugin>(home, ['plugin', 'add', 'gp', '--version', '1.0.0']);
  expect(back).toMatchObject({ outcome: 'rolled_back', version: '1.0.0' });
  await home.untilServer('gp', 'connected');
});

test('a git marketplace is removed with its files, and what was installed from it stays', async () => {
  const { home } = await homeWith('leaving');
  const removed = await report<RemovedMarketplace>(home, ['plugin', 'marketplace', 'remove', 'leaving']);
  expect(removed).toMatchObject({ marketplaceName: 'leaving', plugins: ['gp@leaving'] });
  expect(existsSync(removed.installedRoot ?? '')).toBe(false);
  const { errors, skipped } = await change<Upgraded>(home, ['plugin', 'upgrade']);
  expect([errors, skipped]).toMatchObject([[], [{ pluginId: 'gp@leaving' }]]);
});

test('only git marketplaces are fetched again', async () => {
  const home = createHome();
  await report(home, ['plugin', 'marketplace', 'add', writeMarketplace(join(home.folder, 'm'), 'here', {})]);
  expect(await upgradeAll(home)).toMatchObject({
    selectedMarketplaces: [],
    upgradedRoots: [],
    errors: [],
    plugins: [],
  });
  expect(await refusal(home, ['plugin', 'marketplace', 'upgrade', 'here'])).toMatchObject({
    ...{ status: 1, code: 'MARKETPLACE_NOT_GIT' },
    message: "marketplace 'here' is not configured as a Git marketplace",
  });
});

test(proves('plugins.sources'), async () => {
  const home = createHome();
  const code = hub.create('code');
  const first = code.commit(gp('1.0.0'));
  const publish = (version: string, more: object = {}) =>
    registry.publish({
      name: '@acme/gp',
      version,
      archive: packageArchive({ name: '@acme/gp', version }, gp(version, more)),
    });
  await publish('1.0.0');
  for (const [name, source] of [
    ['bygit', { source: 'url', url: code.url }],
    ['bynpm', { source: 'npm', package: '@acme/gp', registry: registry.url }],
  ] as const) {
    const repository = hub.create(`${name}-market`);
    repository.commit(market(name, source));
    await report(home, ['plugin', 'marketplace', 'add', repository.url]);
    expect(await change<AddedPlugin>(home, ['plugin', 'add', 'gp', '-m', name])).toMatchObject({ version: '1.0.0' });
  }
  expect(await report<ShownPlugin>(home, ['plugin', 'show', 'gp@bygit'])).toMatchObject({ revision: first });
  expect((await report<ShownPlugin>(home, ['plugin', 'show', 'gp@bynpm'])).revision).toMatch(/^1\.0\.0 sha512-/);
  // Both have moved on, and their marketplaces have not.
  code.commit(gp('1.1.0'));
  await publish('1.1.0', { env_vars: ['SECRET'] });
  const { plugins, errors, upgradedRoots } = await change<Upgraded>(home, ['plugin', 'upgrade'], 3);
  expect(plugins).toMatchObject([{ pluginId: 'gp@bygit', outcome: 'upgraded', version: '1.1.0' }]);
  expect(errors).toMatchObject([{ pluginId: 'gp@bynpm', code: 'PLUGIN_CONSENT_REQUIRED' }]);
  expect(upgradedRoots).toEqual([]);
});

test('a fetch that is interrupted ends at once, and leaves nothing behind', async () => {
  const home = createHome();
  const repository = hub.create('slow');
  repository.commit(inMarket('slow', '1.0.0'));
  hub.behave({ hangs: true });
  try {
    const seen = hub.requests.length;
    const run = home.run(['plugin', 'marketplace', 'add', repository.url]);
    await until(() => hub.requests.length > seen);
    process.kill(run.pid, 'SIGINT');
    expect(await run.ended).toBe('SIGINT');
    await expect.poll(() => home.processes()).toEqual([]);
    expect(existsSync(join(home.path, 'config.toml'))).toBe(false);
    const staging = join(home.path, 'marketplaces', '.staging');
    expect(existsSync(staging) ? readdirSync(staging) : []).toEqual([]);
  } finally {
    hub.behave({ hangs: false });
  }
});
