import { describe, expect, test } from 'vitest';
import { marketplaceRequirementFor } from '../../../src/config/marketplace-requirements.ts';
import {
  isListedPlugin,
  parseRequirements,
  pluginServerRequirementFor,
  pluginsRequirementFor,
  requirementFor,
} from '../../../src/config/requirements.ts';
import type { StdioTransport } from '../../../src/config/types.ts';
import { serverFrom } from './read-config.ts';

const FILE = '/etc/r.toml';

const OWNERS = ['plugboard', 'codex'] as const;

/** A server as a plugin declares it. */
function stdio(command: string, args: readonly string[] = []): StdioTransport {
  return { kind: 'stdio', command, args, env: {}, envVars: [], cwd: null, cwdAbsolute: null, envFile: null };
}

const poka = (lines: string): string => `[plugins."p@m".mcp_servers.poka.identity]\n${lines}\n`;

/** Which of some servers of plugins a file stops. */
function stopped(toml: string, owner: 'plugboard' | 'codex'): readonly string[] {
  const requirements = [parseRequirements(toml, FILE, owner)];
  return [
    { pluginId: 'p@m', server: 'poka', transport: stdio('node', ['a', '--port=80']) },
    { pluginId: 'p@m', server: 'other', transport: stdio('node') },
    { pluginId: 'p@n', server: 'poka', transport: stdio('node', ['a', '--port=80']) },
  ].flatMap(({ pluginId, server, transport }) =>
    pluginServerRequirementFor(requirements, { pluginId, server }, [transport]) === FILE
      ? [`${server} of ${pluginId}`]
      : [],
  );
}

const ALL = ['poka of p@m', 'other of p@m', 'poka of p@n'];
const OTHERS = ['other of p@m', 'poka of p@n'];

describe('an identity of a server of a plugin', () => {
  test.each([
    { name: 'is none: all are open', toml: '', want: [] },
    { name: 'is none in an empty table', toml: '[plugins]', want: [] },
    { name: 'is none where a plugin is only listed', toml: '[plugins."p@m"]', want: [] },
    { name: 'is none in an empty table of servers', toml: '[plugins."p@m".mcp_servers]', want: [] },
    { name: 'binds no server of a plugin in [mcp_servers]', toml: '[mcp_servers]', want: [] },
    {
      name: 'that matches leaves that server, and no other of any plugin',
      toml: poka('command = "node"'),
      want: OTHERS,
    },
    { name: 'with another command stops it too', toml: poka('command = "npx"'), want: ALL },
    { name: 'with the arguments', toml: poka('command = "node"\nargs = ["a", "--port=80"]'), want: OTHERS },
    { name: 'with other arguments stops it', toml: poka('command = "node"\nargs = ["b", "--port=80"]'), want: ALL },
    { name: 'with fewer arguments stops it', toml: poka('command = "node"\nargs = ["a"]'), want: ALL },
    {
      name: 'with matchers',
      toml: poka('command = "node"\nargs = ["a", { match = "regex", expression = "--port=[0-9]+" }]'),
      want: OTHERS,
    },
    { name: 'of an address stops a program', toml: poka('url = "https://x.example/"'), want: ALL },
  ])('$name', ({ toml, want }) => {
    for (const owner of OWNERS) expect(stopped(toml, owner)).toEqual(want);
  });

  test('is held against every spelling of a transport', () => {
    const requirements = [parseRequirements(poka('command = "./bin/x"'), FILE, 'plugboard')];
    const of = { pluginId: 'p@m', server: 'poka' };
    expect(pluginServerRequirementFor(requirements, of, [stdio('/cache/p/bin/x')])).toBe(FILE);
    expect(pluginServerRequirementFor(requirements, of, [stdio('/cache/p/bin/x'), stdio('./bin/x')])).toBeNull();
    expect(pluginServerRequirementFor(requirements, of, [])).toBe(FILE);
  });

  test.each<[string, boolean]>([
    ...['PATH', 'LD_PRELOAD', 'DYLD_INSERT_LIBRARIES', 'NODE_OPTIONS', 'NODE_PATH', 'PYTHONPATH', 'PYTHONSTARTUP'].map(
      (name): [string, boolean] => [name, false],
    ),
    ...['PERL5OPT', 'RUBYOPT', 'BASH_ENV', 'ENV', 'JAVA_TOOL_OPTIONS', 'GIT_SSH_COMMAND', 'NPM_CONFIG_REGISTRY'].map(
      (name): [string, boolean] => [name, false],
    ),
    ...['LOG_LEVEL', 'ENVIRONMENT', 'MY_PATH', 'DIGIT_X'].map((name): [string, boolean] => [name, true]),
  ])('is met by a plugin that sets %s itself: %s', (name, met) => {
    const requirements = [parseRequirements(poka('command = "node"'), FILE, 'plugboard')];
    const transport = { ...stdio('node'), env: { A: 'b', [name]: 'x' } };
    const of = { pluginId: 'p@m', server: 'poka' };
    expect(pluginServerRequirementFor(requirements, of, [transport])).toBe(met ? null : FILE);
  });

  test('does not bind the servers of config.toml', () => {
    const requirements = [parseRequirements(poka('command = "npx"'), FILE, 'plugboard')];
    expect(
      requirementFor(requirements, 'x', serverFrom({ user: '[mcp_servers.x]\ncommand = "c"' }).transport),
    ).toBeNull();
  });

  test('counts in every file, and the one that is against it is named', () => {
    const own = parseRequirements(poka('command = "node"'), '/own', 'plugboard');
    const codex = parseRequirements(poka('command = "npx"'), '/codex', 'codex');
    expect(pluginServerRequirementFor([own, codex], { pluginId: 'p@m', server: 'poka' }, [stdio('node')])).toBe(
      '/codex',
    );
  });
});

