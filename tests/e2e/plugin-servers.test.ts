import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/cli/render-doctor.ts';
import type { ListedServer } from '../../src/cli/server-json.ts';
import { callText, fixture, type Home, useHomes } from '../support/home.ts';
import { BUNDLED, install, storesOf } from '../support/installed-plugin.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const ID = 'poka@acme';

async function doctor(home: Home, ...args: readonly string[]): Promise<{ status: unknown; report: DoctorReport }> {
  const { status, stdout, stderr } = await home.finish(['doctor', '--json', ...args]);
  expect(stderr).toBe('');
  return { status, report: JSON.parse(stdout) as DoctorReport };
}

/** What `plugboard ARGS --json` prints. */
async function json<T>(home: Home, ...args: readonly string[]): Promise<T> {
  const [noun = '', verb = '', ...rest] = args;
  const { status, stdout, stderr } = await home.finish([noun, verb, '--json', ...rest]);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

const configOf = (home: Home): string => readFileSync(join(home.path, 'config.toml'), 'utf8');

test(proves('plugins.run'), async () => {
  const home = createHome();
  home.configure({ docs: fixture('echo') });
  const root = await install(home, ID, { servers: { poka: BUNDLED } });
  const data = join(home.path, 'plugins', 'data', 'acme', 'poka');
  const pipe = home.pipe();
  await pipe.initialize();
  expect(JSON.parse(await callText(pipe, 'poka__where'))).toMatchObject({ cwd: root });
  expect(await callText(pipe, 'poka__env', { name: 'PLUGIN_ROOT' })).toBe(root);
  expect(await callText(pipe, 'poka__env', { name: 'PLUGIN_DATA' })).toBe(data);
  expect(await callText(pipe, 'docs__env', { name: 'PLUGIN_ROOT' })).toBe('');
  expect((statSync(data).mode & 0o777).toString(8)).toBe('700');
  const { report } = await doctor(home);
  expect(report.servers.map(({ name, plugin, state }) => [name, plugin, state?.kind])).toEqual([
    ['docs', null, 'connected'],
    ['poka', ID, 'connected'],
  ]);
});

test('without its folder for data a server is not started, and says why', async () => {
  const home = createHome();
  home.configure({});
  const mark = join(home.folder, 'started');
  const started = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(mark)}, '');\n`;
  await install(home, ID, { servers: { poka: BUNDLED }, files: { 'server.mjs': started } });
  const data = join(home.path, 'plugins', 'data', 'acme', 'poka');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(join(data, '..'), { recursive: true });
  writeFileSync(data, '');
  const { report } = await doctor(home);
  expect(report.servers).toMatchObject([
    { name: 'poka', state: { kind: 'invalid', issues: [{ code: 'HOME_UNUSABLE', file: data, plugin: ID }] } },
  ]);
  expect(existsSync(mark)).toBe(false);
});

test('what is wrong in a plugin: doctor names plugin, file and server, and the siblings run', async () => {
  const home = createHome();
  home.configure({});
  const root = await install(home, ID, { servers: { bad: { command: 'x', url: 'https://h.example' }, poka: BUNDLED } });
  const { status, report } = await doctor(home);
  expect(report.servers.map(({ name, plugin, state }) => [name, plugin, state?.kind])).toEqual([
    ['bad', ID, 'invalid'],
    ['poka', ID, 'connected'],
  ]);
  expect(report.checks.config.issues).toMatchObject([{ plugin: ID, server: 'bad', file: join(root, '.mcp.json') }]);
  expect(status).not.toBe(0);
  const text = await home.finish(['doctor']);
  expect(text.stdout).toContain(`${join(root, '.mcp.json')}:`);
  expect(text.stdout).toContain(`plugin ${ID}`);
});

test('mcp list and mcp get show servers of plugins as Codex does, and whose they are', async () => {
  const home = createHome();
  home.configure({});
  await install(home, ID, { servers: { poka: { ...BUNDLED, env: { TOKEN: 'canary' } } } });
  const [listed] = await json<ListedServer[]>(home, 'mcp', 'list');
  expect(listed).toMatchObject({
    name: 'poka',
    enabled: true,
    disabled_reason: null,
    transport: {
      type: 'stdio',
      command: process.execPath,
      args: ['server.mjs'],
      env: { TOKEN: '*****' },
      env_vars: [],
    },
    auth_status: 'unsupported',
    plugin: ID,
    origin: { layer: 'plugin' },
  });
  expect(await json(home, 'mcp', 'get', 'poka')).toMatchObject({ name: 'poka', plugin: ID, issues: [] });
  const shown = await home.finish(['mcp', 'get', 'poka']);
  expect(shown.stdout).toContain(`plugin: ${ID}`);
  expect(shown.stdout).toContain(`remove: plugboard plugin remove ${ID}`);
});

describe(proves('plugins.policy'), () => {
  test('tools that a policy names are hidden, and a name that no tool has is an issue', async () => {
    const home = createHome();
    home.configure(
      {},
      {
        plugins: {
          [ID]: { mcp_servers: { poka: { enabled_tools: ['echo', 'env', 'ecco'], disabled_tools: ['env'] } } },
        },
      },
    );
    await install(home, ID, { servers: { poka: { ...BUNDLED, enabled_tools: ['echo', 'env', 'where'] } } });
    const { tools } = await json<{ readonly tools: readonly { readonly name: string }[] }>(home, 'tools', 'list');
    expect(tools.map(({ name }) => name)).toEqual(['poka__echo']);
    const { report } = await doctor(home);
    expect(report.checks.config.issues).toMatchObject([
      { code: 'PLUGIN_POLICY_UNKNOWN', severity: 'warning', plugin: ID, server: 'poka', hint: "did you mean 'echo'?" },
    ]);
  });

  test('disable and enable edit it, and nothing else', async () => {
    const home = createHome();
    home.configure({});
    writeFileSync(join(home.path, 'config.toml'), '# mine\n');
    await install(home, ID, { servers: { poka: BUNDLED } });
    const disabled = await json<{ message: string; notes: string[] }>(home, 'mcp', 'disable', 'poka');
    expect(disabled).toMatchObject({ message: "MCP server 'poka' is disabled now.", notes: [] });
    expect(configOf(home)).toBe(`# mine\n\n[plugins."${ID}"]\nmcp_servers.poka.enabled = false\n`);
    const { report } = await doctor(home);
    const where = `${join(home.path, 'config.toml')}:4`;
    expect(report.servers[0]).toMatchObject({
      state: { kind: 'disabled', by: 'user', where },
      nextStep: 'run: plugboard mcp enable poka',
    });
    await json(home, 'mcp', 'enable', 'poka');
    expect(configOf(home).trim()).toBe('# mine');
    expect(await json(home, 'mcp', 'enable', 'poka')).toMatchObject({ changed: false });
  });

  test('enable turns on what the plugin itself turns off, and takes out an entry that only turned it off', async () => {
    const home = createHome();
    home.configure({ poka: { enabled: false } });
    await install(home, ID, { servers: { poka: { ...BUNDLED, enabled: false } } });
    await json(home, 'mcp', 'enable', 'poka');
    expect(configOf(home)).toContain('enabled = true');
    expect(configOf(home)).not.toContain('[mcp_servers.poka]');
    expect((await doctor(home)).report.servers).toMatchObject([{ name: 'poka', state: { kind: 'connected' } }]);
  });

  test('enabling one of two of a name leaves the other off, and the name alone is that of both', async () => {
    const home = createHome();
    home.configure({});
    await install(home, 'a@acme', { servers: { poka: BUNDLED } });
    await install(home, 'b@acme', { servers: { poka: BUNDLED } });
    const neither = await home.finish(['mcp', 'disable', 'poka', '--json']);
    expect(JSON.parse(neither.stderr)).toMatchObject({
      error: { message: "'poka' is a server of several plugins", hint: 'give one of a:poka and b:poka' },
    });
    home.configure({ poka: { enabled: false } });
    expect(await json(home, 'mcp', 'disable', 'poka')).toMatchObject({ notes: ['that is for a:poka and b:poka'] });
    await json(home, 'mcp', 'enable', 'a:poka');
    expect(configOf(home).trim()).toBe('[plugins."b@acme"]\nmcp_servers.poka.enabled = false');
    const states = async () => (await doctor(home)).report.servers.map(({ name, state }) => [name, state?.kind]);
    expect(await states()).toEqual([
      ['a:poka', 'connected'],
      ['b:poka', 'disabled'],
    ]);
    await json(home, 'mcp', 'enable', 'b:poka');
    expect(configOf(home).trim()).toBe('');
  });

  test('enabling a server of a plugin that is off says so', async () => {
    const home = createHome();
    home.configure({}, { plugins: { [ID]: { enabled: false, mcp_servers: { poka: { enabled: false } } } } });
    await install(home, ID, { servers: { poka: BUNDLED } });
    expect(await json(home, 'mcp', 'enable', 'poka')).toMatchObject({
      notes: [`the plugin ${ID} is disabled; run: plugboard plugin enable ${ID}`],
    });
    expect((await doctor(home)).report.servers).toMatchObject([
      { state: { kind: 'disabled', by: 'plugin' }, nextStep: `run: plugboard plugin enable ${ID}` },
    ]);
  });

  test('a project that counts more says otherwise: that is refused, with the place', async () => {
    const home = createHome();
    const project = join(home.folder, 'project');
    home.configure({}, { projects: { [project]: { trust_level: 'trusted' } } });
    await install(home, ID, { servers: { poka: BUNDLED } });
    mkdirSync(join(project, '.plugboard'), { recursive: true });
    const file = join(project, '.plugboard', 'config.toml');
    writeFileSync(file, `[plugins."${ID}".mcp_servers.poka]\nenabled = false\n`);
    const { status, stderr } = await home.finish(['mcp', 'enable', 'poka', '--json', '--project', project]);
    expect(status).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CONFIG_EDIT_REFUSED', where: `${file}:2` } });
  });

  test('mcp remove says where it comes from; mcp add says what it replaces', async () => {
    const home = createHome();
    home.configure({});
    await install(home, ID, { servers: { poka: BUNDLED } });
    const removed = await home.finish(['mcp', 'remove', 'poka', '--json']);
    expect(removed.status).toBe(1);
    expect(JSON.parse(removed.stderr)).toMatchObject({
      error: {
        code: 'NOT_FOUND',
        message: `'poka' comes from the plugin ${ID}, and stands in no file of yours`,
        hint: `run: plugboard plugin remove ${ID}, or plugboard mcp disable poka`,
      },
    });
    const [command, ...args] = [process.execPath, ...fixture('echo').args];
    const added = await json<{ notes: string[] }>(home, 'mcp', 'add', 'poka', '--', command ?? '', ...args);
    expect(added.notes).toEqual([`it replaces the server 'poka' of the plugin ${ID}`]);
    const { report } = await doctor(home);
    expect(report.servers.map(({ name, plugin }) => [name, plugin])).toEqual([['poka', null]]);
    expect(report.checks.config.issues).toMatchObject([{ code: 'PLUGIN_SERVER_REPLACED', plugin: ID }]);
    expect(await json(home, 'mcp', 'remove', 'poka')).toMatchObject({
      notes: [`the server 'poka' of the plugin ${ID} counts again`],
    });
  });
});

