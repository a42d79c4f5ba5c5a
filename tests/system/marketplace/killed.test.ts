import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { InstalledPlugin } from '../../../src/marketplace/index.ts';
import { proves } from '../../e2e/support/proves.ts';
import { startGitServer } from '../../support/git-server.ts';
import { plugin, writeMarketplace } from '../../support/marketplace-folder.ts';
import { NO_EVIDENCE, type Stores, YES } from '../../support/plugin-stores.ts';
import { useStores } from '../../support/use-stores.ts';
import { changeIn } from './store-process.ts';

const createStores = useStores();

const MOMENTS = 50;
const FILES = 200;

/** A plugin of many files, so that there is much that can be half done. */
function market(stores: Stores, version: string): string {
  const files = Object.fromEntries(
    Array.from({ length: FILES }, (_, n) => [`part-${n % 10}/file-${n}.txt`, `${version} ${n}\n`.repeat(50)]),
  );
  const tools = plugin('tools', { echo: { command: 'node', args: ['./echo.js'] } }, { version, files });
  return writeMarketplace(join(stores.folder, 'market'), 'acme', { tools });
}

/** What is installed, once it is proven to be whole. */
async function whole(stores: Stores): Promise<InstalledPlugin> {
  const { plugins, issues } = stores.plugins.installed();
  expect(issues).toEqual([]);
  const [installed, ...more] = plugins;
  if (installed === undefined || more.length > 0) throw new Error(`${plugins.length} plugins are installed`);
  expect(await stores.plugins.verify(installed)).toEqual({ kind: 'intact', added: [] });
  expect(installed.filed.receipt.files).toHaveLength(FILES + 2);
  return installed;
}

test(`an upgrade that is killed at any of ${MOMENTS} moments leaves the old version or the new one, and the next one works: ${proves('plugins.whole')}`, {
  timeout: 600_000,
}, async () => {
  const stores = createStores();
  await stores.add(market(stores, '1.0.0'), 'tools');

  // How long a change takes, from its beginning; the moments are spread over that.
  const measured = changeIn(['add', stores.folder, market(stores, '1.0.1'), 'tools']);
  await measured.begun;
  const from = performance.now();
  await measured.said;
  const wholeMs = performance.now() - from;

  const versions = ['1.0.0', '1.0.1'];
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const before = await whole(stores);
    const version = `2.0.${moment}`;
    const { child, begun, said } = changeIn(['add', stores.folder, market(stores, version), 'tools']);
    await begun;
    await sleep(randomInt(0, Math.ceil(wholeMs * 1000)) / 1000);
    child.kill('SIGKILL');
    await said;
    const after = await whole(stores);
    if (after.filed.digest === before.filed.digest) continue;
    expect(after.version).toBe(version);
    versions.push(version);
  }
  expect(versions.length).toBeLessThan(MOMENTS + 2);

  const { receipt } = await stores.add(market(stores, '3.0.0'), 'tools');
  expect((await whole(stores)).version).toBe(receipt.version);
  // Of those that were killed there is nothing in staging, nothing beside the receipts, and no version that is half there.
  expect(readdirSync(join(stores.home, 'plugins', 'cache', '.staging'))).toEqual([]);
  const names = readdirSync(join(stores.home, 'plugins', 'receipts', 'tools@acme'));
  expect(names.filter((name) => !/^\d{4}\.json$/.test(name))).toEqual([]);
  const cached = stores.plugins.cached('tools@acme');
  expect(cached).toEqual(expect.arrayContaining([...versions, '3.0.0']));
  for (const folder of cached) {
    const prepared = await stores.plugins.prepareCached('tools@acme', folder);
    await prepared.commit(YES, NO_EVIDENCE);
    expect((await whole(stores)).version).toBe(folder);
  }
});

test('a removal that is killed leaves the plugin, or nothing that is installed', { timeout: 300_000 }, async () => {
  const stores = createStores();
  const root = market(stores, '1.0.0');
  for (let moment = 0; moment < 15; moment += 1) {
    await stores.add(root, 'tools');
    const { child, begun, said } = changeIn(['remove', stores.folder, root, 'tools']);
    await begun;
    await sleep(randomInt(0, 60));
    child.kill('SIGKILL');
    await said;
    if (stores.plugins.installed().plugins.length > 0) await whole(stores);
    else expect(stores.plugins.receipts('tools@acme').at(-1)?.receipt.action).toBe('remove');
  }
});

test('an upgrade of a marketplace that is killed leaves the old snapshot or the new one, whole', {
  timeout: 300_000,
}, async () => {
  const stores = createStores();
  const server = await startGitServer();
  try {
    const repository = server.create('acme');
    const commit = (text: string): string => {
      const parts = Array.from({ length: FILES }, (_, n) => [`part/${n}.txt`, text] as const);
      const manifest = JSON.stringify({ name: 'acme', plugins: [] });
      return repository.commit({ '.agents/plugins/marketplace.json': manifest, ...Object.fromEntries(parts) });
    };
    const source = { kind: 'git', url: repository.url, ref: null, sparse: [] } as const;
    const place = { name: 'acme', kind: 'configured', source, manifest: null } as const;
    const texts = new Map([[commit('0'), '0']]);
    await (await stores.marketplaces.prepare(place, stores.fetch)).commit();
    for (let moment = 1; moment <= 20; moment += 1) {
      texts.set(commit(String(moment)), String(moment));
      const { child, begun, said } = changeIn(['upgrade', stores.folder, repository.url, 'acme']);
      await begun;
      await sleep(randomInt(0, 400));
      child.kill('SIGKILL');
      await said;
      const { root, revision } = stores.marketplaces.open(place);
      const found = Array.from({ length: FILES }, (_, n) => readFileSync(join(root, 'part', `${n}.txt`), 'utf8'));
      expect(new Set(found)).toEqual(new Set([texts.get(revision ?? '')]));
    }
    const last = await (await stores.marketplaces.prepare(place, stores.fetch)).commit();
    expect(texts.get(last.revision ?? '')).toBe('20');
    expect(readdirSync(join(stores.home, 'marketplaces', '.staging'))).toEqual([]);
    expect(readdirSync(join(stores.home, 'marketplaces', 'acme'))).toHaveLength(2);
  } finally {
    await server.close();
  }
});
