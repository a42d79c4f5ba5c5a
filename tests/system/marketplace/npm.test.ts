import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PluginSource } from '../../../src/marketplace/index.ts';
import { proves } from '../../e2e/support/proves.ts';
import {
  type NpmRegistry,
  packageArchive,
  startNpmRegistry,
  type TarEntry,
  tarball,
} from '../../support/npm-registry.ts';
import { NO_EVIDENCE, type Stores, YES } from '../../support/plugin-stores.ts';
import { useStores } from '../../support/use-stores.ts';
import { install, offer } from './tools-repository.ts';

const createStores = useStores();

let registry: NpmRegistry;
let count = 0;
beforeAll(async () => {
  registry = await startNpmRegistry();
}, 60_000);
afterAll(() => registry.close());

const nextName = (): string => `plugin-${(count += 1)}`;

const files = (version: string): Readonly<Record<string, string>> => ({
  '.codex-plugin/plugin.json': JSON.stringify({ name: 'tools', version, mcpServers: { echo: { command: 'node' } } }),
});

const sourceOf = (name: string, version?: string): PluginSource => ({
  ...{ source: 'npm', package: name, registry: registry.url },
  ...(version === undefined ? {} : { version }),
});

/** A thousand bytes that pack well, though not too well. */
const BLOCK = randomBytes(512).toString('hex');

const nothingLeft = (stores: Stores): void => {
  expect(stores.plugins.cached('tools@acme')).toEqual([]);
  expect(readdirSync(join(stores.home, 'plugins', 'cache', '.staging'))).toEqual([]);
};

describe('a plugin from a registry', () => {
  test('is installed, upgraded, and goes back to what is in the cache', async () => {
    const stores = createStores();
    const name = nextName();
    const archive = packageArchive({ name, version: '1.0.0' }, files('7.0.0'));
    await registry.publish({ name, version: '1.0.0', archive });
    const first = await install(stores, sourceOf(name));
    expect(first).toEqual({
      revision: expect.stringMatching(/^1\.0\.0 sha512-[A-Za-z0-9+/]{86}==$/),
      files: ['.codex-plugin/plugin.json', 'package.json'],
    });
    expect(stores.progress).toEqual([`fetching ${name} with npm`, `unpacking ${name}`]);
    await registry.publish({
      name,
      version: '1.1.0',
      archive: packageArchive({ name, version: '1.1.0' }, files('7.1.0')),
    });
    expect((await install(stores, sourceOf(name, '^1.0.0'))).revision).toMatch(/^1\.1\.0 /);
    expect((await install(stores, sourceOf(name, '1.0.0'))).revision).toBe(first.revision);
    expect(stores.plugins.cached('tools@acme')).toEqual(['7.0.0', '7.1.0']);
    const prepared = await stores.plugins.prepareCached('tools@acme', '7.1.0');
    expect((await prepared.commit(YES, NO_EVIDENCE)).receipt).toMatchObject({ action: 'rollback', version: '7.1.0' });
  });

  test('may have a scope', async () => {
    const stores = createStores();
    const name = `@acme/${nextName()}`;
    await registry.publish({
      name,
      version: '1.0.0',
      archive: packageArchive({ name, version: '1.0.0' }, files('1.0.0')),
    });
    expect((await install(stores, sourceOf(name))).revision).toMatch(/^1\.0\.0 /);
  });

  test('is fetched from the registry that the user has set, where the marketplace names none', async () => {
    const stores = createStores();
    const name = nextName();
    await registry.publish({
      name,
      version: '1.0.0',
      archive: packageArchive({ name, version: '1.0.0' }, files('1.0.0')),
    });
    writeFileSync(join(stores.folder, 'account', '.npmrc'), `registry=${registry.url}\n`);
    expect((await install(stores, { source: 'npm', package: name })).revision).toMatch(/^1\.0\.0 /);
  });

  test('runs no script of its package', async () => {
    const stores = createStores();
    const name = nextName();
    const ran = join(stores.folder, 'ran');
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare', 'prepack', 'postpack'].map((script) => [
        script,
        `touch ${ran}`,
      ]),
    );
    const all = { ...files('1.0.0'), 'package.json': JSON.stringify({ name, version: '1.0.0', scripts }) };
    await registry.publish({ name, version: '1.0.0', archive: packageArchive({ name, version: '1.0.0' }, all) });
    await install(stores, sourceOf(name));
    expect(existsSync(ran)).toBe(false);
  });

  test.each([
    {
      name: 'names another package',
      inside: (name: string) => ({ name: `${name}-other`, version: '1.0.0' }),
      want: { code: 'PLUGIN_NAME_MISMATCH', message: expect.stringContaining('-other`') },
    },
    {
      name: 'names another version',
      inside: (name: string) => ({ name, version: '1.0.1' }),
      want: { code: 'PLUGIN_REVISION_MISMATCH', message: expect.stringContaining('names the version 1.0.1') },
    },
  ])(`whose archive $name is not installed: ${proves('plugins.as-asked')}`, async ({ inside, want }) => {
    const stores = createStores();
    const name = nextName();
    await registry.publish({ name, version: '1.0.0', archive: packageArchive(inside(name), files('1.0.0')) });
    await expect(install(stores, sourceOf(name, '1.0.0'))).rejects.toMatchObject(want);
    nothingLeft(stores);
  });

  test('whose archive is not the one that was promised is not installed', async () => {
    const stores = createStores();
    const name = nextName();
    const archive = packageArchive({ name, version: '1.0.0' }, files('1.0.0'));
    await registry.publish({ name, version: '1.0.0', archive, integrity: `sha512-${'A'.repeat(86)}==` });
    await expect(install(stores, sourceOf(name))).rejects.toMatchObject({ code: 'PLUGIN_REVISION_MISMATCH' });
    nothingLeft(stores);
  });

  test.each<{ name: string; entries: readonly TarEntry[]; code: string }>([
    {
      name: 'a path that leads out',
      entries: [{ path: 'package/../../../evil', text: 'x' }],
      code: 'PLUGIN_UNSAFE_ARCHIVE',
    },
    {
      name: 'a link that leads out',
      entries: [{ path: 'package/x', type: 'SymbolicLink', linkpath: '../../x' }],
      code: 'PLUGIN_UNSAFE_ARCHIVE',
    },
    {
      name: 'a hard link to a file of the machine',
      entries: [{ path: 'package/x', type: 'Link', linkpath: '/etc/passwd' }],
      code: 'PLUGIN_UNSAFE_ARCHIVE',
    },
    { name: 'a device', entries: [{ path: 'package/x', type: 'CharacterDevice' }], code: 'PLUGIN_UNSAFE_ARCHIVE' },
    {
      name: 'files beyond measure',
      entries: [{ path: 'package/x', text: BLOCK.repeat(251 * 1024) }],
      code: 'PLUGIN_TOO_LARGE',
    },
  ])(
    `whose archive holds $name is not installed: ${proves('plugins.hostile')}`,
    { timeout: 60_000 },
    async ({ entries, code }) => {
      const stores = createStores();
      const name = nextName();
      const own = { 'package.json': JSON.stringify({ name, version: '1.0.0' }), ...files('1.0.0') };
      const good = Object.entries(own).map(([path, text]) => ({ path: `package/${path}`, text }));
      await registry.publish({ name, version: '1.0.0', archive: tarball([...good, ...entries]) });
      await expect(install(stores, sourceOf(name))).rejects.toMatchObject({ code });
      nothingLeft(stores);
    },
  );

  test('whose files may be run as somebody else loses that right', async () => {
    const stores = createStores();
    const name = nextName();
    const own = { 'package.json': JSON.stringify({ name, version: '1.0.0' }), ...files('1.0.0') };
    const entries = Object.entries(own).map(([path, text]) => ({ path: `package/${path}`, text }));
    await registry.publish({
      name,
      version: '1.0.0',
      archive: tarball([...entries, { path: 'package/run', mode: 0o6777 }]),
    });
    const prepared = await stores.plugins.prepare(offer(stores, sourceOf(name)), stores.fetch);
    const { receipt } = await prepared.commit(YES, NO_EVIDENCE);
    expect(receipt.files.filter(({ executable }) => executable).map(({ path }) => path)).toEqual(['run']);
    expect(readFileSync(join(receipt.installedPath ?? '', 'package.json'), 'utf8')).toBe(own['package.json']);
  });
});

