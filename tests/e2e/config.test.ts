import { chmodSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { get } from '../../src/config/index.ts';
import { loadConfig } from '../../src/config/node/index.ts';
import { fixture, type Home, useHomes } from '../support/home.ts';
import { PRODUCT } from '../support/product.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

function write(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** What `plugboard ARGS --json` prints, in the folder of the test. */
async function report(home: Home, args: readonly string[], cwd = home.folder): Promise<unknown> {
  const { status, stdout, stderr } = await home.finish([...args, '--json'], { cwd });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function valueOf(home: Home, key: string, ...options: readonly string[]): Promise<unknown> {
  return ((await report(home, ['config', 'get', key, '--show-values', ...options])) as { readonly value: unknown })
    .value;
}

async function serversOf(home: Home, ...options: readonly string[]): Promise<readonly string[]> {
  const list = (await report(home, ['mcp', 'list', ...options])) as readonly { readonly name: string }[];
  return list.map(({ name }) => name);
}

const USER = `[mcp_servers.a]
command = "user"
args = ["one", "two"]
env = { A = "user", B = "user" }
enabled_tools = ["read", "write"]
disabled_tools = ["drop"]

[mcp_servers.only_user]
command = "true"
`;
const PROJECT = `[mcp_servers.a]
args = ["project"]
env = { B = "project", C = "project" }
enabled_tools = ["read", "search"]
disabled_tools = ["wipe"]
`;

function layered(home: Home): { readonly app: string; readonly trust: string } {
  const app = join(home.folder, 'app');
  const trust = `[projects."${app}"]\ntrust_level = "trusted"\n`;
  write(join(home.path, 'config.toml'), USER + trust);
  write(join(app, '.plugboard', 'config.toml'), PROJECT);
  write(join(app, '.codex', 'config.toml'), '[mcp_servers.a.env]\nC = "codex"\n');
  return { app, trust };
}

describe(proves('config.layers'), () => {
  test('user, project and -c', async () => {
    const home = createHome();
    const { app } = layered(home);
    const options = ['--project', app, '-c', 'mcp_servers.a.env.C=flag', '-c', 'mcp_servers.a.command="a b"'];
    expect(await valueOf(home, 'mcp_servers.a', ...options)).toEqual({
      command: 'a b',
      args: ['project'],
      env: { A: 'user', B: 'project', C: 'flag' },
      enabled_tools: ['read'],
      disabled_tools: ['drop', 'wipe'],
    });
    expect(await report(home, ['mcp', 'get', 'a', '--show-values', ...options])).toMatchObject({
      transport: { command: 'a b', args: ['project'], env: { A: 'user', B: 'project', C: 'flag' } },
      enabled_tools: ['read'],
      disabled_tools: ['drop', 'wipe'],
      origin: { layer: 'flag', file: null, line: null },
    });
    expect(await valueOf(home, 'mcp_servers.a.env.C', '--project', app)).toBe('codex');
  });

  test('--config takes the place of the user layer, and of nothing else', async () => {
    const home = createHome();
    const { app, trust } = layered(home);
    const other = write(join(home.folder, 'other.toml'), `${trust}[mcp_servers.other]\ncommand = "true"\n`);
    const options = ['--config', other, '--project', app, '-c', 'mcp_servers.a.command=c'];
    expect(await serversOf(home, ...options)).toEqual(['a', 'other']);
    expect(await valueOf(home, 'mcp_servers.a.args', ...options)).toEqual(['project']);
    expect(await serversOf(home)).toEqual(['a', 'only_user']);
  });

  test('the system layer is the lowest', async () => {
    const home = createHome();
    const { app } = layered(home);
    const systemDir = join(home.folder, 'etc');
    write(
      join(systemDir, 'plugboard', 'config.toml'),
      '[mcp_servers.a]\ncommand = "system"\nstartup_timeout_sec = 5\nenabled_tools = ["read", "search", "write"]\n' +
        'env = { A = "system", S = "system" }\n[mcp_servers.s]\ncommand = "true"\n',
    );
    const loaded = await loadConfig({ home: home.path, overrides: [], projectDir: app, env: home.env, systemDir });
    expect(loaded.config.issues).toEqual([]);
    expect([...loaded.config.servers.keys()].sort()).toEqual(['a', 'only_user', 's']);
    expect(get(loaded, 'mcp_servers.a', { showValues: true })).toEqual({
      command: 'user',
      args: ['project'],
      startup_timeout_sec: 5,
      env: { A: 'user', S: 'system', B: 'project', C: 'codex' },
      enabled_tools: ['read'],
      disabled_tools: ['drop', 'wipe'],
    });
  });

  test.each([
    { key: 'mcp_servers."a.b@c/d".command', flags: [`mcp_servers."a.b@c/d".command=x`], want: 'x' },
    { key: 'mcp_servers.x.env', flags: [`mcp_servers.x.env."WITH.DOT"=1`], want: { 'WITH.DOT': 1 } },
    { key: `mcp_servers.x.env.'A"B'`, flags: [`mcp_servers.x.env.'A"B'=a=b # c`], want: 'a=b # c' },
    {
      key: 'mcp_servers.x',
      flags: ['mcp_servers.x={command="c", args=["a=b"]}'],
      want: { command: 'c', args: ['a=b'] },
    },
    {
      key: 'mcp_servers.x.env',
      flags: ['mcp_servers.x.env={A="1"}', 'mcp_servers.x.env.B="2"'],
      want: { A: '1', B: '2' },
    },
    { key: 'serve.port', flags: ['serve.port=1', 'serve.port=2'], want: 2 },
    { key: 'mcp_servers.x.args', flags: ['mcp_servers.x.args=["a"]', 'mcp_servers.x.args=["b"]'], want: ['b'] },
    { key: 'mcp_servers.x.command', flags: ['mcp_servers.x.command='], want: '' },
    { key: 'mcp_servers.x.command', flags: ['mcp_servers.x.command=a\n[serve]\nport=1'], want: 'a\n[serve]\nport=1' },
  ])('-c $flags', async ({ key, flags, want }) => {
    expect(await valueOf(createHome(), key, ...flags.flatMap((flag) => ['-c', flag]))).toEqual(want);
  });

  test.each(['x', '=1', 'a..b=1', 'a b=hunter2', '[a]=1'])(
    '-c %s is a mistake of usage that shows no value',
    async (flag) => {
      const { status, stderr } = await createHome().finish(['mcp', 'list', '-c', flag, '--json']);
      expect(status).toBe(2);
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'USAGE' } });
      expect(stderr).not.toContain('hunter2');
    },
  );
});

