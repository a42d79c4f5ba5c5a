import { describe, expect, test } from 'vitest';
import { brief, configFrom, PROJECT_DIR, serverFrom, USER_FILE } from './read-config.ts';

const issuesOf = (user: string): readonly string[] => brief(configFrom({ user }).issues);

const stdio = (line: string): string => `[mcp_servers.x]\ncommand = "c"\n${line}\n`;
const http = (line: string): string => `[mcp_servers.x]\nurl = "https://h/mcp"\n${line}\n`;

describe('what Codex refuses is an error of that server alone', () => {
  test.each([
    { toml: stdio('url = "https://h"'), want: 'CONFIG_BOTH_TRANSPORTS mcp_servers.x@3:1' },
    { toml: stdio('bearer_token = "t"'), want: 'CONFIG_LITERAL_TOKEN mcp_servers.x.bearer_token@3:1' },
    { toml: http('bearer_token = "t"'), want: 'CONFIG_LITERAL_TOKEN mcp_servers.x.bearer_token@3:1' },
    ...[
      'bearer_token_env_var = "T"',
      'http_headers = { A = "b" }',
      'env_http_headers = { A = "B" }',
      'http_headers_helper = "h"',
      'oauth = {}',
      'oauth_resource = "r"',
      'auth = "oauth"',
      'ca_file = "/ca"',
    ].map((line) => ({
      toml: stdio(line),
      want: `CONFIG_KEY_NOT_FOR_TRANSPORT mcp_servers.x.${line.split(' ')[0]}@3:1`,
    })),
    ...['args = ["a"]', 'env = { A = "b" }', 'env_vars = ["A"]', 'cwd = "/"'].map((line) => ({
      toml: http(line),
      want: `CONFIG_KEY_NOT_FOR_TRANSPORT mcp_servers.x.${line.split(' ')[0]}@3:1`,
    })),
    { toml: '[mcp_servers.x]', want: 'CONFIG_NO_TRANSPORT mcp_servers.x@1:14' },
    { toml: '[mcp_servers.x.env]\nA = "1"', want: 'CONFIG_NO_TRANSPORT mcp_servers.x@1:14' },
    { toml: 'mcp_servers.x.enabled = false\nmcp_servers.x.args = []', want: 'CONFIG_NO_TRANSPORT mcp_servers.x@1:13' },
    { toml: 'mcp_servers.x.enabled = true', want: 'CONFIG_NO_TRANSPORT mcp_servers.x@1:13' },
    { toml: http('http_headers_helper = ""'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.http_headers_helper@3:23' },
    { toml: http('auth = "none"'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.auth@3:8' },
    { toml: http('oauth = { client_secret = "x" }'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.oauth.client_secret@3:11' },
    {
      toml: http('oauth = { client_id = "c", client_secret = "" }'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.oauth.client_secret@3:44',
    },
    {
      toml: http('oauth = { token_endpoint_auth_method = "client_secret_post" }'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.oauth.token_endpoint_auth_method@3:11',
    },
    {
      toml: http('oauth = { authorization_server_issuer = "i" }'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.oauth.authorization_server_issuer@3:11',
    },
    {
      toml: http('auth = "ema_auth"\noauth = { token_endpoint_auth_method = "bogus" }'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.oauth.token_endpoint_auth_method@4:40',
    },
    {
      toml: http('oauth = { callback_port = 99999 }'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.oauth.callback_port@3:27',
    },
    { toml: http('http_headers = { A = 1 }'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.http_headers.A@3:22' },
    {
      toml: stdio('env_vars = [{ name = "A", source = "cloud" }]'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.env_vars.0.source@3:36',
    },
    { toml: stdio('env_vars = [{ name = "A", extra = 1 }]'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.env_vars.0@3:13' },
    { toml: stdio('env_vars = [{ source = "local" }]'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.env_vars.0@3:13' },
    { toml: stdio('env = { A = 1 }'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.env.A@3:13' },
    { toml: stdio('startup_timeout_sec = -1'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.startup_timeout_sec@3:23' },
    { toml: stdio('startup_timeout_ms = 1.5'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.startup_timeout_ms@3:22' },
    { toml: stdio('tool_timeout_sec = -0.5'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.tool_timeout_sec@3:20' },
    { toml: stdio('tool_timeout_sec = inf'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.tool_timeout_sec@3:20' },
    { toml: stdio('tool_timeout_sec = nan'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.tool_timeout_sec@3:20' },
    {
      toml: stdio('default_tools_approval_mode = "never"'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.default_tools_approval_mode@3:31',
    },
    { toml: stdio('tools.t.enabled = false'), want: 'CONFIG_NEAR_MISS mcp_servers.x.tools.t.enabled@3:9' },
    {
      toml: stdio('tools.t.output_token_limit = "x"'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.tools.t.output_token_limit@3:30',
    },
    { toml: stdio('startup_readiness = "x"'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.startup_readiness@3:21' },
    { toml: stdio('omit_tools_from = ["x"]'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.omit_tools_from.0@3:20' },
    { toml: stdio('omit_tools_from = "direct"'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.omit_tools_from@3:19' },
    {
      toml: stdio('tool_input_schema_max_bytes = 0'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.tool_input_schema_max_bytes@3:31',
    },
    { toml: 'mcp_servers.x = 3', want: 'CONFIG_WRONG_TYPE mcp_servers.x@1:17' },
  ])('$toml', ({ toml, want }) => {
    const config = configFrom({ user: `${toml}\n[mcp_servers.other]\ncommand = "o"\n` });
    expect(brief(config.issues.filter(({ severity }) => severity === 'error'))).toEqual([`error ${want}`]);
    expect(config.servers.get('x')?.problems.map(({ code }) => code)).toEqual([want.split(' ')[0]]);
    expect(config.servers.get('other')?.problems).toEqual([]);
  });

  test('environment_id elsewhere cannot go with a helper', () => {
    expect(issuesOf(http('environment_id = "box"\nhttp_headers_helper = "./h.sh"'))).toEqual([
      'warning KEY_NOT_YET_SUPPORTED mcp_servers.x.environment_id@3:1',
      'error CONFIG_WRONG_TYPE mcp_servers.x.http_headers_helper@4:1',
    ]);
  });
});

describe('what would fail only at the start, or not at all, is an error here', () => {
  test.each([
    { toml: '[mcp_servers.x]\nurl = "notaurl"', want: 'CONFIG_WRONG_TYPE mcp_servers.x.url@2:7' },
    { toml: '[mcp_servers.x]\nurl = "ftp://h/"', want: 'CONFIG_WRONG_TYPE mcp_servers.x.url@2:7' },
    { toml: '[mcp_servers.x]\nurl = "https://ada:pass@h/"', want: 'CONFIG_WRONG_TYPE mcp_servers.x.url@2:7' },
    { toml: '[mcp_servers.x]\ncommand = ""', want: 'CONFIG_WRONG_TYPE mcp_servers.x.command@2:11' },
    { toml: '[mcp_servers.x]\ncommand = "a\\u0000b"', want: 'CONFIG_WRONG_TYPE mcp_servers.x.command@2:11' },
    { toml: stdio('env = { "A=B" = "1" }'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.env."A=B"@3:9' },
    { toml: stdio('env_vars = ["$A"]'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.env_vars.0@3:13' },
    {
      toml: http('bearer_token_env_var = "${env:A}"'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.bearer_token_env_var@3:24',
    },
    {
      toml: http('env_http_headers = { A = "${A}" }'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.env_http_headers.A@3:26',
    },
    { toml: stdio('env_vars = [""]'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.env_vars.0@3:13' },
    { toml: http('bearer_token_env_var = ""'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.bearer_token_env_var@3:24' },
    {
      toml: http('http_headers = { "bad header" = "x" }'),
      want: 'CONFIG_WRONG_TYPE mcp_servers.x.http_headers."bad header"@3:18',
    },
    { toml: http('http_headers = { A = "€" }'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.http_headers.A@3:22' },
    { toml: http('http_headers = { A = "a\\u0000" }'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.http_headers.A@3:22' },
    { toml: http('http_headers = { A = "a\\u001b" }'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.http_headers.A@3:22' },
    { toml: http('http_headers = { A = "x\\r\\nB: y" }'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.http_headers.A@3:22' },
    { toml: http('client_cert_file = "/c.pem"'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.client_cert_file@3:1' },
    { toml: stdio('roots = ["/srv"]'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.roots.0@3:10' },
    { toml: stdio('roots = [{ name = "n" }]'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.roots.0@3:10' },
    { toml: stdio('sharing = "none"'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.sharing@3:11' },
    { toml: stdio('max_connections = 0'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.max_connections@3:19' },
    { toml: stdio('env_file = ""'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.env_file@3:12' },
    { toml: http('env_file = "x.env"'), want: 'CONFIG_KEY_NOT_FOR_TRANSPORT mcp_servers.x.env_file@3:1' },
    { toml: stdio('allow_secret_in_args = "yes"'), want: 'CONFIG_WRONG_TYPE mcp_servers.x.allow_secret_in_args@3:24' },
    { toml: '[mcp_servers."bad name!"]\ncommand = "c"', want: 'CONFIG_BAD_NAME mcp_servers."bad name!"@1:14' },
    { toml: '[mcp_servers.""]\ncommand = "c"', want: 'CONFIG_BAD_NAME mcp_servers.""@1:14' },
    {
      toml: `[mcp_servers.${'n'.repeat(129)}]\ncommand = "c"`,
      want: `CONFIG_BAD_NAME mcp_servers.${'n'.repeat(129)}@1:14`,
    },
    { toml: '[mcp_servers.profile]\ncommand = "c"', want: 'CONFIG_RESERVED_NAME mcp_servers.profile@1:14' },
  ])('$toml', ({ toml, want }) => expect(issuesOf(toml)).toEqual([`error ${want}`]));

  test('a file on the command line cannot be relative to a file', () => {
    const { issues } = configFrom({ user: http(''), flags: ['mcp_servers.x.ca_file=ca.pem'] });
    expect(brief(issues)).toEqual(['error CONFIG_WRONG_TYPE mcp_servers.x.ca_file']);
  });
});

describe('keys that are not known', () => {
  test.each([
    {
      line: 'commnd = "x"',
      want: 'warning CONFIG_UNKNOWN_KEY mcp_servers.x.commnd@3:1',
      hint: 'did you mean `command`?',
    },
    { line: 'colour = "red"', want: 'warning CONFIG_UNKNOWN_KEY mcp_servers.x.colour@3:1', hint: undefined },
    {
      line: 'enabeld = false',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.enabeld@3:1',
      hint: 'write `enabled = false` to turn the server off',
    },
    {
      line: 'disabled = true',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.disabled@3:1',
      hint: 'write `enabled = false` to turn the server off',
    },
    {
      line: 'enabledTools = []',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.enabledTools@3:1',
      hint: 'write `enabled_tools`, or remove the key',
    },
    {
      line: 'disable_tools = []',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.disable_tools@3:1',
      hint: 'write `disabled_tools`, or remove the key',
    },
    {
      line: 'exclude_tools = []',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.exclude_tools@3:1',
      hint: 'write `disabled_tools`, or remove the key',
    },
    {
      line: 'approval_mode = "prompt"',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.approval_mode@3:1',
      hint: 'write `default_tools_approval_mode`, or remove the key',
    },
    {
      line: 'aproval_mode = "prompt"',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.aproval_mode@3:1',
      hint: 'write `default_tools_approval_mode`, or remove the key',
    },
    {
      line: 'tools.t.approvalMode = "prompt"',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.tools.t.approvalMode@3:9',
      hint: 'write `approval_mode`, or remove the key',
    },
    {
      line: 'tool.t.approval_mode = "prompt"',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.tool@3:1',
      hint: 'write `tools`, or remove the key',
    },
    {
      line: 'tools.t.aproval_mode = "prompt"',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.tools.t.aproval_mode@3:9',
      hint: 'write `approval_mode`, or remove the key',
    },
    {
      line: 'masks = ["email"]',
      want: 'error CONFIG_NEAR_MISS mcp_servers.x.masks@3:1',
      hint: 'this version masks nothing; remove the key to run the server all the same',
    },
  ])('$line', ({ line, want, hint }) => {
    const { issues } = configFrom({ user: stdio(line) });
    expect(brief(issues)).toEqual([want]);
    expect(issues[0]?.hint).toBe(hint);
  });
});

describe('keys that are not acted on yet warn, and the server runs', () => {
  test.each([
    http('auth = "chatgpt"'),
    http('oauth = { client_id = "c", callback_port = 0 }'),
    http('oauth_resource = "r"'),
    stdio('environment_id = "box"'),
    stdio('experimental_environment = "remote"'),
    stdio('startup_readiness = "connection"'),
    stdio('default_tools_approval_mode = "writes"'),
    stdio('tools.t.approval_mode = "approve"'),
    stdio('tools.t.output_token_limit = 5'),
    stdio('scopes = ["a"]'),
    stdio('tool_input_schema_max_bytes = 5000'),
    stdio('omit_tools_from = ["direct"]'),
    stdio('env_vars = [{ name = "A", source = "remote" }]'),
  ])('%s', (user) => {
    const config = configFrom({ user });
    expect(config.issues.map(({ severity, code }) => `${severity} ${code}`)).toEqual(['warning KEY_NOT_YET_SUPPORTED']);
    expect(config.issues[0]?.message).toMatch(/ is not acted on yet; it would [a-z]/);
    expect(config.issues[0]?.server).toBe('x');
    expect(config.servers.get('x')?.problems).toEqual([]);
  });

  test.each([
    http('auth = "oauth"'),
    stdio('environment_id = "local"'),
    stdio('default_tools_approval_mode = "auto"'),
    stdio('tools.t.approval_mode = "auto"'),
    stdio('omit_tools_from = []'),
    stdio('name = "legacy"'),
    stdio('env_vars = [{ name = "A", source = "local" }]'),
    'mcp_oauth_credentials_store = "auto"',
    '[features]\nplugins = true\nsomething_of_codex = true',
    'model = "o3"\n[tui]\ntheme = "x"\n[profiles.a]\nmodel = "y"',
  ])('but what asks for nothing else says nothing: %s', (user) => expect(issuesOf(user)).toEqual([]));
});

describe('an entry that starts Plugboard itself is no server', () => {
  test.each([
    'command = "plugboard"\nargs = ["stdio"]',
    'command = "/usr/local/bin/plugboard"',
    'command = "C:\\\\node\\\\plugboard.cmd"',
    'command = "node"\nargs = ["/opt/plugboard/bin/plugboard.js", "stdio", "--agent", "codex"]',
    'command = "npx"\nargs = ["-y", "plugboard@1", "serve"]',
    'command = "sh"\nargs = ["-c", "exec plugboard stdio"]',
    'command = "/bin/bash"\nargs = ["-lc", "node \'/opt/plug board/plugboard.js\' stdio --agent codex"]',
    'command = "cmd"\nargs = ["/c", "npx", "-y", "plugboard", "stdio"]',
  ])('%s', (lines) => {
    const config = configFrom({ user: `[mcp_servers.x]\n${lines}\n` });
    expect([...config.servers.keys()]).toEqual([]);
    expect(brief(config.issues)).toEqual(['warning CONFIG_SELF_REFERENCE mcp_servers.x@1:14']);
  });

  test.each([
    'command = "node"\nargs = ["/opt/plugboard-notes/server.js", "stdio"]',
    'command = "node"\nargs = ["plugboard.js", "build"]',
    'command = "plugboardd"',
    'command = "sh"\nargs = ["-c", "cd plugboard && exec server stdio"]',
  ])('but this one is: %s', (lines) => {
    expect(configFrom({ user: `[mcp_servers.x]\n${lines}\n` }).servers.has('x')).toBe(true);
  });
});

test('a stdio server with everything', () => {
  const user = `[mcp_servers.x]
command = "node"
args = ["s.js"]
env = { A = "1", __proto__ = "2" }
env_vars = ["B", { name = "C", source = "remote" }, { name = "D", required = true }]
cwd = "~/w"
env_file = "x.env"
startup_timeout_sec = 1.5
startup_timeout_ms = 9
tool_timeout_sec = 0
enabled = false
required = true
supports_parallel_tool_calls = true
enabled_tools = ["t"]
disabled_tools = ["u"]
sharing = "session"
max_connections = 2
roots = ["file:///a", { uri = "file:///b", name = "b" }]
allow_secret_in_args = true
`;
  const at = (line: number, column: number) => ({ layer: 'user', file: USER_FILE, line, column });
  expect(serverFrom({ user })).toEqual({
    name: 'x',
    origin: at(1, 14),
    enabled: false,
    enabledOrigin: at(11, 1),
    required: true,
    transport: {
      kind: 'stdio',
      command: 'node',
      args: ['s.js'],
      env: Object.fromEntries([
        ['A', '1'],
        ['__proto__', '2'],
      ]),
      envVars: [
        { name: 'B', source: 'local', required: false },
        { name: 'C', source: 'remote', required: false },
        { name: 'D', source: 'local', required: true },
      ],
      cwd: '~/w',
      cwdAbsolute: '/home/ada/w',
      envFile: '/home/ada/.plugboard/x.env',
    },
    startupTimeoutMs: 1500,
    toolTimeoutMs: 0,
    startupTimeoutSec: 1.5,
    toolTimeoutSec: 0,
    enabledTools: ['t'],
    disabledTools: ['u'],
    toolNames: [],
    supportsParallelToolCalls: true,
    allowSecretInArgs: true,
    sharing: 'session',
    maxConnections: 2,
    roots: [{ uri: 'file:///a' }, { uri: 'file:///b', name: 'b' }],
    problems: [],
  });
});

test('an HTTP server with nothing but its address has the defaults', () => {
  expect(serverFrom({ user: '[mcp_servers.x]\nurl = "http://h/"' })).toMatchObject({
    enabled: true,
    required: false,
    transport: {
      kind: 'http',
      url: 'http://h/',
      bearerTokenEnvVar: null,
      headers: {},
      envHeaders: {},
      headersHelper: null,
      caFile: null,
      clientCertFile: null,
      clientKeyFile: null,
    },
    startupTimeoutMs: 30_000,
    toolTimeoutMs: 300_000,
    startupTimeoutSec: null,
    toolTimeoutSec: null,
    enabledTools: null,
    disabledTools: [],
    toolNames: [],
    allowSecretInArgs: false,
    sharing: 'auto',
    maxConnections: 8,
    roots: [],
  });
});

test('a legacy time-out in milliseconds counts, and more than a timer can hold counts as the most', () => {
  const { startupTimeoutMs, startupTimeoutSec, toolTimeoutMs } = serverFrom({
    user: stdio('startup_timeout_ms = 2500\ntool_timeout_sec = 1e12'),
  });
  expect({ startupTimeoutMs, startupTimeoutSec, toolTimeoutMs }).toEqual({
    startupTimeoutMs: 2500,
    startupTimeoutSec: 2.5,
    toolTimeoutMs: 2_147_483_647,
  });
});

test.each([
  { name: 'in the file of the user it stays open', sources: { user: stdio('cwd = "w"') }, want: null },
  {
    name: 'in the file of a project it starts there',
    sources: { project: stdio('cwd = "w"') },
    want: `${PROJECT_DIR}/w`,
  },
  {
    name: 'when only cwd is from the project, too',
    sources: { user: stdio(''), project: '[mcp_servers.x]\ncwd = "w"' },
    want: `${PROJECT_DIR}/w`,
  },
  {
    name: 'in a --config file it starts at its folder',
    sources: { user: stdio('cwd = "../w"'), configFile: '/etc/a/c.toml' },
    want: '/etc/w',
  },
  { name: 'absent it stays open', sources: { user: stdio('') }, want: null },
])('a relative cwd: $name', ({ sources, want }) => {
  expect(serverFrom(sources).transport).toMatchObject({ cwdAbsolute: want });
});

test('certificate files are relative to the file that names them', () => {
  const lines = 'ca_file = "ca.pem"\nclient_cert_file = "~/c.pem"\nclient_key_file = "/k.pem"';
  expect(serverFrom({ project: http(lines) }).transport).toMatchObject({
    caFile: `${PROJECT_DIR}/.plugboard/ca.pem`,
    clientCertFile: '/home/ada/c.pem',
    clientKeyFile: '/k.pem',
  });
});
