import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import type { ConnectReport } from '../../src/cli/render-connect.ts';
import { refusal, report, said } from '../support/cli.ts';
import { fixture, type Home, useHomes } from '../support/home.ts';
import { PRODUCT } from '../support/product.ts';
import { openRawClient } from '../support/raw-client.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

function codexFile(home: Home, text: string | null): string {
  const file = join(dirname(home.path), '.codex', 'config.toml');
  mkdirSync(dirname(file), { recursive: true });
  if (text !== null) writeFileSync(file, text, { mode: 0o600 });
  return file;
}

const CODEX = `# how I like it
model = "gpt-5"   # keep

[mcp_servers.github]  # at work
command = "github-mcp-server"
args = ["stdio"] # these
env_vars = ["GITHUB_TOKEN"]
startup_timeout_sec = 10

[mcp_servers.github.env]
A = "canary"

[mcp_servers.docs]
url = "http://127.0.0.1:9/mcp"
enabled = true   # yes
bearer_token_env_var = "DOCS_TOKEN"
# a remark

[mcp_servers.off]
command = "x"
enabled = false

[mcp_servers.taken]
command = "theirs"

[tui]
theme = "dark"
`;
const OWN = '# mine\n[mcp_servers.taken]\ncommand = "mine"\n';

type Tables = { readonly mcp_servers: Readonly<Record<string, Record<string, unknown>>> };
const tables = (text: string) => (parse(text) as unknown as Tables).mcp_servers;

test(proves('cli.connect'), async () => {
  const home = createHome();
  home.configure({});
  const own = join(home.path, 'config.toml');
  writeFileSync(own, OWN);
  const file = codexFile(home, CODEX);
  const env = { ...home.env, CODEX_HOME: '', PLUGBOARD_HOME: '' };
  const link = { command: process.execPath, args: [PRODUCT, 'stdio', '--agent', 'codex'] };

  const printed = await said(home, ['connect', 'codex', '--print'], { env });
  expect(printed.split('\n')[0]).toBe(`# ${file}`);
  expect(tables(printed)).toEqual({ plugboard: link });
  expect(readFileSync(file, 'utf8')).toBe(CODEX);

  const first = await said(home, ['connect', 'codex'], { env });
  expect(first).toContain('Codex starts Plugboard now.');
  expect(first).toContain('note: Codex starts github, docs by itself; --move moves them');
  expect(first).not.toContain('canary');
  const linked = readFileSync(file, 'utf8');
  expect(linked.startsWith(CODEX)).toBe(true);
  expect(tables(linked)['plugboard']).toEqual(link);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await said(home, ['connect', 'codex'], { env })).toContain('Codex starts Plugboard already.');
  expect(readFileSync(file, 'utf8')).toBe(linked);

  const moved = await report<ConnectReport>(home, ['connect', 'codex', '--move'], { env });
  expect(moved.servers).toEqual([
    { name: 'github', action: 'move', why: '' },
    { name: 'docs', action: 'move', why: '' },
    { name: 'off', action: 'keep', why: 'disabled there' },
    { name: 'taken', action: 'keep', why: 'Plugboard has a server of this name' },
  ]);
  const theirs = readFileSync(file, 'utf8');
  for (const comment of ['# how I like it', '# keep', '# at work', '# these', '# yes', '# a remark'])
    expect(theirs).toContain(comment);
  const { enabled: githubEnabled, ...github } = tables(theirs)['github'] ?? {};
  const { enabled: docsEnabled, ...docs } = tables(theirs)['docs'] ?? {};
  expect([githubEnabled, docsEnabled]).toEqual([false, false]);
  expect(tables(theirs)['taken']).toEqual({ command: 'theirs' });
  // Codex starts servers with few variables: what the moved ones need is named.
  expect(tables(theirs)['plugboard']).toEqual({ ...link, env_vars: ['DOCS_TOKEN', 'GITHUB_TOKEN'] });
  expect(tables(readFileSync(own, 'utf8'))).toEqual({ taken: { command: 'mine' }, github, docs });

  expect(await said(home, ['connect', 'codex', '--undo'], { env })).toContain('Codex is as it was before.');
  expect(readFileSync(file, 'utf8')).toBe(CODEX);
  expect(readFileSync(own, 'utf8')).toBe(OWN);
  expect(await said(home, ['connect', 'codex', '--undo'], { env })).toContain('Nothing to undo.');
  expect(readFileSync(file, 'utf8')).toBe(CODEX);
});

test('what is written starts the endpoint with this home', async () => {
  const home = createHome({ name: 'elsewhere' });
  home.configure({ echo: fixture('echo') });
  const file = codexFile(home, null);
  await said(home, ['connect', 'codex']);
  const { command, args, env } = tables(readFileSync(file, 'utf8'))['plugboard'] as {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: NodeJS.ProcessEnv;
  };
  expect(env).toEqual({ PLUGBOARD_HOME: home.path });
  const { PATH, HOME } = home.env;
  const codex = openRawClient({ command, args, env: { PATH, HOME, ...env } });
  await codex.initialize();
  expect((await codex.listTools()).map(({ name }) => name)).toContain('echo__echo');
  await codex.close();
});

