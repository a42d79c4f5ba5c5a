import { describe, expect, test } from 'vitest';
import { restrictProject } from '../../../src/config/build.ts';
import { CODEX_KEYS, findRow, isSensitive, TOP_KEYS } from '../../../src/config/keys.ts';
import { plainValue } from '../../../src/config/located.ts';
import { parseLayer } from '../../../src/config/parse.ts';
import { isLoopback } from '../../../src/config/scalars.ts';
import { SERVER_KEYS } from '../../../src/config/server-keys.ts';
import { brief, configFrom, PROJECT_DIR } from './read-config.ts';

test('nothing at all gives the built-in settings', () => {
  expect(configFrom({})).toEqual({
    servers: new Map(),
    plugins: new Map(),
    pluginsEnabledByDefault: {
      enabled: true,
      origin: { layer: 'built_in', file: null, line: null, column: null },
      problems: [],
    },
    pluginsOff: null,
    marketplaces: new Map(),
    overlays: new Map(),
    secretProviders: new Map(),
    places: { homeDir: '/home/ada', projectDir: PROJECT_DIR, configFile: null },
    serve: {
      host: '127.0.0.1',
      port: 7450,
      auth: 'token',
      allowedHosts: [],
      allowedOrigins: [],
      maxSessionsPerCaller: 256,
      rateLimitPerSec: 20_000,
      sessionIdleMs: 1_800_000,
    },
    startupGraceMs: 700,
    issues: [],
  });
});

test('the settings of the endpoint', () => {
  const user = `mcp_optional_startup_grace_ms = 5
[serve]
host = "::1"
port = 0
auth = "none"
allowed_hosts = ["a"]
allowed_origins = ["https://b"]
max_sessions_per_caller = 1
rate_limit_per_sec = 2
session_idle_sec = 0.5
`;
  const { serve, startupGraceMs, issues } = configFrom({ user });
  expect({ serve, startupGraceMs, issues }).toEqual({
    serve: {
      host: '::1',
      port: 0,
      auth: 'none',
      allowedHosts: ['a'],
      allowedOrigins: ['https://b'],
      maxSessionsPerCaller: 1,
      rateLimitPerSec: 2,
      sessionIdleMs: 500,
    },
    startupGraceMs: 5,
    issues: [],
  });
});

test('a wrong setting of the endpoint is an issue and counts as absent', () => {
  const { serve, issues } = configFrom({
    user: '[serve]\nport = 70000\nauth = "None"\nallowed_hosts = "a"\nprot = 1\nsession_idle_sec = true',
  });
  expect(serve).toEqual(configFrom({}).serve);
  expect(brief(issues)).toEqual([
    'error CONFIG_WRONG_TYPE serve.port@2:8',
    'error CONFIG_WRONG_TYPE serve.auth@3:8',
    'error CONFIG_WRONG_TYPE serve.allowed_hosts@4:17',
    'warning CONFIG_UNKNOWN_KEY serve.prot@5:1',
    'error CONFIG_WRONG_TYPE serve.session_idle_sec@6:20',
  ]);
});

test('without a token only this machine may come in', () => {
  const { serve, issues } = configFrom({ user: '[serve]\nhost = "0.0.0.0"\nauth = "none"' });
  expect(serve.auth).toBe('token');
  expect(brief(issues)).toEqual(['error CONFIG_WRONG_TYPE serve.auth@3:8']);
  expect(['localhost', '127.0.0.1', '127.1.2.3', '::1'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '128.0.0.1', 'localhost.example', '127.0.0.1.example'].some(isLoopback)).toBe(false);
});

