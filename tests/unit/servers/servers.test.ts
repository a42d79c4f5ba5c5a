import { describe, expect, test } from 'vitest';
import { parseRequirements } from '../../../src/config/index.ts';
import {
  connectionKey,
  declaredEnvNames,
  type Launch,
  planReload,
  type ResolvedServer,
  resolveServers,
} from '../../../src/servers/index.ts';
import { configFrom, type Sources, USER_FILE } from '../config/read-config.ts';

function resolved(sources: Sources, requirements = ''): readonly ResolvedServer[] {
  return resolveServers({
    config: configFrom(sources),
    requirements: [parseRequirements(requirements, '/etc/r.toml', 'plugboard')],
    plugins: [],
    removedPlugins: [],
    pluginIssues: [],
    workspace: '/srv/space',
  }).servers;
}

const verdictOf = (user: string, requirements = '') => resolved({ user }, requirements)[0]?.verdict;

describe('resolving', () => {
  test('sorts by name and keeps the issues', () => {
    const config = configFrom({
      user: 'mcp_servers = { b.command = "c", B.command = "c", a.command = "c", "a/z" = { command = "c", colour = 1 } }',
    });
    const { servers, issues } = resolveServers({
      config,
      requirements: [],
      plugins: [],
      removedPlugins: [],
      pluginIssues: [],
      workspace: '/',
    });
    expect(servers.map(({ name }) => name)).toEqual(['B', 'a', 'a/z', 'b']);
    expect(issues).toEqual(config.issues);
  });

  test('a server that may start', () => {
    const [server] = resolved({ user: '[mcp_servers.x]\ncommand = "c"\nargs = ["a"]\nenabled_tools = ["t"]' });
    expect(server).toEqual({
      name: 'x',
      origin: { layer: 'user', file: USER_FILE, line: 1, column: 14 },
      verdict: {
        kind: 'startable',
        launch: { kind: 'stdio', command: 'c', args: ['a'], env: {}, envVars: [], cwd: '/srv/space', envFile: null },
      },
      required: false,
      startupTimeoutMs: 30_000,
      toolTimeoutMs: 300_000,
      startupTimeoutSec: null,
      toolTimeoutSec: null,
      enabledTools: ['t'],
      disabledTools: [],
      namedTools: [
        {
          tool: 't',
          key: 'mcp_servers.x.enabled_tools',
          origin: { layer: 'user', file: USER_FILE, line: 1, column: 14 },
        },
      ],
      supportsParallelToolCalls: false,
      allowSecretInArgs: false,
      sharing: 'auto',
      maxConnections: 8,
      roots: [],
      owner: null,
      sources: {
        server: 'x',
        consumer: { kind: 'server', name: 'x' },
        settings: {},
        folders: [],
        startsIn: '/srv/space',
        allowSecretInArgs: false,
        allowKey: 'mcp_servers.x.allow_secret_in_args',
        configure: null,
      },
    });
  });

  test.each([
    { name: 'absent', cwd: '', want: '/srv/space' },
    { name: 'relative', cwd: 'cwd = "../x"', want: '/srv/x' },
    { name: 'absolute', cwd: 'cwd = "/y/"', want: '/y' },
    { name: 'in the home folder', cwd: 'cwd = "~/z"', want: '/home/ada/z' },
  ])('the working folder: $name', ({ cwd, want }) => {
    expect(verdictOf(`[mcp_servers.x]\ncommand = "c"\n${cwd}`)).toMatchObject({ launch: { cwd: want } });
  });

  test.each([
    {
      name: 'disabled',
      toml: 'enabled = false',
      requirements: '',
      want: { kind: 'disabled', by: 'user', where: `${USER_FILE}:3` },
    },
    {
      name: 'blocked',
      toml: '',
      requirements: '[mcp_servers]',
      want: { kind: 'blocked', reason: 'requirements', detail: '/etc/r.toml' },
    },
    { name: 'blocked and disabled', toml: 'enabled = false', requirements: '[mcp_servers]', want: { kind: 'blocked' } },
    {
      name: 'invalid',
      toml: 'args = 1',
      requirements: '',
      want: { kind: 'invalid', issues: [{ code: 'CONFIG_WRONG_TYPE' }] },
    },
    { name: 'invalid and blocked', toml: 'args = 1', requirements: '[mcp_servers]', want: { kind: 'invalid' } },
    { name: 'invalid and disabled', toml: 'enabled = false\nargs = 1', requirements: '', want: { kind: 'disabled' } },
  ])('a server that is $name', ({ toml, requirements, want }) => {
    expect(verdictOf(`[mcp_servers.x]\ncommand = "c"\n${toml}`, requirements)).toMatchObject(want);
  });

  test('a server without a transport is invalid, and disabled when one turns it off', () => {
    expect(verdictOf('[mcp_servers.x.env]\nA = "1"')).toMatchObject({ kind: 'invalid' });
    const off = '[mcp_servers.x]\nenabled = false';
    expect(verdictOf(off)).toMatchObject({ kind: 'disabled', launch: null });
    expect(verdictOf(off, '[mcp_servers]')).toMatchObject({ kind: 'disabled', launch: null });
  });

  test('a server that is turned off on the command line says so', () => {
    const [server] = resolved({ user: 'mcp_servers.x.command = "c"', flags: ['mcp_servers.x.enabled=false'] });
    expect(server?.verdict).toMatchObject({ kind: 'disabled', where: '-c' });
  });
});

