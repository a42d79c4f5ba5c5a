import { describe, expect, test } from 'vitest';
import { planReload, type ServerVerdict } from '../../../src/servers/index.ts';
import { USER_FILE } from '../config/read-config.ts';
import { pluginInput, pluginServer, resolveWith, type Situation } from './plugin-input.ts';

const ID = 'poka@acme';
const poka = (toml?: string) => pluginInput(ID, [pluginServer('poka', toml === undefined ? {} : { toml })]);
const policy = (lines: string): string => `[plugins."${ID}".mcp_servers.poka]\n${lines}`;

/** The verdict of each server, by name. */
function verdicts(situation: Situation): Readonly<Record<string, ServerVerdict>> {
  return Object.fromEntries(resolveWith(situation).servers.map(({ name, verdict }) => [name, verdict]));
}

function verdictOf(situation: Situation): ServerVerdict | undefined {
  return verdicts(situation)['poka'];
}

describe('a server of a plugin', () => {
  test('stands beside those of config.toml, and starts in its folder with the folders of the plugin', () => {
    const plugins = [poka('command = "node"\nargs = ["s.js"]\nenv = { A = "1", PLUGIN_DATA = "/own" }')];
    const { servers, entries, issues } = resolveWith({ plugins, user: 'mcp_servers.docs.command = "d"' });
    expect([servers.map(({ name }) => name), [...entries.keys()], issues]).toEqual([
      ['docs', 'poka'],
      ['docs', 'poka'],
      [],
    ]);
    expect(servers[1]).toMatchObject({
      origin: { layer: 'plugin', file: '/cache/poka.json', line: 3, column: 5 },
      verdict: {
        kind: 'startable',
        launch: {
          command: 'node',
          args: ['s.js'],
          env: { PLUGIN_ROOT: '/cache/acme/poka/1.0.0', PLUGIN_DATA: '/own', A: '1' },
          cwd: '/cache/acme/poka/1.0.0',
        },
      },
      owner: { pluginId: ID, server: 'poka', root: '/cache/acme/poka/1.0.0', dataDir: '/data/poka' },
    });
  });

  test('asks for nothing that the user has not accepted', () => {
    const requests = { required: true, supportsParallelToolCalls: true, approveAll: true, approveTools: [] };
    const server = pluginServer('poka', { requests });
    const asked = [false, true].map((requestsAccepted) => {
      const [resolved] = resolveWith({ plugins: [pluginInput(ID, [server], { requestsAccepted })] }).servers;
      return [resolved?.required, resolved?.supportsParallelToolCalls];
    });
    expect(asked).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  test('of a bad kind is invalid, its siblings are not, and the issue names plugin and server', () => {
    const plugins = [pluginInput(ID, [pluginServer('poka', { toml: 'command = 1' }), pluginServer('fine')])];
    const found = verdicts({ plugins });
    expect(found).toMatchObject({ poka: { kind: 'invalid' }, fine: { kind: 'startable' } });
    expect(found['poka']?.kind === 'invalid' ? found['poka'].issues : []).toMatchObject([
      { code: 'CONFIG_WRONG_TYPE', plugin: ID, server: 'poka' },
    ]);
  });

  test('that is declared with no more than that it is off stays invalid when it is turned on', () => {
    const plugins = [poka('enabled = false')];
    expect(verdictOf({ plugins })).toMatchObject({ kind: 'disabled', by: 'plugin', launch: null });
    expect(verdictOf({ plugins, user: policy('enabled = true') })).toMatchObject({
      kind: 'invalid',
      issues: [{ code: 'CONFIG_NO_TRANSPORT' }],
    });
  });
});

describe('a policy', () => {
  test.each([
    { name: 'none', own: '', says: '', want: [null, []] },
    {
      name: "none, with the plugin's lists",
      own: 'enabled_tools = ["a"]\ndisabled_tools = ["b"]',
      says: '',
      want: [['a'], ['b']],
    },
    { name: 'a list', own: '', says: 'enabled_tools = ["a"]', want: [['a'], []] },
    {
      name: 'a list beside a list of the plugin',
      own: 'enabled_tools = ["a", "b"]',
      says: 'enabled_tools = ["b", "c"]',
      want: [['b'], []],
    },
    {
      name: 'a list that widens',
      own: 'enabled_tools = ["a", "b"]',
      says: 'enabled_tools = ["b", "c"]\nwiden = true',
      want: [['b', 'c'], []],
    },
    { name: 'the list of nothing', own: 'enabled_tools = ["a"]', says: 'enabled_tools = []', want: [[], []] },
    {
      name: 'tools that are not offered unite',
      own: 'disabled_tools = ["a"]',
      says: 'disabled_tools = ["b", "a"]',
      want: [null, ['a', 'b']],
    },
    {
      name: 'widening lifts no disabled tool',
      own: 'disabled_tools = ["a"]',
      says: 'widen = true\nenabled_tools = ["a"]\ndisabled_tools = []',
      want: [['a'], ['a']],
    },
  ])('$name', ({ own, says, want }) => {
    const { servers, entries } = resolveWith({
      plugins: [poka(`command = "c"\n${own}`)],
      user: says === '' ? '' : policy(says),
    });
    expect([servers[0]?.enabledTools, servers[0]?.disabledTools]).toEqual(want);
    expect([entries.get('poka')?.enabledTools, entries.get('poka')?.disabledTools]).toEqual(want);
  });

  test('that cannot be read keeps the server from starting', () => {
    expect(verdictOf({ plugins: [poka()], user: policy('disable_tools = ["a"]') })).toMatchObject({
      kind: 'invalid',
      issues: [{ code: 'CONFIG_NEAR_MISS', file: USER_FILE, line: 2, plugin: ID, server: 'poka' }],
    });
  });

  test.each([
    { name: 'settings', user: `[plugins."${ID}"]\nenabled = "no"` },
    { name: 'a default', user: '[plugins._default]\nenabled = "no"' },
    { name: 'all settings', user: 'plugins = 1' },
  ])('$name that cannot be read do likewise', ({ user }) => {
    expect(verdictOf({ plugins: [poka()], user })).toMatchObject({
      kind: 'invalid',
      issues: [{ code: 'CONFIG_WRONG_TYPE' }],
    });
  });

  test('a default that cannot be read is no problem of a plugin with a word of its own', () => {
    const user = `[plugins._default]\nenabled = "no"\n[plugins."${ID}"]\nenabled = true`;
    expect(verdictOf({ plugins: [poka()], user })).toMatchObject({ kind: 'startable' });
  });
});

describe('what turns a server off', () => {
  const at = (line: number): string => `${USER_FILE}:${line}`;
  const off = 'command = "c"\nenabled = false';
  const enableServer = 'run: plugboard mcp enable poka';
  const enablePlugin = `run: plugboard plugin enable ${ID}`;

  test.each([
    { name: 'its policy', user: policy('enabled = false'), want: { by: 'user', where: at(2), command: enableServer } },
    {
      name: 'the plugin',
      own: off,
      user: '',
      want: { by: 'plugin', where: '/cache/poka.json:4', command: enableServer },
    },
    {
      name: 'an entry that says nothing else',
      user: '[mcp_servers.poka]\nenabled = false',
      want: { by: 'user', where: at(2), command: enableServer },
    },
    {
      name: 'the settings of the plugin',
      user: `[plugins."${ID}"]\nenabled = false`,
      want: { by: 'plugin', where: at(2), command: enablePlugin },
    },
    {
      name: 'the default',
      user: '[plugins._default]\nenabled = false',
      want: { by: 'plugin', where: at(2), command: enablePlugin },
    },
    {
      name: 'the feature',
      user: 'features.plugins = false',
      want: { by: 'plugin', where: at(1), command: 'run: plugboard config set features.plugins true' },
    },
    {
      name: 'a plugin that is off, whatever its policy says',
      user: `[plugins."${ID}"]\nenabled = false\nmcp_servers.poka.enabled = true`,
      want: { by: 'plugin', where: at(2), command: enablePlugin },
    },
    {
      name: 'a policy that cannot be read, but says so',
      user: `${policy('enabled = false')}\ncwd = 1`,
      want: { by: 'user', where: at(2), command: enableServer },
    },
  ])('$name', ({ own, user, want }) => {
    const { servers, entries, issues } = resolveWith({ plugins: [poka(own)], user });
    expect(servers[0]?.verdict).toMatchObject({ kind: 'disabled', ...want });
    expect(entries.get('poka')?.enabled).toBe(false);
    expect(issues.filter(({ code }) => code === 'CONFIG_NO_TRANSPORT')).toEqual([]);
  });

  test.each([
    { name: 'a policy turns on what the plugin turns off', user: policy('enabled = true'), own: off },
    {
      name: 'settings count more than the default',
      user: `[plugins._default]\nenabled = false\n[plugins."${ID}"]\nenabled = true`,
      own: 'command = "c"',
    },
  ])('but $name', ({ own, user }) =>
    expect(verdictOf({ plugins: [poka(own)], user })).toMatchObject({ kind: 'startable' }),
  );
});

describe('an entry of config.toml with the name of a server of a plugin', () => {
  test.each([
    {
      name: 'replaces it',
      user: '[mcp_servers.poka]\nurl = "https://h/"',
      want: { kind: 'startable', launch: { url: 'https://h/' } },
    },
    {
      name: 'that is turned off does so, too',
      user: '[mcp_servers.poka]\nurl = "https://h/"\nenabled = false',
      want: { kind: 'disabled' },
    },
    {
      name: 'that has other problems does so, too',
      user: '[mcp_servers.poka]\ncommand = "c"\nargs = 1',
      want: { kind: 'invalid' },
    },
  ])('$name', ({ user, want }) => {
    const { servers, issues } = resolveWith({ plugins: [poka()], user });
    expect(servers).toMatchObject([{ name: 'poka', owner: null, verdict: want }]);
    expect(issues.filter(({ code }) => code === 'PLUGIN_SERVER_REPLACED')).toEqual([
      {
        code: 'PLUGIN_SERVER_REPLACED',
        severity: 'warning',
        message: `mcp_servers.poka replaces the server 'poka' of the plugin ${ID}`,
        hint: 'rename the one in config.toml to keep both, or remove it to use that of the plugin',
        file: USER_FILE,
        line: 1,
        column: 14,
        key: 'mcp_servers.poka',
        server: 'poka',
        plugin: ID,
      },
    ]);
  });

  test('says nothing of a plugin that is off', () => {
    const user = `[mcp_servers.poka]\ncommand = "c"\n[plugins."${ID}"]\nenabled = false`;
    expect(resolveWith({ plugins: [poka()], user }).issues).toEqual([]);
  });
});

describe('reload', () => {
  const before = (situation: Situation) => resolveWith(situation).servers;

  test.each([
    { name: 'a plugin that is gone stops', from: [poka()], to: [], want: 'stop' },
    { name: 'one that is new starts', from: [], to: [poka()], want: 'start' },
    {
      name: 'one that was tampered with stops',
      from: [poka()],
      to: [{ ...poka(), standing: { kind: 'tampered', path: 'x', change: 'changed' } as const }],
      want: 'stop',
    },
    {
      name: 'another version connects again',
      from: [poka()],
      to: [{ ...poka(), env: { PLUGIN_ROOT: '/cache/acme/poka/2.0.0' } }],
      want: 'reconnect',
    },
    { name: 'the same stays', from: [poka()], to: [poka()], want: 'keep' },
  ])('$name', ({ from, to, want }) => {
    expect(planReload(before({ plugins: from }), before({ plugins: to })).get('poka')).toBe(want);
  });

  test('a policy that moved down its file changes nothing', () => {
    const lists = policy('disabled_tools = ["a"]');
    const plan = planReload(
      before({ plugins: [poka()], user: lists }),
      before({ plugins: [poka()], user: `\n\n${lists}` }),
    );
    expect(plan.get('poka')).toBe('keep');
  });
});
