import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { privateFolder } from '../../../src/api/node/index.ts';
import type { LoadedPlugins } from '../../../src/host/index.ts';
import { createPluginLoader, noPlugins } from '../../../src/host/node/index.ts';
import { AppError } from '../../../src/kernel/index.ts';
import { issuesOfFiles } from '../../../src/status/index.ts';
import { plugin, writeFiles, writeMarketplace } from '../../support/marketplace-folder.ts';
import { NO_EVIDENCE, type Stores } from '../../support/plugin-stores.ts';
import { useStores } from '../../support/use-stores.ts';
import { configFrom } from '../config/read-config.ts';

const stores = useStores();
const ID = 'poka@acme';

/** A home with the plugin `poka` from a local marketplace. */
async function withPoka(servers: Readonly<Record<string, unknown>> = { poka: { command: 'node' } }): Promise<Stores> {
  const store = stores();
  const root = writeMarketplace(join(store.folder, 'market'), 'acme', {
    poka: plugin('poka', servers, { files: { 'bin/run.js': 'run()\n', 'notes.md': 'a' } }),
  });
  await store.add(root, 'poka');
  return store;
}

function load(store: Stores, toml = ''): Promise<LoadedPlugins> {
  const loader = createPluginLoader({ home: store.home, openStore: async () => store.plugins, privateFolder });
  return loader(configFrom({ user: toml }));
}

const rootOf = (store: Stores): string => join(store.home, 'plugins', 'cache', 'acme', 'poka', '1.0.0');
const dataOf = (store: Stores): string => join(store.home, 'plugins', 'data', 'acme', 'poka');

describe('an installed plugin', () => {
  test('as servers need it', async () => {
    const store = await withPoka({ poka: { command: './bin/run.js' }, web: { url: 'https://h.example/mcp' } });
    const { plugins, issues, integrity } = await load(store);
    const env = { PLUGIN_ROOT: rootOf(store), PLUGIN_DATA: dataOf(store) };
    expect(plugins).toEqual([
      {
        pluginId: ID,
        plugin: expect.objectContaining({ family: 'codex', name: 'poka', version: '1.0.0' }),
        standing: { kind: 'ready' },
        knownServers: ['poka', 'web'],
        marketplaceSource: { sourceType: 'local', source: join(store.folder, 'market'), ref: null },
        requestsAccepted: false,
        agreedVariables: [],
        env,
      },
    ]);
    expect(plugins[0]?.plugin?.servers.map(({ entry }) => entry.name)).toEqual(['poka', 'web']);
    expect([issues, [...integrity]]).toEqual([[], [[ID, { kind: 'intact', added: [] }]]]);
  });

  test('with a bad server: the issue names the plugin, the others are there', async () => {
    const store = await withPoka({ bad: { command: 1 }, poka: { command: 'node' } });
    const { plugins, issues } = await load(store);
    expect(plugins[0]?.plugin?.servers.map(({ entry }) => entry.name)).toEqual(['bad', 'poka']);
    expect(issues).toMatchObject([
      { severity: 'error', plugin: ID, server: 'bad', file: join(rootOf(store), '.mcp.json'), line: 4 },
    ]);
  });

  test.each([
    { name: 'not granted', requestsAccepted: false, want: ['PLUGIN_REQUEST'] },
    { name: 'granted', requestsAccepted: true, want: [] },
  ])('that asks for more says so where it is $name: $want', async ({ requestsAccepted, want }) => {
    const store = stores();
    const root = writeMarketplace(join(store.folder, 'market'), 'acme', {
      poka: plugin('poka', { poka: { command: 'node', required: true } }),
    });
    const prepared = await store.prepare(root, 'poka');
    await prepared.commit({ how: 'yes', requestsAccepted }, NO_EVIDENCE);
    expect((await load(store)).issues.map(({ code }) => code)).toEqual(want);
  });

  test('whose files are gone', async () => {
    const store = await withPoka();
    rmSync(rootOf(store), { recursive: true });
    const { plugins, issues, integrity } = await load(store);
    expect(plugins).toMatchObject([
      { pluginId: ID, plugin: null, standing: { kind: 'missing' }, knownServers: ['poka'] },
    ]);
    expect(issues).toMatchObject([{ severity: 'error', plugin: ID, file: rootOf(store) }]);
    expect([...integrity]).toEqual([]);
  });

  test('that was removed is none', async () => {
    const store = await withPoka();
    await store.plugins.remove(ID);
    expect(await load(store)).toMatchObject({ plugins: [], issues: [] });
  });

  test('is that of a branch as long as its marketplace is the same', async () => {
    const store = await withPoka();
    const here = join(store.folder, 'market');
    const table = (source: string): string =>
      `[marketplaces.acme]\nsource_type = "local"\nsource = ${JSON.stringify(source)}`;
    for (const source of [here, '/elsewhere']) {
      const { plugins } = await load(store, table(source));
      expect(plugins[0]?.marketplaceSource).toEqual({ sourceType: 'local', source: here, ref: null });
    }
  });
});

