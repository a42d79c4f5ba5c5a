import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/kernel/index.ts';
import { brief, type Files, type Read, useBundles } from './read-bundle.ts';

const bundles = useBundles();

const schema = (file: 'plugin' | 'mcp', version: string): string =>
  `https://agent-plugins.org/schemas/${version}/${file}.schema.json`;

/** A bundle of a version, with more in its two files. */
function files(version: string, manifest: JsonObject, mcp?: JsonValue): Files {
  const own = { $schema: schema('plugin', version), name: 'p', ...manifest };
  return { 'plugin.json': own, ...(mcp === undefined ? {} : { 'mcp.json': mcp }) };
}
const serversOf = (version: string, servers: JsonObject, manifest: JsonObject = {}): Files =>
  files(version, manifest, { $schema: schema('mcp', version), mcpServers: servers });
const told = (read: Read): readonly string[] => brief(read.issues).map((issue) => issue.replace(/@.*/, ''));

describe('the manifest is a closed schema', () => {
  test.each<{ name: string; version?: string; manifest: JsonObject; issues: readonly string[] }>([
    {
      name: 'everything',
      manifest: {
        version: '1',
        description: 'd',
        author: { name: 'A', email: 'e', url: 'u' },
        homepage: 'h',
        repository: 'r',
        license: 'MIT',
        keywords: ['k'],
        extensions: { 'com.other': { x: 1 } },
      },
      issues: [],
    },
    { name: 'a version that is no version', manifest: { version: 'spring' }, issues: [] },
    { name: 'a key that is not known', manifest: { hooks: './h.json' }, issues: ['warning PLUGIN_UNKNOWN_KEY hooks'] },
    {
      name: 'servers in the manifest',
      manifest: { mcpServers: { a: { command: 'c' } } },
      issues: ['warning PLUGIN_UNKNOWN_KEY mcpServers'],
    },
    {
      name: 'extensions that are no object',
      manifest: { extensions: [] },
      issues: ['warning PLUGIN_SCHEMA extensions'],
    },
    {
      name: 'presentation of the draft',
      version: '1.1.0',
      manifest: { presentation: { displayName: 'P', icon: '../x' } },
      issues: [],
    },
    {
      name: 'presentation before it',
      manifest: { presentation: {} },
      issues: ['warning PLUGIN_UNKNOWN_KEY presentation'],
    },
  ])('$name is read', ({ version = '1.0.0', manifest, issues }) => {
    const read = bundles.parse(files(version, manifest));
    expect([read.sure().family, told(read)]).toEqual(['agent_plugins', issues]);
  });

  test.each<{ name: string; manifest: JsonObject; key: string }>([
    { name: 'a name in capitals', manifest: { name: 'Poka' }, key: 'name' },
    { name: 'a name with two hyphens', manifest: { name: 'a--b' }, key: 'name' },
    { name: 'a name that ends with a dot', manifest: { name: 'a.' }, key: 'name' },
    { name: 'a name of 65 letters', manifest: { name: 'a'.repeat(65) }, key: 'name' },
    { name: 'an empty name', manifest: { name: '' }, key: 'name' },
    { name: 'a name that is a number', manifest: { name: 5 }, key: 'name' },
    { name: 'a version that is a number', manifest: { version: 1 }, key: 'version' },
    { name: 'an author that is a string', manifest: { author: 'A' }, key: 'author' },
    { name: 'an author with more', manifest: { author: { phone: '1' } }, key: 'author' },
    { name: 'keywords that are none', manifest: { keywords: [1] }, key: 'keywords' },
    { name: 'null', manifest: { description: null }, key: 'description' },
  ])('$name refuses the plugin', ({ manifest, key }) => {
    const read = bundles.parse(serversOf('1.0.0', { a: { type: 'stdio', command: 'c' } }, manifest));
    expect([read.plugin, told(read)]).toEqual([null, [`error PLUGIN_SCHEMA ${key}`]]);
  });

  test('a version of the standard that is not known refuses it, also beside another manifest', () => {
    const read = bundles.parse({ ...files('2.0.0', {}), '.codex-plugin/plugin.json': { name: 'p' } });
    expect([read.plugin, brief(read.issues)]).toEqual([
      null,
      ['note PLUGIN_FILE_UNUSED', 'error PLUGIN_SCHEMA "$schema"@2:14'],
    ]);
  });

  test('without a name it is refused', () => {
    const read = bundles.parse({ 'plugin.json': { $schema: schema('plugin', '1.0.0') } });
    expect([read.plugin, told(read)]).toEqual([null, ['error PLUGIN_SCHEMA name']]);
  });

  test('a name that no folder can have is refused', () => {
    const read = bundles.parse(files('1.0.0', { name: 'nul' }));
    expect([read.plugin, told(read)]).toEqual([null, ['error PLUGIN_BAD_NAME name']]);
  });
});

