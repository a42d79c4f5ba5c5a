import { describe, expect, test } from 'vitest';
import { restrictProject } from '../../../src/config/build.ts';
import { plainValue } from '../../../src/config/located.ts';
import { parseLayer } from '../../../src/config/parse.ts';
import { parsePluginId } from '../../../src/config/plugin-id.ts';
import type { PluginSettings, ServerPolicy } from '../../../src/config/types.ts';
import { brief, configFrom, PROJECT_FILE, type Sources, USER_FILE } from './read-config.ts';

const at = (line: number, column: number) => ({ layer: 'user', file: USER_FILE, line, column }) as const;

function settingsFrom(sources: Sources, id = 'p@m'): PluginSettings {
  const settings = configFrom(sources).plugins.get(id);
  if (settings === undefined) throw new Error(`no settings of ${id}`);
  return settings;
}

/** A policy, without its places. */
function policyFrom(
  sources: Sources,
): Omit<ServerPolicy, 'origin' | 'enabledOrigin' | 'problems'> & { readonly problems: readonly string[] } {
  const policy = settingsFrom(sources).servers.get('s');
  if (policy === undefined) throw new Error('no policy');
  const { origin: _, enabledOrigin: __, problems, ...rest } = policy;
  return { ...rest, problems: brief(problems) };
}

/** Settings whose located values are plain ones. */
function plainSettings({ values, servers, ...rest }: PluginSettings): object {
  return {
    ...rest,
    values: Object.fromEntries([...values].map(([key, value]) => [key, plainValue(value)])),
    servers: new Map([...servers].map(([name, one]) => [name, { ...one, table: plainValue(one.table) }])),
  };
}

const policy = (lines: string): string => `[plugins."p@m".mcp_servers.s]\n${lines}`;
const KEY = 'plugins."p@m".mcp_servers.s';

describe('settings of a plugin', () => {
  test('with everything that counts', () => {
    const user = `[plugins."p@m"]
enabled = false
[plugins."p@m".mcp_servers.s]
enabled = true
enabled_tools = ["a", "b"]
disabled_tools = ["c"]
widen = true
[plugins."p@m".mcp_servers.s.tools.d]
[plugins."p@m".user_config]
region = "eu"
ports = [1, 2.5]
debug = true
`;
    expect(configFrom({ user }).issues).toEqual([]);
    expect(plainSettings(settingsFrom({ user }))).toEqual({
      pluginId: 'p@m',
      origin: at(1, 10),
      enabled: false,
      enabledOrigin: at(2, 1),
      servers: new Map([
        [
          's',
          {
            server: 's',
            origin: at(3, 28),
            enabled: true,
            enabledOrigin: at(4, 1),
            enabledTools: ['a', 'b'],
            widen: true,
            disabledTools: ['c'],
            toolNames: ['d'],
            table: {
              enabled: true,
              enabled_tools: ['a', 'b'],
              disabled_tools: ['c'],
              widen: true,
              tools: { d: {} },
            },
            problems: [],
          },
        ],
      ]),
      values: { region: 'eu', ports: [1, 2.5], debug: true },
      problems: [],
    });
  });

  test('with nothing say nothing', () => {
    expect(plainSettings(settingsFrom({ user: '[plugins."p@m"]\n[plugins."p@m".mcp_servers.s]' }))).toMatchObject({
      enabled: null,
      enabledOrigin: at(1, 10),
      servers: new Map([
        [
          's',
          {
            server: 's',
            origin: at(2, 28),
            enabled: null,
            enabledOrigin: at(2, 28),
            enabledTools: null,
            widen: false,
            disabledTools: [],
            toolNames: [],
            table: {},
            problems: [],
          },
        ],
      ]),
      values: {},
    });
  });

  test('of a default hold for plugins without their own', () => {
    const { pluginsEnabledByDefault, plugins } = configFrom({ user: '[plugins._default]\nenabled = false' });
    expect(pluginsEnabledByDefault).toEqual({ enabled: false, origin: at(2, 1), problems: [] });
    expect([...plugins]).toEqual([]);
  });
});

