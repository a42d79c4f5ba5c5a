import { describe, expect, test } from 'vitest';
import { type ServerVerdict, unknownTools } from '../../../src/servers/index.ts';
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

describe('a plugin that may not run', () => {
  const gone = pluginInput(ID, [], { plugin: null, knownServers: ['poka', 'second'], standing: { kind: 'missing' } });

  test('is missing: each server that the receipt lists says so', () => {
    const command = `run: plugboard plugin add ${ID}, or plugboard plugin remove ${ID}`;
    expect(verdicts({ plugins: [gone] })).toEqual({
      poka: { kind: 'missing', pluginId: ID, command },
      second: { kind: 'missing', pluginId: ID, command },
    });
    expect(verdicts({ plugins: [gone], user: policy('enabled = false') })).toMatchObject({
      poka: { kind: 'disabled', by: 'user' },
      second: { kind: 'missing' },
    });
  });

  test('was tampered with: the path, and how to get it back', () => {
    const plugins = [
      pluginInput(ID, [pluginServer('poka', { toml: 'command = 1' })], {
        standing: { kind: 'tampered', path: 'bin/x', change: 'changed' },
      }),
    ];
    expect(verdictOf({ plugins })).toMatchObject({
      kind: 'blocked',
      reason: 'tampered',
      detail: 'bin/x',
      command: `run: plugboard plugin add ${ID}`,
    });
    expect(verdictOf({ plugins, user: policy('enabled = false') })).toMatchObject({ kind: 'disabled' });
  });

  test('was never agreed to: the version that is there', () => {
    const plugins = [pluginInput(ID, [pluginServer('poka')], { standing: { kind: 'unconsented' } })];
    expect(verdictOf({ plugins })).toMatchObject({
      kind: 'blocked',
      reason: 'consent',
      command: `run: plugboard plugin add ${ID} --version 1.0.0`,
    });
  });

  test('cannot be read although its files are as installed: its own issues say why', () => {
    const plugins = [pluginInput(ID, [], { plugin: null, knownServers: ['poka'] })];
    const pluginIssues = [{ code: 'PLUGIN_UNREADABLE', severity: 'error', message: 'no', plugin: ID } as const];
    expect(verdictOf({ plugins, pluginIssues })).toMatchObject({ kind: 'invalid', issues: pluginIssues });
  });
});

describe('requirements', () => {
  const blocked = {
    kind: 'blocked',
    reason: 'requirements',
    detail: '/etc/r.toml',
    command: 'ask the administrator of /etc/r.toml',
  };
  const identity = (lines: string): string => `[plugins."${ID}".mcp_servers.poka.identity]\n${lines}`;

  test.each([
    { name: 'turn plugins off', requirements: 'features.plugins = false', want: blocked },
    { name: 'do not list it', requirements: '[plugins."x@y".mcp_servers.z.identity]\ncommand = "c"', want: blocked },
    { name: 'want another program', requirements: identity('command = "npx"'), want: blocked },
    { name: 'want the program', requirements: identity('command = "node"'), want: { kind: 'startable' } },
    { name: 'want other arguments', requirements: identity('command = "node"\nargs = ["x"]'), want: blocked },
    {
      name: 'allow no such marketplace',
      requirements: '[marketplaces]\nrestrict_to_allowed_sources = true',
      want: blocked,
    },
    {
      name: 'allow the marketplace',
      requirements:
        '[marketplaces]\nrestrict_to_allowed_sources = true\nallowed_sources.a = { source = "host_pattern", host_pattern = "github\\\\.com" }',
      want: { kind: 'startable' },
    },
    { name: 'bind servers of config.toml alone', requirements: '[mcp_servers]', want: { kind: 'startable' } },
  ])('$name', ({ requirements, want }) => expect(verdictOf({ plugins: [poka()], requirements })).toMatchObject(want));

  test.each([
    {
      server: 'command = "node"\nenv = { NODE_OPTIONS = "-r ./x.js" }',
      requirements: identity('command = "node"'),
      key: 'env.NODE_OPTIONS',
    },
    {
      server: 'url = "https://a.example/"\nhttp_headers_helper = "./h"',
      requirements: identity('url = "https://a.example/"'),
      key: 'http_headers_helper',
    },
  ])('say with which key no identity is met: $key', ({ server, requirements, key }) => {
    const command = `ask the administrator of /etc/r.toml; no identity is met by a server with \`${key}\``;
    expect(verdictOf({ plugins: [poka(server)], requirements })).toMatchObject({ ...blocked, command });
  });

  test('block what is turned off, missing or tampered with all the same', () => {
    const requirements = 'features.plugins = false';
    const plugins = [pluginInput(ID, [], { plugin: null, knownServers: ['poka'], standing: { kind: 'missing' } })];
    expect(verdictOf({ plugins, requirements, user: policy('enabled = false') })).toMatchObject(blocked);
  });

  test('leave out no plugin whose source nobody knows', () => {
    const plugins = [pluginInput(ID, [pluginServer('poka')], { marketplaceSource: null })];
    expect(verdictOf({ plugins, requirements: '[marketplaces]\nrestrict_to_allowed_sources = true' })).toMatchObject(
      blocked,
    );
    expect(verdictOf({ plugins, requirements: '[marketplaces]' })).toMatchObject({ kind: 'startable' });
  });

  test.each([
    'command = "./bin/x"\nargs = ["${PLUGIN_ROOT}/a.js", "--data=${PLUGIN_DATA}"]',
    'command = "${PLUGIN_ROOT}/bin/x"',
    'command = "/cache/acme/poka/1.0.0/bin/x"\nargs = ["/cache/acme/poka/1.0.0/a.js", "--data=/data/poka"]',
  ])('know a program by what the manifest writes and by where it lies: %s', (lines) => {
    const own = 'command = "/cache/acme/poka/1.0.0/bin/x"\nargs = ["/cache/acme/poka/1.0.0/a.js", "--data=/data/poka"]';
    expect(verdictOf({ plugins: [poka(own)], requirements: identity(lines) })).toMatchObject({ kind: 'startable' });
  });
});

