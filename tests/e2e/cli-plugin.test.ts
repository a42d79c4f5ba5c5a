import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AddedPlugin, RemovedPlugin, SwitchedPlugin, Upgraded } from '../../src/cli/plugin-reports.ts';
import type { ListedPlugins, ShownPlugin } from '../../src/cli/render-plugin.ts';
import { refusal, report, said } from '../support/cli.ts';
import { type Home, useHomes } from '../support/home.ts';
import { plugin, writeFiles, writeMarketplace } from '../support/marketplace-folder.ts';
import { configOf, offer, poka } from '../support/poka-market.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** A home that has `poka@acme`. */
async function homeWithPoka(): Promise<Home> {
  const home = createHome();
  await said(home, ['plugin', 'marketplace', 'add', offer(home, { poka: poka() })]);
  await change(home, ['plugin', 'add', 'poka@acme']);
  return home;
}

/** `plugboard ARGS --json` for a command that shows on standard error what it is about to do. */
async function change<T>(home: Home, args: readonly string[], want = 0): Promise<T> {
  const { status, stdout, stderr } = await home.finish(['--json', ...args]);
  expect({ args, status, stderr: status === want ? '' : stderr }).toEqual({ args, status: want, stderr: '' });
  return JSON.parse(stdout) as T;
}

describe('which plugin', () => {
  test.each([
    { args: ['poka@acme', '-m', 'other'], status: 2, code: 'USAGE' },
    { args: ['../../etc'], status: 2, code: 'USAGE', hint: /: plugboard plugin marketplace add \.\.\/\.\.\/etc$/ },
    { args: ['twice'], status: 2, code: 'PLUGIN_AMBIGUOUS', message: /twice@acme, twice@other/ },
    { args: ['pokka'], status: 1, code: 'PLUGIN_NOT_FOUND', hint: /did you mean 'poka@acme'/ },
    { args: ['pokka@acme'], status: 1, code: 'PLUGIN_NOT_FOUND', hint: /poka@acme/ },
    { args: ['poka@acne'], status: 1, code: 'MARKETPLACE_NOT_FOUND', hint: /did you mean 'acme'/ },
    { args: ['hidden'], status: 1, code: 'PLUGIN_NOT_AVAILABLE' },
    { args: ['outside'], status: 1, code: 'PLUGIN_NOT_FOUND', hint: /^it is listed there, and cannot be used: / },
    { args: ['misnamed'], status: 1, code: 'PLUGIN_NAME_MISMATCH' },
  ])('plugin add $args ends with $code', async ({ args, status, code, message = /./, hint = /./ }) => {
    const home = createHome();
    const policy = { policy: { installation: 'NOT_AVAILABLE' } };
    offer(home, {
      poka: poka(),
      twice: plugin('twice', {}),
      hidden: plugin('hidden', {}, { entry: policy }),
      misnamed: plugin('something-else', {}),
      outside: plugin('outside', {}, { entry: { source: { source: 'local', path: '../outside' } } }),
    });
    writeMarketplace(join(home.folder, 'other'), 'other', { twice: plugin('twice', {}) });
    for (const name of ['acme', 'other']) await said(home, ['plugin', 'marketplace', 'add', join(home.folder, name)]);
    expect(await refusal(home, ['plugin', 'add', ...args])).toMatchObject({
      ...{ status, code, message: expect.stringMatching(message), hint: expect.stringMatching(hint) },
    });
    expect((await report<ListedPlugins>(home, ['plugin', 'list'])).installed).toEqual([]);
  });

  test('a name alone is enough where one marketplace has it, and -m says which', async () => {
    const home = createHome();
    writeMarketplace(join(home.folder, 'other'), 'other', { poka: poka() });
    for (const folder of [offer(home, { poka: poka(), solo: plugin('solo', {}) }), join(home.folder, 'other')])
      await said(home, ['plugin', 'marketplace', 'add', folder]);
    expect(await change<AddedPlugin>(home, ['plugin', 'add', 'solo'])).toMatchObject({ pluginId: 'solo@acme' });
    expect(await change<AddedPlugin>(home, ['plugin', 'add', 'poka', '-m', 'other'])).toMatchObject({
      pluginId: 'poka@other',
    });
  });
});

