import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/kernel/index.ts';
import { brief, entryOf, type Files, type Read, useBundles } from './read-bundle.ts';

const bundles = useBundles();

const MANIFEST: JsonObject = {
  manifest_version: '0.3',
  name: 'files',
  display_name: 'Files',
  version: '1.2.0',
  description: 'Reads files',
  author: { name: 'Ada' },
  server: {
    type: 'node',
    entry_point: 'server/index.js',
    mcp_config: {
      command: 'node',
      args: ['${__dirname}/server/index.js', '${user_config.folders}'],
      env: { KEY: '${user_config.api_key}', CACHE: '${HOME}${/}.cache', OUT: '${DESKTOP}/out', RAW: '${env:A} ${X}' },
    },
  },
  user_config: {
    api_key: { type: 'string', title: 'Key', description: 'K', sensitive: true, required: true },
    folders: { type: 'directory', title: 'Folders', description: 'F', multiple: true, default: ['${HOME}/Desktop'] },
    size: { type: 'number', title: 'Size', description: 'S', default: 10, min: 1, max: 100 },
  },
  compatibility: { platforms: ['linux'] },
};

function withConfig(more: JsonObject): JsonObject {
  const server = MANIFEST['server'] as JsonObject;
  return { ...MANIFEST, server: { ...server, mcp_config: { ...(server['mcp_config'] as JsonObject), ...more } } };
}

const parse = (manifest: JsonObject, files: Files = {}): Read =>
  bundles.parse({ 'manifest.json': manifest, 'server/index.js': '', ...files });

test('an unpacked bundle is a plugin with one server and its settings', () => {
  const read = parse(MANIFEST);
  const { family, name, version, displayName, manifestPath, mcpPath, settings } = read.sure();
  expect({ family, name, version, displayName, manifestPath, mcpPath, issues: read.issues }).toMatchObject({
    ...{ family: 'mcpb', name: 'files', version: '1.2.0', displayName: 'Files' },
    ...{ manifestPath: 'manifest.json', mcpPath: 'manifest.json' },
    issues: [{ severity: 'note', code: 'CONFIG_LITERAL_REFERENCE', key: 'server.mcp_config.env.RAW' }],
  });
  expect(settings).toMatchObject([
    { key: 'api_key', type: 'string', sensitive: true, required: true, default: null },
    { key: 'folders', type: 'directory', multiple: true, default: ['${HOME}/Desktop'] },
    { key: 'size', type: 'number', default: 10, min: 1, max: 100 },
  ]);
  const server = read.server('files');
  expect(server.entry.transport).toMatchObject({
    ...{ command: 'node', args: ['ROOT/server/index.js', '${user_config.folders}'], cwdAbsolute: 'ROOT' },
    env: {
      KEY: '${user_config.api_key}',
      CACHE: '${env:HOME}/.cache',
      OUT: '${env:HOME}/Desktop/out',
      RAW: '$${env:A} $${X}',
    },
  });
  expect([server.settings, server.variables, server.undeclared]).toEqual([['api_key', 'folders'], ['HOME'], []]);
});

test('the older name of the standard counts as well', () => {
  const { manifest_version: _, ...older } = MANIFEST;
  expect(parse({ ...older, dxt_version: '0.1' }).sure().family).toBe('mcpb');
});

describe('a manifest.json is read only where nothing else declares servers', () => {
  test.each<{ name: string; files: Files; family: string; servers: readonly string[] }>([
    {
      name: 'beside a manifest of Codex',
      files: { '.codex-plugin/plugin.json': { name: 'p' } },
      family: 'codex',
      servers: [],
    },
    {
      name: 'beside .mcp.json',
      files: { '.mcp.json': { mcpServers: { s: { command: 'c' } } } },
      family: 'none',
      servers: ['s'],
    },
    {
      name: 'of a web page',
      files: { 'manifest.json': { manifest_version: 3, name: 'x' }, 'skills/a/SKILL.md': 'x' },
      family: 'none',
      servers: [],
    },
    {
      name: 'that is no JSON',
      files: { 'manifest.json': '{', 'skills/a/SKILL.md': 'x' },
      family: 'none',
      servers: [],
    },
  ])('$name', ({ files, family, servers }) => {
    const plugin = parse(MANIFEST, files).sure();
    expect([plugin.family, plugin.servers.map(({ entry }) => entry.name)]).toEqual([family, servers]);
  });

  test('where the marketplace says what the servers are', () => {
    const entry = entryOf('p', { mcpServers: { s: { command: 'c' } } });
    const { sure } = bundles.parse({ 'manifest.json': MANIFEST }, { entry });
    expect([sure().family, sure().servers.map(({ entry: one }) => one.name)]).toEqual(['none', ['s']]);
  });
});

describe('what is wrong with it has the names of the file', () => {
  test.each<{ name: string; manifest: JsonObject; want: readonly string[] }>([
    {
      name: 'no program',
      manifest: { ...MANIFEST, server: { type: 'uv' } },
      want: ['error PLUGIN_WRONG_TYPE server.mcp_config'],
    },
    {
      name: 'a program that is no object',
      manifest: { ...MANIFEST, server: { mcp_config: 'node' } },
      want: ['error PLUGIN_WRONG_TYPE server.mcp_config'],
    },
    {
      name: 'other keys',
      manifest: { ...withConfig({ env: {}, platform_overrides: { win32: {} }, cwd: '/' }), colour: 'red' },
      want: [
        'warning PLUGIN_UNKNOWN_KEY server.mcp_config.platform_overrides',
        'warning PLUGIN_UNKNOWN_KEY server.mcp_config.cwd',
        'warning PLUGIN_UNKNOWN_KEY colour',
      ],
    },
    {
      name: 'a setting that is not declared',
      manifest: withConfig({ env: { A: '${user_config.nope}' } }),
      want: ['error PLUGIN_REFERENCE server.mcp_config.env.A'],
    },
    {
      name: 'a secret in an argument',
      manifest: withConfig({ env: {}, args: ['${user_config.api_key}'] }),
      want: ['warning SECRET_IN_ARGS server.mcp_config.args.0'],
    },
    {
      name: 'a program elsewhere',
      manifest: withConfig({ env: {}, command: '../run' }),
      want: ['error PLUGIN_PATH_ESCAPES server.mcp_config.command'],
    },
    {
      name: 'a setting declared wrongly',
      manifest: { ...withConfig({ args: [], env: {} }), user_config: { a: { type: 'colour' } } },
      want: ['error PLUGIN_SETTING_INVALID user_config.a.type'],
    },
  ])('$name', ({ manifest, want }) => {
    expect(brief(parse(manifest).issues).map((issue) => issue.replace(/@.*/, ''))).toEqual(want);
  });
});