describe('a policy for what is not there', () => {
  test.each([
    {
      name: 'a plugin that looks like another',
      user: '[plugins."poca@acme"]\nenabled = true',
      key: 'plugins."poca@acme"',
      says: 'is for a plugin that is not installed',
      hint: `did you mean '${ID}'?`,
    },
    {
      name: 'a plugin that looks like another and is only turned off',
      user: `[plugins."${ID.replace('poka', 'poak')}"]\nenabled = false`,
      key: `plugins."${ID.replace('poka', 'poak')}"`,
      says: 'is for a plugin that is not installed',
      hint: `did you mean '${ID}'?`,
    },
    {
      name: 'a plugin',
      user: '[plugins."other@m".mcp_servers.s]\nenabled = false',
      key: 'plugins."other@m"',
      says: 'is for a plugin that is not installed',
      hint: 'run: plugboard plugin add other@m, or plugboard config unset \'plugins."other@m"\'',
    },
    {
      name: 'a server that looks like another',
      user: `[plugins."${ID}".mcp_servers.pokka]`,
      key: `plugins."${ID}".mcp_servers.pokka`,
      says: 'is for a server that the plugin does not have',
      hint: "did you mean 'poka'?",
    },
    {
      name: 'a server',
      user: `[plugins."${ID}".mcp_servers.x]`,
      key: `plugins."${ID}".mcp_servers.x`,
      says: 'is for a server that the plugin does not have',
      hint: `see: plugboard plugin show ${ID}`,
    },
  ])('$name', ({ user, key, says, hint }) => {
    const { issues } = resolveWith({ plugins: [poka()], user });
    expect(issues).toMatchObject([
      {
        code: 'PLUGIN_POLICY_UNKNOWN',
        severity: 'warning',
        message: `${key} ${says}`,
        hint,
        file: USER_FILE,
        line: 1,
        key,
      },
    ]);
  });

  test('a plugin that is turned off and not there needs no word', () => {
    expect(resolveWith({ plugins: [], user: '[plugins."x@y"]\nenabled = false' }).issues).toEqual([]);
    const both = `[plugins."${ID}"]\nenabled = true\n[plugins."${ID}2"]\nenabled = false`;
    expect(resolveWith({ plugins: [poka()], user: both }).issues).toEqual([]);
  });

  test('tools: each list and table that names one is said by its key', () => {
    const user = `${policy('enabled_tools = ["serch"]\ndisabled_tools = ["drop"]\ntools.gone = {}')}\n[mcp_servers.docs]\ncommand = "c"\nenabled_tools = ["fine", "nope"]`;
    const { servers } = resolveWith({ plugins: [poka('command = "c"\ndisabled_tools = ["old"]')], user });
    const issues = servers.flatMap((server) => unknownTools(server, ['search', 'fine']));
    const key = `plugins."${ID}".mcp_servers.poka`;
    expect(issues.map((issue) => [issue.key, issue.server, issue.plugin, issue.line, issue.hint])).toEqual([
      ['mcp_servers.docs.enabled_tools', 'docs', undefined, 5, 'see: plugboard tools list --server docs'],
      ['mcpServers.poka.disabled_tools', 'poka', ID, 3, 'see: plugboard tools list --server poka'],
      [`${key}.enabled_tools`, 'poka', ID, 1, "did you mean 'search'?"],
      [`${key}.disabled_tools`, 'poka', ID, 1, 'see: plugboard tools list --server poka'],
      [`${key}.tools.gone`, 'poka', ID, 1, 'see: plugboard tools list --server poka'],
    ]);
  });
});
