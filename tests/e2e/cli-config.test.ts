import { chmodSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runPaths } from '../../src/api/node/index.ts';
import type { Input } from '../../src/cli/command.ts';
import { doctorCommand } from '../../src/cli/node/commands/doctor.ts';
import { type CliContext, createContext } from '../../src/cli/node/context.ts';
import type { Issue } from '../../src/kernel/index.ts';
import { refusal, report, said } from '../support/cli.ts';
import { fixture, type Home, useHomes } from '../support/home.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

type Shown = {
  readonly transport: Record<string, unknown> | null;
  readonly state: unknown;
  readonly issues: readonly Issue[];
};
const shown = (home: Home, name: string) => report<Shown>(home, ['mcp', 'get', name]);

/** Writes this text as the home's config.toml. */
function writeConfig(home: Home, toml: string): string {
  mkdirSync(home.path, { recursive: true, mode: 0o700 });
  const file = join(home.path, 'config.toml');
  writeFileSync(file, toml);
  return file;
}

/** A folder with a config.toml of its own. */
function project(home: Home, toml: string): string {
  const folder = join(home.folder, 'project');
  mkdirSync(join(folder, '.plugboard'), { recursive: true });
  writeFileSync(join(folder, '.plugboard', 'config.toml'), toml);
  return folder;
}

test(proves('cli.config', 'config.edit'), async () => {
  const home = createHome();
  const real = join(home.folder, 'dotfiles.toml');
  writeFileSync(
    real,
    '# top\n\n[serve] # here\nhost = "127.0.0.1" # this machine\n# end of serve\n\n[mcp_servers.a]\ncommand = "x"\n',
  );
  chmodSync(real, 0o640);
  mkdirSync(home.path, { mode: 0o700 });
  const file = join(home.path, 'config.toml');
  symlinkSync(real, file);
  expect(await said(home, ['config', 'get', 'serve.port'])).toBe('7450');
  expect(await said(home, ['config', 'set', 'serve.port', '8080'])).toBe(`Set serve.port.\n  ${file}`);
  expect(await said(home, ['config', 'get', 'serve.port'])).toBe('8080');
  await said(home, ['config', 'set', 'serve.host', 'localhost']);
  await said(home, ['config', 'set', 'mcp_servers.a.enabled_tools', '["one", "two"]']);
  expect(await report(home, ['config', 'get', 'mcp_servers.a'])).toEqual({
    schemaVersion: 1,
    key: 'mcp_servers.a',
    value: { command: 'x', enabled_tools: ['one', 'two'] },
  });
  await said(home, ['config', 'unset', 'serve.port']);
  expect(await refusal(home, ['config', 'unset', 'serve.port'])).toMatchObject({
    status: 1,
    code: 'NOT_FOUND',
    where: file,
  });
  expect(await refusal(home, ['config', 'get', 'serve.nothing'])).toMatchObject({ status: 1, code: 'NOT_FOUND' });
  expect(await refusal(home, ['config', 'set', 'a =', '1'])).toMatchObject({ status: 2, code: 'USAGE' });
  expect(readFileSync(file, 'utf8')).toBe(
    '# top\n\n[serve] # here\nhost = "localhost" # this machine\n# end of serve\n\n[mcp_servers.a]\ncommand = "x"\nenabled_tools = ["one", "two"]\n',
  );
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(statSync(real).mode & 0o777).toBe(0o640);
  const folder = project(home, '');
  expect(await report(home, ['config', 'path', '--project', folder])).toEqual({
    schemaVersion: 1,
    home: home.path,
    files: [
      { layer: 'requirements', file: '/etc/plugboard/requirements.toml', exists: expect.any(Boolean) as boolean },
      { layer: 'requirements', file: '/etc/codex/requirements.toml', exists: expect.any(Boolean) as boolean },
      { layer: 'system', file: '/etc/plugboard/config.toml', exists: expect.any(Boolean) as boolean },
      { layer: 'user', file, exists: true },
      { layer: 'project', file: join(folder, '.plugboard', 'config.toml'), exists: true },
      { layer: 'project', file: join(folder, '.codex', 'config.toml'), exists: false },
    ],
  });
});

