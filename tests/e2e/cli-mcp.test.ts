import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refusal, report, said } from '../support/cli.ts';
import { fixture, useHomes } from '../support/home.ts';
import { until } from '../support/processes.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** The line of a file that is this text, from 1. */
function lineOf(file: string, text: string): number {
  return readFileSync(file, 'utf8').split('\n').indexOf(text) + 1;
}

type Listed = { readonly name: string; readonly state: { readonly kind: string } | null };

test(proves('cli.mcp-list'), async () => {
  const home = createHome();
  home.configure({
    web: { url: 'http://127.0.0.1:9/mcp', bearer_token_env_var: 'MY_TOK', http_headers: { 'X-Key': 'canary-header' } },
    probe: { ...fixture('echo'), env: { A_TOKEN: 'canary-env' }, env_vars: ['HOME'], startup_timeout_sec: 10 },
    broken: { args: ['x'] },
    off: { command: 'x', enabled: false },
  });
  const file = join(home.path, 'config.toml');
  const at = (name: string) => ({ layer: 'user', file, line: lineOf(file, `[mcp_servers.${name}]`) });
  const none = { disabled_reason: null, startup_timeout_sec: null, tool_timeout_sec: null, plugin: null };
  const base = { enabled: true, ...none };
  const probe = {
    ...base,
    name: 'probe',
    transport: { type: 'stdio', ...fixture('echo'), env: { A_TOKEN: '*****' }, env_vars: ['HOME'], cwd: null },
    startup_timeout_sec: 10,
    auth_status: 'unsupported',
    origin: at('probe'),
    state: null,
  };
  const listed = await report<Listed[]>(home, ['mcp', 'list']);
  expect(listed).toEqual([
    {
      ...base,
      name: 'broken',
      transport: null,
      auth_status: 'unknown',
      origin: at('broken'),
      state: {
        kind: 'invalid',
        issues: [expect.objectContaining({ code: 'CONFIG_NO_TRANSPORT', ...pick(at('broken')) })],
      },
    },
    {
      ...base,
      name: 'off',
      enabled: false,
      transport: { type: 'stdio', command: 'x', args: [], env: null, env_vars: [], cwd: null },
      auth_status: 'unsupported',
      origin: at('off'),
      state: {
        kind: 'disabled',
        by: 'user',
        where: `${file}:${at('off').line + 2}`,
        command: 'run: plugboard mcp enable off',
      },
    },
    probe,
    {
      ...base,
      name: 'web',
      transport: {
        type: 'streamable_http',
        url: 'http://127.0.0.1:9/mcp',
        bearer_token_env_var: 'MY_TOK',
        http_headers: { 'X-Key': '*****' },
        env_http_headers: null,
        http_headers_helper: null,
      },
      auth_status: 'bearer_token',
      origin: at('web'),
      state: { kind: 'needs_config', names: ['MY_TOK'], command: 'run: plugboard secret set MY_TOK --for web' },
    },
  ]);
  expect(Object.keys(listed[0] ?? {})).toEqual([
    'name',
    'enabled',
    'disabled_reason',
    'transport',
    'startup_timeout_sec',
    'tool_timeout_sec',
    'auth_status',
    'origin',
    'plugin',
    'state',
  ]);
  expect(await report(home, ['mcp', 'get', 'probe'])).toMatchObject({
    name: 'probe',
    transport: probe.transport,
    enabled_tools: null,
    disabled_tools: null,
    sharing: 'auto',
    origin: probe.origin,
    state: null,
  });
  const shown = await said(home, ['mcp', 'list', '--json', '--show-values']);
  expect(shown).toContain('canary-env');
  expect(shown).toContain('canary-header');
  for (const args of [['list'], ['list', '--json'], ['get', 'probe'], ['get', 'web'], ['get', 'probe', '--json']])
    expect(await said(home, ['mcp', ...args])).not.toContain('canary');
  await home.serve();
  await home.untilServer('probe', 'connected');
  expect((await report<Listed[]>(home, ['mcp', 'list'])).find(({ name }) => name === 'probe')?.state).toMatchObject({
    kind: 'connected',
    toolCount: 12,
  });
});