test('a plugin that is listed may be installed by default', () => {
  const requirements = [parseRequirements('[plugins."a@m"]', FILE, 'plugboard')];
  expect([isListedPlugin(requirements, 'a@m'), isListedPlugin(requirements, 'b@m')]).toEqual([true, false]);
});

test.each([
  { toml: 'features.plugins = false', want: FILE },
  { toml: 'features.plugins = true', want: null },
  { toml: '[features]', want: null },
  { toml: '', want: null },
])('$toml turns plugins off: $want', ({ toml, want }) => {
  for (const owner of OWNERS) expect(pluginsRequirementFor([parseRequirements(toml, FILE, owner)])).toBe(want);
});

describe('[marketplaces]', () => {
  const allowing = (lines: string): string =>
    `[marketplaces]\nrestrict_to_allowed_sources = true\n${lines === '' ? '' : `[marketplaces.allowed_sources.a]\n${lines}`}`;
  const git = { sourceType: 'git', source: 'https://github.com/acme/x.git', ref: 'main' } as const;
  const local = { sourceType: 'local', source: '/srv/market', ref: null } as const;

  test.each([
    { name: 'that is not there leaves all open', toml: '', want: [null, null] },
    {
      name: 'that restricts nothing',
      toml: '[marketplaces.allowed_sources.a]\nsource = "local"\npath = "/x"',
      want: [null, null],
    },
    { name: 'without a source allows none', toml: allowing(''), want: [FILE, FILE] },
    { name: 'with a folder', toml: allowing('source = "local"\npath = "/srv/market"'), want: [FILE, null] },
    {
      name: 'with a repository',
      toml: allowing('source = "git"\nurl = "https://github.com/acme/x"'),
      want: [null, FILE],
    },
    {
      name: 'with another ref',
      toml: allowing('source = "git"\nurl = "https://github.com/acme/x"\nref = "v1"'),
      want: [FILE, FILE],
    },
    {
      name: 'with a host',
      toml: allowing('source = "host_pattern"\nhost_pattern = "github\\\\.com"'),
      want: [null, FILE],
    },
    {
      name: 'with part of a host',
      toml: allowing('source = "host_pattern"\nhost_pattern = "hub"'),
      want: [FILE, FILE],
    },
  ])('$name', ({ toml, want }) => {
    for (const owner of OWNERS) {
      const requirements = [parseRequirements(toml, FILE, owner)];
      expect([git, local].map((identity) => marketplaceRequirementFor(requirements, identity))).toEqual(want);
    }
  });
});