test('completion offers them, and Codex is told to hand over the variables that they want', async () => {
  const home = createHome();
  home.configure({});
  await install(home, ID, { servers: { poka: { ...BUNDLED, env_vars: ['POKA_TOKEN'] } } });
  const offered = await home.finish(['complete', '--', 'mcp', 'get', '']);
  expect(offered.stdout.split('\n')[0]?.trim()).toBe('poka');
  const { toml } = await json<{ toml: string }>(home, 'connect', 'codex', '--print');
  expect(toml).toContain('env_vars = [ "POKA_TOKEN" ]');
});

test(proves('plugins.conflict'), async () => {
  const home = createHome();
  home.configure({});
  for (const id of ['one@acme', 'two@acme']) await install(home, id, { servers: { poka: BUNDLED } });
  const { report } = await doctor(home);
  expect(report.servers.map(({ name, plugin, state }) => [name, plugin, state?.kind])).toEqual([
    ['one:poka', 'one@acme', 'connected'],
    ['two:poka', 'two@acme', 'connected'],
  ]);
  expect(report.checks.config.issues).toMatchObject([
    { code: 'PLUGIN_SERVER_CONFLICT', message: expect.stringContaining('one@acme and two@acme') },
  ]);
  await json(home, 'mcp', 'disable', 'one:poka');
  const only = await doctor(home, '--server', 'two:poka');
  expect(only.report.servers).toMatchObject([{ name: 'two:poka', state: { kind: 'connected' } }]);
});