test('where no host runs, a server that lacks a value says so, and does not once it is stored', async () => {
  const home = createHome();
  home.configure({ web: { url: 'http://127.0.0.1:9/mcp', bearer_token_env_var: 'MY_TOK' }, probe: fixture('echo') });
  const states = async (): Promise<readonly unknown[]> =>
    (await report<Listed[]>(home, ['mcp', 'list'])).map(({ name, state }) => [name, state?.kind ?? null]);
  expect(await states()).toEqual([
    ['probe', null],
    ['web', 'needs_config'],
  ]);
  const env = { ...home.env, GIVEN: 'a token' };
  const { status } = await home.finish(['secret', 'set', 'MY_TOK', '--for', 'web', '--from-env', 'GIVEN'], { env });
  expect([status, await states()]).toEqual([
    0,
    [
      ['probe', null],
      ['web', null],
    ],
  ]);
});

const pick = ({ file, line }: { readonly file: string; readonly line: number }) => ({ file, line });

test('no servers: an empty array, and in words how to add one', async () => {
  const home = createHome();
  expect(await report(home, ['mcp', 'list'])).toEqual([]);
  expect(await said(home, ['mcp', 'list'])).toBe(
    "No MCP servers configured yet. Try 'plugboard mcp add my-tool -- my-command', or 'plugboard plugin add PLUGIN'.",
  );
});

test('a server of several plugins is asked for by its short name: the names that it may be are said', async () => {
  const home = createHome();
  home.configure({ 'a:poka': fixture('echo'), 'b:poka': fixture('echo'), other: fixture('echo') });
  expect((await refusal(home, ['mcp', 'get', 'poka'])).hint).toBe(
    "did you mean 'a:poka' or 'b:poka'? See: plugboard mcp list",
  );
});

test('a server that is not there is exit status 1, with the one that was probably meant', async () => {
  const home = createHome();
  home.configure({ memory: { command: 'x' } });
  for (const command of ['get', 'remove', 'enable', 'disable', 'restart', 'logs']) {
    expect(await refusal(home, ['mcp', command, 'memroy'])).toEqual({
      status: 1,
      code: 'NOT_FOUND',
      message: "No MCP server named 'memroy' found.",
      hint: "did you mean 'memory'? See: plugboard mcp list",
    });
  }
});

const CONFIG = `# mine
[mcp_servers.first] # the first
command = "x" # why

# the end
`;