describe('what is wrong with them', () => {
  test.each([
    {
      toml: '[plugins."p@m"]\nenabled = 1.5',
      want: ['error CONFIG_WRONG_TYPE plugins."p@m".enabled@2:11'],
      problems: 1,
    },
    {
      toml: '[plugins."p@m".user_config]\na = { b = 1 }\nc = [[1]]\nd = "fine"',
      want: [
        'error CONFIG_WRONG_TYPE plugins."p@m".user_config.a@2:5',
        'error CONFIG_WRONG_TYPE plugins."p@m".user_config.c@3:5',
      ],
      problems: 2,
    },
    {
      toml: '[plugins."p@m"]\nuser_config = "x"',
      want: ['error CONFIG_WRONG_TYPE plugins."p@m".user_config@2:15'],
      problems: 1,
    },
    { toml: '[plugins."p@m"]\nenabld = false', want: ['error CONFIG_NEAR_MISS plugins."p@m".enabld@2:1'], problems: 1 },
    {
      toml: '[plugins."p@m"]\ndisabled = true',
      want: ['error CONFIG_NEAR_MISS plugins."p@m".disabled@2:1'],
      problems: 1,
    },
    {
      toml: '[plugins."p@m"]\ndisabled_tools = []',
      want: ['error CONFIG_NEAR_MISS plugins."p@m".disabled_tools@2:1'],
      problems: 1,
    },
    {
      toml: '[plugins."p@m"]\nmcp_servers = 1',
      want: ['error CONFIG_WRONG_TYPE plugins."p@m".mcp_servers@2:15'],
      problems: 1,
    },
    { toml: 'plugins."p@m" = true', want: ['error CONFIG_WRONG_TYPE plugins."p@m"@1:17'], problems: 1 },
    { toml: '[plugins."p@m"]\ncolour = 1', want: ['warning CONFIG_UNKNOWN_KEY plugins."p@m".colour@2:1'], problems: 0 },
    {
      toml: '[plugins."p@m"]\nrelease_id = "1"',
      want: ['warning KEY_NOT_YET_SUPPORTED plugins."p@m".release_id@2:1'],
      problems: 0,
    },
    {
      toml: '[plugins."p@m"]\nauto_provision = true',
      want: ['warning KEY_NOT_YET_SUPPORTED plugins."p@m".auto_provision@2:1'],
      problems: 0,
    },
    {
      toml: '[plugins."p@m"]\nsource = 1\nversion = 2\npath = 3\napps.x = 1\nauto_provision = false',
      want: [],
      problems: 0,
    },
  ])('$toml', ({ toml, want, problems }) => {
    expect(brief(configFrom({ user: toml }).issues)).toEqual(want);
    expect(settingsFrom({ user: toml }).problems).toHaveLength(problems);
  });

  test('an issue names the plugin and the server', () => {
    const { issues } = configFrom({ user: `${policy('enabled = 1')}\n[plugins."p@m"]\nenabled = 2` });
    expect(issues.map(({ plugin, server }) => [plugin, server])).toEqual([
      ['p@m', 's'],
      ['p@m', undefined],
    ]);
  });

  test.each(['p', '@m', 'p@', 'p@m@n', '.p@m', 'p/q@m', 'p@m n', ''])('the id %j is none, and has no effect', (id) => {
    const { plugins, issues } = configFrom({ user: `plugins.${JSON.stringify(id)}.enabled = true` });
    expect([...plugins]).toEqual([]);
    expect(issues.map(({ code, severity }) => [code, severity])).toEqual([['PLUGIN_BAD_NAME', 'error']]);
    expect(issues[0]?.hint).toContain('NAME@MARKETPLACE');
  });

  test('an id that looks like the defaults is told so', () => {
    const { issues } = configFrom({ user: '[plugins._defaut]\nenabled = false' });
    expect(issues).toMatchObject([{ code: 'PLUGIN_BAD_NAME', line: 1, hint: 'did you mean `_default`?' }]);
  });

  test.each([
    { toml: 'plugins = 1', want: 'error CONFIG_WRONG_TYPE plugins@1:11' },
    { toml: '[plugins._default]\nenabled = "no"', want: 'error CONFIG_WRONG_TYPE plugins._default.enabled@2:11' },
    { toml: '[plugins._default]\nenable = false', want: 'error CONFIG_NEAR_MISS plugins._default.enable@2:1' },
    { toml: '[plugins._default]\ndisabled = true', want: 'error CONFIG_NEAR_MISS plugins._default.disabled@2:1' },
    { toml: 'plugins._default = false', want: 'error CONFIG_WRONG_TYPE plugins._default@1:20' },
  ])('a default that cannot be read is a problem of every plugin that it is for: $toml', ({ toml, want }) => {
    const { pluginsEnabledByDefault, issues } = configFrom({ user: toml });
    expect([brief(pluginsEnabledByDefault.problems), brief(issues)]).toEqual([[want], [want]]);
  });

  test('a default has no other keys', () => {
    expect(brief(configFrom({ user: '[plugins._default]\nmcp_servers = {}' }).issues)).toEqual([
      'warning CONFIG_UNKNOWN_KEY plugins._default.mcp_servers@2:1',
    ]);
  });
});