test('a list can be of one marketplace, also of one that is gone', async () => {
  const home = createHome();
  writeMarketplace(join(home.folder, 'other'), 'other', { solo: plugin('solo', {}) });
  for (const folder of [offer(home, { poka: poka() }), join(home.folder, 'other')])
    await said(home, ['plugin', 'marketplace', 'add', folder]);
  await change(home, ['plugin', 'add', 'solo']);
  const list = async (name: string) => report<ListedPlugins>(home, ['plugin', 'list', '--available', '-m', name]);
  const ids = ({ installed, available }: ListedPlugins) =>
    [installed, available].map((all) => all.map((one) => one.pluginId));
  expect(ids(await list('acme'))).toEqual([[], ['poka@acme']]);
  await said(home, ['plugin', 'marketplace', 'remove', 'other']);
  expect(ids(await list('other'))).toEqual([['solo@other'], []]);
  expect(await refusal(home, ['plugin', 'list', '-m', 'othr'])).toMatchObject({
    status: 1,
    code: 'MARKETPLACE_NOT_FOUND',
  });
  expect(await said(home, ['plugin', 'list', '-m', 'other'])).toContain(
    `From marketplace 'other', which does not count here\n${join(home.folder, 'other')}`,
  );
});

test('a plugin that is added runs at once in the host that is there', async () => {
  const home = createHome();
  home.configure({});
  await home.host();
  await said(home, ['plugin', 'marketplace', 'add', offer(home, { poka: poka() })]);
  const added = await change<AddedPlugin>(home, ['plugin', 'add', 'poka']);
  expect(added).toMatchObject({ outcome: 'added', enabled: true, version: '1.0.0', authPolicy: 'ON_INSTALL' });
  expect(existsSync(added.installedPath)).toBe(true);
  expect(added.servers.map(({ name, exposedAs }) => [name, exposedAs])).toEqual([['poka', 'poka']]);
  await home.untilServer('poka', 'connected');
  const shown = await report<ShownPlugin>(home, ['plugin', 'show', 'poka']);
  expect(shown.servers[0]?.state?.kind).toBe('connected');
});

test('what is needed before a server can start is the next step', async () => {
  const home = createHome();
  const manifest = { user_config: { token: { type: 'string', title: 'Token', sensitive: true, required: true } } };
  const docs = plugin('docs', { docs: { command: 'node', env: { T: '${user_config.token}' } } }, { manifest });
  await said(home, ['plugin', 'marketplace', 'add', offer(home, { docs })]);
  const added = await change<AddedPlugin>(home, ['plugin', 'add', 'docs']);
  expect(added.servers).toMatchObject([
    { name: 'docs', state: { kind: 'needs_config', names: ['user_config.token'] } },
  ]);
  expect(added.missingSettings).toEqual(['token']);
  const { stdout } = await home.finish(['plugin', 'show', 'docs']);
  expect(stdout).toContain('server docs: NEEDS_CONFIG, not set: user_config.token');
  expect(stdout.match(/run: plugboard plugin configure docs@acme/g)).toHaveLength(1);
});

test(proves('plugins.repair'), async () => {
  const home = await homeWithPoka();
  const add = ['plugin', 'add', 'poka@acme'];
  const again = await change<AddedPlugin>(home, add);
  expect([again.outcome, again.receipt.file]).toEqual(['unchanged', expect.stringMatching(/0001\.json$/)]);
  writeFileSync(join(again.installedPath, 'server.mjs'), 'changed');
  expect((await report<ShownPlugin>(home, ['plugin', 'show', 'poka'])).state).toEqual({
    kind: 'blocked',
    reason: 'tampered',
    detail: 'server.mjs',
  });
  const repaired = await change<AddedPlugin>(home, add);
  expect([repaired.outcome, repaired.consent.how]).toEqual(['repaired', 'unchanged']);
  expect(readFileSync(join(repaired.installedPath, 'server.mjs'), 'utf8')).not.toBe('changed');
  const { state, receipts } = await report<ShownPlugin>(home, ['plugin', 'show', 'poka']);
  expect([state, receipts.map(({ action }) => action)]).toEqual([{ kind: 'enabled' }, ['add', 'add']]);
  offer(home, { poka: poka('1.0.0', { env: { MODE: 'other' } }) });
  expect((await home.finish([...add, '--yes'])).stdout).toContain(
    "Installed plugin 'poka@acme' 1.0.0 again, from marketplace",
  );
});