describe('files that were added', () => {
  test.each([
    { name: 'declare no server', files: { '.mcp.json': { mcpServers: { evil: { command: 'sh' } } } } },
    { name: 'take no place of a manifest', files: { '.claude-plugin/plugin.json': { name: 'evil' } } },
    { name: 'are no command', files: { 'bin/evil.js': 'steal()\n' } },
  ])('$name', async ({ files }) => {
    const store = stores();
    const manifest = { name: 'poka', version: '1.0.0', mcpServers: { poka: { command: 'node' } } };
    const root = writeMarketplace(join(store.folder, 'market'), 'acme', {
      poka: { files: { '.codex-plugin/plugin.json': manifest } },
    });
    await store.add(root, 'poka');
    const before = await load(store);
    writeFiles(rootOf(store), files);
    const after = await load(store);
    expect(after.plugins).toEqual(before.plugins);
    expect(after.integrity.get(ID)).toEqual({ kind: 'intact', added: Object.keys(files) });
  });
});

describe('files that are not as they were installed', () => {
  test.each([
    {
      name: 'changed',
      change: (root: string) => writeFileSync(join(root, 'bin/run.js'), 'steal()\n'),
      want: { kind: 'tampered', path: 'bin/run.js', change: 'changed' },
    },
    {
      name: 'removed',
      change: (root: string) => rmSync(join(root, 'notes.md')),
      want: { kind: 'tampered', path: 'notes.md', change: 'removed' },
    },
    {
      name: 'the declaration itself',
      change: (root: string) => writeFiles(root, { '.mcp.json': { mcpServers: { evil: { command: 'sh' } } } }),
      want: { kind: 'tampered', path: '.mcp.json', change: 'changed' },
    },
  ])('$name: nothing is read but the receipt, and the path is named', async ({ change, want }) => {
    const store = await withPoka();
    change(rootOf(store));
    const { plugins, integrity, issues } = await load(store);
    expect(plugins).toMatchObject([{ plugin: null, standing: want, knownServers: ['poka'] }]);
    expect([integrity.get(ID), issues]).toEqual([want, []]);
    expect(issuesOfFiles(plugins, integrity)).toMatchObject([
      {
        code: 'PLUGIN_TAMPERED',
        severity: 'error',
        plugin: ID,
        file: join(rootOf(store), want.path),
        hint: `run: plugboard plugin add ${ID}`,
      },
    ]);
  });

  test('added: the plugin runs, and an issue names them', async () => {
    const store = await withPoka();
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `new-${name}.txt`);
    for (const name of names) writeFileSync(join(rootOf(store), name), '');
    const { plugins, integrity } = await load(store);
    expect(plugins).toMatchObject([{ standing: { kind: 'ready' } }]);
    expect(issuesOfFiles(plugins, integrity)).toEqual([
      {
        code: 'PLUGIN_FILE_ADDED',
        severity: 'warning',
        message: `${ID} has files that were not installed with it: ${names.slice(0, 5).join(', ')} and 2 more`,
        hint: `remove them, or run: plugboard plugin add ${ID}`,
        file: join(rootOf(store), 'new-a.txt'),
        plugin: ID,
      },
    ]);
  });

  test('that cannot be looked at count as changed', async () => {
    const store = await withPoka();
    const refusing = {
      installed: store.plugins.installed,
      verify: () => Promise.reject(new AppError('PLUGIN_UNREADABLE', 'no', { where: '/x' })),
    };
    const loader = createPluginLoader({ home: store.home, openStore: async () => refusing, privateFolder });
    const { plugins } = await loader(configFrom({}));
    expect(plugins).toMatchObject([{ standing: { kind: 'tampered', path: '/x', change: 'changed' } }]);
  });
});