describe('a policy', () => {
  test.each([
    { lines: 'enabled = "no"', want: [`error CONFIG_WRONG_TYPE ${KEY}.enabled@2:11`] },
    { lines: 'enabled_tools = "a"', want: [`error CONFIG_WRONG_TYPE ${KEY}.enabled_tools@2:17`] },
    { lines: 'enable_tools = ["a"]', want: [`error CONFIG_NEAR_MISS ${KEY}.enable_tools@2:1`] },
    { lines: 'allowed_tools = ["a"]', want: [`error CONFIG_NEAR_MISS ${KEY}.allowed_tools@2:1`] },
    { lines: 'disabled = true', want: [`error CONFIG_NEAR_MISS ${KEY}.disabled@2:1`] },
    { lines: 'tools.t.enabled = false', want: [`error CONFIG_NEAR_MISS ${KEY}.tools.t.enabled@2:9`] },
    { lines: 'tools.t.approval_mode = "never"', want: [`error CONFIG_WRONG_TYPE ${KEY}.tools.t.approval_mode@2:25`] },
    { lines: 'bearer_token = "x"', want: [`error CONFIG_LITERAL_TOKEN ${KEY}.bearer_token@2:1`] },
    { lines: 'env = { A = 1 }', want: [`error CONFIG_WRONG_TYPE ${KEY}.env.A@2:13`] },
    { lines: 'command = ""', want: [`error CONFIG_WRONG_TYPE ${KEY}.command@2:11`] },
    { lines: 'url = "ftp://${env:H}/"', want: [`error CONFIG_WRONG_TYPE ${KEY}.url@2:7`] },
    { lines: 'args = ["${env:}"]', want: [`error CONFIG_LITERAL_REFERENCE ${KEY}.args.0@2:9`] },
    {
      lines: 'env = { A = "${secret:op://a/b}" }',
      want: [`error CONFIG_LITERAL_REFERENCE ${KEY}.env.A@2:13`],
    },
    {
      lines: 'http_headers_helper = "x ${user_config.k}"',
      want: [`error CONFIG_LITERAL_REFERENCE ${KEY}.http_headers_helper@2:23`],
    },
    { lines: 'widen = 1\nenabled_tools = []', want: [`error CONFIG_WRONG_TYPE ${KEY}.widen@2:9`] },
  ])('that cannot be read is a problem of its server: $lines', ({ lines, want }) => {
    expect(brief(configFrom({ user: policy(lines) }).issues)).toEqual(want);
    expect(policyFrom({ user: policy(lines) }).problems).toEqual(want);
    expect(settingsFrom({ user: policy(lines) }).problems).toEqual([]);
  });

  test.each([
    { lines: 'env = { A = "b" }', want: [] },
    { lines: 'command = "x"\nargs = []\ncwd = "w"\nenv_file = "x.env"', want: [] },
    { lines: 'url = "https://h/"\nhttp_headers = {}', want: [] },
    { lines: 'required = true\nallow_secret_in_args = true', want: [] },
    { lines: 'environment_id = "local"', want: [] },
    { lines: 'environment_id = "box"', want: [`warning KEY_NOT_YET_SUPPORTED ${KEY}.environment_id@2:1`] },
    {
      lines: 'default_tools_approval_mode = "prompt"',
      want: [`warning KEY_NOT_YET_SUPPORTED ${KEY}.default_tools_approval_mode@2:1`],
    },
    { lines: 'widen = true', want: [`warning CONFIG_WRONG_TYPE ${KEY}.widen@2:1`] },
    { lines: 'colour = 1', want: [`warning CONFIG_UNKNOWN_KEY ${KEY}.colour@2:1`] },
  ])('says what it does not do: $lines', ({ lines, want }) => {
    expect(brief(configFrom({ user: policy(lines) }).issues)).toEqual(want);
    expect(policyFrom({ user: policy(lines) }).problems).toEqual([]);
  });

  test('that is no table is a problem of its server alone', () => {
    const user = '[plugins."p@m".mcp_servers]\ns = 1\nt = {}';
    const { servers, problems } = settingsFrom({ user });
    expect([problems, [...servers.values()].map((one) => one.problems.length)]).toEqual([[], [1, 0]]);
  });
});