describe('mcp.json as a whole', () => {
  const servers = { a: { type: 'stdio', command: 'c' } };
  test.each<{ name: string; mcp: JsonValue; issues: readonly string[] }>([
    {
      name: 'without its schema',
      mcp: { mcpServers: servers },
      issues: ['error PLUGIN_SCHEMA "$schema"', 'error PLUGIN_SCHEMA mcpServers.a'],
    },
    {
      name: 'of another version',
      mcp: { $schema: schema('mcp', '1.1.0'), mcpServers: servers },
      issues: ['error PLUGIN_SCHEMA "$schema"', 'error PLUGIN_SCHEMA mcpServers.a'],
    },
    {
      name: 'with another key',
      mcp: { $schema: schema('mcp', '1.0.0'), mcpServers: servers, inputs: [] },
      issues: ['error PLUGIN_SCHEMA mcpServers.a', 'error PLUGIN_SCHEMA inputs'],
    },
  ])('$name: its servers are shown and do not run', ({ mcp, issues }) => {
    const read = bundles.parse(files('1.0.0', {}, mcp));
    expect([told(read), read.server('a').entry.problems.map(({ code }) => code)]).toEqual([issues, ['PLUGIN_SCHEMA']]);
  });

  test.each<{ name: string; mcp: JsonValue; issues: readonly string[] }>([
    { name: 'no object', mcp: [], issues: ['error PLUGIN_SCHEMA'] },
    { name: 'no JSON', mcp: '{', issues: ['error PLUGIN_NOT_JSON'] },
    { name: 'without servers', mcp: { $schema: schema('mcp', '1.0.0') }, issues: ['error PLUGIN_SCHEMA mcpServers'] },
    {
      name: 'with servers that are no object',
      mcp: { $schema: schema('mcp', '1.0.0'), mcpServers: [] },
      issues: ['error PLUGIN_SCHEMA mcpServers'],
    },
    { name: 'empty', mcp: { $schema: schema('mcp', '1.0.0'), mcpServers: {} }, issues: [] },
  ])('$name: the plugin stays', ({ mcp, issues }) => {
    const read = bundles.parse(files('1.0.0', {}, mcp));
    expect([read.sure().servers, told(read)]).toEqual([[], issues]);
  });
});