test('a list sees files that are gone or of another size, and leaves what is in them to a look at one', async () => {
  const home = await homeWithPoka();
  const { installedPath } = await report<ShownPlugin>(home, ['plugin', 'show', 'poka']);
  const file = join(installedPath ?? '', 'server.mjs');
  const text = readFileSync(file, 'utf8');
  const states = async () =>
    (await report<ListedPlugins>(home, ['plugin', 'list'])).installed.map(({ state }) => state);
  const tampered = [{ kind: 'blocked', reason: 'tampered', detail: 'server.mjs' }];
  writeFileSync(file, `${text} `);
  expect(await states()).toEqual(tampered);
  writeFileSync(file, text.replace(/^./, '#'));
  expect(await states()).toEqual([{ kind: 'enabled' }]);
  expect([(await report<ShownPlugin>(home, ['plugin', 'show', 'poka'])).state]).toEqual(tampered);
  rmSync(file);
  expect(await states()).toEqual(tampered);
  expect((await home.finish(['plugin', 'list', '--help'])).stdout).toContain('is checked by plugin show, doctor');
});

test(proves('plugins.upgrade'), async () => {
  const home = await homeWithPoka();
  expect((await home.finish(['plugin', 'upgrade'])).stdout).toContain('All installed plugins are already up to date.');
  offer(home, { poka: poka('1.1.0') });
  const upgraded = await change<Upgraded>(home, ['plugin', 'upgrade']);
  expect(upgraded).toMatchObject({
    ...{ selectedMarketplaces: ['acme'], upgradedRoots: [], errors: [] },
    plugins: [{ pluginId: 'poka@acme', outcome: 'upgraded', version: '1.1.0', previousVersion: '1.0.0' }],
  });
  offer(home, { poka: poka('2.0.0', { env_vars: ['SECRET'] }) });
  const refused = await change<Upgraded>(home, ['plugin', 'upgrade', 'poka'], 3);
  expect(refused.plugins).toEqual([]);
  expect(refused.errors).toMatchObject([
    {
      pluginId: 'poka@acme',
      code: 'PLUGIN_CONSENT_REQUIRED',
      message: "'poka@acme' 2.0.0 would do more than you agreed to; 1.1.0 stays",
      changes: [
        { kind: 'changed', subject: 'version', text: '2.0.0 (before: 1.1.0)', widens: false },
        { kind: 'added', subject: 'server poka', text: 'reads the variable SECRET', widens: true },
        { kind: 'changed', subject: 'server poka', text: 'signs in by service_token (before: none)', widens: true },
      ],
    },
  ]);
  const text = await home.finish(['plugin', 'upgrade']);
  expect([text.status, text.stdout]).toEqual([
    3,
    expect.stringContaining('! + new: server poka: reads the variable SECRET'),
  ]);
  expect(text.stderr).toContain('[PLUGIN_CONSENT_REQUIRED]');
  const { version, receipts } = await report<ShownPlugin>(home, ['plugin', 'show', 'poka']);
  expect(version).toBe('1.1.0');
  expect(receipts.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    ...['add done', 'upgrade done', 'upgrade failed', 'upgrade failed'],
  ]);
  const agreed = await change<Upgraded>(home, ['plugin', 'upgrade', 'poka', '--yes']);
  expect(agreed.plugins).toMatchObject([{ outcome: 'upgraded', version: '2.0.0', consent: { how: 'yes' } }]);
});