describe(proves('plugins.tampered'), () => {
  const marking = (mark: string): string =>
    `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(mark)}, '');\n`;

  test('when the host starts', async () => {
    const home = createHome();
    home.configure({ docs: fixture('echo') });
    const root = await install(home, ID, { servers: { poka: BUNDLED } });
    const mark = join(home.folder, 'started');
    writeFileSync(join(root, 'server.mjs'), marking(mark));
    const { status, report } = await doctor(home);
    expect(report.servers).toMatchObject([
      { name: 'docs', state: { kind: 'connected' } },
      {
        name: 'poka',
        plugin: ID,
        state: { kind: 'blocked', reason: 'tampered', detail: 'server.mjs' },
        nextStep: `run: plugboard plugin add ${ID}`,
      },
    ]);
    expect(report.checks.config.issues).toMatchObject([{ code: 'PLUGIN_TAMPERED', file: join(root, 'server.mjs') }]);
    expect([status, existsSync(mark)]).toEqual([5, false]);
  });

  test('while the host runs: the next start is not made, and no server of the plugin goes on', async () => {
    const home = createHome();
    home.configure({});
    const root = await install(home, ID, { servers: { poka: BUNDLED, other: BUNDLED } });
    await home.host();
    await home.untilServer('poka', 'connected');
    await home.untilServer('other', 'connected');
    const mark = join(home.folder, 'started');
    writeFileSync(join(root, 'server.mjs'), marking(mark));
    await home.finish(['mcp', 'restart', 'poka']);
    expect(await home.untilServer('poka', 'blocked')).toMatchObject({
      state: { reason: 'tampered', detail: 'server.mjs' },
    });
    await home.untilServer('other', 'blocked');
    expect(existsSync(mark)).toBe(false);
    const refused = await home.finish(['mcp', 'restart', 'poka', '--json']);
    expect(JSON.parse(refused.stderr)).toMatchObject({
      error: { code: 'UPSTREAM_NOT_READY', hint: `run: plugboard plugin add ${ID}` },
    });
  });

  test('files that were added are an issue, and the server runs', async () => {
    const home = createHome();
    home.configure({});
    const root = await install(home, ID, { servers: { poka: BUNDLED } });
    writeFileSync(join(root, 'new.txt'), '');
    const { status, report } = await doctor(home);
    expect(report.servers).toMatchObject([{ name: 'poka', state: { kind: 'connected' } }]);
    expect(report.checks.config.issues).toMatchObject([{ code: 'PLUGIN_FILE_ADDED', file: join(root, 'new.txt') }]);
    expect(status).toBe(0);
  });
});