describe('a server is a closed variant, and a bad one leaves the others alone', () => {
  test.each<{ name: string; server: JsonValue; issues: readonly string[] }>([
    { name: 'no type', server: { command: 'c' }, issues: ['error PLUGIN_SCHEMA type'] },
    { name: 'a type of Codex', server: { type: 'http', url: 'https://h/' }, issues: ['error PLUGIN_SCHEMA type'] },
    {
      name: 'a key of another variant',
      server: { type: 'stdio', command: 'c', url: 'https://h/' },
      issues: ['error PLUGIN_SCHEMA url'],
    },
    {
      name: 'a key of Codex',
      server: { type: 'stdio', command: 'c', env_vars: ['A'] },
      issues: ['error PLUGIN_SCHEMA env_vars'],
    },
    {
      name: 'extensions before the draft',
      server: { type: 'stdio', command: 'c', extensions: {} },
      issues: ['error PLUGIN_SCHEMA extensions'],
    },
    {
      name: 'an absolute command',
      server: { type: 'stdio', command: '/bin/sh' },
      issues: ['error PLUGIN_SCHEMA command'],
    },
    {
      name: 'a path without its dot',
      server: { type: 'stdio', command: 'bin/x' },
      issues: ['error PLUGIN_SCHEMA command'],
    },
    {
      name: 'a reference in the command',
      server: { type: 'stdio', command: '${PLUGIN_ROOT}/x' },
      issues: ['error PLUGIN_SCHEMA command'],
    },
    {
      name: 'a folder without its dot',
      server: { type: 'stdio', command: 'c', cwd: 'data' },
      issues: ['error PLUGIN_SCHEMA cwd'],
    },
    {
      name: 'a folder elsewhere',
      server: { type: 'stdio', command: 'c', cwd: '${PLUGIN_DATA}/../x' },
      issues: ['error PLUGIN_PATH_ESCAPES cwd'],
    },
    {
      name: 'a variable that is set for it',
      server: { type: 'stdio', command: 'c', env: { PLUGIN_DATA: 'x' } },
      issues: ['error PLUGIN_SCHEMA env.PLUGIN_DATA'],
    },
    { name: 'http elsewhere', server: { type: 'sse', url: 'http://h.example/' }, issues: ['error PLUGIN_SCHEMA url'] },
    {
      name: 'a fragment',
      server: { type: 'sse', url: 'https://h.example/#' },
      issues: ['error CONFIG_WRONG_TYPE url'],
    },
    {
      name: 'one header twice',
      server: { type: 'streamable-http', url: 'https://h/', headers: { a: 'b', A: 'b' } },
      issues: ['error PLUGIN_SCHEMA headers.A'],
    },
    {
      name: 'a header that is a number',
      server: { type: 'streamable-http', url: 'https://h/', headers: { a: 1 } },
      issues: ['error CONFIG_WRONG_TYPE headers.a'],
    },
    { name: 'no object', server: 'x', issues: ['error CONFIG_WRONG_TYPE'] },
  ])('$name', ({ server, issues }) => {
    const read = bundles.parse(serversOf('1.0.0', { s: server, good: { type: 'stdio', command: 'c' } }));
    expect([told(read), read.server('s').entry.problems.length > 0, read.server('good').entry.problems]).toEqual([
      issues.map((issue) => issue.replace(/^(\w+ \w+) ?/, '$1 mcpServers.s.').replace(/\.$/, '')),
      true,
      [],
    ]);
  });

  test.each(['http://localhost:1/', 'http://127.0.0.5/', 'http://[::1]/', 'https://h.example/'])(
    '%s may be contacted',
    (url) => {
      expect(bundles.parse(serversOf('1.0.0', { s: { type: 'streamable-http', url } })).issues).toEqual([]);
    },
  );

  test('only the two folders are filled in, and only in arguments, values of env, and cwd; the rest is text, and escaped', () => {
    const read = bundles.parse(
      serversOf('1.0.0', {
        s: {
          type: 'stdio',
          command: 'c',
          args: ['${PLUGIN_ROOT}', '$${PLUGIN_DATA}', '${CLAUDE_PLUGIN_ROOT}'],
          env: { A: '${env:B}' },
          cwd: '${PLUGIN_ROOT}',
        },
        h: { type: 'streamable-http', url: 'https://h/${PLUGIN_ROOT}', headers: { A: '${user_config.x}' } },
      }),
    );
    expect(read.server('s').entry.transport).toMatchObject({
      args: ['ROOT', '$/data/p', '$${CLAUDE_PLUGIN_ROOT}'],
      env: { A: '$${env:B}' },
      cwdAbsolute: 'ROOT',
    });
    expect(read.server('h').entry.transport).toMatchObject({
      url: 'https://h/$${PLUGIN_ROOT}',
      headers: { A: '$${user_config.x}' },
    });
    expect([read.server('s').variables, read.server('h').settings, read.server('s').entry.problems]).toEqual([
      [],
      [],
      [],
    ]);
    expect(told(read).filter((issue) => issue.includes('PLUGIN_REFERENCE'))).toEqual([
      'warning PLUGIN_REFERENCE mcpServers.s.args.2',
      'warning PLUGIN_REFERENCE mcpServers.s.env.A',
      'warning PLUGIN_REFERENCE mcpServers.h.headers.A',
    ]);
  });
});

test('extensions of a server before the draft are refused with the lines that it needs', () => {
  const read = bundles.parse(serversOf('1.0.0', { s: { type: 'stdio', command: 'c', extensions: {} } }));
  expect(read.server('s').entry.problems.map((problem) => problem.message)).toEqual([
    'mcpServers.s.extensions is not a key of a server of type "stdio" of 1.0.0; it came with the draft of 1.1.0, which `$schema` must then name in both files: "https://agent-plugins.org/schemas/1.1.0/plugin.schema.json" in plugin.json, "https://agent-plugins.org/schemas/1.1.0/mcp.schema.json" in mcp.json',
  ]);
});

