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
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { consentDigest } from '../../../../src/marketplace/consent.ts';
import type { FileRecord, Receipt } from '../../../../src/marketplace/index.ts';
import { contentDigest } from '../../../../src/marketplace/integrity.ts';
import { proves } from '../../../e2e/support/proves.ts';
import { writeFiles } from '../../../support/marketplace-folder.ts';
import { NO_EVIDENCE, YES } from '../../../support/plugin-stores.ts';
import { useStores } from '../../../support/use-stores.ts';
import { ECHO, ID, market, shaOf, staged } from './tools-market.ts';

const createStores = useStores();

/** Every file below a folder, with its content. */
function filesIn(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  const files = names.filter((name) => lstatSync(join(folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

describe('adding a plugin', () => {
  test('copies it into the cache, and files what it is as the first receipt', async () => {
    const stores = createStores();
    const root = market(stores);
    const prepared = await stores.prepare(root, 'tools');
    const { facts } = prepared;
    const evidence = { selectedMarketplaces: ['acme'], upgradedRoots: ['/a'], errors: [] };
    const filed = await prepared.commit({ how: 'asked', requestsAccepted: true }, evidence);

    const source = join(root, 'plugins', 'tools');
    const installedPath = join(stores.home, 'plugins', 'cache', 'acme', 'tools', '1.0.0');
    expect(filesIn(installedPath)).toEqual(filesIn(source));
    const files = ['.codex-plugin/plugin.json', '.mcp.json', 'echo.js'].map(
      (path): FileRecord => ({
        ...{ path, kind: 'file', executable: false },
        sha256: shaOf(join(source, path)),
        sizeBytes: lstatSync(join(source, path)).size,
      }),
    );
    const receipt: Receipt = {
      schemaVersion: 1,
      ...{ pluginId: ID, name: 'tools', marketplaceName: 'acme', action: 'add', outcome: 'done' },
      ...{ at: '2026-01-02T03:04:05.000Z', by: 'ada', plugboardVersion: '9.9.9' },
      ...{ version: '1.0.0', previousVersion: null, installedPath },
      marketplaceSource: { sourceType: 'local', source: root },
      source: { source: 'local', path: source },
      ...{ revision: null, contentSha256: contentDigest(files), files },
      ...{ installPolicy: 'AVAILABLE', authPolicy: 'ON_INSTALL' },
      entry: {
        ...{ name: 'tools', version: null, description: null, category: null, components: {} },
        file: join(root, '.agents', 'plugins', 'marketplace.json'),
        place: { index: 0, line: 4, column: 5 },
      } as never,
      capabilitySummary: {
        ...{ config_name: ID, display_name: 'tools', description: 'The plugin tools', has_skills: false },
        ...{ mcp_server_names: ['echo'], app_connector_ids: [] },
      },
      consent: { digest: consentDigest(facts), facts, how: 'asked', requestsAccepted: true },
      ...evidence,
    };
    const file = join(stores.home, 'plugins', 'receipts', ID, '0001.json');
    expect(filed).toEqual({ receipt, file, digest: shaOf(file) });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(receipt);
    expect(stores.plugins.installed()).toEqual({
      plugins: [
        {
          ...{ pluginId: ID, name: 'tools', marketplaceName: 'acme', version: '1.0.0', root: installedPath },
          dataDir: join(stores.home, 'plugins', 'data', 'acme', 'tools'),
          filed: expect.objectContaining({ file, digest: shaOf(file) }),
        },
      ],
      ...{ removed: [], issues: [] },
    });
    expect(stores.progress).toEqual(['copying 3 files']);
    expect(staged(stores)).toEqual([]);
    expect(existsSync(join(stores.home, 'plugins', 'data'))).toBe(false);
  });

  test('names the files where they are: of the source before it is placed, of the cache after', async () => {
    const stores = createStores();
    const root = market(stores, '1.0.0', { '.mcp.json': JSON.stringify({ mcpServers: { bad: { command: 1 } } }) });
    const prepared = await stores.prepare(root, 'tools');
    const files = prepared.issues.map(({ file }) => file);
    const { installedPath } = (await prepared.commit(YES, NO_EVIDENCE)).receipt;
    expect([files, prepared.issuesIn(installedPath ?? '').map(({ file }) => file)]).toEqual([
      [join(root, 'plugins', 'tools', '.mcp.json')],
      [join(installedPath ?? '', '.mcp.json')],
    ]);
  });

  test('shows no path of the staging folder, to the user or in the plugin', async () => {
    const stores = createStores();
    const prepared = await stores.prepare(market(stores), 'tools');
    expect(JSON.stringify([prepared.facts, prepared.plugin, prepared.issues])).not.toContain('.staging');
    expect(prepared.plugin.servers[0]?.entry.transport).toMatchObject({
      cwd: join(stores.home, 'plugins', 'cache', 'acme', 'tools', '1.0.0'),
    });
    await prepared.discard();
  });

  test('leaves nothing when it is discarded, and cannot be committed after that', async () => {
    const stores = createStores();
    const prepared = await stores.prepare(market(stores), 'tools');
    await prepared.discard();
    await prepared.discard();
    await expect(prepared.commit(YES, NO_EVIDENCE)).rejects.toThrow('committed or discarded');
    expect(staged(stores)).toEqual([]);
    expect(stores.plugins.installed()).toEqual({ plugins: [], removed: [], issues: [] });
  });

  test('drops rights that are not plain, and keeps which files can be run', async () => {
    const stores = createStores();
    const root = market(stores, '1.0.0', { run: '#!/bin/sh\n', open: 'x' });
    chmodSync(join(root, 'plugins', 'tools', 'run'), 0o6777);
    chmodSync(join(root, 'plugins', 'tools', 'open'), 0o666);
    const { receipt } = await stores.add(root, 'tools');
    const mode = (name: string): string =>
      (lstatSync(join(receipt.installedPath ?? '', name)).mode & 0o7777).toString(8);
    expect([mode('run'), mode('open')]).toEqual(['755', '644']);
    expect(receipt.files.filter(({ executable }) => executable).map(({ path }) => path)).toEqual(['run']);
  });

  test('leaves out what git keeps for itself', async () => {
    const stores = createStores();
    const root = market(stores, '1.0.0', { '.git/config': 'x', 'part/.git': 'gitdir: elsewhere' });
    const { receipt } = await stores.add(root, 'tools');
    expect(receipt.files.map(({ path }) => path)).toEqual(['.codex-plugin/plugin.json', '.mcp.json', 'echo.js']);
  });

  test('keeps links that stay inside as links', async () => {
    const stores = createStores();
    const root = market(stores, '1.0.0', { 'lib/main.js': 'x' });
    symlinkSync('lib/../lib/main.js', join(root, 'plugins', 'tools', 'main.js'));
    symlinkSync('lib', join(root, 'plugins', 'tools', 'library'));
    const { receipt } = await stores.add(root, 'tools');
    expect(readFileSync(join(receipt.installedPath ?? '', 'main.js'), 'utf8')).toBe('x');
    expect(receipt.files.filter(({ kind }) => kind === 'link').map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual(
      [
        ['library', 3],
        ['main.js', 18],
      ],
    );
  });

  test('calls the folder of a plugin without a version `local`, as Codex does', async () => {
    const stores = createStores();
    const root = market(stores);
    writeFiles(join(root, 'plugins', 'tools'), { '.codex-plugin/plugin.json': { name: 'tools', mcpServers: ECHO } });
    const { receipt } = await stores.add(root, 'tools');
    expect(receipt).toMatchObject({ version: 'local', installedPath: expect.stringMatching(/tools\/local$/) });
  });

  test.each([
    {
      name: 'a name that is not the one of the entry',
      files: { '.codex-plugin/plugin.json': { name: 'other' } },
      want: {
        code: 'PLUGIN_NAME_MISMATCH',
        message: 'plugin.json name `other` does not match marketplace plugin name `tools`',
      },
    },
    {
      name: 'a manifest that is no JSON, with its place in the marketplace',
      files: { '.codex-plugin/plugin.json': '{\n  "name": oops\n}' },
      want: {
        code: 'PLUGIN_MANIFEST_INVALID',
        where: expect.stringMatching(/market\/plugins\/tools\/\.codex-plugin\/plugin\.json:2:/),
      },
    },
  ])('refuses $name', async ({ files, want }) => {
    const stores = createStores();
    const root = market(stores);
    writeFiles(join(root, 'plugins', 'tools'), files);
    await expect(stores.prepare(root, 'tools')).rejects.toMatchObject(want);
    expect(staged(stores)).toEqual([]);
    expect(stores.plugins.cached(ID)).toEqual([]);
  });

  test.each([
    {
      name: 'a link to a file outside',
      make: (at: string) => symlinkSync('../../secret', join(at, 'x')),
      want: 'PLUGIN_UNSAFE_ARCHIVE',
    },
    {
      name: 'an absolute link',
      make: (at: string) => symlinkSync('/etc/passwd', join(at, 'x')),
      want: 'PLUGIN_UNSAFE_ARCHIVE',
    },
    {
      name: 'links that lead out together',
      make: (at: string) => {
        mkdirSync(join(at, 'a/b'), { recursive: true });
        symlinkSync('a/b', join(at, 'deep'));
        symlinkSync('deep/../../../x', join(at, 'x'));
      },
      want: 'PLUGIN_UNSAFE_ARCHIVE',
    },
    {
      name: 'a name with a backslash',
      make: (at: string) => writeFileSync(join(at, '..\\x'), ''),
      want: 'PLUGIN_UNSAFE_ARCHIVE',
    },
    {
      name: 'too many files',
      make: (at: string) => {
        for (let n = 0; n < 20_001; n += 1) mkdirSync(join(at, `d${n}`));
      },
      want: 'PLUGIN_TOO_LARGE',
    },
    {
      name: 'too many bytes',
      make: (at: string) => {
        writeFileSync(join(at, 'big'), '');
        // A hole: it takes no room on the disk.
        truncateSync(join(at, 'big'), 251 * 1024 * 1024);
      },
      want: 'PLUGIN_TOO_LARGE',
    },
  ])(`refuses a plugin with $name, and copies nothing of it: ${proves('plugins.hostile')}`, async ({ make, want }) => {
    const stores = createStores();
    const root = market(stores);
    make(join(root, 'plugins', 'tools'));
    await expect(stores.prepare(root, 'tools')).rejects.toMatchObject({ code: want });
    expect(stores.progress).toEqual([]);
    expect(staged(stores)).toEqual([]);
  });

  test('refuses a folder that a link takes out of the marketplace', async () => {
    const stores = createStores();
    const root = market(stores);
    renameSync(join(root, 'plugins', 'tools'), join(stores.folder, 'elsewhere'));
    symlinkSync(join(stores.folder, 'elsewhere'), join(root, 'plugins', 'tools'));
    await expect(stores.prepare(root, 'tools')).rejects.toMatchObject({ code: 'PLUGIN_PATH_ESCAPES' });
    rmSync(join(root, 'plugins', 'tools'));
    await expect(stores.prepare(root, 'tools')).rejects.toMatchObject({ code: 'PLUGIN_PATH_MISSING' });
  });

  test('ends where it stands when it is cancelled', async () => {
    const stores = createStores();
    const offer = stores.offer(market(stores), 'tools');
    const controller = new AbortController();
    const onProgress = (): void => controller.abort(new Error('Ctrl-C'));
    await expect(stores.plugins.prepare(offer, { signal: controller.signal, onProgress })).rejects.toThrow('Ctrl-C');
    expect(staged(stores)).toEqual([]);
  });
});