describe('right before a start', () => {
  test('the files are looked at again, and the folder for data is made for the user alone', async () => {
    const store = await withPoka();
    const { beforeStart } = await load(store);
    expect(await beforeStart({ pluginId: ID, root: rootOf(store) })).toEqual({ kind: 'intact', added: [] });
    expect((statSync(dataOf(store)).mode & 0o777).toString(8)).toBe('700');
    writeFileSync(join(rootOf(store), 'notes.md'), 'b');
    expect(await beforeStart({ pluginId: ID, root: rootOf(store) })).toEqual({
      kind: 'tampered',
      path: 'notes.md',
      change: 'changed',
    });
  });

  test('what is not installed any more, or in another folder, does not start', async () => {
    const store = await withPoka();
    const gone = { kind: 'tampered', path: '.', change: 'removed' };
    const before = await load(store);
    expect(await before.beforeStart({ pluginId: ID, root: '/elsewhere' })).toEqual(gone);
    await store.plugins.remove(ID);
    expect(await before.beforeStart({ pluginId: ID, root: rootOf(store) })).toMatchObject({ kind: 'tampered' });
    const after = await load(store);
    expect(await after.beforeStart({ pluginId: ID, root: rootOf(store) })).toEqual(gone);
  });

  test('no folder is made for one that may not start', async () => {
    const store = await withPoka();
    const { beforeStart } = await load(store);
    rmSync(join(rootOf(store), 'notes.md'));
    await beforeStart({ pluginId: ID, root: rootOf(store) });
    expect(statSync(dataOf(store), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('a folder for data that others may write to is refused', async () => {
    const store = await withPoka();
    mkdirSync(dataOf(store), { recursive: true });
    chmodSync(dataOf(store), 0o777);
    const { beforeStart } = await load(store);
    await expect(beforeStart({ pluginId: ID, root: rootOf(store) })).rejects.toThrow(
      expect.objectContaining({ code: 'HOME_NOT_PRIVATE' }),
    );
  });
});

describe('a plugin in the cache that no receipt speaks of', () => {
  const copy = (store: Stores, version: string, server: string): void =>
    writeFiles(join(store.home, 'plugins', 'cache', 'mkt', 'copied', version), {
      '.codex-plugin/plugin.json': { name: 'copied', version },
      '.mcp.json': { [server]: { command: 'node' } },
    });

  test('is one that nobody agreed to, in its newest version', async () => {
    const store = stores();
    copy(store, '1.9.0', 'old');
    copy(store, '1.10.0', 'new');
    const { plugins } = await load(store, '[plugins."copied@mkt"]\nenabled = true');
    expect(plugins).toMatchObject([
      {
        pluginId: 'copied@mkt',
        standing: { kind: 'unconsented' },
        marketplaceSource: null,
        env: { PLUGIN_ROOT: join(store.home, 'plugins', 'cache', 'mkt', 'copied', '1.10.0') },
      },
    ]);
    expect(plugins[0]?.plugin?.servers.map(({ entry }) => entry.name)).toEqual(['new']);
  });

  test.each([
    { name: 'when the configuration does not name it', toml: '' },
    { name: 'when it is turned off', toml: '[plugins."copied@mkt"]\nenabled = false' },
    { name: 'when another one is named', toml: '[plugins."other@mkt"]\nenabled = true' },
  ])('is not looked at $name', async ({ toml }) => {
    const store = stores();
    copy(store, '1.0.0', 's');
    expect((await load(store, toml)).plugins).toEqual([]);
  });

  test('and beside an installed one', async () => {
    const store = await withPoka();
    copy(store, 'local', 's');
    const toml = `[plugins."copied@mkt"]\nenabled = true\n[plugins."${ID}"]\nenabled = true`;
    expect((await load(store, toml)).plugins.map(({ pluginId, standing }) => [pluginId, standing.kind])).toEqual([
      [ID, 'ready'],
      ['copied@mkt', 'unconsented'],
    ]);
  });
});

describe('a home without plugins', () => {
  test('opens no store', async () => {
    const { home } = stores();
    const openStore = () => Promise.reject(new Error('opened'));
    const loader = createPluginLoader({ home, openStore, privateFolder });
    const toml = '[plugins."x@y"]\nenabled = true\n[plugins._default]\nenabled = false';
    expect(await loader(configFrom({ user: toml }))).toMatchObject({ plugins: [], issues: [] });
    expect(await noPlugins(configFrom({}))).toMatchObject({ plugins: [], issues: [] });
  });
});
