import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Offer } from '../../../../src/marketplace/index.ts';
import { plugin, writeFiles } from '../../../support/marketplace-folder.ts';
import { NO_EVIDENCE, openStores, type Stores, YES } from '../../../support/plugin-stores.ts';
import { useStores } from '../../../support/use-stores.ts';
import { ECHO, ID, market, staged } from './tools-market.ts';

const createStores = useStores();

describe('a change of what is installed', () => {
  test('an upgrade puts the new version beside the old one, and both stay in the cache', async () => {
    const stores = createStores();
    await stores.add(market(stores), 'tools');
    const prepared = await stores.prepare(market(stores, '1.1.0'), 'tools');
    expect([prepared.action, prepared.before?.version, prepared.unchanged]).toEqual(['upgrade', '1.0.0', false]);
    const { receipt, file } = await prepared.commit(YES, NO_EVIDENCE);
    expect(file).toMatch(/0002\.json$/);
    expect(receipt).toMatchObject({ action: 'upgrade', version: '1.1.0', previousVersion: '1.0.0' });
    expect(stores.plugins.cached(ID)).toEqual(['1.1.0', '1.0.0']);
    expect(stores.plugins.installed().plugins.map(({ version }) => version)).toEqual(['1.1.0']);
    expect(stores.plugins.receipts(ID).map((one) => one.receipt.version)).toEqual(['1.0.0', '1.1.0']);
  });

  test('the same version with other files gets a folder of its own, and the old files stay as they are', async () => {
    const stores = createStores();
    const first = await stores.add(market(stores), 'tools');
    const second = await stores.add(market(stores, '1.0.0', { 'echo.js': 'other' }), 'tools');
    const eight = second.receipt.contentSha256?.slice(0, 8);
    expect([first.receipt.action, second.receipt.action]).toEqual(['add', 'add']);
    expect(second.receipt.installedPath).toBe(`${first.receipt.installedPath}~${eight}`);
    expect(readFileSync(join(first.receipt.installedPath ?? '', 'echo.js'), 'utf8')).toBe('console.log("echo")\n');
    const third = await stores.add(market(stores), 'tools');
    expect(third.receipt.installedPath).toBe(first.receipt.installedPath);
    expect(stores.plugins.cached(ID)).toEqual(['1.0.0']);
  });

  test('a commit of a git marketplace that is about other plugins is nothing to do', async () => {
    const stores = createStores();
    const offered = (revision: string): Offer => {
      const { marketplace, entry } = stores.offer(market(stores), 'tools');
      const source = { kind: 'git', url: 'https://git.example/m', ref: null, sparse: [] } as const;
      return { marketplace: { ...marketplace, source, revision }, entry };
    };
    await (await stores.plugins.prepare(offered('aaaa'), stores.fetch)).commit(YES, NO_EVIDENCE);
    const again = await stores.plugins.prepare(offered('bbbb'), stores.fetch);
    await again.discard();
    expect([again.facts.revision, again.unchanged]).toEqual(['bbbb', true]);
  });

  test('the same files under the same facts are nothing to do, unless somebody changed what is installed', async () => {
    const stores = createStores();
    const { receipt } = await stores.add(market(stores), 'tools');
    const again = await stores.prepare(market(stores), 'tools');
    await again.discard();
    expect(again.unchanged).toBe(true);
    writeFileSync(join(receipt.installedPath ?? '', 'echo.js'), 'changed');
    const repair = await stores.prepare(market(stores), 'tools');
    expect(repair.unchanged).toBe(false);
    const repaired = await repair.commit(YES, NO_EVIDENCE);
    expect(repaired.receipt.installedPath).toMatch(/tools\/1\.0\.0~[0-9a-f]{8}$/);
    const [installed] = stores.plugins.installed().plugins;
    expect(installed && (await stores.plugins.verify(installed))).toEqual({ kind: 'intact', added: [] });
  });

  test.each<{ name: string; meanwhile: (stores: Stores) => Promise<unknown>; want: readonly string[] }>([
    { name: 'upgraded it', meanwhile: (stores) => stores.add(market(stores, '1.2.0'), 'tools'), want: ['1.2.0'] },
    { name: 'removed it', meanwhile: (stores) => stores.plugins.remove(ID), want: [] },
  ])('what was agreed to is not installed when another process has $name meanwhile', async ({ meanwhile, want }) => {
    for (const how of ['asked', 'yes', 'unchanged'] as const) {
      const stores = createStores();
      await stores.add(market(stores), 'tools');
      const prepared = await stores.prepare(market(stores, '1.1.0'), 'tools');
      await meanwhile(stores);
      await expect(prepared.commit({ how, requestsAccepted: false }, NO_EVIDENCE)).rejects.toMatchObject({
        code: 'PLUGIN_BUSY',
        message: `\`${ID}\` was changed meanwhile; nothing was installed`,
      });
      expect(stores.plugins.installed().plugins.map(({ version }) => version)).toEqual(want);
      expect(staged(stores)).toEqual([]);
    }
  });

  test('a first install that another process made meanwhile is made again only when it is the very same', async () => {
    const stores = createStores();
    const [same, other] = [
      await stores.prepare(market(stores), 'tools'),
      await stores.prepare(market(stores), 'tools'),
    ];
    const newer = await stores.prepare(market(stores, '1.1.0'), 'tools');
    for (const prepared of [same, other]) await prepared.commit(YES, NO_EVIDENCE);
    await expect(newer.commit(YES, NO_EVIDENCE)).rejects.toMatchObject({ code: 'PLUGIN_BUSY' });
    expect(stores.plugins.installed().plugins.map(({ version }) => version)).toEqual(['1.0.0']);
  });

  test('a removal is a receipt; the files go, the data and the receipts stay', async () => {
    const stores = createStores();
    const first = await stores.add(market(stores), 'tools');
    const data = stores.plugins.installed().plugins[0]?.dataDir ?? '';
    writeFiles(data, { 'kept.txt': 'x' });
    const removed = await stores.plugins.remove(ID);
    expect(removed?.receipt).toEqual({
      ...first.receipt,
      ...{ action: 'remove', version: null, previousVersion: '1.0.0', installedPath: null, contentSha256: null },
      ...{ files: [], capabilitySummary: null, consent: null },
    });
    expect(stores.plugins.installed()).toEqual({
      ...{ plugins: [], issues: [] },
      removed: [{ pluginId: ID, servers: ['echo'] }],
    });
    expect(stores.plugins.cached(ID)).toEqual([]);
    expect(existsSync(join(data, 'kept.txt'))).toBe(true);
    expect(readdirSync(join(stores.home, 'plugins', 'cache'))).toEqual(['.staging']);
    expect(staged(stores)).toEqual([]);
    expect(await stores.plugins.remove(ID)).toBe(null);
    const again = await stores.add(market(stores), 'tools');
    expect([again.receipt.action, again.file]).toEqual(['add', expect.stringMatching(/0003\.json$/)]);
    expect(stores.plugins.installed().removed).toEqual([]);
  });

  test.each(['nobody@acme', 'tools', '../../etc@acme', 'a@b@c'])('there is nothing of %s', async (id) => {
    const stores = createStores();
    expect(await stores.plugins.remove(id)).toBe(null);
    expect([stores.plugins.receipts(id), stores.plugins.cached(id)]).toEqual([[], []]);
    await expect(stores.plugins.prepareCached(id, '1.0.0')).rejects.toMatchObject({ code: 'PLUGIN_NOT_FOUND' });
    expect(existsSync(stores.home)).toBe(false);
  });

  test('an attempt that failed is a receipt too, and changes nothing', async () => {
    const stores = createStores();
    const root = market(stores);
    const offer = stores.offer(root, 'tools');
    const errors = [{ code: 'PLUGIN_TOO_LARGE', message: 'it is too large', where: '/x' }];
    await stores.plugins.recordFailure({ pluginId: ID, action: 'add', errors }, NO_EVIDENCE);
    expect(stores.plugins.receipts(ID)).toEqual([]);
    await stores.plugins.recordFailure({ pluginId: ID, action: 'add', errors, offer }, NO_EVIDENCE);
    expect(stores.plugins.installed().plugins).toEqual([]);
    await stores.add(root, 'tools');
    const evidence = { ...NO_EVIDENCE, selectedMarketplaces: ['acme'] };
    await stores.plugins.recordFailure({ pluginId: ID, action: 'upgrade', errors }, evidence);
    expect(stores.plugins.receipts(ID).map(({ receipt }) => [receipt.action, receipt.outcome, receipt.errors])).toEqual(
      [
        ['add', 'failed', errors],
        ['add', 'done', []],
        ['upgrade', 'failed', errors],
      ],
    );
    expect(stores.plugins.receipts(ID)[2]?.receipt).toMatchObject({
      ...{ previousVersion: '1.0.0', installedPath: null, selectedMarketplaces: ['acme'] },
      source: { source: 'local', path: join(root, 'plugins', 'tools') },
    });
    expect(stores.plugins.installed().plugins.map(({ version }) => version)).toEqual(['1.0.0']);
  });
});