test('one plugin that cannot be upgraded stops no other', async () => {
  const home = createHome();
  await said(home, ['plugin', 'marketplace', 'add', offer(home, { a: plugin('a', {}), z: plugin('z', {}) })]);
  for (const name of ['a', 'z']) await change(home, ['plugin', 'add', name]);
  offer(home, { z: plugin('z', {}, { version: '2.0.0' }) });
  const { plugins, errors } = await change<Upgraded>(home, ['plugin', 'upgrade'], 1);
  expect(plugins.map(({ pluginId, version }) => [pluginId, version])).toEqual([['z@acme', '2.0.0']]);
  expect(errors).toMatchObject([{ pluginId: 'a@acme', marketplaceName: 'acme', code: 'PLUGIN_NOT_FOUND' }]);
});

test('a plugin of a repository is told where it came from elsewhere, and is not upgraded there', async () => {
  const home = await homeWithPoka();
  const repository = join(home.folder, 'repo');
  mkdirSync(join(repository, '.git'), { recursive: true });
  const theirs = (version: string) => writeMarketplace(repository, 'theirs', { own: plugin('own', {}, { version }) });
  theirs('1.0.0');
  const [inside, outside] = [{ cwd: repository }, { cwd: home.folder }];
  await home.finish(['plugin', 'add', 'own@theirs', '--yes'], inside);
  theirs('1.1.0');
  const title = `From marketplace 'theirs', which does not count here\n${repository}\n`;
  expect(await said(home, ['plugin', 'list'], outside)).toContain(title);
  expect(await said(home, ['plugin', 'list'], inside)).not.toContain(title);
  const { status, stdout } = await home.finish(['plugin', 'upgrade'], outside);
  expect([status, stdout]).toEqual([
    0,
    `All installed plugins are already up to date.
Plugin 'own@theirs' stays as it is: its marketplace 'theirs' (${repository}) does not count here.\n`,
  ]);
  const { errors } = await change<Upgraded>(home, ['plugin', 'upgrade', 'own'], 1);
  expect(errors).toMatchObject([
    {
      ...{ pluginId: 'own@theirs', code: 'MARKETPLACE_NOT_FOUND', where: repository },
      hint: `run the command where it counts, or add it: plugboard plugin marketplace add ${repository}`,
    },
  ]);
  expect((await home.finish(['plugin', 'upgrade'], inside)).stdout).toContain(
    "Upgraded plugin 'own@theirs' from 1.0.0 to 1.1.0.",
  );
});

test(proves('plugins.rollback'), async () => {
  const home = await homeWithPoka();
  offer(home, { poka: poka('1.1.0') });
  await change(home, ['plugin', 'upgrade']);
  await said(home, ['plugin', 'marketplace', 'remove', 'acme']);
  rmSync(join(home.folder, 'acme'), { recursive: true });
  const back = await change<AddedPlugin>(home, ['plugin', 'add', 'poka', '--version', '1.0.0']);
  expect(back).toMatchObject({ outcome: 'rolled_back', version: '1.0.0', previousVersion: '1.1.0' });
  expect((await report<ShownPlugin>(home, ['plugin', 'show', 'poka'])).cachedVersions).toEqual(['1.0.0', '1.1.0']);
  expect(await refusal(home, ['plugin', 'add', 'poka', '--version', '3.0.0'])).toMatchObject({
    status: 1,
    code: 'PLUGIN_NOT_FOUND',
  });
});

