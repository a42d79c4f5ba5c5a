import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MarketplacePlace } from '../../../../src/marketplace/index.ts';
import { plugin, writeFiles, writeMarketplace } from '../../../support/marketplace-folder.ts';
import { type Stores } from '../../../support/plugin-stores.ts';
import { useStores } from '../../../support/use-stores.ts';
import { ECHO, market } from './tools-market.ts';

const createStores = useStores();

const placeOf = (root: string, more: Partial<MarketplacePlace> = {}): MarketplacePlace => ({
  ...{ name: 'acme', kind: 'configured', source: { kind: 'local', path: root }, manifest: null },
  ...more,
});

const GIT = { kind: 'git', url: 'https://host.example/acme.git', ref: null, sparse: [] } as const;

const folderOf = (stores: Stores): string => {
  const folder = join(stores.folder, 'market');
  mkdirSync(folder, { recursive: true });
  return folder;
};

describe('a folder', () => {
  test('is read as it is, each time again', () => {
    const stores = createStores();
    const root = market(stores);
    const place = placeOf(root);
    expect(stores.marketplaces.open(place)).toEqual({
      ...{
        name: 'acme',
        displayName: null,
        kind: 'configured',
        root,
        source: place.source,
        revision: null,
        issues: [],
      },
      manifestFile: join(root, '.agents', 'plugins', 'marketplace.json'),
      entries: [
        expect.objectContaining({ name: 'tools', source: { source: 'local', path: join(root, 'plugins', 'tools') } }),
      ],
    });
    writeMarketplace(root, 'acme', { tools: plugin('tools', ECHO), more: plugin('more', ECHO) });
    expect(stores.marketplaces.open(place).entries.map(({ name }) => name)).toEqual(['tools', 'more']);
  });

  test('is prepared without making a home, and its name is what its manifest says', async () => {
    const stores = createStores();
    const root = market(stores);
    const { name: _, ...place } = placeOf(root);
    const prepared = await stores.marketplaces.prepare(place, stores.fetch);
    expect([prepared.marketplace.name, prepared.before]).toEqual(['acme', null]);
    expect(await prepared.commit()).toEqual(stores.marketplaces.open(placeOf(root)));
    await prepared.discard();
    expect(await stores.marketplaces.latestRevision(place.source, stores.fetch)).toBe(null);
    expect(existsSync(stores.home)).toBe(false);
  });

  test.each([
    { name: 'of Codex before that of Claude', files: ['.claude-plugin', '.agents/plugins'], want: '.agents/plugins' },
    { name: 'of Claude before that of Cursor', files: ['.cursor-plugin', '.claude-plugin'], want: '.claude-plugin' },
    { name: 'of Cursor', files: ['.cursor-plugin'], want: '.cursor-plugin' },
  ])('the manifest that counts is that $name', ({ files, want }) => {
    const stores = createStores();
    const root = folderOf(stores);
    for (const folder of files) writeFiles(root, { [`${folder}/marketplace.json`]: { name: 'acme', plugins: [] } });
    expect(stores.marketplaces.open(placeOf(root)).manifestFile).toBe(join(root, want, 'marketplace.json'));
  });

  test('another manifest can be named', () => {
    const stores = createStores();
    const root = market(stores);
    writeFiles(root, { 'lists/beta.json': { name: 'acme', plugins: [] } });
    const { manifestFile } = stores.marketplaces.open(placeOf(root, { manifest: 'lists/beta.json' }));
    expect(manifestFile).toBe(join(root, 'lists', 'beta.json'));
  });

  test.each<{ name: string; make: (root: string) => void; place?: Partial<MarketplacePlace>; want: object }>([
    {
      name: 'without a manifest',
      make: () => {},
      want: {
        message: 'marketplace root does not contain a supported manifest',
        hint: expect.stringContaining('.agents/plugins'),
      },
    },
    {
      name: 'without the manifest that was named',
      make: () => {},
      place: { manifest: 'lists/beta.json' },
      want: { hint: expect.stringContaining('lists/beta.json') },
    },
    {
      name: 'whose manifest is no JSON',
      make: (root) => writeFiles(root, { '.agents/plugins/marketplace.json': '{\n  oops\n}' }),
      want: { where: expect.stringMatching(/\.agents\/plugins\/marketplace\.json:2:/) },
    },
    {
      name: 'whose manifest is not UTF-8',
      make: (root) => {
        writeFiles(root, { '.agents/plugins/marketplace.json': '' });
        writeFileSync(join(root, '.agents/plugins/marketplace.json'), Buffer.from([0xff, 0xfe, 0x00]));
      },
      want: { message: expect.stringContaining('UTF-8') },
    },
    {
      name: 'whose manifest is a link that leads out',
      make: (root) => {
        writeFiles(root, { '.agents/plugins/x': '', '../outside.json': { name: 'acme', plugins: [] } });
        symlinkSync('../../../outside.json', join(root, '.agents/plugins/marketplace.json'));
      },
      want: { message: expect.stringContaining('leads out') },
    },
    {
      name: 'that calls itself something else',
      make: (root) => writeFiles(root, { '.agents/plugins/marketplace.json': { name: 'other', plugins: [] } }),
      want: { message: 'the marketplace `acme` now calls itself `other`' },
    },
  ])('$name is an error with its place', ({ make, place, want }) => {
    const stores = createStores();
    const root = folderOf(stores);
    make(root);
    const opening = (): unknown => stores.marketplaces.open(placeOf(root, place));
    expect(opening).toThrow(expect.objectContaining({ code: 'MARKETPLACE_INVALID', ...want }));
  });
});