test(proves('cli.mcp-add'), async () => {
  const home = createHome();
  home.configure({});
  const file = join(home.path, 'config.toml');
  writeFileSync(file, CONFIG);
  const add = (...args: readonly string[]) => said(home, ['mcp', 'add', ...args]);
  expect(await add('probe', '--env', 'A=1', '--env', 'B=two', '--', 'node', '/scratch/srv.mjs', '--flag')).toBe(
    `Added MCP server 'probe'.\n  ${file}:7`,
  );
  expect(await add('web', '--url', 'http://127.0.0.1:9/mcp', '--bearer-token-env-var', 'MY_TOK')).toContain('Added');
  await add('more', '--env-var', 'HOME', '--cwd', '/srv', '--startup-timeout', '5', '--tool-timeout', '0.5', '--', 'x');
  await add('heads', '--url', 'https://a.test/', '--header', 'X-A=1', '--env-header', 'X-B=NAME', '--disabled');
  const added = readFileSync(file, 'utf8');
  expect(added).toBe(`${CONFIG}
[mcp_servers.probe]
command = "node"
args = [ "/scratch/srv.mjs", "--flag" ]

[mcp_servers.probe.env]
A = "1"
B = "two"

[mcp_servers.web]
url = "http://127.0.0.1:9/mcp"
bearer_token_env_var = "MY_TOK"

[mcp_servers.more]
command = "x"
env_vars = [ "HOME" ]
cwd = "/srv"
startup_timeout_sec = 5
tool_timeout_sec = 0.5

[mcp_servers.heads]
url = "https://a.test/"
enabled = false

[mcp_servers.heads.http_headers]
X-A = "1"

[mcp_servers.heads.env_http_headers]
X-B = "NAME"
`);
  expect(await said(home, ['mcp', 'disable', 'first'])).toContain("MCP server 'first' is disabled now.");
  expect(readFileSync(file, 'utf8')).toBe(added.replace('# why\n', '# why\nenabled = false\n'));
  expect(await said(home, ['mcp', 'enable', 'first'])).toContain("MCP server 'first' is enabled now.");
  expect(readFileSync(file, 'utf8')).toBe(added);
  for (const name of ['probe', 'web', 'more', 'heads'])
    expect(await said(home, ['mcp', 'remove', name])).toBe(`Removed MCP server '${name}'.\n  ${file}`);
  expect(readFileSync(file, 'utf8')).toBe(CONFIG);
});

test('a name that is taken is refused with its place, and replaced with --force', async () => {
  const home = createHome();
  home.configure({ a: { command: 'x' } });
  const file = join(home.path, 'config.toml');
  expect(await refusal(home, ['mcp', 'add', 'a', '--', 'y'])).toMatchObject({
    status: 1,
    code: 'SERVER_EXISTS',
    where: `${file}:${lineOf(file, '[mcp_servers.a]')}`,
  });
  expect(await report(home, ['mcp', 'add', 'a', '--force', '--', 'y'])).toMatchObject({
    message: "Replaced MCP server 'a'.",
  });
  expect(await report<object>(home, ['config', 'get', 'mcp_servers.a'])).toMatchObject({ value: { command: 'y' } });
});

test.each([
  { name: 'a bad name', args: ['bad name!', '--', 'x'], status: 2, code: 'CONFIG_BAD_NAME' },
  { name: 'a bad address', args: ['z', '--url', 'notaurl'], status: 2, code: 'CONFIG_WRONG_TYPE' },
  { name: 'Plugboard itself', args: ['z', '--', 'plugboard', 'stdio'], status: 2, code: 'CONFIG_SELF_REFERENCE' },
  { name: 'a variable without =', args: ['z', '--env', 'NOEQ', '--', 'x'], status: 2, code: 'USAGE' },
  { name: 'address and command', args: ['z', '--url', 'http://x', '--', 'x'], status: 2, code: 'USAGE' },
  {
    name: 'an option of Codex that is not there',
    args: ['z', '--oauth-client-id', 'x', '--url', 'http://x'],
    status: 2,
    code: 'USAGE',
  },
])('mcp add refuses $name and changes nothing', async ({ args, status, code }) => {
  const home = createHome();
  home.configure({});
  writeFileSync(join(home.path, 'config.toml'), CONFIG);
  expect(await refusal(home, ['mcp', 'add', ...args])).toMatchObject({ status, code });
  expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).toBe(CONFIG);
});

test('a server of another layer is disabled by an overlay, and enabled by taking that away', async () => {
  const home = createHome();
  home.configure({});
  const overlay = (text: string) => ['-c', `mcp_servers.x.${text}`];
  const both = overlay('command="y"');
  expect(await said(home, ['mcp', 'disable', 'x', ...both])).toContain("MCP server 'x' is disabled now.");
  expect(await report(home, ['mcp', 'get', 'x', ...both])).toMatchObject({ enabled: false });
  expect(await said(home, ['mcp', 'enable', 'x', ...both])).toContain("MCP server 'x' is enabled now.");
  expect(await report(home, ['mcp', 'get', 'x', ...both])).toMatchObject({ enabled: true });
  expect(await said(home, ['mcp', 'enable', 'x', ...both])).toContain("MCP server 'x' is enabled already.");
  expect(await refusal(home, ['mcp', 'enable', 'x', ...both, ...overlay('enabled=false')])).toMatchObject({
    status: 2,
    code: 'CONFIG_EDIT_REFUSED',
    where: '-c',
  });
  expect(await refusal(home, ['mcp', 'remove', 'x', ...both])).toMatchObject({
    status: 1,
    code: 'NOT_FOUND',
    hint: 'run: plugboard mcp disable x',
  });
});

