import { describe, expect, test } from 'vitest';
import type { ServerEntry } from '../../../src/config/index.ts';
import { pluginServerSwitch, type Resolved } from '../../../src/servers/index.ts';
import { configFrom, type Sources, USER_FILE } from '../config/read-config.ts';
import { pluginInput, pluginServer, resolveWith, setting } from './plugin-input.ts';

const ID = 'poka@acme';
const ROOT = '/cache/acme/poka/1.0.0';
const poka = (toml?: string, wish: Parameters<typeof pluginInput>[2] = {}) =>
  pluginInput(ID, [pluginServer('poka', toml === undefined ? {} : { toml })], wish);

const OWN = {
  stdio: [
    'command = "node"',
    'args = ["own"]',
    'cwd = "/cache/acme/poka/1.0.0"',
    'env_vars = ["OWN"]',
    'env = { OWN = "plugin", BOTH = "plugin" }',
    'enabled_tools = ["a", "b"]',
    'disabled_tools = ["c"]',
    'startup_timeout_sec = 5',
  ].join('\n'),
  http: 'url = "https://own.example/mcp"\nhttp_headers = { Own = "plugin", Both = "plugin" }',
};

const stdioOf = ({ transport }: ServerEntry) => (transport?.kind === 'stdio' ? transport : null);
const httpOf = ({ transport }: ServerEntry) => (transport?.kind === 'http' ? transport : null);

/** Every key that shows in a server, as one line that is right in a table and in `-c`, and what becomes of it. */
const KEYS: readonly {
  readonly key: string;
  readonly value: string;
  readonly on?: 'http';
  readonly seen: (entry: ServerEntry) => unknown;
  readonly want: unknown;
}[] = [
  { key: 'args', value: '["x", "${PLUGIN_ROOT}/y"]', seen: (e) => stdioOf(e)?.args, want: ['x', `${ROOT}/y`] },
  {
    key: 'env',
    value: '{ BOTH = "user", MINE = "1" }',
    seen: (e) => stdioOf(e)?.env,
    want: { OWN: 'plugin', BOTH: 'user', MINE: '1' },
  },
  { key: 'env.BOTH', value: '"${env:X}"', seen: (e) => stdioOf(e)?.env['BOTH'], want: '${env:X}' },
  {
    key: 'env_vars',
    value: '["MINE"]',
    seen: (e) => stdioOf(e)?.envVars,
    want: [{ name: 'MINE', source: 'local', required: false }],
  },
  { key: 'env_file', value: '"/srv/poka.env"', seen: (e) => stdioOf(e)?.envFile, want: '/srv/poka.env' },
  { key: 'cwd', value: '"/srv"', seen: (e) => stdioOf(e)?.cwdAbsolute, want: '/srv' },
  { key: 'enabled', value: 'false', seen: (e) => e.enabled, want: false },
  { key: 'required', value: 'true', seen: (e) => e.required, want: true },
  { key: 'supports_parallel_tool_calls', value: 'true', seen: (e) => e.supportsParallelToolCalls, want: true },
  { key: 'allow_secret_in_args', value: 'true', seen: (e) => e.allowSecretInArgs, want: true },
  { key: 'enabled_tools', value: '["b", "z"]', seen: (e) => e.enabledTools, want: ['b'] },
  { key: 'disabled_tools', value: '["d"]', seen: (e) => e.disabledTools, want: ['c', 'd'] },
  { key: 'startup_timeout_sec', value: '7', seen: (e) => e.startupTimeoutMs, want: 7000 },
  { key: 'startup_timeout_ms', value: '8500', seen: (e) => e.startupTimeoutMs, want: 8500 },
  { key: 'tool_timeout_sec', value: '9', seen: (e) => e.toolTimeoutMs, want: 9000 },
  { key: 'sharing', value: '"session"', seen: (e) => e.sharing, want: 'session' },
  { key: 'max_connections', value: '3', seen: (e) => e.maxConnections, want: 3 },
  { key: 'roots', value: '["file:///srv"]', seen: (e) => e.roots.map(({ uri }) => uri), want: ['file:///srv'] },
  { key: 'bearer_token_env_var', value: '"T"', on: 'http', seen: (e) => httpOf(e)?.bearerTokenEnvVar, want: 'T' },
  {
    key: 'http_headers',
    value: '{ Both = "user" }',
    on: 'http',
    seen: (e) => httpOf(e)?.headers,
    want: { Own: 'plugin', Both: 'user' },
  },
  { key: 'env_http_headers', value: '{ X = "V" }', on: 'http', seen: (e) => httpOf(e)?.envHeaders, want: { X: 'V' } },
  { key: 'ca_file', value: '"/srv/ca.pem"', on: 'http', seen: (e) => httpOf(e)?.caFile, want: '/srv/ca.pem' },
];

