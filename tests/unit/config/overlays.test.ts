import { describe, expect, test } from 'vitest';
import { explain, get } from '../../../src/config/explain.ts';
import { layOver } from '../../../src/config/layers.ts';
import { type LocatedTable, locate, plainValue } from '../../../src/config/located.ts';
import { parseLayer } from '../../../src/config/parse.ts';
import { parseServer } from '../../../src/config/server-entry.ts';
import type { Layer } from '../../../src/config/types.ts';
import { brief, configFrom, PROJECT_DIR, PROJECT_FILE, type Sources, USER_FILE } from './read-config.ts';

const overlay = (lines: string): string => `[mcp_servers.x]\n${lines}`;

/** The tables that are laid over plugins, as plain values. */
function overlaysFrom(sources: Sources): unknown {
  const { overlays } = configFrom(sources);
  return Object.fromEntries([...overlays].map(([name, { table }]) => [name, plainValue(table)]));
}

/** The issues but the one that every entry without program and address has. */
function issuesOf(sources: Sources): readonly string[] {
  return brief(configFrom(sources).issues.filter(({ code }) => code !== 'CONFIG_NO_TRANSPORT'));
}

describe('what is laid over a server of a plugin', () => {
  test.each([
    {
      name: 'is an entry without program and address, of all layers together',
      sources: {
        system: overlay('tool_timeout_sec = 1\nenv = { A = "1", B = "1" }'),
        user: overlay('env = { B = "2" }'),
        project: overlay('args = ["p"]'),
        flags: ['mcp_servers.x.required=true'],
      },
      want: { x: { tool_timeout_sec: 1, env: { A: '1', B: '2' }, args: ['p'], required: true } },
    },
    { name: 'is no entry with a program', sources: { user: overlay('command = "c"') }, want: {} },
    {
      name: 'is no entry with an address in a higher layer',
      sources: { user: overlay('env = {}'), flags: ['mcp_servers.x.url=https://h/'] },
      want: {},
    },
    {
      name: 'is an entry that only turns off',
      sources: { user: overlay('enabled = false') },
      want: { x: { enabled: false } },
    },
    { name: 'is an empty entry', sources: { user: '[mcp_servers.x]' }, want: { x: {} } },
    { name: 'is nothing that is no table', sources: { user: 'mcp_servers.x = 1' }, want: {} },
  ])('$name', ({ sources, want }) => expect(overlaysFrom(sources)).toEqual(want));

  test('stays among the servers, and knows where it is written', () => {
    const config = configFrom({ user: `\n${overlay('env = { A = "1" }')}` });
    const origin = { layer: 'user', file: USER_FILE, line: 2, column: 14 };
    expect(config.overlays.get('x')?.origin).toEqual(origin);
    expect(config.servers.get('x')).toMatchObject({
      origin,
      transport: null,
      problems: [{ code: 'CONFIG_NO_TRANSPORT' }],
    });
    expect(config.places).toEqual({ homeDir: '/home/ada', projectDir: PROJECT_DIR, configFile: null });
  });
});

describe('the keys of an overlay are checked where they stand', () => {
  test.each([
    { lines: 'env = { A = 1 }', want: 'error CONFIG_WRONG_TYPE mcp_servers.x.env.A@2:13' },
    { lines: 'args = "a"', want: 'error CONFIG_WRONG_TYPE mcp_servers.x.args@2:8' },
    { lines: 'colour = 1', want: 'warning CONFIG_UNKNOWN_KEY mcp_servers.x.colour@2:1' },
    { lines: 'disable_tools = ["a"]', want: 'error CONFIG_NEAR_MISS mcp_servers.x.disable_tools@2:1' },
    { lines: 'tools.t.aproval_mode = "prompt"', want: 'error CONFIG_NEAR_MISS mcp_servers.x.tools.t.aproval_mode@2:9' },
    { lines: 'bearer_token = "t"', want: 'error CONFIG_LITERAL_TOKEN mcp_servers.x.bearer_token@2:1' },
    { lines: 'http_headers = { A = "\\n" }', want: 'error CONFIG_WRONG_TYPE mcp_servers.x.http_headers.A@2:22' },
    { lines: 'env = { A = "${env:A" }', want: 'error CONFIG_LITERAL_REFERENCE mcp_servers.x.env.A@2:13' },
    { lines: 'widen = true', want: 'warning CONFIG_WRONG_TYPE mcp_servers.x.widen@2:1' },
    { lines: 'widen = "yes"\nenabled_tools = []', want: 'error CONFIG_WRONG_TYPE mcp_servers.x.widen@2:9' },
  ])('$lines', ({ lines, want }) => expect(issuesOf({ user: overlay(lines) })).toEqual([want]));

  test.each([
    'env = { A = "${user_config.token}", B = "${PLUGIN_ROOT}/b" }',
    'cwd = "${PLUGIN_DATA}"',
    'client_key_file = "/the/plugin/has/the/certificate.key"',
    'http_headers = { A = "1" }\nenv = { A = "1" }',
    'oauth = { client_secret = "${secret:client}" }',
    'widen = true\nenabled_tools = ["a"]',
  ])('what the plugin may complete is fine: %s', (lines) => {
    expect(issuesOf({ user: overlay(lines) }).filter((issue) => !issue.includes('KEY_NOT_YET'))).toEqual([]);
  });

  test('`widen` says nothing of a server that no plugin brings', () => {
    expect(issuesOf({ user: overlay('command = "c"\nwiden = true\nenabled_tools = []') })).toEqual([
      'warning CONFIG_UNKNOWN_KEY mcp_servers.x.widen@3:1',
    ]);
  });
});