describe('what another process does while the host runs', () => {
  test(proves('plugins.removed'), async () => {
    const home = createHome();
    home.configure({ docs: fixture('echo') });
    await install(home, ID, { servers: { poka: BUNDLED } });
    await home.host();
    const pipe = home.pipe();
    await pipe.initialize();
    const { pid } = JSON.parse(await callText(pipe, 'poka__where')) as { readonly pid: number };
    const call = callText(pipe, 'poka__slow', { ms: 1500 });
    await storesOf(home).plugins.remove(ID);
    await expect.poll(async () => (await home.status())?.servers.map(({ name }) => name)).toEqual(['docs']);
    expect(await call).toBe('waited 1500');
    await expect.poll(() => home.processes().includes(pid)).toBe(false);
    await expect(callText(pipe, 'poka__echo', { text: 'x' })).rejects.toThrow(/Unknown tool/);
  });

  test('a plugin that is added or upgraded is there without being asked', async () => {
    const home = createHome();
    home.configure({});
    await home.host();
    await install(home, ID, { servers: { poka: BUNDLED } });
    expect(await home.untilServer('poka', 'connected')).toMatchObject({ plugin: ID });
    const second = await install(home, ID, { servers: { poka: BUNDLED, more: BUNDLED }, version: '2.0.0' });
    await home.untilServer('more', 'connected');
    const pipe = home.pipe();
    await pipe.initialize();
    expect(JSON.parse(await callText(pipe, 'poka__where'))).toMatchObject({ cwd: second });
  });

  test('files that are gone: missing, with what to do', async () => {
    const home = createHome();
    home.configure({});
    const root = await install(home, ID, { servers: { poka: BUNDLED } });
    rmSync(root, { recursive: true });
    const { status, report } = await doctor(home);
    const nextStep = `run: plugboard plugin add ${ID}, or plugboard plugin remove ${ID}`;
    expect(report.servers).toMatchObject([
      { name: 'poka', plugin: ID, state: { kind: 'missing', plugin: ID }, nextStep },
    ]);
    expect(status).not.toBe(0);
  });
});

test('a plugin of a copied home runs only when somebody agreed to it', async () => {
  const home = createHome();
  home.configure({}, { plugins: { 'copied@mkt': { enabled: true } } });
  const folder = join(home.path, 'plugins', 'cache', 'mkt', 'copied', '1.2.0');
  mkdirSync(join(folder, '.codex-plugin'), { recursive: true });
  writeFileSync(join(folder, '.codex-plugin', 'plugin.json'), JSON.stringify({ name: 'copied', version: '1.2.0' }));
  writeFileSync(join(folder, '.mcp.json'), JSON.stringify({ mcpServers: { poka: fixture('echo') } }));
  const { status, report } = await doctor(home);
  expect(report.servers).toMatchObject([
    {
      name: 'poka',
      plugin: 'copied@mkt',
      state: { kind: 'blocked', reason: 'consent' },
      nextStep: 'run: plugboard plugin add copied@mkt --version 1.2.0',
    },
  ]);
  expect(status).toBe(5);
});