test(proves('plugins.switch'), async () => {
  const home = await homeWithPoka();
  await home.host();
  await home.untilServer('poka', 'connected');
  const off = await report<SwitchedPlugin>(home, ['plugin', 'disable', 'poka']);
  expect(off).toMatchObject({ pluginId: 'poka@acme', enabled: false, changed: true });
  expect((await home.status())?.servers.map(({ name, state }) => [name, state?.kind])).toEqual([['poka', 'disabled']]);
  expect((await report<ListedPlugins>(home, ['plugin', 'list'])).installed).toMatchObject([
    {
      pluginId: 'poka@acme',
      enabled: false,
      state: { kind: 'disabled', where: expect.stringMatching(/config\.toml:\d+$/) },
    },
  ]);
  expect(await report<SwitchedPlugin>(home, ['plugin', 'enable', 'poka@acme'])).toMatchObject({
    enabled: true,
    changed: true,
  });
  await home.untilServer('poka', 'connected');
  expect(await report<SwitchedPlugin>(home, ['plugin', 'enable', 'poka@acme'])).toMatchObject({ changed: false });
  const gone = await report<RemovedPlugin>(home, ['plugin', 'remove', 'poka']);
  expect(gone).toMatchObject({
    pluginId: 'poka@acme',
    name: 'poka',
    marketplaceName: 'acme',
    wasInstalled: true,
    notes: [`what it kept stays: ${join(home.path, 'plugins', 'data', 'acme', 'poka')}`],
  });
  expect((await home.status())?.servers).toEqual([]);
  expect(configOf(home)).not.toContain('[plugins');
  expect(existsSync(join(home.path, 'plugins', 'cache', 'acme', 'poka'))).toBe(false);
  expect(await report<RemovedPlugin>(home, ['plugin', 'remove', 'poka@acme'])).toMatchObject({ wasInstalled: false });
  expect(await said(home, ['plugin', 'remove', 'poka@acme'])).toBe("Plugin 'poka@acme' is not installed.");
  for (const command of ['remove', 'enable', 'disable', 'show', 'upgrade'])
    expect(await refusal(home, ['plugin', command, 'pokka'])).toMatchObject({ status: 1, code: 'PLUGIN_NOT_FOUND' });
});

test('policies of a plugin that is removed stay, and are told', async () => {
  const home = await homeWithPoka();
  writeFileSync(
    join(home.path, 'config.toml'),
    `${configOf(home)}\n[plugins."poka@acme".mcp_servers.poka]\ndisabled_tools = ["echo"]\n`,
  );
  const data = join(home.path, 'plugins', 'data', 'acme', 'poka');
  writeFiles(data, { 'kept.txt': 'x' });
  const { notes } = await report<RemovedPlugin>(home, ['plugin', 'remove', 'poka']);
  expect(notes[1]).toBe(`what it kept stays: ${data}`);
  expect(existsSync(join(data, 'kept.txt'))).toBe(true);
  const left = configOf(home).split('\n').indexOf('[plugins."poka@acme".mcp_servers.poka]') + 1;
  expect(left).toBeGreaterThan(0);
  expect(notes[0]).toBe(`what your configuration says about it stays: ${join(home.path, 'config.toml')}:${left}`);
  expect(configOf(home)).toContain('[plugins."poka@acme".mcp_servers.poka]\ndisabled_tools = ["echo"]\n');
  expect(configOf(home)).not.toContain('enabled = true');
});

test('what is installed and cannot be enabled is told so', async () => {
  const home = createHome();
  await said(home, ['plugin', 'marketplace', 'add', offer(home, { poka: poka() })]);
  const { status, stderr } = await home.finish(['-c', 'plugins."poka@acme".enabled=false', 'plugin', 'add', 'poka']);
  expect(status).toBe(2);
  expect(stderr).toContain("'poka@acme' is installed now, and could not be enabled: ");
  const { installed } = await report<ListedPlugins>(home, ['plugin', 'list']);
  expect(installed.map(({ pluginId }) => pluginId)).toEqual(['poka@acme']);
});

test('nothing is fetched where plugins are turned off', async () => {
  const home = createHome();
  await said(home, ['plugin', 'marketplace', 'add', offer(home, { poka: poka() })]);
  const { status, stdout, stderr } = await home.finish(['-c', 'features.plugins=false', 'plugin', 'add', 'poka']);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain("'poka@acme' would be disabled by features.plugins; nothing is installed");
  expect(existsSync(join(home.path, 'plugins'))).toBe(false);
});

test('a file that is no TOML ends a change before it begins', async () => {
  const home = createHome();
  const root = offer(home, { poka: poka() });
  writeFiles(home.path, { 'config.toml': 'not toml\n' });
  for (const args of [['marketplace', 'add', root], ['add', 'poka'], ['upgrade'], ['remove', 'poka@acme']])
    expect(await refusal(home, ['plugin', ...args])).toMatchObject({ status: 2, code: 'CONFIG_NOT_TOML' });
  expect(existsSync(join(home.path, 'plugins'))).toBe(false);
});