test(proves('config.explain'), async () => {
  const home = createHome();
  const { app } = layered(home);
  const file = join(home.path, 'config.toml');
  const project = join(app, '.plugboard', 'config.toml');
  const explain = (key: string): Promise<unknown> =>
    report(home, ['config', 'explain', key, '-c', 'mcp_servers.a.env.A=hunter2'], app);

  expect(await explain('mcp_servers.a.args')).toEqual({
    schemaVersion: 1,
    key: 'mcp_servers.a.args',
    value: ['project'],
    rule: 'replace',
    layers: [
      { layer: 'project', file: project, line: 2, column: 1, value: ['project'], wins: true },
      { layer: 'user', file, line: 3, column: 1, value: ['one', 'two'], wins: false },
      { layer: 'built_in', file: null, line: null, column: null, value: [], wins: false },
    ],
    doc: 'Arguments for the program.',
  });
  expect(await explain('mcp_servers.a.enabled_tools')).toMatchObject({
    value: ['read'],
    rule: 'intersect',
    layers: [
      { file: project, line: 4, wins: true },
      { file, line: 5, wins: true },
    ],
  });
  expect(await explain('mcp_servers.a.env.A')).toMatchObject({
    value: '*****',
    layers: [
      { layer: 'flag', file: null, value: '*****', wins: true },
      { layer: 'user', file, line: 4, column: 9, value: '*****', wins: false },
    ],
  });
  expect(await explain('serve.port')).toMatchObject({ value: 7450, layers: [{ layer: 'built_in', wins: true }] });
  const { stdout } = await home.finish(['config', 'explain', 'mcp_servers.a.args'], { cwd: app });
  expect(stdout).toMatch(new RegExp(`^\\* +project +${project}:2:1 +\\["project"\\]$`, 'm'));
});

