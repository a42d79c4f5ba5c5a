import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AddedMarketplace } from '../../src/cli/plugin-reports.ts';
import type { ListedMarketplaces, ListedPlugins } from '../../src/cli/render-plugin.ts';
import { refusal, report, said } from '../support/cli.ts';
import { useHomes } from '../support/home.ts';
import { plugin, writeFiles, writeMarketplace } from '../support/marketplace-folder.ts';
import { configOf, offer, poka } from '../support/poka-market.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

describe('marketplaces', () => {
  test(proves('plugins.marketplaces'), async () => {
    const home = createHome();
    const root = offer(home, { poka: poka() });
    writeFiles(home.path, { 'config.toml': '# mine\n' });
    const add = ['plugin', 'marketplace', 'add', './acme'];
    const at = { cwd: home.folder };
    const added = {
      marketplaceName: 'acme',
      installedRoot: root,
      marketplaceSource: { sourceType: 'local', source: root },
    };
    expect(await report<AddedMarketplace>(home, add, at)).toMatchObject({
      ...added,
      alreadyAdded: false,
      pluginCount: 1,
    });
    expect(configOf(home)).toBe(
      `# mine\n\n[marketplaces.acme]\nsource_type = "local"\nsource = ${JSON.stringify(root)}\n`,
    );
    expect(await report<AddedMarketplace>(home, add, at)).toMatchObject({ ...added, alreadyAdded: true });
    expect(await said(home, ['plugin', 'marketplace', 'list'])).toBe(
      ['MARKETPLACE  KIND        PLUGINS  REVISION  ROOT', `acme         configured  1        -         ${root}`].join(
        '\n',
      ),
    );
    expect(await report(home, ['plugin', 'marketplace', 'remove', 'acme'])).toEqual({
      schemaVersion: 1,
      marketplaceName: 'acme',
      installedRoot: null,
      plugins: [],
      notes: [],
    });
    expect(configOf(home)).toBe('# mine\n');
    expect(existsSync(root)).toBe(true);
    expect(await refusal(home, ['plugin', 'marketplace', 'remove', 'acme'])).toMatchObject({
      status: 1,
      code: 'MARKETPLACE_NOT_FOUND',
      message: "marketplace 'acme' is not configured or installed",
    });
  });

  test('a folder that is taken for a repository on GitHub is named, with what to write for it', async () => {
    const home = createHome();
    const root = offer(home, { poka: poka() });
    const [cwd, name] = [join(root, '..', '..'), root.split('/').slice(-2).join('/')];
    const env = { ...home.env, HTTPS_PROXY: 'http://127.0.0.1:9' };
    expect(await refusal(home, ['plugin', 'marketplace', 'add', name], { cwd, env })).toMatchObject({
      status: 1,
      code: 'PLUGIN_FETCH_FAILED',
      hint: expect.stringMatching(`^for the folder of this name write ./${name}; else `),
    });
    await report(home, ['plugin', 'marketplace', 'add', `./${name}`], { cwd });
  });

  test('a name belongs to the source that has it', async () => {
    const home = createHome();
    await said(home, ['plugin', 'marketplace', 'add', offer(home, { poka: poka() })]);
    const other = writeMarketplace(join(home.folder, 'other'), 'acme', { poka: poka('6.6.6') });
    const before = configOf(home);
    expect(await refusal(home, ['plugin', 'marketplace', 'add', other])).toMatchObject({
      status: 1,
      code: 'MARKETPLACE_EXISTS',
      where: join(home.folder, 'acme'),
      hint: 'to replace it, first run: plugboard plugin marketplace remove acme',
    });
    expect(configOf(home)).toBe(before);
  });

  test.each([
    { name: 'a folder that is not there', source: './nowhere', status: 2, code: 'MARKETPLACE_SOURCE' },
    { name: 'an address of another kind', source: 'file:///srv/m.git', status: 2, code: 'MARKETPLACE_SOURCE' },
    { name: 'a folder without a manifest', source: '.', status: 1, code: 'MARKETPLACE_INVALID' },
  ])('$name is refused, and nothing is written', async ({ source, status, code }) => {
    const home = createHome();
    const refused = await refusal(home, ['plugin', 'marketplace', 'add', source], { cwd: home.folder });
    expect(refused).toMatchObject({ status, code });
    expect(existsSync(join(home.path, 'config.toml'))).toBe(false);
  });

  test('a manifest in another place can be named', async () => {
    const home = createHome();
    writeFiles(home.folder, { 'm/offers.json': { name: 'acme', plugins: [] } });
    const args = ['plugin', 'marketplace', 'add', './m', '--manifest', 'offers.json'];
    expect(await report<AddedMarketplace>(home, args, { cwd: home.folder })).toMatchObject({ marketplaceName: 'acme' });
    expect(configOf(home)).toContain('manifest = "offers.json"');
    const { marketplaces } = await report<ListedMarketplaces>(home, ['plugin', 'marketplace', 'list']);
    expect(marketplaces.map(({ name, pluginCount }) => [name, pluginCount])).toEqual([['acme', 0]]);
  });

  test("the user's own and that of the repository count by themselves, and after one that was added", async () => {
    const home = createHome();
    const repository = join(home.folder, 'repo');
    mkdirSync(join(repository, '.git'), { recursive: true });
    mkdirSync(join(repository, 'deep', 'down'), { recursive: true });
    writeMarketplace(home.env['HOME'] ?? '', 'mine', { own: plugin('own', {}) });
    writeMarketplace(repository, 'mine', { theirs: plugin('theirs', {}) });
    const at = { cwd: join(repository, 'deep', 'down') };
    const list = async () => report<ListedMarketplaces>(home, ['plugin', 'marketplace', 'list'], at);
    const both = await list();
    expect(both.marketplaces.map(({ name, kind }) => [name, kind])).toEqual([['mine', 'personal']]);
    expect(both.issues.map(({ code, message }) => [code, message])).toEqual([
      ['MARKETPLACE_EXISTS', "the repository marketplace 'mine' does not count: the personal one has its name"],
    ]);
    writeMarketplace(repository, 'theirs', { theirs: plugin('theirs', {}) });
    expect((await list()).marketplaces.map(({ name, kind, root }) => [name, kind, root])).toEqual([
      ['mine', 'personal', home.env['HOME']],
      ['theirs', 'repository', repository],
    ]);
    expect(await refusal(home, ['plugin', 'marketplace', 'remove', 'mine'])).toMatchObject({
      code: 'MARKETPLACE_NOT_FOUND',
      hint: 'remove or rename this file',
    });
    const elsewhere = await report<ListedMarketplaces>(home, ['plugin', 'marketplace', 'list'], { cwd: home.folder });
    expect(elsewhere.marketplaces.map(({ name }) => name)).toEqual(['mine']);
  });

  test('that of a repository whose folder is not trusted installs nothing without a terminal, unless --yes is said', async () => {
    const home = createHome();
    const repository = join(home.folder, 'repo');
    mkdirSync(join(repository, '.git'), { recursive: true });
    writeMarketplace(repository, 'theirs', { one: plugin('one', {}), two: plugin('two', {}) });
    const at = { cwd: repository };
    // The folder cannot trust itself.
    writeFiles(repository, {
      '.plugboard/config.toml': `projects.${JSON.stringify(repository)}.trust_level = "trusted"`,
    });
    const refused = await home.finish(['plugin', 'add', 'one'], at);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toBe(
      `plugboard: ${repository}: 'one@theirs' comes from the marketplace of a folder that is not trusted; nothing was installed
  look at it in a terminal, or agree with: plugboard plugin add one@theirs --yes [PLUGIN_CONSENT_REQUIRED]\n`,
    );
    const installed = async () => (await report<ListedPlugins>(home, ['plugin', 'list'])).installed;
    expect(await installed()).toEqual([]);
    const agreed = await home.finish(['--json', 'plugin', 'add', 'one', '--yes'], at);
    expect(agreed.status).toBe(0);
    await said(home, ['config', 'trust', repository]);
    const trusted = await home.finish(['--json', 'plugin', 'add', 'two'], at);
    expect(trusted.status).toBe(0);
    expect((await installed()).map(({ pluginId }) => pluginId)).toEqual(['one@theirs', 'two@theirs']);
  });

  test('several entries may stand for one folder, and each is listed with what is in it', async () => {
    const home = createHome();
    const root = writeMarketplace(join(home.folder, 'shared'), 'acme', {
      one: plugin('one', { s: { command: 'node' } }, { entry: { source: './all' } }),
      two: plugin('two', {}, { entry: { source: './all', description: 'own' } }),
    });
    const files = { '.codex-plugin/plugin.json': '{ "name": "all", "version": "3.0.0" }' };
    writeFiles(join(root, 'all'), { ...files, '.mcp.json': '{ "mcpServers": { "s": { "command": "node" } } }' });
    await said(home, ['plugin', 'marketplace', 'add', root]);
    const { available } = await report<ListedPlugins>(home, ['plugin', 'list', '--available']);
    expect(available.map(({ pluginId, version }) => [pluginId, version])).toEqual([
      ['one@acme', '3.0.0'],
      ['two@acme', '3.0.0'],
    ]);
  });

  test('that of the repository is there once when its folder was added as well', async () => {
    const home = createHome();
    const root = offer(home, { poka: poka() });
    mkdirSync(join(root, '.git'));
    symlinkSync(root, join(home.folder, 'link'));
    for (const source of [root, join(home.folder, 'link')]) {
      await said(home, ['plugin', 'marketplace', 'add', source]);
      for (const cwd of [root, join(home.folder, 'link')]) {
        const { marketplaces, issues } = await report<ListedMarketplaces>(home, ['plugin', 'marketplace', 'list'], {
          cwd,
        });
        expect([marketplaces.map(({ name, kind }) => [name, kind]), issues]).toEqual([[['acme', 'configured']], []]);
      }
      await said(home, ['plugin', 'marketplace', 'remove', 'acme']);
    }
  });

  test('a manifest that is not there is named', async () => {
    const home = createHome();
    const source = offer(home, { poka: poka() });
    const args = ['plugin', 'marketplace', 'add', source, '--manifest', 'nosuch.json'];
    expect(await refusal(home, args)).toMatchObject({
      ...{ code: 'MARKETPLACE_INVALID', where: source },
      hint: '`nosuch.json` is not there; name a file by its path below the root, or leave `--manifest` out',
    });
  });

  test('one that cannot be read is told, and the others count', async () => {
    const home = createHome();
    await said(home, ['plugin', 'marketplace', 'add', offer(home, { poka: poka() })]);
    const broken = writeMarketplace(join(home.folder, 'b'), 'broken', {});
    await said(home, ['plugin', 'marketplace', 'add', broken]);
    writeFileSync(join(broken, '.agents', 'plugins', 'marketplace.json'), '{');
    const { available, issues } = await report<ListedPlugins>(home, ['plugin', 'list', '--available']);
    expect(available.map(({ pluginId }) => pluginId)).toEqual(['poka@acme']);
    expect(issues).toEqual([expect.objectContaining({ code: 'MARKETPLACE_INVALID', severity: 'error' })]);
    expect((await report<ListedPlugins>(home, ['plugin', 'list', '-m', 'acme'])).issues).toEqual([]);
    expect((await report<ListedPlugins>(home, ['plugin', 'list', '-m', 'broken'])).issues).toEqual(issues);
    const text = await home.finish(['plugin', 'marketplace', 'list']);
    expect(text.stdout).toMatch(/^broken +configured +unreadable/m);
    expect(text.stderr).toContain('[MARKETPLACE_INVALID]');
  });
});