describe('`widen` between layers', () => {
  const low = 'enabled_tools = ["a"]';
  const high = 'widen = true\nenabled_tools = ["b", "c"]';
  test.each([
    { name: 'replaces the list below in an overlay', system: low, user: high, want: ['b', 'c'] },
    { name: 'counts in the layer that says it', system: high, user: 'enabled_tools = ["c", "d"]', want: ['c'] },
    { name: 'lifts no limit of a server with a program', system: `command = "c"\n${low}`, user: high, want: [] },
    { name: 'nor of one whose program it brings itself', system: low, user: `command = "c"\n${high}`, want: [] },
    { name: 'nor of one with an address', system: `url = "https://h/"\n${low}`, user: high, want: [] },
  ])('$name', ({ system, user, want }) => {
    const sources = { system: overlay(system), user: overlay(user) };
    expect(configFrom(sources).servers.get('x')?.enabledTools).toEqual(want);
    const layers = [parseLayer(sources.system, '/s', 'system'), parseLayer(sources.user, '/u', 'user')];
    expect(get({ layers }, 'mcp_servers.x.enabled_tools')).toEqual(want);
    expect(explain({ layers }, 'mcp_servers.x.enabled_tools').layers.map(({ wins }) => wins)).toEqual(
      want.length === 2 ? [true, false] : [true, true],
    );
  });
});

describe('every key that a layer gives', () => {
  const layers = ['system', 'user', 'project', 'flag'] as const;
  const tables = [
    { table: 'mcp_servers.x', inside: ['mcp_servers', 'x'] },
    { table: 'plugins."p@m".mcp_servers.x', inside: ['plugins', 'p@m', 'mcp_servers', 'x'] },
  ];
  const rules = [
    { key: 'args', low: '["a"]', high: '["b"]', want: ['b'] },
    { key: 'env_vars', low: '["A"]', high: '["B"]', want: ['B'] },
    { key: 'roots', low: '["file:///a"]', high: '[]', want: [] },
    { key: 'url', low: '"https://a/"', high: '"https://b/"', want: 'https://b/' },
    { key: 'required', low: 'true', high: 'false', want: false },
    { key: 'env', low: '{ A = "1", B = "1" }', high: '{ B = "2" }', want: { A: '1', B: '2' } },
    { key: 'http_headers', low: '{ A = "1" }', high: '{ B = "2" }', want: { A: '1', B: '2' } },
    { key: 'tools', low: '{ a = {} }', high: '{ b = {} }', want: { a: {}, b: {} } },
    { key: 'enabled_tools', low: '["a", "b"]', high: '["b", "c"]', want: ['b'] },
    { key: 'disabled_tools', low: '["a"]', high: '["b"]', want: ['a', 'b'] },
  ];
  const cases = tables.flatMap((table) =>
    layers
      .slice(1)
      .flatMap((high, index) =>
        layers
          .slice(0, index + 1)
          .flatMap((low) => rules.map((rule) => ({ ...table, ...rule, lowLayer: low, highLayer: high }))),
      ),
  );
  test.each(cases)('$table.$key of the $highLayer layer over that of the $lowLayer one', (one) => {
    const sources: Sources = {
      [one.lowLayer]: `${one.table}.${one.key} = ${one.low}`,
      ...(one.highLayer === 'flag'
        ? { flags: [`${one.table}.${one.key}=${one.high}`] }
        : { [one.highLayer]: `${one.table}.${one.key} = ${one.high}` }),
    };
    const { overlays, plugins } = configFrom(sources);
    const found = one.inside[0] === 'plugins' ? plugins.get('p@m')?.servers.get('x')?.table : overlays.get('x')?.table;
    if (found !== undefined) expect(plainValue(found)).toEqual({ [one.key]: one.want });
    else expect([one.key, configFrom(sources).servers.get('x')?.transport]).toMatchObject(['url', { url: one.want }]);
  });
});

const tableOf = (toml: string, layer: Layer): LocatedTable => parseLayer(toml, `/${layer}`, layer).table;