describe('a version in the cache', () => {
  test('can be installed again', async () => {
    const stores = createStores();
    const first = await stores.add(market(stores), 'tools');
    await stores.add(market(stores, '1.1.0'), 'tools');
    const prepared = await stores.plugins.prepareCached(ID, '1.0.0');
    expect([prepared.action, prepared.version, prepared.before?.version]).toEqual(['rollback', '1.0.0', '1.1.0']);
    const { receipt } = await prepared.commit(YES, NO_EVIDENCE);
    expect(receipt).toEqual({ ...first.receipt, action: 'rollback', previousVersion: '1.1.0' });
    expect(stores.plugins.cached(ID)).toEqual(['1.0.0', '1.1.0']);
    const same = await stores.plugins.prepareCached(ID, '1.0.0');
    expect(same.unchanged).toBe(true);
  });

  test('by the name of its folder, where a version has two', async () => {
    const stores = createStores();
    await stores.add(market(stores), 'tools');
    const second = await stores.add(market(stores, '1.0.0', { 'echo.js': 'other' }), 'tools');
    await stores.add(market(stores, '2.0.0'), 'tools');
    expect(stores.plugins.cached(ID)).toEqual(['2.0.0', '1.0.0']);
    const folder = basename(second.receipt.installedPath ?? '');
    const prepared = await stores.plugins.prepareCached(ID, folder);
    const { receipt } = await prepared.commit(YES, NO_EVIDENCE);
    expect([receipt.version, receipt.contentSha256]).toEqual(['1.0.0', second.receipt.contentSha256]);
  });

  test.each([
    { name: 'a changed file', spoil: (root: string) => writeFileSync(join(root, 'echo.js'), 'x') },
    { name: 'a file that is gone', spoil: (root: string) => rmSync(join(root, 'echo.js')) },
  ])('is refused with $name', async ({ spoil }) => {
    const stores = createStores();
    const { receipt } = await stores.add(market(stores), 'tools');
    await stores.add(market(stores, '1.1.0'), 'tools');
    spoil(receipt.installedPath ?? '');
    await expect(stores.plugins.prepareCached(ID, '1.0.0')).rejects.toMatchObject({
      code: 'PLUGIN_TAMPERED',
      where: join(receipt.installedPath ?? '', 'echo.js'),
    });
  });

  test('is the newest of its folders that is still what it was', async () => {
    const stores = createStores();
    const first = await stores.add(market(stores), 'tools');
    const second = await stores.add(market(stores, '1.0.0', { 'echo.js': 'other' }), 'tools');
    await stores.add(market(stores, '2.0.0'), 'tools');
    writeFileSync(join(first.receipt.installedPath ?? '', 'echo.js'), 'x');
    const prepared = await stores.plugins.prepareCached(ID, '1.0.0');
    const { receipt } = await prepared.commit(YES, NO_EVIDENCE);
    expect(receipt.installedPath).toBe(second.receipt.installedPath);
    writeFileSync(join(second.receipt.installedPath ?? '', 'echo.js'), 'x');
    await expect(stores.plugins.prepareCached(ID, '1.0.0')).rejects.toMatchObject({
      code: 'PLUGIN_TAMPERED',
      where: join(second.receipt.installedPath ?? '', 'echo.js'),
      hint: `install it from its marketplace with \`plugboard plugin add ${ID}\`, or go back to another version: 2.0.0`,
    });
  });

  test('that is not there is an error that names those that are', async () => {
    const stores = createStores();
    await stores.add(market(stores), 'tools');
    await expect(stores.plugins.prepareCached(ID, '0.9.0')).rejects.toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
      hint: 'there are: 1.0.0',
    });
  });

  test('can be agreed to although no receipt is about it, as in a home that Codex filled', async () => {
    const stores = createStores();
    const root = join(stores.home, 'plugins', 'cache', 'acme', 'tools', '1.0.0');
    mkdirSync(stores.home, { mode: 0o700 });
    writeFiles(root, plugin('tools', ECHO).files);
    chmodSync(join(root, '.mcp.json'), 0o666);
    expect(stores.plugins.installed()).toEqual({ plugins: [], removed: [], issues: [] });
    expect(stores.plugins.cached(ID)).toEqual(['1.0.0']);
    const prepared = await stores.plugins.prepareCached(ID, '1.0.0');
    expect(prepared.action).toBe('add');
    const { receipt } = await prepared.commit(YES, NO_EVIDENCE);
    expect(receipt).toMatchObject({ installedPath: root, source: { source: 'local', path: root }, revision: null });
    expect(lstatSync(join(root, '.mcp.json')).mode & 0o777).toBe(0o644);
    expect(stores.plugins.installed().plugins.map(({ version }) => version)).toEqual(['1.0.0']);
  });
});

