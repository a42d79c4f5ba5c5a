import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MarketplacePlace, MarketplaceSource } from '../../../src/marketplace/index.ts';
import { type GitRepository, type GitServer, startGitServer } from '../../support/git-server.ts';
import { NO_EVIDENCE, offerOf, YES } from '../../support/plugin-stores.ts';
import { useStores } from '../../support/use-stores.ts';
import { manifest, tools } from './tools-repository.ts';

const createStores = useStores();

let server: GitServer;
let count = 0;
beforeAll(async () => {
  server = await startGitServer();
});
afterAll(() => server.close());

const repository = (): GitRepository => server.create(`repository-${(count += 1)}`);

describe('a marketplace in a repository', () => {
  type GitPlace = MarketplacePlace & { readonly source: Extract<MarketplaceSource, { readonly kind: 'git' }> };
  const place = (url: string, more: Partial<GitPlace['source']> = {}): GitPlace => ({
    ...{ name: 'acme', kind: 'configured', manifest: null },
    source: { kind: 'git', url, ref: null, sparse: [], ...more },
  });

  test('is fetched, read without the network, and upgraded in one step', async () => {
    const stores = createStores();
    const one = repository();
    const first = one.commit({ ...manifest('./plugins/tools'), ...tools('1.0.0', 'plugins/tools/') });
    const prepared = await stores.marketplaces.prepare(place(one.url), stores.fetch);
    expect([prepared.before, prepared.marketplace.name, prepared.marketplace.revision]).toEqual([null, 'acme', first]);
    const added = await prepared.commit();
    const base = join(stores.home, 'marketplaces', 'acme');
    expect(added.root).toBe(join(base, first.slice(0, 12)));
    expect(JSON.parse(readFileSync(join(base, 'snapshot.json'), 'utf8'))).toEqual({
      ...{ source_type: 'git', source: one.url, ref_name: null, sparse_paths: [] },
      ...{ revision: first, root: first.slice(0, 12) },
    });
    const asked = server.requests.length;
    expect(stores.marketplaces.open(place(one.url))).toEqual(added);
    expect(server.requests.length).toBe(asked);

    const older = await stores.plugins.prepare(offerOf(added, 'tools'), stores.fetch);
    expect(older.facts).toMatchObject({ revision: first, marketplaceSource: { sourceType: 'git', source: one.url } });
    await older.commit(YES, NO_EVIDENCE);

    expect(await stores.marketplaces.latestRevision(place(one.url).source, stores.fetch)).toBe(first);
    const servers = { echo: { command: 'node', args: ['./other.js'] } };
    const changed = {
      ...tools('1.1.0', 'plugins/tools/'),
      'plugins/tools/.mcp.json': JSON.stringify({ mcpServers: servers }),
    };
    const second = one.commit({ ...manifest('./plugins/tools'), ...changed });
    expect(await stores.marketplaces.latestRevision(place(one.url).source, stores.fetch)).toBe(second);
    const upgrade = await stores.marketplaces.prepare(place(one.url), stores.fetch);
    expect(upgrade.before).toBe(first);
    expect(stores.marketplaces.open(place(one.url)).revision).toBe(first);
    const upgraded = await upgrade.commit();
    expect(readdirSync(base).toSorted()).toEqual([second.slice(0, 12), 'snapshot.json'].toSorted());
    const newer = await stores.plugins.prepare(offerOf(upgraded, 'tools'), stores.fetch);
    expect(newer.facts).toMatchObject({
      version: '1.1.0',
      revision: second,
      servers: [{ command: ['node', './other.js'] }],
    });
    expect(newer.before?.filed.receipt.consent?.facts.servers).toMatchObject([{ command: ['node', './echo.js'] }]);
    await newer.discard();

    expect(await stores.marketplaces.remove('acme')).toBe(upgraded.root);
    expect(existsSync(base)).toBe(false);
    expect(readdirSync(join(stores.home, 'marketplaces', '.staging'))).toEqual([]);
  });

  test('of a branch follows it, of a tag or commit stays', async () => {
    const stores = createStores();
    const one = repository();
    const first = one.commit(manifest('./'));
    one.git('tag', '-a', '-m', 'one', 'v1');
    one.git('branch', 'beta');
    const second = one.commit(manifest('./x'));
    one.git('branch', '-f', 'beta');
    const latest = (ref: string | null) =>
      stores.marketplaces.latestRevision(place(one.url, { ref }).source, stores.fetch);
    expect(await Promise.all([latest(null), latest('beta'), latest('v1'), latest(first)])).toEqual([
      second,
      second,
      first,
      first,
    ]);
    const prepared = await stores.marketplaces.prepare(place(one.url, { ref: 'v1' }), stores.fetch);
    expect(prepared.marketplace.revision).toBe(first);
    await prepared.discard();
    await expect(latest('nope')).rejects.toMatchObject({
      code: 'PLUGIN_FETCH_FAILED',
      message: expect.stringContaining('it has no nope'),
    });
  });

  test('comes in part, with its manifest, when only some folders are wanted', async () => {
    const stores = createStores();
    const one = repository();
    one.commit({
      ...manifest('./plugins/tools'),
      ...tools('1.0.0', 'plugins/tools/'),
      'other/[x]*': 'x',
      'top.txt': 'x',
    });
    const sparse = place(one.url, { sparse: ['./plugins/tools/'] });
    const { root } = await (await stores.marketplaces.prepare(sparse, stores.fetch)).commit();
    expect(readdirSync(root).toSorted()).toEqual(['.agents', 'plugins']);
    const { commit } = await stores.plugins.prepare(offerOf(stores.marketplaces.open(sparse), 'tools'), stores.fetch);
    expect((await commit(YES, NO_EVIDENCE)).receipt.version).toBe('1.0.0');
    const named = { ...sparse, manifest: 'other/[x]*' };
    await expect(stores.marketplaces.prepare(named, stores.fetch)).rejects.toMatchObject({
      code: 'MARKETPLACE_INVALID',
      where: expect.stringContaining(`${one.url}/other/[x]*`),
    });
  });

  test('without a manifest is an error that names its address, and nothing of it stays', async () => {
    const stores = createStores();
    const one = repository();
    one.commit(tools('1.0.0'));
    await expect(stores.marketplaces.prepare(place(one.url), stores.fetch)).rejects.toMatchObject({
      code: 'MARKETPLACE_INVALID',
      message: 'marketplace root does not contain a supported manifest',
      where: one.url,
    });
    expect(readdirSync(join(stores.home, 'marketplaces'))).toEqual(['.staging']);
    expect(readdirSync(join(stores.home, 'marketplaces', '.staging'))).toEqual([]);
  });

  test('without git says what is missing', async () => {
    const stores = createStores({ env: { PATH: '/nonexistent' } });
    await expect(stores.marketplaces.prepare(place('https://host.example/x.git'), stores.fetch)).rejects.toMatchObject({
      code: 'PLUGIN_PROGRAM_MISSING',
      message: '`git` is needed to fetch https://host.example/x.git',
    });
  });
});