test('a file that was not there is gone after --undo', async () => {
  const home = createHome();
  const file = codexFile(home, null);
  await said(home, ['connect', 'codex']);
  expect(existsSync(file)).toBe(true);
  await said(home, ['connect', 'codex', '--undo']);
  expect(existsSync(file)).toBe(false);
});

test('a moved server that was changed in Plugboard since stays there', async () => {
  const home = createHome();
  codexFile(home, '[mcp_servers.a]\ncommand = "x"\n[mcp_servers.b]\ncommand = "x"\n');
  await said(home, ['connect', 'codex', '--move']);
  expect(await said(home, ['connect', 'codex', '--move'])).toContain('moved already: a\nmoved already: b');
  await said(home, ['config', 'set', 'mcp_servers.a.command', 'y']);
  expect(await said(home, ['connect', 'codex', '--undo'])).toContain(
    "note: 'a' was changed in Plugboard since, and stays there too",
  );
  expect(tables(readFileSync(join(home.path, 'config.toml'), 'utf8'))).toEqual({ a: { command: 'y' } });
});

test('an entry that starts Plugboard already keeps what it says besides, and is put back as it was', async () => {
  const home = createHome();
  home.configure({ echo: { ...fixture('echo'), env_vars: ['TOKEN'] } });
  const text =
    '[mcp_servers.pb] # by hand\ncommand = "plugboard"\nargs = ["stdio"]\nenv_vars = ["OLD"]\ntool_timeout_sec = 9\ndisabled_tools = ["x"]\n';
  const file = codexFile(home, text);
  await said(home, ['connect', 'codex']);
  expect(tables(readFileSync(file, 'utf8'))['pb']).toMatchObject({
    command: process.execPath,
    env_vars: ['TOKEN'],
    tool_timeout_sec: 9,
    disabled_tools: ['x'],
  });
  expect(await said(home, ['connect', 'codex'])).toContain('already');
  expect(await said(home, ['connect', 'codex', '--undo'])).toContain('Codex is as it was before.');
  expect(tables(readFileSync(file, 'utf8'))).toEqual(tables(text));

  const undone = await said(home, ['connect', 'codex', '--undo']);
  expect(undone).toContain('Nothing to undo.');
  expect(undone).toContain("note: 'pb' starts Plugboard and was not written from this home: it stays");
});

test('--move keeps in Codex what Plugboard would run with less protection, and tells what is new of the rest', async () => {
  const home = createHome();
  const text =
    '[mcp_servers.careful]\ncommand = "x"\ndefault_tools_approval_mode = "prompt"\n[mcp_servers.plain]\ncommand = "x"\nargs = ["$HOME"]\n';
  const file = codexFile(home, text);
  const moved = await said(home, ['connect', 'codex', '--move']);
  expect(moved).toContain(
    'stays in Codex: careful (uses default_tools_approval_mode, which Plugboard does not act on yet)',
  );
  expect(moved).toContain('note: mcp_servers.plain.args.0 holds what looks like a shell variable');
  expect(tables(readFileSync(file, 'utf8'))['careful']).toEqual(tables(text)['careful']);
  expect(Object.keys(tables(readFileSync(join(home.path, 'config.toml'), 'utf8')))).toEqual(['plain']);
});

test('a damaged record of what was changed stops connect before it changes anything', async () => {
  const home = createHome();
  const file = codexFile(home, '');
  const record = join(home.path, 'connect', 'codex.json');
  mkdirSync(dirname(record), { recursive: true, mode: 0o700 });
  writeFileSync(record, '[]');
  expect(await refusal(home, ['connect', 'codex'])).toMatchObject({ code: 'CONNECT_TARGET', where: record });
  expect(readFileSync(file, 'utf8')).toBe('');
});

test.each([
  {
    name: 'is not TOML',
    text: '# mine\nmodel = \n',
    want: { status: 1, code: 'CONNECT_TARGET', where: ':2:9' },
  },
  {
    name: "has a server of its own called 'plugboard'",
    text: '# mine\n[mcp_servers.plugboard]\ncommand = "other"\n',
    want: { status: 1, code: 'CONNECT_TARGET', where: ':2' },
  },
])('a file of Codex that $name is refused and untouched', async ({ text, want }) => {
  const home = createHome();
  const file = codexFile(home, text);
  for (const option of [[], ['--move']])
    expect(await refusal(home, ['connect', 'codex', ...option])).toMatchObject({ ...want, where: file + want.where });
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('Codex reads CODEX_HOME, and so do we', async () => {
  const home = createHome();
  const folder = join(home.folder, 'codex-home');
  await said(home, ['connect', 'codex'], { env: { ...home.env, CODEX_HOME: folder } });
  expect(Object.keys(tables(readFileSync(join(folder, 'config.toml'), 'utf8')))).toEqual(['plugboard']);
});
