import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plugin, writeFiles, writeMarketplace } from '../../../support/marketplace-folder.ts';
import { NO_EVIDENCE, type Stores, YES } from '../../../support/plugin-stores.ts';
import { useStores } from '../../../support/use-stores.ts';
import { ECHO, ID, market, staged } from './tools-market.ts';

const createStores = useStores();

describe('a receipt that cannot be read', () => {
  const spoil = (stores: Stores): string => {
    const file = join(stores.home, 'plugins', 'receipts', ID, '0002.json');
    writeFileSync(file, '{ "schemaVersion": 1');
    return file;
  };

  test('is an issue; what was before it does not count, and the others do', async () => {
    const stores = createStores();
    const servers = { tools: plugin('tools', ECHO), more: plugin('more', ECHO) };
    const root = writeMarketplace(join(stores.folder, 'market'), 'acme', servers);
    await stores.add(root, 'tools');
    await stores.add(root, 'more');
    const file = spoil(stores);
    const { plugins, issues } = stores.plugins.installed();
    expect(plugins.map(({ pluginId }) => pluginId)).toEqual(['more@acme']);
    expect(issues).toEqual([
      expect.objectContaining({ code: 'PLUGIN_RECEIPT_DAMAGED', severity: 'error', plugin: ID, file }),
    ]);
  });

  test('is healed by installing again', async () => {
    const stores = createStores();
    await stores.add(market(stores), 'tools');
    spoil(stores);
    const { receipt, file } = await stores.add(market(stores), 'tools');
    expect([receipt.action, file]).toEqual(['add', expect.stringMatching(/0003\.json$/)]);
    expect(stores.plugins.installed().issues).toEqual([]);
  });

  test('does not keep a plugin from being removed, as long as one says what it was', async () => {
    const stores = createStores();
    await stores.add(market(stores), 'tools');
    spoil(stores);
    expect((await stores.plugins.remove(ID))?.receipt).toMatchObject({ action: 'remove', previousVersion: '1.0.0' });
    const removed = [{ pluginId: ID, servers: ['echo'] }];
    expect(stores.plugins.installed()).toEqual({ plugins: [], removed, issues: [] });
    const [oldest] = stores.plugins.receipts(ID);
    rmSync(oldest?.file ?? '');
    expect(stores.plugins.installed().removed).toEqual([{ pluginId: ID, servers: [] }]);
    rmSync(join(stores.home, 'plugins', 'receipts', ID, '0003.json'));
    await expect(stores.plugins.remove(ID)).rejects.toMatchObject({ code: 'PLUGIN_RECEIPT_DAMAGED' });
  });
});

describe('a home that cannot be used', () => {
  test.each([
    { name: 'a file in the place of the folder of plugins', at: 'plugins' },
    { name: 'a file in the place of the cache', at: 'plugins/cache' },
  ])('$name', async ({ at }) => {
    const stores = createStores();
    mkdirSync(dirname(join(stores.home, at)), { recursive: true, mode: 0o700 });
    writeFileSync(join(stores.home, at), '');
    await expect(stores.prepare(market(stores), 'tools')).rejects.toMatchObject({
      code: 'HOME_UNUSABLE',
      message: expect.stringContaining('something'),
      where: expect.stringContaining(join(stores.home, 'plugins')),
    });
    expect(stores.plugins.installed()).toEqual({ plugins: [], removed: [], issues: [] });
  });

  test.each([
    { name: 'the cache of the marketplace', at: 'plugins/cache/acme' },
    { name: 'the receipts', at: 'plugins/receipts' },
  ])('a file in the place of $name: nothing is installed, and nothing is left', async ({ at }) => {
    const stores = createStores();
    mkdirSync(dirname(join(stores.home, at)), { recursive: true, mode: 0o700 });
    const prepared = await stores.prepare(market(stores), 'tools');
    writeFileSync(join(stores.home, at), '');
    await expect(prepared.commit(YES, NO_EVIDENCE)).rejects.toMatchObject({
      code: 'PLUGIN_INSTALL_FAILED',
      message: expect.stringMatching(/^the plugin could not be installed \(something .*is in the way\)$/),
      where: expect.stringContaining(join(stores.home, at)),
    });
    expect(stores.plugins.installed().plugins).toEqual([]);
    expect(stores.plugins.cached(ID)).toEqual([]);
    expect(staged(stores)).toEqual([]);
  });

  test('a home that others may write to', async () => {
    const stores = createStores();
    mkdirSync(stores.home);
    chmodSync(stores.home, 0o777);
    await expect(stores.prepare(market(stores), 'tools')).rejects.toMatchObject({ code: 'HOME_NOT_PRIVATE' });
  });
});

describe('several at once', () => {
  test('both install, one after the other', async () => {
    const stores = createStores();
    const servers = { tools: plugin('tools', ECHO), more: plugin('more', ECHO) };
    const root = writeMarketplace(join(stores.folder, 'market'), 'acme', servers);
    const filed = await Promise.all([stores.add(root, 'tools'), stores.add(root, 'more'), stores.add(root, 'tools')]);
    expect(filed.map(({ file }) => file.split('/').slice(-2).join('/')).toSorted()).toEqual([
      'more@acme/0001.json',
      'tools@acme/0001.json',
      'tools@acme/0002.json',
    ]);
    expect(stores.plugins.installed().plugins.map(({ pluginId }) => pluginId)).toEqual(['more@acme', 'tools@acme']);
    expect(staged(stores)).toEqual([]);
  });

  test('who waits is told so', async () => {
    const stores = createStores();
    const root = market(stores);
    await stores.add(root, 'tools');
    const giveBack = stores.options.takeLock(join(stores.home, 'run', 'plugins.lock'));
    const preparing = stores.prepare(root, 'tools');
    await expect.poll(() => stores.progress).toContain('waiting for another process that is changing plugins');
    giveBack?.();
    await (await preparing).discard();
  });

  test('what a killed process left in staging goes with the next change, what a living one has there stays', async () => {
    const stores = createStores();
    const root = market(stores);
    const prepared = await stores.prepare(root, 'tools');
    const [living = ''] = staged(stores);
    writeFiles(join(stores.home, 'plugins', 'cache', '.staging', 'dead'), { 'content/x': 'x' });
    await (await stores.prepare(root, 'tools')).discard();
    expect(staged(stores)).toEqual([living, `${living}.lock`]);
    await prepared.commit(YES, NO_EVIDENCE);
  });
});