const TABLES = { policy: `plugins."${ID}".mcp_servers.poka`, overlay: 'mcp_servers.poka' };
const LAYERS = {
  'config.toml': (path: string, key: string, value: string): Sources => ({ user: `[${path}]\n${key} = ${value}` }),
  '-c': (path: string, key: string, value: string): Sources => ({ flags: [`${path}.${key}=${value}`] }),
};

/** Problems and warnings; what is not acted on yet is none. */
const said = ({ issues }: Resolved): readonly string[] =>
  issues.filter(({ severity }) => severity !== 'note').map(({ code }) => code);

describe.each(Object.entries(TABLES))('in a table of kind %s', (_, path) => {
  describe.each(Object.entries(LAYERS))('by %s', (_layer, write) => {
    test.each(KEYS)('$key is laid over', ({ key, value, on, seen, want }) => {
      const resolved = resolveWith({ plugins: [poka(OWN[on ?? 'stdio'])], ...write(path, key, value) });
      const entry = resolved.entries.get('poka');
      expect({
        value: entry === undefined ? 'no such server' : seen(entry),
        owner: resolved.servers.map(({ owner }) => owner?.pluginId),
        said: said(resolved),
      }).toEqual({ value: want, owner: [ID], said: [] });
    });
  });
});

describe('what is laid over a plugin', () => {
  test('counts from low to high: the plugin, its policy, the table of the name, -c', () => {
    const { entries } = resolveWith({
      plugins: [poka('command = "node"\nenv = { A = "0", B = "0", C = "0", D = "0" }')],
      user: `[plugins."${ID}".mcp_servers.poka.env]\nB = "1"\nC = "1"\nD = "1"\n[mcp_servers.poka.env]\nC = "2"\nD = "2"`,
      flags: ['mcp_servers.poka.env.D="3"'],
    });
    const entry = entries.get('poka');
    expect(entry === undefined ? null : stdioOf(entry)?.env).toEqual({ A: '0', B: '1', C: '2', D: '3' });
  });

  test('in a policy, `command` replaces just that', () => {
    const { servers } = resolveWith({ plugins: [poka(OWN.stdio)], user: `[${TABLES.policy}]\ncommand = "deno"` });
    expect(servers[0]?.verdict).toMatchObject({
      kind: 'startable',
      launch: { command: 'deno', args: ['own'], cwd: ROOT },
    });
  });

  test('in a policy, an address beside the program of the plugin is an error with a place', () => {
    const user = `[${TABLES.policy}]\nurl = "https://h/"`;
    expect(resolveWith({ plugins: [poka(OWN.stdio)], user }).servers[0]?.verdict).toMatchObject({
      kind: 'invalid',
      issues: [
        {
          code: 'CONFIG_BOTH_TRANSPORTS',
          hint: 'keep one of the two',
          file: USER_FILE,
          line: 2,
          server: 'poka',
          plugin: ID,
        },
      ],
    });
  });

  test.each([
    { name: 'a policy', user: `[${TABLES.policy}]\nargs = 1`, key: `${TABLES.policy}.args` },
    { name: 'an overlay', user: '[mcp_servers.poka]\nargs = 1', key: 'mcp_servers.poka.args' },
  ])('is wrong where it is written, and once: $name', ({ user, key }) => {
    const { servers, issues } = resolveWith({ plugins: [poka(OWN.stdio)], user });
    const problem = { code: 'CONFIG_WRONG_TYPE', file: USER_FILE, line: 2, key, server: 'poka', plugin: ID };
    expect(servers[0]?.verdict).toMatchObject({ kind: 'invalid', issues: [problem] });
    expect(issues).toMatchObject([problem]);
  });

  test('repairs what is wrong in the plugin, and then nobody speaks of it', () => {
    const bad = 'command = "node"\nstartup_timeout_sec = "soon"';
    const issue = {
      ...({ code: 'CONFIG_WRONG_TYPE', severity: 'error', message: 'no', server: 'poka', plugin: ID } as const),
      file: '/cache/poka.json',
    };
    const plugins = [
      pluginInput(ID, [
        { ...pluginServer('poka', { toml: bad }), entry: { ...pluginServer('poka').entry, problems: [issue] } },
      ]),
    ];
    expect(resolveWith({ plugins, pluginIssues: [issue] })).toMatchObject({
      servers: [{ verdict: { kind: 'invalid' } }],
      issues: [{ code: 'CONFIG_WRONG_TYPE' }],
    });
    const user = '[mcp_servers.poka]\nstartup_timeout_sec = 4';
    expect(resolveWith({ plugins, pluginIssues: [issue], user })).toMatchObject({
      servers: [{ startupTimeoutMs: 4000, verdict: { kind: 'startable' } }],
      issues: [],
    });
  });

  test('gives a server that the plugin left without a program one', () => {
    const user = `[${TABLES.policy}]\ncommand = "deno"`;
    expect(resolveWith({ plugins: [poka('startup_timeout_sec = 3')], user }).servers[0]?.verdict).toMatchObject({
      kind: 'startable',
      launch: { command: 'deno' },
    });
  });

  test('never starts Plugboard itself', () => {
    const user = `[${TABLES.policy}]\ncommand = "plugboard"`;
    expect(resolveWith({ plugins: [poka()], user }).servers[0]?.verdict).toMatchObject({
      kind: 'invalid',
      issues: [{ code: 'CONFIG_SELF_REFERENCE', key: `${TABLES.policy}.command`, line: 2 }],
    });
  });

  test('turns on what its policy turns off', () => {
    const user = `[${TABLES.policy}]\nenabled = false\n[mcp_servers.poka]\nenabled = true`;
    expect(resolveWith({ plugins: [poka()], user }).servers[0]?.verdict).toMatchObject({ kind: 'startable' });
  });

  test('is judged by requirements as a whole', () => {
    const requirements = `[plugins."${ID}".mcp_servers.poka.identity]\ncommand = "node"`;
    const situation = { plugins: [poka()], requirements };
    expect(resolveWith(situation).servers[0]?.verdict.kind).toBe('startable');
    const user = `[${TABLES.policy}]\ncommand = "deno"`;
    expect(resolveWith({ ...situation, user }).servers[0]?.verdict).toMatchObject({
      kind: 'blocked',
      reason: 'requirements',
    });
  });

  test('may refer to settings of the plugin, and to no others', () => {
    const plugins = [poka(undefined, { settings: [setting('region', { default: 'eu' })] })];
    const over = (text: string) => resolveWith({ plugins, user: `[mcp_servers.poka.env]\nR = "${text}"` }).servers[0];
    expect(over('${user_config.region}')).toMatchObject({
      verdict: { kind: 'startable' },
      sources: { settings: { region: { values: ['eu'] } } },
    });
    expect(over('${user_config.regoin}')?.verdict).toMatchObject({
      kind: 'invalid',
      issues: [{ code: 'PLUGIN_REFERENCE', line: 2, hint: 'did you mean `${user_config.region}`?' }],
    });
  });

  test('survives an upgrade', () => {
    const next = pluginInput(ID, [pluginServer('poka', { toml: 'command = "node"\nenv = { NEW = "1" }' })], {
      env: { PLUGIN_ROOT: '/cache/acme/poka/2.0.0', PLUGIN_DATA: '/data/poka' },
    });
    expect(resolveWith({ plugins: [next], user: '[mcp_servers.poka.env]\nMINE = "1"' }).servers).toMatchObject([
      {
        owner: { pluginId: ID },
        verdict: { launch: { env: { NEW: '1', MINE: '1' }, cwd: '/cache/acme/poka/2.0.0' } },
      },
    ]);
  });
});