describe('what is installed is held against its receipt', () => {
  test.each([
    { name: 'as it was', change: () => {}, want: { kind: 'intact', added: [] } },
    {
      name: 'a file was changed to one of the same size',
      change: (root: string) => writeFileSync(join(root, 'echo.js'), 'console.log("ohce")\n'),
      want: { kind: 'tampered', path: 'echo.js', change: 'changed' },
    },
    {
      name: 'a file can be run now',
      change: (root: string) => chmodSync(join(root, 'echo.js'), 0o755),
      want: { kind: 'tampered', path: 'echo.js', change: 'changed' },
    },
    {
      name: 'a file became a link to the same text',
      change: (root: string) => {
        renameSync(join(root, 'echo.js'), join(dirname(root), 'outside.js'));
        symlinkSync('../outside.js', join(root, 'echo.js'));
      },
      want: { kind: 'tampered', path: 'echo.js', change: 'changed' },
    },
    {
      name: 'a file became a folder',
      change: (root: string) => {
        rmSync(join(root, 'echo.js'));
        mkdirSync(join(root, 'echo.js'));
      },
      want: { kind: 'tampered', path: 'echo.js', change: 'removed' },
    },
    {
      name: 'a file is gone',
      change: (root: string) => rmSync(join(root, '.mcp.json')),
      want: { kind: 'tampered', path: '.mcp.json', change: 'removed' },
    },
    {
      name: 'everything is gone',
      change: (root: string) => rmSync(root, { recursive: true }),
      want: { kind: 'tampered', path: '.codex-plugin/plugin.json', change: 'removed' },
    },
    {
      name: 'its folder became a link to the same files elsewhere',
      change: (root: string) => {
        const outside = join(dirname(root), '..', 'outside');
        renameSync(root, outside);
        symlinkSync(outside, root);
      },
      want: { kind: 'tampered', path: '.codex-plugin/plugin.json', change: 'changed' },
    },
    {
      name: 'files were added',
      change: (root: string) => writeFiles(root, { 'a/new.js': '', 'z.js': '' }),
      want: { kind: 'intact', added: ['a/new.js', 'z.js'] },
    },
  ])('$name', async ({ change, want }) => {
    const stores = createStores();
    const { receipt } = await stores.add(market(stores), 'tools');
    change(receipt.installedPath ?? '');
    const [installed] = stores.plugins.installed().plugins;
    expect(installed && (await stores.plugins.verify(installed))).toEqual(want);
  });

  test('a link in the place of its folder is seen at a glance, and installing again leaves it alone', async () => {
    const stores = createStores();
    const root = (await stores.add(market(stores), 'tools')).receipt.installedPath ?? '';
    const outside = join(stores.folder, 'outside');
    renameSync(root, outside);
    symlinkSync(outside, root);
    const [installed] = stores.plugins.installed().plugins;
    expect(installed && stores.plugins.glance(installed)).toBe('.codex-plugin/plugin.json');
    const { receipt } = await stores.add(market(stores), 'tools');
    expect([receipt.installedPath === root, lstatSync(root).isSymbolicLink()]).toEqual([false, true]);
    const [again] = stores.plugins.installed().plugins;
    expect(again && (await stores.plugins.verify(again))).toEqual({ kind: 'intact', added: [] });
  });

  test('files that are gone are an issue, and the plugin stays listed', async () => {
    const stores = createStores();
    const { receipt } = await stores.add(market(stores), 'tools');
    rmSync(receipt.installedPath ?? '', { recursive: true });
    const { plugins, issues } = stores.plugins.installed();
    expect(plugins).toHaveLength(1);
    expect(issues).toEqual([
      expect.objectContaining({ code: 'PLUGIN_FILES_MISSING', plugin: ID, file: receipt.installedPath }),
    ]);
  });

  test('a home that was moved is what it was', async () => {
    const stores = createStores();
    await stores.add(market(stores), 'tools');
    const elsewhere = join(stores.folder, 'moved');
    mkdirSync(elsewhere);
    renameSync(stores.home, join(elsewhere, 'home'));
    const moved = openStores(elsewhere);
    const [installed] = moved.plugins.installed().plugins;
    expect(installed?.root).toBe(join(moved.home, 'plugins', 'cache', 'acme', 'tools', '1.0.0'));
    expect(installed && (await moved.plugins.verify(installed))).toEqual({ kind: 'intact', added: [] });
  });
});
