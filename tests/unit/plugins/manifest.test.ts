import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/kernel/index.ts';
import { capabilitySummary, type EntryFacts, pluginEnv } from '../../../src/plugins/index.ts';
import { brief, entryOf, type Files, useBundles } from './read-bundle.ts';

const bundles = useBundles();
const told = (issues: Parameters<typeof brief>[0]): readonly string[] =>
  brief(issues).map((issue) => issue.replace(/@.*/, ''));

describe('which manifest counts', () => {
  const codex = { '.codex-plugin/plugin.json': { name: 'codex' } };
  const claude = { '.claude-plugin/plugin.json': { name: 'claude' } };
  const cursor = { '.cursor-plugin/plugin.json': { name: 'cursor' } };
  const agent = {
    'plugin.json': { $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json', name: 'agent' },
  };
  test.each<{ name: string; files: Files; want: readonly [string, string | null] | null; issues: readonly string[] }>([
    {
      name: 'the standard first',
      files: { ...codex, ...agent },
      want: ['agent', 'plugin.json'],
      issues: ['note PLUGIN_FILE_UNUSED'],
    },
    {
      name: 'then Codex',
      files: { ...codex, ...claude, ...cursor },
      want: ['codex', '.codex-plugin/plugin.json'],
      issues: ['note PLUGIN_FILE_UNUSED', 'note PLUGIN_FILE_UNUSED'],
    },
    {
      name: 'then Claude',
      files: { ...claude, ...cursor },
      want: ['claude', '.claude-plugin/plugin.json'],
      issues: ['note PLUGIN_FILE_UNUSED'],
    },
    { name: 'then Cursor', files: cursor, want: ['cursor', '.cursor-plugin/plugin.json'], issues: [] },
    {
      name: 'a plugin.json of something else is none',
      files: { ...codex, 'plugin.json': { name: 'x' } },
      want: ['codex', '.codex-plugin/plugin.json'],
      issues: [],
    },
    {
      name: 'a plugin.json that is no JSON does not matter beside another',
      files: { ...codex, 'plugin.json': '{' },
      want: ['codex', '.codex-plugin/plugin.json'],
      issues: [],
    },
    { name: 'alone it is the problem', files: { 'plugin.json': '{' }, want: null, issues: ['error PLUGIN_NOT_JSON'] },
    {
      name: 'a manifest that is no JSON is not passed over',
      files: { '.codex-plugin/plugin.json': '{', ...claude },
      want: null,
      issues: ['note PLUGIN_FILE_UNUSED', 'error PLUGIN_NOT_JSON'],
    },
    {
      name: 'a manifest that is no object',
      files: { '.codex-plugin/plugin.json': '[]' },
      want: null,
      issues: ['error PLUGIN_MANIFEST_INVALID'],
    },
    {
      name: 'a folder in place of a manifest',
      files: { '.codex-plugin/plugin.json/x': 'x' },
      want: null,
      issues: ['error PLUGIN_UNREADABLE'],
    },
    { name: 'nothing at all', files: {}, want: null, issues: ['error PLUGIN_MANIFEST_INVALID'] },
    {
      name: 'no manifest, and something that a plugin brings',
      files: { 'skills/a/SKILL.md': 's' },
      want: ['folder', null],
      issues: [],
    },
  ])('$name', ({ files, want, issues }) => {
    const { plugin, issues: found } = bundles.parse(files, { name: 'folder' });
    expect([plugin === null ? null : [plugin.name, plugin.manifestPath], told(found)]).toEqual([want, issues]);
  });
});

describe('name and version', () => {
  const name = (value: JsonValue | undefined, entry: EntryFacts | null): JsonValue => {
    const manifest: JsonObject = value === undefined ? {} : { name: value };
    const { plugin, issues } = bundles.parse({ '.codex-plugin/plugin.json': manifest }, { entry, name: 'folder' });
    return [plugin?.name ?? null, ...told(issues)];
  };
  test.each<{ name: string; value: JsonValue | undefined; entry?: EntryFacts; want: JsonValue }>([
    { name: 'as the manifest says', value: 'poka', want: ['poka'] },
    { name: 'empty, after the folder', value: '', want: ['folder', 'warning PLUGIN_BAD_NAME name'] },
    { name: 'missing, after the folder', value: undefined, want: ['folder', 'warning PLUGIN_BAD_NAME name'] },
    {
      name: 'empty, after the marketplace',
      value: ' ',
      entry: entryOf('mkt'),
      want: ['mkt', 'warning PLUGIN_BAD_NAME name'],
    },
    {
      name: 'another than in the marketplace',
      value: 'poka',
      entry: entryOf('mkt'),
      want: ['poka', 'error PLUGIN_NAME_MISMATCH name'],
    },
    { name: 'no string', value: 5, want: [null, 'error PLUGIN_BAD_NAME name'] },
    ...['a/b', '../x', '.', 'a b', 'CON', 'x.', 'ä', 'a@b'].map((value) => ({
      name: `not as a folder can be called: ${value}`,
      value,
      want: [null, 'error PLUGIN_BAD_NAME name'],
    })),
  ])('a name: $name', ({ value, entry = null, want }) => expect(name(value, entry)).toEqual(want));

  test.each<{ name: string; value: JsonValue | undefined; entry?: EntryFacts; want: JsonValue }>([
    {
      name: 'as the manifest says',
      value: '1.2.0-rc.1+b5',
      entry: entryOf('p', { version: '9' }),
      want: ['1.2.0-rc.1+b5'],
    },
    { name: 'missing, as the marketplace says', value: undefined, entry: entryOf('p', { version: '9' }), want: ['9'] },
    { name: 'empty is missing', value: '', want: [null] },
    { name: 'nobody says one', value: undefined, want: [null] },
    ...['../1', '1/2', '1 2', '1..2', 'x'.repeat(65)].map((value) => ({
      name: `not as a folder can be called: ${value}`,
      value,
      want: ['refused', 'error PLUGIN_BAD_VERSION version'],
    })),
    { name: 'no string', value: 1, want: ['refused', 'error PLUGIN_BAD_VERSION version'] },
    {
      name: 'of the marketplace, and bad',
      value: undefined,
      entry: entryOf('p', { version: '../x' }),
      want: ['refused', 'error PLUGIN_BAD_VERSION version'],
    },
  ])('a version: $name', ({ value, entry = null, want }) => {
    const manifest = { name: 'p', ...(value === undefined ? {} : { version: value }) };
    const { plugin, issues } = bundles.parse({ '.codex-plugin/plugin.json': manifest }, { entry });
    expect([plugin === null ? 'refused' : plugin.version, ...told(issues)]).toEqual(want);
  });
});

describe('what a plugin shows of itself', () => {
  test.each<{ name: string; manifest: JsonObject; entry?: EntryFacts; want: JsonObject; issues?: readonly string[] }>([
    {
      name: 'what Codex shows',
      manifest: { description: 'd', interface: { displayName: 'P', category: 'c', websiteURL: 'https://w' } },
      want: { description: 'd', displayName: 'P', category: 'c', homepage: 'https://w' },
    },
    {
      name: 'the category of the marketplace wins',
      manifest: { interface: { category: 'c' } },
      entry: entryOf('p', { category: 'Tools', description: 'e' }),
      want: { description: 'e', displayName: null, category: 'Tools', homepage: null },
    },
    {
      name: 'at the top',
      manifest: { displayName: 'P', category: 'c', homepage: 'h' },
      want: { description: null, displayName: 'P', category: 'c', homepage: 'h' },
    },
    {
      name: 'wrong kinds are left out',
      manifest: { description: 5, homepage: {}, interface: { displayName: [] } },
      want: { description: null, displayName: null, category: null, homepage: null },
      issues: [
        'warning PLUGIN_WRONG_TYPE description',
        'warning PLUGIN_WRONG_TYPE homepage',
        'warning PLUGIN_WRONG_TYPE interface.displayName',
      ],
    },
    {
      name: 'an interface that is no object',
      manifest: { interface: 'x' },
      want: { displayName: null },
      issues: ['warning PLUGIN_WRONG_TYPE interface'],
    },
  ])('$name', ({ manifest, entry = null, want, issues = [] }) => {
    const { sure, issues: found } = bundles.parse(
      { '.codex-plugin/plugin.json': { name: 'p', ...manifest } },
      { entry },
    );
    expect(sure()).toMatchObject(want);
    expect(told(found)).toEqual(issues);
  });
});

describe('keys of a manifest', () => {
  test('what is not known has no effect and is said, with what it may mean; what is for other clients is a note', () => {
    const manifest = {
      name: 'p',
      author: { name: 'A' },
      mcpServer: {},
      lspServers: {},
      zzz: 1,
      keywords: [],
      license: null,
    };
    const { issues } = bundles.parse({ '.claude-plugin/plugin.json': manifest });
    expect(issues.map(({ severity, code, key, hint }) => [severity, code, key, hint])).toEqual([
      ['warning', 'PLUGIN_UNKNOWN_KEY', 'mcpServer', 'did you mean `mcpServers`?'],
      ['note', 'PLUGIN_UNKNOWN_KEY', 'lspServers', undefined],
      ['warning', 'PLUGIN_UNKNOWN_KEY', 'zzz', undefined],
      ['note', 'PLUGIN_WRONG_TYPE', 'license', undefined],
    ]);
  });
});

describe('for others', () => {
  const files = {
    '.claude-plugin/plugin.json': {
      name: 'p',
      description: 'd',
      mcpServers: { b: { command: 'c' }, a: { url: 'https://h/' }, bad: {}, 'no name!': { command: 'c' } },
    },
    '.app.json': { apps: { x: { id: 'connector_1' } } },
  };
  test('the summary has the names and order of Codex, with servers that can run', () => {
    const summary = capabilitySummary(bundles.parse(files).sure(), 'p@m');
    expect(JSON.stringify(summary)).toBe(
      '{"config_name":"p@m","display_name":"p","description":"d","has_skills":false,"mcp_server_names":["a","b"],"app_connector_ids":["connector_1"]}',
    );
  });

  test('every process of a plugin is told its folders, in the names of its format', () => {
    const folders = { root: '/r', dataDir: '/d' };
    const codex = bundles.parse({ '.codex-plugin/plugin.json': { name: 'p' } }).sure();
    expect([pluginEnv(bundles.parse(files).sure(), folders), pluginEnv(codex, folders)]).toEqual([
      { PLUGIN_ROOT: '/r', PLUGIN_DATA: '/d', CLAUDE_PLUGIN_ROOT: '/r', CLAUDE_PLUGIN_DATA: '/d' },
      { PLUGIN_ROOT: '/r', PLUGIN_DATA: '/d' },
    ]);
  });
});