describe('a name that several plugins have', () => {
  const two = ['one@acme', 'two@acme'].map((id) => pluginInput(id, [pluginServer('poka')]));

  test('is laid over none, with the line to write for each', () => {
    const { servers, issues } = resolveWith({ plugins: two, user: '[mcp_servers.poka.env]\nTOKEN = "x"' });
    expect(servers.map(({ name, verdict }) => [name, verdict.kind])).toEqual([
      ['one:poka', 'startable'],
      ['two:poka', 'startable'],
    ]);
    expect(JSON.stringify(servers)).not.toContain('TOKEN');
    expect(issues.filter(({ code }) => code !== 'PLUGIN_SERVER_CONFLICT')).toEqual([
      {
        code: 'PLUGIN_OVERLAY_AMBIGUOUS',
        severity: 'error',
        message:
          'mcp_servers.poka.env fits servers of one@acme and two@acme, which are called one:poka and two:poka; it is laid over none of them',
        hint: 'write [plugins."one@acme".mcp_servers.poka.env] or [plugins."two@acme".mcp_servers.poka.env]',
        file: USER_FILE,
        line: 1,
        column: 19,
        key: 'mcp_servers.poka.env',
      },
    ]);
  });

  test('takes away from all of them', () => {
    const user = '[mcp_servers.poka]\nenabled_tools = ["a"]\ndisabled_tools = ["b"]';
    const { servers, issues } = resolveWith({ plugins: two, user });
    expect(servers.map(({ enabledTools, disabledTools }) => [enabledTools, disabledTools])).toEqual([
      [['a'], ['b']],
      [['a'], ['b']],
    ]);
    expect(issues.map(({ code }) => code)).toEqual(['PLUGIN_SERVER_CONFLICT']);
    const off = resolveWith({ plugins: two, user: '[mcp_servers.poka]\nenabled = false\ncwd = "/x"' });
    expect(off.servers.map(({ verdict }) => verdict.kind)).toEqual(['disabled', 'disabled']);
    expect(off.issues.map(({ code, key }) => [code, key])).toContainEqual([
      'PLUGIN_OVERLAY_AMBIGUOUS',
      'mcp_servers.poka',
    ]);
  });

  test('is fine where only one of them is in use', () => {
    const user = '[plugins."two@acme"]\nenabled = false\n[mcp_servers.poka.env]\nTOKEN = "x"';
    const { servers, issues } = resolveWith({ plugins: two, user });
    expect(servers).toMatchObject([
      { name: 'poka', owner: { pluginId: 'one@acme' }, verdict: { launch: { env: { TOKEN: 'x' } } } },
      { name: 'two:poka', verdict: { kind: 'disabled' } },
    ]);
    expect(issues).toEqual([]);
  });

  test('names one of them by the name that people know it by', () => {
    const { servers } = resolveWith({ plugins: two, user: '[mcp_servers."one:poka".env]\nT = "x"' });
    expect(servers).toMatchObject([
      { name: 'one:poka', verdict: { launch: { env: { T: 'x' } } } },
      { name: 'two:poka', verdict: { launch: { env: {} } } },
    ]);
  });
});