describe('what is laid over', () => {
  test.each<{ name: string; plugin: string; policy: string; overlay: string; want: object }>([
    {
      name: 'tables merge key by key, lists and single values replace',
      plugin: 'command = "c"\nargs = ["a"]\nenv = { A = "p", B = "p", C = "p" }\ntool_timeout_sec = 1',
      policy: 'args = ["b"]\nenv = { B = "q", C = "q" }',
      overlay: 'env = { C = "o" }\ntool_timeout_sec = 3',
      want: { command: 'c', args: ['b'], env: { A: 'p', B: 'q', C: 'o' }, tool_timeout_sec: 3 },
    },
    {
      name: 'lists of tools narrow',
      plugin: 'enabled_tools = ["a", "b", "c"]\ndisabled_tools = ["x"]',
      policy: 'enabled_tools = ["b", "c", "d"]\ndisabled_tools = ["y"]',
      overlay: 'enabled_tools = ["c", "d"]\ndisabled_tools = ["x", "z"]',
      want: { enabled_tools: ['c'], disabled_tools: ['x', 'y', 'z'] },
    },
    {
      name: 'a policy widens over the plugin, and what lies above narrows again',
      plugin: 'enabled_tools = ["a"]',
      policy: 'widen = true\nenabled_tools = ["b", "c"]',
      overlay: 'enabled_tools = ["c", "d"]',
      want: { enabled_tools: ['c'] },
    },
    {
      name: 'an overlay widens over both',
      plugin: 'enabled_tools = ["a"]\ndisabled_tools = ["d"]',
      policy: 'enabled_tools = ["a"]',
      overlay: 'widen = true\nenabled_tools = ["b"]',
      want: { enabled_tools: ['b'], disabled_tools: ['d'] },
    },
    {
      name: '`widen` of a plugin widens nothing',
      plugin: 'widen = true\nenabled_tools = ["a"]',
      policy: 'enabled_tools = ["b"]',
      overlay: '',
      want: { enabled_tools: [] },
    },
    {
      name: 'what is no list does not lift a limit',
      plugin: 'enabled_tools = ["a"]',
      policy: 'enabled_tools = "all"',
      overlay: 'enabled_tools = ["b"]',
      want: { enabled_tools: 'all' },
    },
    {
      name: 'nothing leaves the plugin as it is',
      plugin: 'command = "c"',
      policy: '',
      overlay: '',
      want: { command: 'c' },
    },
  ])('$name', ({ plugin, policy, overlay: own, want }) => {
    const tables = [tableOf(plugin, 'plugin'), tableOf(policy, 'user'), tableOf(own, 'project')];
    expect(plainValue(layOver(tables))).toEqual(want);
  });

  test('nothing over nothing is an empty table', () => expect(plainValue(layOver([]))).toEqual({}));

  test('every value keeps its place', () => {
    const merged = layOver([tableOf('env.A = "1"\nenv.B = "1"', 'plugin'), tableOf('\nenv.B = "2"', 'user')]);
    expect(locate(merged, ['env', 'A'])?.origin).toEqual({ layer: 'plugin', file: '/plugin', line: 1, column: 5 });
    expect(locate(merged, ['env', 'B'])?.origin).toEqual({ layer: 'user', file: '/user', line: 2, column: 5 });
  });
});

describe('a plugin with config.toml laid over it, read as one server', () => {
  const places = { homeDir: '/home/ada', projectDir: PROJECT_DIR, configFile: null };
  const origin = { layer: 'plugin', file: '/plugin', line: 1, column: 1 } as const;
  const read = (plugin: string, own: string) =>
    parseServer('x', layOver([tableOf(plugin, 'plugin'), parseLayer(own, PROJECT_FILE, 'project').table]), {
      origin,
      places,
      merged: true,
    });

  test('refers to settings of the plugin, and starts paths where they are written', () => {
    const { entry, issues } = read(
      'command = "/p/bin"\ncwd = "/p"\nargs = ["${user_config.a}"]\nclient_cert_file = "/p/c.pem"',
      'env_file = "x.env"\ncwd = "w"\nenv.A = "${secret:op://a/b}"\nallow_secret_in_args = true',
    );
    expect(brief(issues)).toEqual([
      'error CONFIG_KEY_NOT_FOR_TRANSPORT mcp_servers.x.client_cert_file@4:1',
      'error CONFIG_WRONG_TYPE mcp_servers.x.client_cert_file@4:1',
    ]);
    expect(entry).toMatchObject({
      allowSecretInArgs: true,
      transport: {
        command: '/p/bin',
        args: ['${user_config.a}'],
        env: { A: '${secret:op://a/b}' },
        envFile: `${PROJECT_DIR}/.plugboard/x.env`,
        cwdAbsolute: `${PROJECT_DIR}/w`,
      },
    });
  });

  test('is not given by the plugin what only the user may give', () => {
    expect(read('command = "c"\nallow_secret_in_args = true\nenv_file = "/etc/x"', '').entry).toMatchObject({
      allowSecretInArgs: false,
      transport: { envFile: null },
    });
  });

  test('has one transport', () => {
    expect(brief(read('command = "c"', 'url = "https://h/"').issues)).toEqual([
      'error CONFIG_BOTH_TRANSPORTS mcp_servers.x@1:1',
    ]);
  });
});