describe('a snapshot', () => {
  const open = (stores: Stores) => () => stores.marketplaces.open(placeOf('', { source: GIT }));
  const write = (stores: Stores, snapshot: unknown): void => {
    const manifest = { name: 'acme', plugins: [] };
    writeFiles(join(stores.home, 'marketplaces', 'acme'), {
      'snapshot.json': snapshot,
      '0123456789ab/.agents/plugins/marketplace.json': manifest,
      '../elsewhere/.agents/plugins/marketplace.json': manifest,
    });
  };
  const good = {
    ...{ source_type: 'git', source: GIT.url, ref_name: null, sparse_paths: [], root: '0123456789ab' },
    revision: '0123456789abcdef0123456789abcdef01234567',
  };

  test('is read where it was put', () => {
    const stores = createStores();
    write(stores, good);
    const root = join(stores.home, 'marketplaces', 'acme', '0123456789ab');
    expect(open(stores)()).toMatchObject({ name: 'acme', root, revision: good.revision, source: GIT });
  });

  test.each([
    { name: 'that is not there', snapshot: null, want: 'is not there' },
    { name: 'whose facts are no JSON', snapshot: '{', want: 'is not there' },
    { name: 'whose facts lead elsewhere', snapshot: { ...good, root: '../elsewhere' }, want: 'is not there' },
    { name: 'of another address', snapshot: { ...good, source: 'https://host.example/b.git' }, want: 'another source' },
    { name: 'of another branch', snapshot: { ...good, ref_name: 'beta' }, want: 'another source' },
    { name: 'of other folders', snapshot: { ...good, sparse_paths: ['a'] }, want: 'another source' },
  ])('$name is fetched again by an upgrade', ({ snapshot, want }) => {
    const stores = createStores();
    if (snapshot !== null) write(stores, snapshot);
    expect(open(stores)).toThrow(
      expect.objectContaining({
        code: 'MARKETPLACE_INVALID',
        message: expect.stringContaining(want),
        hint: expect.stringContaining('plugin marketplace upgrade acme'),
      }),
    );
  });

  test.each(['acme', '../acme', '', '.'])('there is none of `%s` to remove', async (name) => {
    const stores = createStores();
    writeFiles(join(stores.home, 'marketplaces'), { 'kept/x': '' });
    expect(await stores.marketplaces.remove(name)).toBe(null);
    expect(existsSync(join(stores.home, 'marketplaces', 'kept', 'x'))).toBe(true);
  });
});