describe('is damaged, so that nothing runs', () => {
  test.each([
    { name: 'plugins that is no table', toml: 'plugins = 1', where: '/etc/r.toml:1:11' },
    { name: 'a plugin that is no table', toml: 'plugins."a@b" = 1', where: '/etc/r.toml:1:17' },
    { name: 'a server without an identity', toml: '[plugins."a@b".mcp_servers.s]', where: '/etc/r.toml:1:28' },
    { name: 'an identity of nothing', toml: '[plugins."a@b".mcp_servers.s.identity]', where: '/etc/r.toml:1:30' },
    { name: 'marketplaces that is no table', toml: 'marketplaces = []', where: '/etc/r.toml:1:16' },
    { name: 'a switch that is none', toml: 'marketplaces.restrict_to_allowed_sources = 1', where: '/etc/r.toml:1:44' },
    { name: 'sources that are no table', toml: 'marketplaces.allowed_sources = []', where: '/etc/r.toml:1:32' },
    { name: 'a source that is no table', toml: 'marketplaces.allowed_sources.a = 1', where: '/etc/r.toml:1:34' },
    {
      name: 'a kind of source that is not known',
      toml: 'marketplaces.allowed_sources.a.source = "zip"',
      where: '/etc/r.toml:1:30',
    },
    {
      name: 'a repository without address',
      toml: 'marketplaces.allowed_sources.a.source = "git"',
      where: '/etc/r.toml:1:30',
    },
    {
      name: 'a pattern that is none',
      toml: 'marketplaces.allowed_sources.a = { source = "host_pattern", host_pattern = "(" }',
    },
    { name: 'a relative folder', toml: 'marketplaces.allowed_sources.a = { source = "local", path = "x" }' },
    { name: 'a feature that is neither on nor off', toml: 'features.plugins = "no"', where: '/etc/r.toml:1:20' },
  ])('when it holds $name', ({ toml, where }) => {
    for (const owner of OWNERS)
      expect(() => parseRequirements(toml, FILE, owner)).toThrow(
        expect.objectContaining({ code: 'CONFIG_SYSTEM_DAMAGED', ...(where === undefined ? {} : { where }) }),
      );
  });

  test.each([
    { name: 'a key of a plugin', toml: '[plugins."a@b"]\nenabled = false' },
    { name: 'an id that is none', toml: '[plugins.a]' },
    { name: 'a key of marketplaces', toml: '[marketplaces]\nblocked = []' },
    {
      name: 'a key of a source',
      toml: 'marketplaces.allowed_sources.a = { source = "local", path = "/x", deep = true }',
    },
    {
      name: 'an address that git does not get',
      toml: 'marketplaces.allowed_sources.a = { source = "git", url = "acme/x" }',
    },
  ])('when our own file asks for $name; in a file of Codex it is as with Codex', ({ toml }) => {
    expect(() => parseRequirements(toml, FILE, 'plugboard')).toThrow(
      expect.objectContaining({ code: 'CONFIG_SYSTEM_DAMAGED' }),
    );
    expect(() => parseRequirements(toml, FILE, 'codex')).not.toThrow();
  });
});

test('the folder of a plugin is no value that could be anything, a setting is', () => {
  const allowed = (arg: string): boolean => {
    const identity = `command = "node"\nargs = [{ match = "regex", expression = '\\$\\{PLUGIN_ROOT\\}/.*' }]`;
    const requirements = [parseRequirements(poka(identity), FILE, 'plugboard')];
    const whose = { pluginId: 'p@m', server: 'poka' };
    return pluginServerRequirementFor(requirements, whose, [stdio('node', [arg])]) === null;
  };
  expect(['${PLUGIN_ROOT}/s.js', '${PLUGIN_ROOT}/${user_config.file}', '${user_config.x}'].map(allowed)).toEqual([
    true,
    false,
    false,
  ]);
});