describe('a registry', () => {
  test.each([
    {
      name: 'that has no such package',
      source: () => sourceOf('no-such-plugin'),
      want: { message: expect.stringContaining('E404'), hint: expect.stringContaining('check the address') },
    },
    {
      name: 'that has no such version',
      source: (name: string) => sourceOf(name, '9.9.9'),
      want: { message: expect.stringContaining('ETARGET'), hint: expect.stringContaining('version') },
    },
    {
      name: 'that does not answer',
      source: (name: string): PluginSource => ({ source: 'npm', package: name, registry: 'http://127.0.0.1:1/' }),
      want: {
        message: expect.stringContaining('ECONNREFUSED'),
        hint: expect.stringContaining('nothing answers there'),
      },
    },
  ])('$name is an error with a hint', { timeout: 120_000 }, async ({ source, want }) => {
    const stores = createStores();
    const name = nextName();
    await registry.publish({
      name,
      version: '1.0.0',
      archive: packageArchive({ name, version: '1.0.0' }, files('1.0.0')),
    });
    writeFileSync(join(stores.folder, 'account', '.npmrc'), 'fetch-retries=0\n');
    await expect(install(stores, source(name))).rejects.toMatchObject({ code: 'PLUGIN_FETCH_FAILED', ...want });
    nothingLeft(stores);
  });

  test('without npm says what is missing', async () => {
    const stores = createStores({ env: { PATH: '/nonexistent' } });
    await expect(install(stores, sourceOf('any'))).rejects.toMatchObject({
      code: 'PLUGIN_PROGRAM_MISSING',
      message: '`npm` is needed to fetch any',
    });
  });
});