describe(proves('config.trust'), () => {
  const project = (home: Home): { readonly app: string; readonly mark: string } => {
    const app = join(home.folder, "ada's app");
    const mark = join(home.folder, 'started');
    write(
      join(app, '.codex', 'config.toml'),
      `[mcp_servers.evil]\ncommand = "sh"\nargs = ${JSON.stringify(['-c', `echo > '${mark}'`])}\n[serve]\nport = 1\n[projects."/"]\ntrust_level = "trusted"\n`,
    );
    return { app, mark };
  };
  type Doctor = {
    readonly checks: { readonly config: { readonly issues: readonly { code: string; hint?: string }[] } };
  };

  test('until then nothing of it is read or started, and the note says what to run', async () => {
    const home = createHome();
    const { app, mark } = project(home);
    expect(await serversOf(home, '--project', app)).toEqual([]);
    const trusting = ['-c', `projects."${app}".trust_level="trusted"`];
    expect(await serversOf(home, '--project', app, ...trusting)).toEqual([]);
    const { checks } = (await report(home, ['doctor', ...trusting], app)) as Doctor;
    expect(checks.config.issues.map(({ code }) => code)).toEqual(['CONFIG_UNTRUSTED_PROJECT']);
    expect(() => statSync(mark)).toThrow('ENOENT');

    const hint = checks.config.issues[0]?.hint ?? '';
    const words = hint.slice(hint.indexOf('plugboard config'));
    // A shell that runs the hint has no `plugboard` in its path.
    const shell = home.command('sh', ['-c', words.replace('plugboard', '"$@"'), 'sh', process.execPath, PRODUCT]);
    expect(await shell.ended).toBe(0);
    expect(await serversOf(home, '--project', app)).toEqual(['evil']);
    await home.finish(['doctor'], { cwd: app });
    expect(statSync(mark).isFile()).toBe(true);
  });

  test('what it says of the endpoint or of other folders never counts', async () => {
    const home = createHome();
    const { app } = project(home);
    await report(home, ['config', 'trust', app]);
    expect(await valueOf(home, 'serve.port', '--project', app)).toBe(7450);
    expect((await home.finish(['config', 'get', 'projects."/".trust_level', '--project', app])).stdout).toBe(
      'untrusted\n',
    );
    expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).toBe(`[projects."${app}"]\ntrust_level = "trusted"\n`);
  });

  test('the file of --config says it where that is the user layer', async () => {
    const home = createHome();
    const { app } = project(home);
    const other = write(join(home.folder, 'other.toml'), '# mine\n');
    await report(home, ['config', 'trust', app, '--config', other]);
    expect(await serversOf(home, '--project', app, '--config', other)).toEqual(['evil']);
    expect(await serversOf(home, '--project', app)).toEqual([]);
  });
});

const COMMENTED = `# my servers\r
model = "o3" # of Codex\r
\r
[mcp_servers.notes] # keep\r
command   =   "notes-server"   # aligned\r
args = [\r
  "--dir", # where they are\r
  "~/notes",\r
]\r
\r
# the second\r
[mcp_servers.docs]\r
url = 'https://docs.example/mcp'\r
`;