describe('a qualified name', () => {
  const good = pluginInput('good@acme', [pluginServer('github')]);
  const impostor = pluginInput('evil@acme', [pluginServer('good:github')]);
  const user = '[mcp_servers."good:github".env]\nTOKEN = "x"';
  const envs = (plugins: readonly ReturnType<typeof pluginInput>[], text = user) =>
    Object.fromEntries(
      resolveWith({ plugins, user: text }).servers.map(({ name, verdict }) => {
        if (verdict.kind !== 'startable' || verdict.launch.kind !== 'stdio') return [name, verdict.kind];
        const { PLUGIN_ROOT: _root, PLUGIN_DATA: _data, ...env } = verdict.launch.env;
        return [name, env];
      }),
    );

  test('still means the server when no other plugin has one of that name any more', () => {
    expect(envs([good])).toEqual({ github: { TOKEN: 'x' } });
    expect(envs([good], '[mcp_servers."good@acme:github".env]\nTOKEN = "x"')).toEqual({ github: { TOKEN: 'x' } });
  });

  test('never means a server that another plugin calls so itself', () => {
    expect(envs([impostor])).toEqual({ 'evil:good:github': {}, 'good:github': 'invalid' });
    expect(envs([good, impostor])).toEqual({ github: { TOKEN: 'x' }, 'evil:good:github': {} });
    expect(envs([impostor], '[mcp_servers."evil:good:github".env]\nA = "1"')).toEqual({
      'evil:good:github': { A: '1' },
    });
  });

  test('counts more than what is less exact, and adds to none where it means several', () => {
    const texts = ['github', 'good:github', 'good@acme:github'].map(
      (name, at) => `[mcp_servers."${name}".env]\nTOKEN = "${at}"\nT${at} = "x"`,
    );
    expect(envs([good], texts.toReversed().join('\n'))).toEqual({ github: { TOKEN: '2', T0: 'x', T1: 'x', T2: 'x' } });
    const other = pluginInput('good@other', [pluginServer('github')]);
    expect(envs([good, other])).toEqual({ 'good@acme:github': {}, 'good@other:github': {} });
  });

  test('turns off, and its switch is there', () => {
    const off = '[mcp_servers."good:github"]\nenabled = false';
    expect(envs([good], off)).toEqual({ github: 'disabled' });
    const known = { name: 'github', owner: { pluginId: 'good@acme', server: 'github' }, declared: null };
    expect(pluginServerSwitch(configFrom({ user: off }), known).enabled).toBe(false);
    const literal = {
      name: 'evil:good:github',
      owner: { pluginId: 'evil@acme', server: 'good:github' },
      declared: null,
    };
    expect(pluginServerSwitch(configFrom({ user: off }), literal).enabled).toBe(true);
  });
});