test.each([
  { name: 'a wrong type', args: ['serve.port', 'abc'], code: 'CONFIG_WRONG_TYPE' },
  { name: 'a server without a transport', args: ['mcp_servers.new.env.A', '1'], code: 'CONFIG_NO_TRANSPORT' },
  { name: 'a token', args: ['mcp_servers.a.bearer_token', 'canary'], code: 'CONFIG_LITERAL_TOKEN' },
  { name: 'a misspelt safety key', args: ['mcp_servers.a.disabled_tool', '["x"]'], code: 'CONFIG_NEAR_MISS' },
])('config set refuses $name, changes nothing and does not repeat the value', async ({ args, code }) => {
  const home = createHome();
  const text = '[mcp_servers.a]\nurl = "http://127.0.0.1:9/"\n';
  const file = writeConfig(home, text);
  const refused = await refusal(home, ['config', 'set', ...args]);
  expect(refused).toMatchObject({ status: 2, code, where: file });
  expect(JSON.stringify(refused)).not.toContain('canary');
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('config set says that a value has no effect only where another layer replaces it', async () => {
  const home = createHome();
  home.configure({ docs: { command: 'x' } });
  const over = ['-c', 'mcp_servers.docs.disabled_tools=["a"]', '-c', 'mcp_servers.docs.env={ A = "1" }'];
  for (const [key, value] of [
    ['disabled_tools', '["b"]'],
    ['env', '{ B = "2" }'],
  ])
    expect(await said(home, ['config', 'set', `mcp_servers.docs.${key}`, value ?? '', ...over])).not.toContain(
      'effect',
    );
});

test('config set says when another layer counts more, and warns of a key that nobody knows', async () => {
  const home = createHome();
  writeConfig(home, '');
  expect(await report(home, ['config', 'set', 'serve.port', '1', '-c', 'serve.port=2'])).toMatchObject({
    notes: ['it has no effect here, because -c counts more'],
  });
  expect(await report(home, ['config', 'set', 'serve.prot', '1'])).toMatchObject({
    notes: ['serve.prot is not known and has no effect (did you mean `port`?)'],
  });
});

test(proves('config.layers', 'config.trust', 'config.explain'), async () => {
  const home = createHome();
  const user = writeConfig(
    home,
    '[mcp_servers.a]\ncommand = "user"\nargs = ["1", "2"]\nenv = { A = "canary-user", B = "user" }\n[serve]\nport = 1000\n',
  );
  const folder = project(
    home,
    '[mcp_servers.a]\nargs = ["3"]\n[mcp_servers.a.env]\nB = "canary-project"\nC = "project"\n[mcp_servers.p]\ncommand = "x"\n',
  );
  const file = join(folder, '.plugboard', 'config.toml');
  const get = (...args: readonly string[]) =>
    report<{ readonly value: unknown }>(home, [
      'config',
      'get',
      'mcp_servers',
      '--show-values',
      '--project',
      folder,
      ...args,
    ]);

  const a = { command: 'user', args: ['1', '2'], env: { A: 'canary-user', B: 'user' } };
  expect((await get()).value).toEqual({ a });
  const { checks } = JSON.parse(
    (await home.finish(['doctor', '--json', '--server', 'a', '--project', folder])).stdout,
  ) as {
    readonly checks: { readonly config: { readonly issues: readonly Issue[] } };
  };
  expect(checks.config.issues).toMatchObject([
    { code: 'CONFIG_UNTRUSTED_PROJECT', file, hint: `if you trust it, run: plugboard config trust ${folder}` },
  ]);

  expect(await said(home, ['config', 'trust', folder])).toBe(`Trusted ${folder}.`);
  expect(await said(home, ['config', 'trust', folder])).toBe(`${folder} is trusted already.`);
  expect(await refusal(home, ['config', 'trust', join(folder, 'nothing')])).toMatchObject({
    status: 1,
    code: 'NOT_FOUND',
  });
  const merged = { command: 'user', args: ['3'], env: { A: 'canary-user', B: 'canary-project', C: 'project' } };
  expect((await get()).value).toEqual({ a: merged, p: { command: 'x' } });
  expect((await get('-c', 'mcp_servers.a.command=flag', '-c', 'mcp_servers.a.env.C="flag"')).value).toMatchObject({
    a: { ...merged, command: 'flag', env: { ...merged.env, C: 'flag' } },
  });

  const other = join(home.folder, 'other.toml');
  writeFileSync(other, '[mcp_servers.b]\ncommand = "other"\n');
  expect(
    (await report<{ readonly value: unknown }>(home, ['config', 'get', 'mcp_servers', '--config', other])).value,
  ).toEqual({
    b: { command: 'other' },
  });

  const explain = (key: string, ...args: readonly string[]) =>
    report(home, ['config', 'explain', key, '--project', folder, ...args]);
  expect(await explain('mcp_servers.a.env.B')).toEqual({
    schemaVersion: 1,
    key: 'mcp_servers.a.env.B',
    value: '*****',
    rule: 'replace',
    layers: [
      { layer: 'project', file, line: 4, column: 1, value: '*****', wins: true },
      { layer: 'user', file: user, line: 4, column: 28, value: '*****', wins: false },
    ],
    doc: null,
  });
  expect(await explain('serve.port', '-c', 'serve.port=2000')).toMatchObject({
    value: 2000,
    layers: [
      { layer: 'flag', file: null, value: 2000, wins: true },
      { layer: 'user', file: user, line: 6, column: 1, value: 1000, wins: false },
      { layer: 'built_in', value: 7450, wins: false },
    ],
  });
  const text = await said(home, ['config', 'explain', 'mcp_servers.a.env.B', '--project', folder]);
  expect(text).toMatch(new RegExp(`^\\* +project +${file}:4:1 +\\*{5}$`, 'm'));
  for (const args of [['mcp_servers'], ['mcp_servers.a'], ['mcp_servers.a.env'], ['mcp_servers.a.env.A']]) {
    for (const verb of ['get', 'explain'])
      expect(await said(home, ['config', verb, ...args, '--project', folder])).not.toContain('canary');
  }
});

/** The context of a command in this home, with another folder in place of `/etc`. */
function contextOf(home: Home, systemDir: string): CliContext {
  const context = createContext({ configFile: null, passphraseFile: null, overrides: [], project: null, json: true });
  const loadOptions = { ...context.loadOptions, home: home.path, projectDir: home.folder, env: home.env, systemDir };
  return { ...context, home: home.path, paths: runPaths(home.path), env: home.env, loadOptions };
}

test(proves('config.requirements'), async () => {
  const home = createHome();
  home.configure({ good: fixture('echo'), bad: fixture('echo', 'other') });
  const etc = join(home.folder, 'etc');
  mkdirSync(join(etc, 'plugboard'), { recursive: true });
  const requirements = join(etc, 'plugboard', 'requirements.toml');
  const { command, args } = fixture('echo');
  writeFileSync(
    requirements,
    `[mcp_servers.good.identity]\ncommand = ${JSON.stringify(command)}\nargs = ${JSON.stringify(args)}\n`,
  );
  const none: Input = { args: {}, rest: [], flags: new Set(), values: {}, lists: {} };
  const checked = await doctorCommand.run(contextOf(home, etc), none);
  expect(checked.servers.map(({ name, state }) => [name, state?.kind])).toEqual([
    ['bad', 'blocked'],
    ['good', 'connected'],
  ]);
  expect(checked.servers[0]).toMatchObject({ state: { reason: 'requirements' } });
  expect(JSON.stringify(checked.servers[0])).toContain(requirements);
  expect(doctorCommand.exitCode(checked)).toBe(5);
  writeFileSync(requirements, '[mcp_servers.good\n');
  await expect(doctorCommand.run(contextOf(home, etc), none)).rejects.toMatchObject({
    code: 'CONFIG_SYSTEM_DAMAGED',
    where: expect.stringContaining(requirements) as string,
    facts: { exit: 2 },
  });
});

/** Every key of a server that Codex 0.169 knows, with the values that our keys cannot show. */
const STDIO_KEYS = `
command = "node"
args = ["a"]
env = { A = "1" }
env_vars = ["B", { name = "C", source = "local" }]
cwd = "/srv"
environment_id = "local"
startup_timeout_sec = 10
startup_timeout_ms = 5000
startup_readiness = "connection"
tool_timeout_sec = 20
enabled = true
required = true
supports_parallel_tool_calls = true
default_tools_approval_mode = "prompt"
enabled_tools = ["t", "u"]
disabled_tools = ["u"]
tools.t.approval_mode = "approve"
tools.t.output_token_limit = 100
scopes = ["s"]
tool_input_schema_max_bytes = 5000
omit_tools_from = ["direct"]
name = "legacy"
`;
const HTTP_KEYS = `
url = "https://example.test/mcp"
bearer_token_env_var = "T"
http_headers = { X-A = "1" }
env_http_headers = { X-B = "B" }
http_headers_helper = "helper"
auth = "oauth"
oauth = { client_id = "c", callback_port = 8080 }
oauth_resource = "https://example.test/"
scopes = []
`;

test(proves('config.codex-keys', 'config.not-yet'), async () => {
  const home = createHome();
  writeConfig(
    home,
    `[mcp_servers.s]${STDIO_KEYS}[mcp_servers.h]${HTTP_KEYS}[mcp_servers.w]\n${lines({ ...fixture('echo'), scopes: ['s'] })}`,
  );
  const s = await shown(home, 's');
  expect(s).toMatchObject({
    enabled: true,
    transport: { type: 'stdio', command: 'node', args: ['a'], env: { A: '*****' }, env_vars: ['B', 'C'], cwd: '/srv' },
    enabled_tools: ['t', 'u'],
    disabled_tools: ['u'],
    startup_timeout_sec: 10,
    tool_timeout_sec: 20,
    required: true,
    supports_parallel_tool_calls: true,
    state: null,
  });
  const h = await shown(home, 'h');
  expect(h).toMatchObject({
    transport: {
      type: 'streamable_http',
      url: 'https://example.test/mcp',
      bearer_token_env_var: 'T',
      http_headers: { 'X-A': '*****' },
      env_http_headers: { 'X-B': 'B' },
      http_headers_helper: 'helper',
    },
    state: { kind: 'needs_config', names: ['T'] },
  });
  const issues = [...s.issues, ...h.issues];
  expect(new Set(issues.map(({ code }) => code))).toEqual(new Set(['KEY_NOT_YET_SUPPORTED']));
  expect(issues.every(({ severity }) => severity !== 'error')).toBe(true);
  const warned = (await shown(home, 'w')).issues;
  expect(warned).toMatchObject([{ code: 'KEY_NOT_YET_SUPPORTED', severity: 'warning', key: 'mcp_servers.w.scopes' }]);
  const { status, stdout } = await home.finish(['doctor', '--json', '--server', 'w']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    servers: [{ state: { kind: 'connected' } }],
    checks: { config: { issues: warned } },
  });
});

/** Keys as lines of TOML. JSON is TOML for texts and arrays of them. */
function lines(keys: Readonly<Record<string, unknown>>): string {
  return Object.entries(keys)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join('');
}

test(proves('config.did-you-mean', 'config.literal-secret', 'config.self-reference'), async () => {
  const home = createHome();
  const echo = lines(fixture('echo'));
  const file = writeConfig(
    home,
    [
      `[mcp_servers.typo]\ncomand_line = 1\nstartup_timeout_secs = 10\n${echo}`,
      `[mcp_servers.unsafe]\nenabled_tool = ["x"]\n${echo}`,
      `[mcp_servers.token]\nurl = "https://example.test/"\nbearer_token = "canary"\n`,
      `[mcp_servers.dollar]\n${echo}env = { A = "$HOME" }\n`,
      `[mcp_servers.loop]\ncommand = "plugboard"\nargs = ["stdio"]\n`,
    ].join('\n'),
  );
  const { status, stdout } = await home.finish(['doctor', '--json']);
  expect(status).toBe(2);
  expect(stdout).not.toContain('canary');
  const { servers, checks } = JSON.parse(stdout) as {
    readonly servers: readonly { readonly name: string; readonly state: { readonly kind: string } }[];
    readonly checks: { readonly config: { readonly issues: readonly Issue[] } };
  };
  expect(servers.map(({ name, state }) => [name, state.kind])).toEqual([
    ['dollar', 'connected'],
    ['token', 'invalid'],
    ['typo', 'connected'],
    ['unsafe', 'invalid'],
  ]);
  const found = checks.config.issues.map(({ code, severity, key, hint }) => ({ code, severity, key, hint }));
  const hinted = (text: string) => expect.stringContaining(text) as string;
  expect(found).toContainEqual({
    code: 'CONFIG_UNKNOWN_KEY',
    severity: 'warning',
    key: 'mcp_servers.typo.startup_timeout_secs',
    hint: hinted('startup_timeout_sec'),
  });
  expect(found).toContainEqual({
    code: 'CONFIG_NEAR_MISS',
    severity: 'error',
    key: 'mcp_servers.unsafe.enabled_tool',
    hint: hinted('enabled_tools'),
  });
  expect(found).toContainEqual({
    code: 'CONFIG_LITERAL_TOKEN',
    severity: 'error',
    key: 'mcp_servers.token.bearer_token',
    hint: hinted('bearer_token_env_var'),
  });
  expect(found).toContainEqual({
    code: 'CONFIG_LITERAL_REFERENCE',
    severity: 'note',
    key: 'mcp_servers.dollar.env.A',
    hint: hinted('${env:NAME}'),
  });
  expect(found).toContainEqual(
    expect.objectContaining({ code: 'CONFIG_SELF_REFERENCE', severity: 'warning', key: 'mcp_servers.loop' }),
  );
  expect(checks.config.issues.every((issue) => issue.file === file && issue.line !== undefined)).toBe(true);
  expect(await said(home, ['tools', 'call', 'dollar__env', '{"name": "A"}'])).toBe('$HOME');
});

test('an edit of the address says that an open endpoint stays where it is', async () => {
  const home = createHome();
  home.configure({});
  const notes = async (...args: string[]): Promise<unknown> =>
    (await report<{ notes: unknown }>(home, ['config', ...args])).notes;
  expect(await notes('set', 'serve.port', '8080')).toEqual([]);
  const { endpoint } = await home.serve();
  const later = [`it counts from the next start of plugboard serve; ${endpoint} stays open`];
  expect(await notes('set', 'serve.port', '8081')).toEqual(later);
  expect(await notes('set', 'serve.port', '8081')).toEqual([]);
  expect(await notes('set', 'serve.rate_limit_per_sec', '5')).toEqual([]);
  expect(await notes('unset', 'serve.port')).toEqual(later);
});