test(proves('config.edit'), async () => {
  const home = createHome();
  const target = write(join(home.folder, 'dotfiles', 'plugboard.toml'), COMMENTED);
  chmodSync(target, 0o640);
  mkdirSync(home.path, { mode: 0o700 });
  symlinkSync('../../dotfiles/plugboard.toml', join(home.path, 'config.toml'));
  const edit = async (...args: readonly string[]): Promise<string> => {
    const { status, stderr } = await home.finish(args, { cwd: home.folder });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return readFileSync(target, 'utf8');
  };

  const withNew = await edit('mcp', 'add', 'new', '--env', 'A=1', '--', 'run', '-v', '# no comment');
  expect(withNew.startsWith(COMMENTED)).toBe(true);
  expect(parse(withNew)['mcp_servers']).toMatchObject({
    new: { command: 'run', args: ['-v', '# no comment'], env: { A: '1' } },
  });
  expect(withNew).not.toMatch(/[^\r]\n/);
  expect(await edit('mcp', 'remove', 'new')).toBe(COMMENTED);
  const aligned = 'command   =   "notes-server"   # aligned\r\n';
  expect(await edit('config', 'set', 'mcp_servers.notes.command', 'other')).toBe(
    COMMENTED.replace(aligned, aligned.replace('notes-server', 'other')),
  );
  expect(await edit('config', 'set', 'mcp_servers.notes.command', 'notes-server')).toBe(COMMENTED);
  const disabled = await edit('mcp', 'disable', 'docs');
  expect(disabled).toBe(`${COMMENTED}enabled = false\r\n`);
  expect(await edit('config', 'unset', 'mcp_servers.docs.enabled')).toBe(COMMENTED);
  const withoutDocs = await edit('mcp', 'remove', 'docs');
  expect(withoutDocs).toContain('# the second');
  expect(withoutDocs.startsWith(COMMENTED.slice(0, COMMENTED.indexOf('# the second')))).toBe(true);
  expect(lstatSync(join(home.path, 'config.toml')).isSymbolicLink()).toBe(true);
  expect((statSync(target).mode & 0o777).toString(8)).toBe('640');

  const broken = `${withoutDocs}oops\r\n`;
  writeFileSync(target, broken);
  for (const args of [
    ['mcp', 'add', 'x', '--', 'c'],
    ['config', 'set', 'a', '1'],
    ['config', 'trust', '.'],
  ]) {
    const { status, stderr } = await home.finish([...args, '--json'], { cwd: home.folder });
    expect({ status, error: JSON.parse(stderr) }).toMatchObject({
      status: 2,
      error: { error: { code: 'CONFIG_NOT_TOML' } },
    });
  }
  expect(readFileSync(target, 'utf8')).toBe(broken);
});

test(`by commands: ${proves('config.edit-together')}`, { timeout: 60_000 }, async () => {
  const home = createHome();
  home.configure({ first: fixture('echo') });
  const names = Array.from({ length: 8 }, (_, n) => `s${n}`);
  const runs = await Promise.all(names.map((name) => home.finish(['mcp', 'add', name, '--', 'true'])));
  expect(runs.map(({ status, stderr }) => [status, stderr])).toEqual(names.map(() => [0, '']));
  expect(await serversOf(home)).toEqual(['first', ...names]);
});

test(`from two homes: ${proves('config.edit-together')}`, { timeout: 60_000 }, async () => {
  const homes = [createHome(), createHome()] as const;
  const [{ folder }] = homes;
  const file = join(folder, 'shared.toml');
  const link = join(folder, 'link.toml');
  writeFileSync(file, '# shared\n');
  symlinkSync('shared.toml', link);
  const names = Array.from({ length: 8 }, (_, n) => `s${n}`);
  const runs = await Promise.all(
    names.map((name, n) =>
      homes[n % 2 === 0 ? 0 : 1].finish(['--config', n < 4 ? file : link, 'mcp', 'add', name, '--', 'true']),
    ),
  );
  expect(runs.map(({ status, stderr }) => [status, stderr])).toEqual(names.map(() => [0, '']));
  const written = parse(readFileSync(file, 'utf8')) as { readonly mcp_servers: object };
  expect(Object.keys(written.mcp_servers).toSorted()).toEqual(names);
});