describe('policies of several layers', () => {
  const layers = (low: string, high: string): Sources => ({ system: policy(low), user: policy(high) });

  test.each([
    {
      name: 'lists of tools that are offered intersect, those that are not unite',
      sources: layers(
        'enabled_tools = ["a", "b"]\ndisabled_tools = ["x"]',
        'enabled_tools = ["b", "c"]\ndisabled_tools = ["y"]',
      ),
      want: { enabledTools: ['b'], disabledTools: ['x', 'y'], widen: false },
    },
    {
      name: 'with `widen` a list replaces the one below, and disabled tools unite all the same',
      sources: layers(
        'enabled_tools = ["a"]\ndisabled_tools = ["x"]',
        'widen = true\nenabled_tools = ["b", "c"]\ndisabled_tools = ["y"]',
      ),
      want: { enabledTools: ['b', 'c'], disabledTools: ['x', 'y'], widen: true },
    },
    {
      name: '`widen` of a lower layer does not let that layer undo a higher one',
      sources: layers('widen = true\nenabled_tools = ["a", "b"]', 'enabled_tools = ["b", "c"]'),
      want: { enabledTools: ['b'], disabledTools: [], widen: true },
    },
    {
      name: 'a higher layer turns on what a lower one turned off',
      sources: layers('enabled = false', 'enabled = true'),
      want: { enabled: true },
    },
  ])('$name', ({ sources, want }) => expect(policyFrom(sources)).toMatchObject(want));
});

describe('features.plugins', () => {
  test.each([
    { toml: 'features.plugins = false', want: at(1, 10) },
    { toml: 'features.plugins = "off"', want: at(1, 10) },
    { toml: 'features.plugins = true', want: null },
    { toml: '[features]\nother = 1', want: null },
  ])('$toml', ({ toml, want }) => expect(configFrom({ user: toml }).pluginsOff).toEqual(want));
});