const stdio: Launch = {
  kind: 'stdio',
  command: 'c',
  args: ['a'],
  env: { A: '1', B: '2' },
  envVars: [{ name: 'TOKEN', source: 'local', required: false }],
  cwd: '/w',
  envFile: null,
};
const http: Launch = {
  kind: 'http',
  url: 'https://h/',
  bearerTokenEnvVar: 'TOKEN',
  headers: {},
  envHeaders: { 'X-Key': 'KEY' },
  headersHelper: null,
  caFile: null,
  clientCertFile: null,
  clientKeyFile: null,
};

describe('the connection key', () => {
  test.each([
    { name: 'the same again', launch: { ...stdio }, env: { TOKEN: 't' }, same: true },
    {
      name: 'the environment in another order',
      launch: { ...stdio, env: { B: '2', A: '1' } },
      env: { TOKEN: 't' },
      same: true,
    },
    { name: 'a variable it does not name', launch: stdio, env: { TOKEN: 't', OTHER: 'x' }, same: true },
    { name: 'another value', launch: stdio, env: { TOKEN: 'u' }, same: false },
    { name: 'an unset value', launch: stdio, env: {}, same: false },
    { name: 'other arguments', launch: { ...stdio, args: ['a', 'b'] }, env: { TOKEN: 't' }, same: false },
    { name: 'another folder', launch: { ...stdio, cwd: '/' }, env: { TOKEN: 't' }, same: false },
  ])('with $name', ({ launch, env, same }) => {
    expect(connectionKey(launch, env) === connectionKey(stdio, { TOKEN: 't' })).toBe(same);
  });

  test('of an HTTP server depends on its token and headers, and shows neither', () => {
    const key = connectionKey(http, { TOKEN: 'hunter2', KEY: 'k' });
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(connectionKey(http, { TOKEN: 'hunter3', KEY: 'k' })).not.toBe(key);
    expect(connectionKey(http, { TOKEN: 'hunter2', KEY: 'l' })).not.toBe(key);
  });

  test('tells an unset variable from an empty one', () => {
    expect(connectionKey(stdio, { TOKEN: '' })).not.toBe(connectionKey(stdio, {}));
  });
});

test('declared variables are those of servers that may run, each once', () => {
  const user = `[mcp_servers.a]
command = "c"
env_vars = ["Z", "A", { name = "R", source = "remote" }]
[mcp_servers.b]
url = "https://h/"
bearer_token_env_var = "T"
env_http_headers = { X = "A", Y = "K" }
[mcp_servers.off]
command = "c"
enabled = false
env_vars = ["OFF"]
[mcp_servers.bad]
command = "c"
args = 1
env_vars = ["BAD"]
`;
  expect(declaredEnvNames(resolved({ user }))).toEqual(['A', 'K', 'OFF', 'T', 'Z']);
  expect(declaredEnvNames(resolved({ user }, '[mcp_servers]'))).toEqual([]);
});

describe('a reload', () => {
  const x = (lines: string): Sources => ({ user: `[mcp_servers.x]\n${lines}\n` });
  test.each([
    { name: 'nothing', before: x('command = "c"'), after: x('command = "c"'), want: 'keep' },
    {
      name: 'a comment above',
      before: x('command = "c"'),
      after: { user: '# new\n\n[mcp_servers.x]\ncommand = "c"' },
      want: 'keep',
    },
    {
      name: 'lists of tools',
      before: x('command = "c"'),
      after: x('command = "c"\nenabled_tools = []'),
      want: 'republish',
    },
    {
      name: 'a time-out',
      before: x('command = "c"'),
      after: x('command = "c"\ntool_timeout_sec = 1'),
      want: 'republish',
    },
    { name: 'roots', before: x('command = "c"'), after: x('command = "c"\nroots = ["file:///a"]'), want: 'republish' },
    { name: 'the environment', before: x('command = "c"'), after: x('command = "c"\nenv.A = "1"'), want: 'reconnect' },
    { name: 'the transport', before: x('command = "c"'), after: x('url = "http://h/"'), want: 'reconnect' },
    { name: 'sharing', before: x('command = "c"'), after: x('command = "c"\nsharing = "session"'), want: 'reconnect' },
    { name: 'turned off', before: x('command = "c"'), after: x('command = "c"\nenabled = false'), want: 'stop' },
    { name: 'broken', before: x('command = "c"'), after: x('command = 1'), want: 'stop' },
    { name: 'gone', before: x('command = "c"'), after: {}, want: 'stop' },
    { name: 'new', before: {}, after: x('command = "c"'), want: 'start' },
    { name: 'turned on', before: x('command = "c"\nenabled = false'), after: x('command = "c"'), want: 'start' },
    { name: 'new, but off', before: {}, after: x('command = "c"\nenabled = false'), want: 'republish' },
    { name: 'another problem', before: x('command = 1'), after: x('url = 1'), want: 'republish' },
    {
      name: 'off as before',
      before: x('command = "c"\nenabled = false'),
      after: x('command = "c"\nenabled = false'),
      want: 'keep',
    },
  ])('$name: $want', ({ before, after, want }) => {
    expect([...planReload(resolved(before), resolved(after))]).toEqual([['x', want]]);
  });
});
