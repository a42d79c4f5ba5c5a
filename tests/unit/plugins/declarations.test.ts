import { symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/kernel/index.ts';
import { writeFiles } from '../../support/marketplace-folder.ts';
import { brief, entryOf, type Files, type Read, useBundles } from './read-bundle.ts';

const bundles = useBundles();
const run = (text: string): { command: string } => ({ command: text });
const commands = ({ plugin }: Read): Readonly<Record<string, string | null>> =>
  Object.fromEntries(
    (plugin?.servers ?? []).map(({ entry }) => [
      entry.name,
      entry.transport?.kind === 'stdio' ? entry.transport.command : null,
    ]),
  );

const manifest = (mcpServers: JsonValue, family = 'codex'): Files => ({
  [`.${family}-plugin/plugin.json`]: { name: 'p', mcpServers },
});

describe('which files declare servers', () => {
  test.each<{ name: string; files: Files; want: Readonly<Record<string, string>>; issues: readonly string[] }>([
    {
      name: 'a path in place of the usual file',
      files: { ...manifest('./x.json'), 'x.json': { a: run('x') }, '.mcp.json': { b: run('m') } },
      want: { a: 'x' },
      issues: ['note PLUGIN_FILE_UNUSED'],
    },
    {
      name: "in Claude's format both, and the manifest wins",
      files: {
        ...manifest('./x.json', 'claude'),
        'x.json': { a: run('x'), c: run('x') },
        '.mcp.json': { b: run('m'), c: run('m') },
      },
      want: { a: 'x', c: 'x', b: 'm' },
      issues: ['warning PLUGIN_DUPLICATE_KEY mcpServers.c@5:3'],
    },
    {
      name: "in Claude's format an array of paths and objects",
      files: { ...manifest(['./x.json', { b: run('i') }, './gone.json', 5], 'claude'), 'x.json': { a: run('x') } },
      want: { a: 'x', b: 'i' },
      issues: ['error PLUGIN_PATH_MISSING mcpServers.2@10:5', 'error PLUGIN_WRONG_TYPE mcpServers.3@11:5'],
    },
    {
      name: 'a path that is not used makes the usual file count',
      files: { ...manifest('../x.json'), '.mcp.json': { b: run('m') } },
      want: { b: 'm' },
      issues: ['error PLUGIN_PATH_ESCAPES mcpServers@3:17'],
    },
    {
      name: 'a file that is named and missing does not',
      files: { ...manifest('./gone.json'), '.mcp.json': { b: run('m') } },
      want: {},
      issues: ['error PLUGIN_PATH_MISSING mcpServers@3:17', 'note PLUGIN_FILE_UNUSED'],
    },
    {
      name: 'a file that is no object',
      files: { ...manifest('./x.json'), 'x.json': [1] },
      want: {},
      issues: ['error PLUGIN_WRONG_TYPE'],
    },
    {
      name: 'null counts as absent',
      files: { ...manifest(null), '.mcp.json': { b: run('m') } },
      want: { b: 'm' },
      issues: ['note PLUGIN_WRONG_TYPE mcpServers@3:17'],
    },
  ])('$name', ({ files, want, issues }) => {
    const read = bundles.parse(files);
    expect([commands(read), brief(read.issues)]).toEqual([want, issues]);
  });

  test('without a manifest: what the marketplace says, and the usual file', () => {
    const entry = entryOf('p', { mcpServers: { a: run('entry'), b: run('entry') } });
    const read = bundles.parse({ '.mcp.json': { b: run('m'), c: run('m') } }, { entry });
    expect([commands(read), brief(read.issues)]).toEqual([
      { a: 'entry', b: 'entry', c: 'm' },
      ['warning PLUGIN_DUPLICATE_KEY mcpServers.b@2:3'],
    ]);
  });

  test('without a manifest: what is wrong in the marketplace has the place and the key it has there', () => {
    const place = { index: 2, line: 7, column: 5 };
    const entry = entryOf('p', { mcpServers: { a: { ...run('x'), comand: 1, cwd: 1 } }, place });
    const { plugin, issues } = bundles.parse({ '.mcp.json': { b: { command: 1 } } }, { entry });
    expect(brief(issues)).toEqual([
      'warning CONFIG_UNKNOWN_KEY plugins.2.mcpServers.a.comand@7:5',
      'error CONFIG_WRONG_TYPE plugins.2.mcpServers.a.cwd@7:5',
      'error CONFIG_WRONG_TYPE mcpServers.b.command@3:16',
    ]);
    expect(issues[1]).toMatchObject({
      file: '/mkt/marketplace.json',
      message: expect.stringMatching(/^plugins\.2\.mcpServers\.a\.cwd must be/) as string,
    });
    expect(plugin?.servers.map(({ entry: { problems } }) => brief(problems))).toEqual([
      ['error CONFIG_WRONG_TYPE plugins.2.mcpServers.a.cwd@7:5'],
      ['error CONFIG_WRONG_TYPE mcpServers.b.command@3:16'],
    ]);
    const unused = bundles.parse(manifest({ a: run('m') }), { entry });
    expect(brief(unused.issues)).toEqual(['note PLUGIN_FILE_UNUSED plugins.2.mcpServers@7:5']);
  });

  test.each([
    { where: 'a marketplace of Claude', file: '/mkt/.claude-plugin/marketplace.json', variables: ['API_KEY'] },
    { where: 'another marketplace', file: '/mkt/.agents/plugins/marketplace.json', variables: [] },
  ])('what $where says of a plugin without a manifest is read as it is meant there', ({ file, variables }) => {
    const mcpServers = { a: { ...run('x'), env: { KEY: '${API_KEY:-none}', TOKEN: '${user_config.token}' } } };
    const components = { userConfig: { token: { type: 'string', title: 'Token', description: 'Of the service' } } };
    const { sure, issues } = bundles.parse({}, { entry: entryOf('p', { file, mcpServers, components }) });
    const { servers, settings, family } = sure();
    expect(servers.map((server) => [server.variables, server.settings])).toEqual([[variables, ['token']]]);
    expect([family, settings.map(({ key }) => key)]).toEqual(['none', ['token']]);
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  test('beside a manifest what the marketplace says is not used, which is said', () => {
    const read = bundles.parse(manifest({ a: run('m') }), { entry: entryOf('p', { mcpServers: { b: run('entry') } }) });
    expect([commands(read), read.issues.map(({ code, file }) => [code, file])]).toEqual([
      { a: 'm' },
      [['PLUGIN_FILE_UNUSED', '/mkt/marketplace.json']],
    ]);
  });
});

describe('how servers stand in an object', () => {
  test.each<{
    name: string;
    written: JsonValue;
    want: Readonly<Record<string, string | null>>;
    issues: readonly string[];
  }>([
    { name: 'flat', written: { a: run('a') }, want: { a: 'a' }, issues: [] },
    {
      name: 'with the schema of an editor',
      written: { $schema: 'https://x/s.json', a: run('a') },
      want: { a: 'a' },
      issues: [],
    },
    { name: 'wrapped', written: { mcpServers: { a: run('a') } }, want: { a: 'a' }, issues: [] },
    { name: 'empty', written: {}, want: {}, issues: [] },
    {
      name: 'the spelling of config.toml',
      written: { mcp_servers: { a: run('a') }, b: run('b') },
      want: { a: 'a', b: 'b' },
      issues: ['warning PLUGIN_MCP_WRONG_KEY mcp_servers@2:3'],
    },
    {
      name: 'a server that is called mcp_servers',
      written: { mcp_servers: run('a') },
      want: { mcp_servers: 'a' },
      issues: [],
    },
    {
      name: 'both spellings',
      written: { mcpServers: { a: run('a') }, mcp_servers: { b: run('b') } },
      want: { a: 'a' },
      issues: ['warning PLUGIN_MCP_WRONG_KEY mcp_servers@7:3'],
    },
    {
      name: 'others beside the wrapper',
      written: { mcpServers: {}, b: run('b'), inputs: [] },
      want: {},
      issues: ['warning PLUGIN_UNKNOWN_KEY b@3:3', 'warning PLUGIN_UNKNOWN_KEY inputs@6:3'],
    },
    {
      name: 'a wrapper that is no object',
      written: { mcpServers: 5 },
      want: {},
      issues: ['error PLUGIN_WRONG_TYPE mcpServers@2:17'],
    },
    {
      name: 'a wrapper of config.toml that is no object',
      written: { mcp_servers: 'x' },
      want: {},
      issues: ['warning PLUGIN_MCP_WRONG_KEY mcp_servers@2:3', 'error PLUGIN_WRONG_TYPE mcp_servers@2:18'],
    },
    {
      name: 'a server that is null',
      written: { a: null, b: run('b') },
      want: { b: 'b' },
      issues: ['note PLUGIN_WRONG_TYPE a@2:8'],
    },
    {
      name: 'servers of wrong kinds',
      written: { a: 'x', b: [], c: 1, d: run('d') },
      want: { a: null, b: null, c: null, d: 'd' },
      issues: [
        'error CONFIG_WRONG_TYPE mcpServers.a@2:8',
        'error CONFIG_WRONG_TYPE mcpServers.b@3:8',
        'error CONFIG_WRONG_TYPE mcpServers.c@4:8',
      ],
    },
  ])('$name', ({ written, want, issues }) => {
    const read = bundles.parse({ '.codex-plugin/plugin.json': { name: 'p' }, '.mcp.json': written });
    expect([commands(read), brief(read.issues)]).toEqual([want, issues]);
  });

  test('the spelling of config.toml in the manifest itself', () => {
    const read = bundles.parse({ '.codex-plugin/plugin.json': { name: 'p', mcp_servers: { a: run('a') } } });
    expect([commands(read), read.issues.map(({ code, hint }) => [code, hint])]).toEqual([
      { a: 'a' },
      [['PLUGIN_MCP_WRONG_KEY', 'rename the key to `mcpServers`']],
    ]);
  });

  test('more servers than any plugin has: the first 128 count', () => {
    const many = Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`s${index}`, run('c')]));
    const { sure, issues } = bundles.parse(manifest(many));
    expect([sure().servers.length, issues.map(({ message }) => message)]).toEqual([
      128,
      ['mcpServers.s128 and 1 more servers are left out: a plugin may have 128'],
    ]);
  });
});

describe('a file that leads out of the plugin by a link is not read', () => {
  test('the file that a manifest names', () => {
    const root = bundles.folder();
    writeFileSync(`${root}/../outside.json`, '{"secret": {"command": "x"}}');
    symlinkSync('../outside.json', `${root}/x.json`);
    writeFiles(root, manifest('./x.json'));
    const read = bundles.parseFolder(root);
    expect([commands(read), read.issues.map(({ code, message }) => [code, message])]).toEqual([
      {},
      [
        [
          'PLUGIN_PATH_ESCAPES',
          'mcpServers is a link that leads out of the plugin; it is ignored, and .mcp.json is read if it is there',
        ],
      ],
    ]);
  });
});