describe('what is ours stands under our key of extensions', () => {
  const ours = (value: JsonValue): JsonObject => ({ extensions: { 'dev.plugboard': value, 'com.other': 5 } });
  const settings = ours({ user_config: { token: { sensitive: true } }, category: 'Tools', colour: 'red' });

  test('settings of the manifest, in either version', () => {
    for (const version of ['1.0.0', '1.1.0']) {
      const read = bundles.parse(files(version, settings));
      expect([read.sure().settings.map(({ key }) => key), read.sure().category, told(read)]).toEqual([
        ['token'],
        'Tools',
        ['warning PLUGIN_UNKNOWN_KEY extensions."dev.plugboard".colour'],
      ]);
    }
  });

  test('declarations of a server, with references to settings', () => {
    const server = {
      type: 'stdio',
      command: 'c',
      env: { A: 'a', B: 'b' },
      ...ours({
        env: { B: 'ours', TOKEN: '${user_config.token}' },
        env_vars: ['X'],
        auth_model: 'service_token',
        data_classes: ['d'],
        tool_timeout_sec: 5,
        required: true,
        enabled_tools: ['t'],
      }),
    };
    const read = bundles.parse(serversOf('1.1.0', { s: server }, settings));
    const { entry, table: _, ...found } = read.server('s');
    expect(found).toEqual({
      requests: { required: true, supportsParallelToolCalls: false, approveAll: false, approveTools: [] },
      settings: ['token'],
      undeclared: [],
      variables: [],
      authModel: 'service_token',
      authModelDeclared: true,
      dataClasses: ['d'],
    });
    expect([entry.transport, entry.enabledTools, entry.toolTimeoutMs, entry.required, entry.problems]).toMatchObject([
      { env: { A: 'a', B: 'ours', TOKEN: '${user_config.token}' }, envVars: [{ name: 'X' }] },
      ['t'],
      5000,
      false,
      [],
    ]);
  });

  test('headers of a remote server', () => {
    const server = {
      type: 'streamable-http',
      url: 'https://h/',
      headers: { A: 'a' },
      ...ours({ http_headers: { B: 'Bearer ${user_config.token}' }, oauth_resource: 'r' }),
    };
    const { entry, settings: used, authModel } = bundles.parse(serversOf('1.1.0', { s: server }, settings)).server('s');
    expect([entry.transport, used, authModel]).toMatchObject([
      { headers: { A: 'a', B: 'Bearer ${user_config.token}' } },
      ['token'],
      'service_token',
    ]);
  });

  test.each<{ name: string; value: JsonValue; issues: readonly string[] }>([
    { name: 'no object', value: 5, issues: ['warning PLUGIN_WRONG_TYPE extensions."dev.plugboard"'] },
    {
      name: 'where the server is',
      value: { command: 'x' },
      issues: ['error PLUGIN_SCHEMA extensions."dev.plugboard".command'],
    },
    {
      name: 'a key that is not known',
      value: { nope: 1 },
      issues: ['warning CONFIG_UNKNOWN_KEY extensions."dev.plugboard".nope'],
    },
    {
      name: 'a value of a wrong kind',
      value: { env_vars: 'X' },
      issues: ['error CONFIG_WRONG_TYPE extensions."dev.plugboard".env_vars'],
    },
    {
      name: 'a wrong value of env',
      value: { env: { A: 1 } },
      issues: ['error CONFIG_WRONG_TYPE extensions."dev.plugboard".env.A'],
    },
    { name: 'env that is none', value: { env: 1 }, issues: ['error CONFIG_WRONG_TYPE extensions."dev.plugboard".env'] },
    {
      name: 'a variable that is set for it',
      value: { env: { PLUGIN_ROOT: 'x' } },
      issues: ['error PLUGIN_SCHEMA extensions."dev.plugboard".env.PLUGIN_ROOT'],
    },
    { name: 'null', value: { env_vars: null }, issues: ['note PLUGIN_WRONG_TYPE extensions."dev.plugboard".env_vars'] },
  ])('$name', ({ value, issues }) => {
    const read = bundles.parse(serversOf('1.1.0', { s: { type: 'stdio', command: 'c', ...ours(value) } }));
    expect(told(read)).toEqual(issues.map((issue) => issue.replace(/ (extensions)/, ' mcpServers.s.$1')));
  });
});