describe('marketplaces', () => {
  const table = (lines: string): string => `[marketplaces.acme]\n${lines}`;

  test('of git and of a folder', () => {
    const user = `[marketplaces.acme]
source_type = "git"
source = "https://github.com/acme/plugins.git"
ref = "main"
sparse_paths = ["plugins"]
manifest = "store/marketplace.json"
last_updated = 1
last_revision = "abc"
[marketplaces.mine]
source_type = "local"
source = "../market"
`;
    const { marketplaces, issues } = configFrom({ user });
    expect(issues).toEqual([]);
    expect([...marketplaces.values()]).toEqual([
      {
        name: 'acme',
        origin: at(1, 15),
        sourceType: 'git',
        source: 'https://github.com/acme/plugins.git',
        ref: 'main',
        sparsePaths: ['plugins'],
        manifest: 'store/marketplace.json',
      },
      {
        name: 'mine',
        origin: at(9, 15),
        sourceType: 'local',
        source: '/home/ada/market',
        ref: null,
        sparsePaths: [],
        manifest: null,
      },
    ]);
  });

  test.each([
    { toml: 'marketplaces = 1', want: 'error CONFIG_WRONG_TYPE marketplaces@1:16' },
    { toml: 'marketplaces.acme = 1', want: 'error CONFIG_WRONG_TYPE marketplaces.acme@1:21' },
    {
      toml: '[marketplaces."a b"]\nsource_type = "local"\nsource = "/x"',
      want: 'error PLUGIN_BAD_NAME marketplaces."a b"@1:15',
    },
    { toml: table('source = "/x"'), want: 'error MARKETPLACE_SOURCE marketplaces.acme@1:15' },
    { toml: table('source_type = "git"'), want: 'error MARKETPLACE_SOURCE marketplaces.acme@1:15' },
    {
      toml: table('source_type = "zip"\nsource = "x"'),
      want: 'error CONFIG_WRONG_TYPE marketplaces.acme.source_type@2:15',
    },
    {
      toml: table('source_type = "git"\nsource = "ext::sh -c id"'),
      want: 'error MARKETPLACE_SOURCE marketplaces.acme.source@3:10',
    },
    {
      toml: table('source_type = "git"\nsource = "https://h/x"\nref = "--upload-pack=x"'),
      want: 'error MARKETPLACE_SOURCE marketplaces.acme.ref@4:7',
    },
    {
      toml: table('source_type = "git"\nsource = "https://h/x"\nsparse_paths = ["../x"]'),
      want: 'error MARKETPLACE_SOURCE marketplaces.acme.sparse_paths@4:16',
    },
    {
      toml: table('source_type = "local"\nsource = "/x"\nmanifest = "../m.json"'),
      want: 'error PLUGIN_PATH_ESCAPES marketplaces.acme.manifest@4:12',
    },
  ])('that cannot be used are left out: $toml', ({ toml, want }) => {
    const { marketplaces, issues } = configFrom({ user: toml });
    expect([brief(issues), [...marketplaces]]).toEqual([[want], []]);
  });

  test('a relative folder that is written in no file is left out', () => {
    const { marketplaces, issues } = configFrom({ flags: ['marketplaces.m={ source_type = "local", source = "x" }'] });
    expect([brief(issues), [...marketplaces]]).toEqual([['error MARKETPLACE_SOURCE marketplaces.m.source'], []]);
  });

  test('what only counts for git is named', () => {
    const { issues } = configFrom({
      user: table('source_type = "local"\nsource = "/x"\nref = "v1"\nsparse_paths = []'),
    });
    expect(brief(issues)).toEqual([
      'warning MARKETPLACE_SOURCE marketplaces.acme.ref@4:1',
      'warning MARKETPLACE_SOURCE marketplaces.acme.sparse_paths@5:1',
    ]);
  });

  test('of a project are not read; its plugins are', () => {
    const toml = `${table('source_type = "local"\nsource = "/x"')}\n[plugins."p@m"]\nenabled = false`;
    const layer = restrictProject(parseLayer(toml, PROJECT_FILE, 'project'));
    expect([...layer.table.entries.keys()]).toEqual(['plugins']);
    expect(brief(layer.issues)).toEqual(['warning CONFIG_NOT_FROM_PROJECT marketplaces@1:2']);
  });
});

test.each([
  { id: 'poka@acme', want: { name: 'poka', marketplace: 'acme' } },
  { id: 'a.b-c_d@E2', want: { name: 'a.b-c_d', marketplace: 'E2' } },
  { id: `${'a'.repeat(129)}@m`, want: null },
  { id: '_default', want: null },
])('the id $id', ({ id, want }) => expect(parsePluginId(id)).toEqual(want));