test.each([['mcp'], ['config'], []])(
  'a group without a command is an error object with --json: %s',
  async (...group) => {
    const see = `see: ${['plugboard', ...group, '--help'].join(' ')}`;
    expect(await refusal(createHome(), group)).toMatchObject({ status: 2, code: 'USAGE', hint: see });
  },
);

test('what turns off a server of a project is no mistake elsewhere, and can be taken back there', async () => {
  const home = createHome();
  const project = join(home.folder, 'project');
  mkdirSync(join(project, '.plugboard'), { recursive: true });
  writeFileSync(join(project, '.plugboard', 'config.toml'), '[mcp_servers.pj]\ncommand = "x"\n');
  await said(home, ['config', 'trust', project]);
  const before = readFileSync(join(home.path, 'config.toml'), 'utf8');
  await said(home, ['mcp', 'disable', 'pj', '--project', project]);
  const doctor = await said(home, ['doctor']);
  expect(doctor).toContain('DISABLED');
  expect(doctor).toContain('config  1 note\n');
  expect(await said(home, ['mcp', 'enable', 'pj'])).toContain("MCP server 'pj' is enabled now.");
  expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).toBe(before);
});

test('a running host has read an edit when the command ends', async () => {
  const home = createHome();
  home.configure({ a: fixture('echo') });
  await home.serve();
  await home.untilServer('a', 'connected');
  const { command, args } = fixture('echo', 'second');
  await said(home, ['mcp', 'add', 'b', '--', command, ...args]);
  await said(home, ['mcp', 'disable', 'a']);
  const listed = await report<Listed[]>(home, ['mcp', 'list']);
  expect(listed.map(({ name, state }) => [name, state?.kind])).toEqual([
    ['a', 'disabled'],
    ['b', expect.stringMatching(/^(?:starting|connected)$/)],
  ]);
});

test(proves('cli.mcp-logs'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo'), off: { command: 'x', enabled: false } });
  expect(await refusal(home, ['mcp', 'logs', 'echo'])).toMatchObject({
    status: 1,
    code: 'HOST_UNREACHABLE',
    hint: 'run: plugboard doctor --server echo, which starts it and shows what it writes',
  });
  expect(await refusal(home, ['mcp', 'restart', 'echo'])).toMatchObject({ status: 1, code: 'HOST_UNREACHABLE' });
  await home.serve();
  await home.untilServer('echo', 'connected');
  expect(await said(home, ['mcp', 'logs', 'echo'])).toBe('echo fixture ready');
  expect(await report(home, ['mcp', 'logs', 'echo'])).toEqual({
    schemaVersion: 1,
    server: 'echo',
    text: 'echo fixture ready\n',
  });
  const following = home.run(['mcp', 'logs', 'echo', '-f']);
  await until(() => following.stdout() === 'echo fixture ready\n');
  expect(await said(home, ['mcp', 'restart', 'echo'])).toBe('echo  (stdio)  CONNECTED  12 tools');
  await until(() => following.stdout() === 'echo fixture ready\necho fixture ready\n');
  following.child.kill('SIGINT');
  await following.ended;
  expect(await refusal(home, ['mcp', 'restart', 'off'])).toMatchObject({ status: 1, code: 'UPSTREAM_NOT_READY' });
});
