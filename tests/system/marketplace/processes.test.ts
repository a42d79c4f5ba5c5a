import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { proves } from '../../e2e/support/proves.ts';
import { plugin, writeMarketplace } from '../../support/marketplace-folder.ts';
import type { Stores } from '../../support/plugin-stores.ts';
import { useStores } from '../../support/use-stores.ts';
import { changeIn } from './store-process.ts';

const createStores = useStores();

const ECHO = { echo: { command: 'node', args: ['./echo.js'] } };

function market(stores: Stores, big = 10): string {
  const files = { 'big.txt': 'x'.repeat(big) };
  return writeMarketplace(join(stores.folder, 'market'), 'acme', {
    tools: plugin('tools', ECHO, { files }),
    more: plugin('more', ECHO, { files }),
  });
}

const nothingLeft = (stores: Stores): void => {
  expect(stores.plugins.installed()).toEqual({ plugins: [], removed: [], issues: [] });
  expect(stores.plugins.cached('tools@acme')).toEqual([]);
  const staging = join(stores.home, 'plugins', 'cache', '.staging');
  expect(existsSync(staging) ? readdirSync(staging) : []).toEqual([]);
};

test(`processes that install at once all succeed, one after the other: ${proves('plugins.together')}`, {
  timeout: 120_000,
}, async () => {
  const stores = createStores();
  const root = market(stores);
  const names = ['tools', 'more', 'tools', 'more', 'tools', 'tools'];
  const said = await Promise.all(names.map((name) => changeIn(['add', stores.folder, root, name]).said));
  expect(said).toEqual(
    names.map((name) => ({ installedPath: join(stores.home, 'plugins', 'cache', 'acme', name, '1.0.0') })),
  );
  expect(stores.plugins.installed().plugins.map(({ pluginId }) => pluginId)).toEqual(['more@acme', 'tools@acme']);
  expect(readdirSync(join(stores.home, 'plugins', 'receipts', 'tools@acme')).toSorted()).toEqual([
    '0001.json',
    '0002.json',
    '0003.json',
    '0004.json',
  ]);
});

test('a process that waits ten seconds for another one gives up with a code', { timeout: 60_000 }, async () => {
  const stores = createStores();
  const root = market(stores);
  await stores.add(root, 'more');
  const giveBack = stores.options.takeLock(join(stores.home, 'run', 'plugins.lock'));
  expect(await changeIn(['add', stores.folder, root, 'tools']).said).toMatchObject({
    code: 'PLUGIN_BUSY',
    where: join(stores.home, 'run', 'plugins.lock'),
  });
  giveBack?.();
  expect(stores.plugins.cached('tools@acme')).toEqual([]);
});

describe('a disk that takes no more', () => {
  test(`keeps a plugin out: nothing of it is left, and what was there goes on: ${proves('plugins.whole')}`, {
    timeout: 60_000,
  }, async () => {
    const stores = createStores();
    await stores.add(market(stores), 'more');
    const root = market(stores, 3_000_000);
    // In blocks of 512 bytes: no file may be larger than a megabyte.
    expect(await changeIn(['add', stores.folder, root, 'tools'], { shell: 'ulimit -f 2048;' }).said).toMatchObject({
      code: 'PLUGIN_INSTALL_FAILED',
      message: 'the plugin could not be installed (a file is larger than is allowed here)',
      where: expect.stringContaining('.staging'),
    });
    expect(stores.plugins.installed().plugins.map(({ pluginId }) => pluginId)).toEqual(['more@acme']);
    expect(stores.plugins.cached('tools@acme')).toEqual([]);
    expect(readdirSync(join(stores.home, 'plugins', 'cache', '.staging'))).toEqual([]);
    expect(await changeIn(['add', stores.folder, root, 'tools']).said).toMatchObject({
      installedPath: expect.any(String),
    });
  });

  test('keeps a receipt out: then nothing is installed', { timeout: 60_000 }, async () => {
    const stores = createStores();
    // Many small files: each may be written, and the receipt that lists them all may not.
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`file-${n}.txt`, `${n}`]));
    const root = writeMarketplace(join(stores.folder, 'market'), 'acme', { tools: plugin('tools', ECHO, { files }) });
    expect(await changeIn(['add', stores.folder, root, 'tools'], { shell: 'ulimit -f 40;' }).said).toMatchObject({
      code: 'PLUGIN_INSTALL_FAILED',
    });
    nothingLeft(stores);
    expect(readdirSync(join(stores.home, 'plugins', 'receipts', 'tools@acme'))).toEqual([]);
  });
});

/** Rights hold for root as well, once it has given up the two capabilities that look past them. */
const LOOKS_PAST = '-dac_override,-dac_read_search';
const bound =
  process.getuid?.() === 0
    ? { shell: `exec setpriv --inh-caps=${LOOKS_PAST} --bounding-set=${LOOKS_PAST} "$0" "$@";` }
    : {};

describe('a home that may not be written to', () => {
  test('is an error that says so', { timeout: 60_000 }, async () => {
    const stores = createStores();
    const root = market(stores);
    chmodSync(stores.folder, 0o555);
    const said = await changeIn(['add', stores.folder, root, 'tools'], bound).said;
    chmodSync(stores.folder, 0o755);
    expect(said).toMatchObject({ code: 'HOME_UNUSABLE', where: stores.home });
    expect(existsSync(stores.home)).toBe(false);
  });

  test.each([
    { name: 'its plugins', path: 'plugins', code: 'HOME_UNUSABLE' },
    { name: 'its receipts', path: 'plugins/receipts', code: 'PLUGIN_INSTALL_FAILED' },
  ])('in the folder of $name: nothing is installed', { timeout: 60_000 }, async ({ path, code }) => {
    const stores = createStores();
    const root = market(stores);
    const fixed = join(stores.home, path);
    mkdirSync(fixed, { recursive: true, mode: 0o755 });
    chmodSync(fixed, 0o555);
    const said = await changeIn(['add', stores.folder, root, 'tools'], bound).said;
    expect(said).toMatchObject({
      code,
      message: expect.stringContaining('you may not write there'),
      where: expect.stringContaining(fixed),
    });
    expect(statSync(fixed).mode & 0o777).toBe(0o555);
    expect(readdirSync(fixed)).toEqual([]);
    chmodSync(fixed, 0o755);
    nothingLeft(stores);
  });

  test('a file of the marketplace that may not be read is named', { timeout: 60_000 }, async () => {
    const stores = createStores();
    const root = market(stores);
    mkdirSync(stores.home, { mode: 0o700 });
    const secret = join(root, 'plugins', 'tools', 'big.txt');
    chmodSync(secret, 0o000);
    expect(await changeIn(['add', stores.folder, root, 'tools'], bound).said).toMatchObject({
      code: 'PLUGIN_UNREADABLE',
      message: 'a file of the plugin cannot be read (EACCES)',
      where: secret,
    });
    nothingLeft(stores);
  });
});