describe('keys at the top', () => {
  test.each([
    { toml: 'mcp_oauth_callback_port = 70000', want: ['error CONFIG_WRONG_TYPE mcp_oauth_callback_port@1:27'] },
    { toml: 'mcp_oauth_callback_port = 0', want: ['warning KEY_NOT_YET_SUPPORTED mcp_oauth_callback_port@1:1'] },
    {
      toml: 'mcp_oauth_credentials_store = "memory"',
      want: ['error CONFIG_WRONG_TYPE mcp_oauth_credentials_store@1:31'],
    },
    {
      toml: 'mcp_optional_startup_grace_ms = -1',
      want: ['error CONFIG_WRONG_TYPE mcp_optional_startup_grace_ms@1:33'],
    },
    {
      toml: 'mcp_enterprise_managed_auth.idp = { issuer = "i", z = 1 }',
      want: [
        'warning KEY_NOT_YET_SUPPORTED mcp_enterprise_managed_auth@1:1',
        'warning CONFIG_UNKNOWN_KEY mcp_enterprise_managed_auth.idp.z@1:51',
      ],
    },
    { toml: 'tool_output_token_limit = 1', want: ['warning KEY_NOT_YET_SUPPORTED tool_output_token_limit@1:1'] },
    { toml: 'features.plugins = 0', want: ['error CONFIG_WRONG_TYPE features.plugins@1:20'] },
    { toml: 'projects."/a".trust_level = "yes"', want: ['error CONFIG_WRONG_TYPE projects."/a".trust_level@1:29'] },
    { toml: 'projects.".".trust_level = "trusted"', want: ['error CONFIG_WRONG_TYPE projects."."@1:10'] },
    { toml: 'mcpServers = {}', want: ['warning CONFIG_UNKNOWN_KEY mcpServers@1:1'] },
    { toml: 'mcp_servers = 1', want: ['error CONFIG_WRONG_TYPE mcp_servers@1:15'] },
  ])('$toml', ({ toml, want }) => expect(brief(configFrom({ user: toml }).issues)).toEqual(want));

  test('a key of servers at the top is told where it belongs', () => {
    const { issues } = configFrom({ user: 'experimental_environment = "remote"\nexperimental_other = 1' });
    expect(issues.map(({ key, hint }) => [key, hint])).toEqual([
      ['experimental_environment', 'it belongs in a table `[mcp_servers.NAME]`'],
    ]);
  });

  test('in a file of Codex only what looks like ours is named', () => {
    const layer = parseLayer('new_codex_key = 1\n[mcp_server.x]\ncommand = "c"', '/home/ada/.codex/config.toml');
    const { issues } = configFrom({
      user: 'new_codex_key = 1\n[mcp_server.x]\ncommand = "c"',
      configFile: layer.file ?? '',
    });
    expect(issues.map(({ key, hint }) => [key, hint])).toEqual([['mcp_server', 'did you mean `mcp_servers`?']]);
  });
});

test('a project cannot set what concerns the machine', () => {
  const toml =
    'model = "x"\n[serve]\nport = 1\n[projects."/x"]\ntrust_level = "trusted"\n[mcp_servers.a]\ncommand = "c"';
  const layer = restrictProject(parseLayer(toml, '/p', 'project'));
  expect(plainValue(layer.table)).toEqual({ model: 'x', mcp_servers: { a: { command: 'c' } } });
  expect(brief(layer.issues)).toEqual([
    'warning CONFIG_NOT_FROM_PROJECT serve@2:2',
    'warning CONFIG_NOT_FROM_PROJECT projects@4:2',
  ]);
});

describe('the table of keys', () => {
  test('has a row for every key that Codex knows for a server', () => {
    const codex = (
      'command args env env_vars cwd url bearer_token bearer_token_env_var http_headers env_http_headers ' +
      'http_headers_helper auth environment_id startup_timeout_sec startup_timeout_ms startup_readiness tool_timeout_sec ' +
      'enabled required supports_parallel_tool_calls default_tools_approval_mode enabled_tools disabled_tools tools ' +
      'scopes oauth oauth_resource tool_input_schema_max_bytes omit_tools_from name'
    ).split(' ');
    const rows = SERVER_KEYS.map((row) => row.key);
    expect(codex.filter((key) => !rows.includes(key))).toEqual([]);
    expect(new Set(rows).size).toBe(rows.length);
  });

  test('has no key twice, and none that it leaves to Codex', () => {
    const keys = [...TOP_KEYS.map((row) => row.key), ...CODEX_KEYS];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test.each(SERVER_KEYS.filter((row) => row.refused === undefined).map((row) => ({ row, name: row.key })))(
    'gives an example of $name that is accepted',
    ({ row }) => {
      const needed = row.transport === 'http' ? 'url = "https://h/"' : 'command = "c"';
      const partner = { client_cert_file: 'client_key_file = "/k"', client_key_file: 'client_cert_file = "/c"' };
      const extra = Object.entries(partner).find(([key]) => key === row.key)?.[1] ?? '';
      const own = ['command', 'url'].includes(row.key) ? '' : needed;
      const { issues } = configFrom({ user: `[mcp_servers.x]\n${own}\n${row.example}\n${extra}\n` });
      expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(issues.filter(({ code }) => code === 'CONFIG_UNKNOWN_KEY')).toEqual([]);
    },
  );

  test.each(TOP_KEYS.map((row) => ({ row, name: row.key })))(
    'gives an example of $name that is accepted',
    ({ row }) => {
      const { issues } = configFrom({ user: row.example });
      expect(issues.filter(({ code }) => code !== 'KEY_NOT_YET_SUPPORTED')).toEqual([]);
    },
  );

  test('finds rows by path, and knows what is sensitive', () => {
    expect(findRow(['mcp_servers', 'any', 'enabled'])?.default).toBe(true);
    expect(findRow(['plugins', 'a@b', 'mcp_servers', 's', 'tools', 't', 'approval_mode'])?.safety).toBe(true);
    expect(findRow(['mcp_servers', 'any'])).toBeUndefined();
    expect(findRow(['mcp_servers', 'any', 'env', 'A'])).toBeUndefined();
    expect(isSensitive(['mcp_servers', 'x', 'env', 'A'])).toBe(true);
    expect(isSensitive(['mcp_servers', 'x', 'oauth', 'client_secret'])).toBe(true);
    expect(isSensitive(['mcp_servers', 'x', 'env_vars', '0'])).toBe(false);
  });
});