describe('an overlay without a plugin', () => {
  const user = '[mcp_servers.poka.env]\nA = "1"';

  test('that is not installed any more: the server is missing, and nothing is broken', () => {
    const { servers, issues } = resolveWith({
      plugins: [],
      removedPlugins: [{ pluginId: ID, servers: ['poka'] }],
      user,
    });
    expect(servers).toMatchObject([
      {
        name: 'poka',
        owner: { pluginId: ID, server: 'poka', root: null },
        verdict: {
          kind: 'missing',
          pluginId: ID,
          command: `run: plugboard plugin add ${ID}; or take away what ${USER_FILE}:1 lays over it: plugboard config unset mcp_servers.poka`,
        },
      },
    ]);
    expect(issues).toEqual([]);
  });

  test('that is not installed any more, with a name in quotes and a secret: each command can be typed as it stands', () => {
    const { servers, issues } = resolveWith({
      plugins: [],
      removedPlugins: [{ pluginId: ID, servers: ['poka'] }],
      user: '[mcp_servers."poka:poka".env]\nAPI_TOKEN = "ghp_abcdefghij0123456789abcdefghij012345"',
    });
    expect(servers[0]?.verdict).toMatchObject({
      command: `run: plugboard plugin add ${ID}; or take away what ${USER_FILE}:1 lays over it: plugboard config unset 'mcp_servers."poka:poka"'`,
    });
    expect(issues).toMatchObject([
      {
        code: 'SECRET_IN_CONFIG',
        hint: `run: plugboard secret set API_TOKEN --for ${ID}; then write env.API_TOKEN = "\${secret:API_TOKEN}" in place of the value`,
        line: 2,
        plugin: ID,
      },
    ]);
  });

  test('that nobody knows is invalid, and what is near is named', () => {
    const { servers, issues } = resolveWith({ plugins: [pluginInput('q@m', [pluginServer('pokka')])], user });
    expect(servers.map(({ name, verdict }) => [name, verdict.kind])).toEqual([
      ['poka', 'invalid'],
      ['pokka', 'startable'],
    ]);
    expect(issues).toMatchObject([
      {
        code: 'CONFIG_NO_TRANSPORT',
        hint: 'did you mean [mcp_servers.pokka]? Else add `command` for a program, or `url` for an HTTP server',
      },
    ]);
  });

  test('that only turns off stays turned off', () => {
    const removedPlugins = [{ pluginId: ID, servers: ['poka'] }];
    const { servers } = resolveWith({ plugins: [], removedPlugins, user: '[mcp_servers.poka]\nenabled = false' });
    expect(servers[0]?.verdict.kind).toBe('disabled');
  });
});

describe('the switch of a server is where its verdict says', () => {
  test.each([
    { name: 'nowhere', user: '', enabled: true },
    { name: 'in its policy', user: `[${TABLES.policy}]\nenabled = false`, enabled: false },
    { name: 'in the table of its name', user: '[mcp_servers.poka]\nenabled = false\nenv.A = "1"', enabled: false },
    {
      name: 'in the table of its name before its policy',
      user: `[${TABLES.policy}]\nenabled = false\n[mcp_servers.poka]\nenabled = true`,
      enabled: true,
    },
    { name: 'in no table that says nothing of it', user: '[mcp_servers.poka]\nenv.A = "1"', enabled: true },
  ])('$name', ({ user, enabled }) => {
    const plugins = [poka()];
    const [server] = resolveWith({ plugins, user }).servers;
    const declared = plugins[0]?.plugin?.servers[0]?.entry ?? null;
    const known = { name: 'poka', owner: { pluginId: ID, server: 'poka' }, declared };
    expect({
      verdict: server?.verdict.kind,
      switch: pluginServerSwitch(configFrom({ user }), known).enabled,
    }).toEqual({ verdict: enabled ? 'startable' : 'disabled', switch: enabled });
  });
});
