import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/kernel/index.ts';
import { type Said, useBundle } from '../plugins/use-bundle.ts';

const { path, seen } = useBundle();

const NODE = { command: 'node' };
const SCHEMA = 'https://agent-plugins.org/schemas/1.0.0';
const ROOT = { $schema: `${SCHEMA}/plugin.schema.json`, name: 'p' };

describe('Agent Plugins 1.0', () => {
  const refused = '136 refuses: there is no manifest where it looks: "missing plugin.json"';
  test.each<{ name: string; manifest: JsonValue; want: string }>([
    { name: 'a root manifest', manifest: { ...ROOT, version: '1', extensions: { 'com.example': {} } }, want: 'loads' },
    {
      name: 'another version',
      manifest: { ...ROOT, $schema: ROOT.$schema.replace('1.0.0', '1.1.0') },
      want: 'refuses: `$schema` in `plugin.json` names another version than 1.0.0',
    },
    {
      name: 'a name with capitals',
      manifest: { ...ROOT, name: 'Bad Name' },
      want: 'refuses: `name` must have lower-case letters, digits, single `-` and single `.`, at most 64 characters',
    },
    {
      name: 'an author with more than the standard has',
      manifest: { ...ROOT, author: { name: 'a', phone: '1' } },
      want: 'refuses: `author` in `plugin.json` has a value that it does not take',
    },
    {
      name: 'a key that the standard does not have',
      manifest: { ...ROOT, mcpServers: {} },
      want: 'partly: `mcpServers` in `plugin.json` has no effect',
    },
    { name: 'extensions that are no object', manifest: { ...ROOT, extensions: 5 }, want: 'loads' },
  ])('$name', ({ manifest, want }) => {
    expect(seen({ 'plugin.json': manifest })['plugin']).toEqual([refused, `169 ${want}`, `ap ${want}`]);
  });

  test.each<{ name: string; mcp: JsonValue; want: string }>([
    {
      name: 'no schema',
      mcp: { mcpServers: {} },
      want: '`mcp.json` does not have the `$schema` of 1.0.0, so there are no servers',
    },
    {
      name: 'another key',
      mcp: { $schema: `${SCHEMA}/mcp.schema.json`, mcpServers: {}, foo: 1 },
      want: '`mcp.json` has `foo`, which is not allowed there, so there are no servers',
    },
    {
      name: 'servers that are no object',
      mcp: { $schema: `${SCHEMA}/mcp.schema.json`, mcpServers: [] },
      want: '`mcpServers` in `mcp.json` is no object, so there are no servers',
    },
    { name: 'no JSON', mcp: '{', want: '`mcp.json` is not valid JSON, so there are no servers' },
  ])('mcp.json with $name', ({ mcp, want }) => {
    expect(seen({ 'plugin.json': ROOT, 'mcp.json': mcp })['plugin']).toEqual([
      refused,
      `169 partly: ${want}`,
      `ap partly: ${want}`,
    ]);
  });

  const COMMAND = 'ignores: `command` must be a bare name, or a path in the bundle that starts with `./`';
  const CWD = 'ignores: `cwd` must be in the bundle and start with `./`, `${PLUGIN_ROOT}` or `${PLUGIN_DATA}`';
  test.each<{ name: string; server: JsonValue; want: Said }>([
    {
      name: 'stdio',
      server: {
        type: 'stdio',
        command: 'node',
        args: ['${PLUGIN_ROOT}/x'],
        env: { A: '${PLUGIN_DATA}' },
        cwd: './sub',
      },
      want: 'loads',
    },
    {
      name: 'no type',
      server: { command: 'node' },
      want: 'ignores: `type` must be "stdio", "streamable-http" or "sse"',
    },
    {
      name: 'the type of Claude',
      server: { type: 'http', url: 'https://x' },
      want: 'ignores: `type` must be "stdio", "streamable-http" or "sse"',
    },
    {
      name: 'another key',
      server: { type: 'stdio', command: 'node', env_vars: ['X'] },
      want: 'ignores: `env_vars` is not allowed there',
    },
    {
      name: 'a reserved variable',
      server: { type: 'stdio', command: 'node', env: { PLUGIN_ROOT: 'x' } },
      want: 'ignores: `env` may not set `PLUGIN_ROOT` or `PLUGIN_DATA`',
    },
    { name: 'a command in the bundle', server: { type: 'stdio', command: './bin/x' }, want: 'loads' },
    { name: 'a command outside', server: { type: 'stdio', command: '../bin/x' }, want: COMMAND },
    { name: 'an absolute command', server: { type: 'stdio', command: '/bin/sh' }, want: COMMAND },
    { name: 'a command that a link leads out with', server: { type: 'stdio', command: './out/sh' }, want: COMMAND },
    {
      name: 'several words',
      server: { type: 'stdio', command: 'node x.js' },
      want: 'ignores: `command` must be one word',
    },
    {
      name: 'a folder of the data',
      server: { type: 'stdio', command: 'node', cwd: '${PLUGIN_DATA}/y' },
      want: 'loads',
    },
    { name: 'a folder outside', server: { type: 'stdio', command: 'node', cwd: './../..' }, want: CWD },
    { name: 'an absolute folder', server: { type: 'stdio', command: 'node', cwd: '/tmp' }, want: CWD },
    { name: 'a bare folder', server: { type: 'stdio', command: 'node', cwd: 'sub' }, want: CWD },
    {
      name: 'other placeholders',
      server: { type: 'stdio', command: 'node', args: ['${HOME}', '${PLUGIN_ROOT}'] },
      want: 'partly: placeholders in `args` are used as they stand, but `${PLUGIN_ROOT}` and `${PLUGIN_DATA}`',
    },
    {
      name: 'https',
      server: { type: 'streamable-http', url: 'https://x/mcp', headers: { 'X-A': 'b' } },
      want: 'loads',
    },
    { name: 'http on this machine', server: { type: 'streamable-http', url: 'http://[::1]:9/mcp' }, want: 'loads' },
    {
      name: 'http elsewhere',
      server: { type: 'streamable-http', url: 'http://example.com/mcp' },
      want: 'ignores: `url` must be https, but on this machine',
    },
    {
      name: 'a password',
      server: { type: 'streamable-http', url: 'https://u:p@x/mcp' },
      want: 'ignores: `url` may have neither a user name, nor a password, nor a fragment',
    },
    {
      name: 'a header in two spellings',
      server: { type: 'streamable-http', url: 'https://x', headers: { a: '1', A: '2' } },
      want: 'ignores: `headers` has one name in two spellings',
    },
    {
      name: 'the older transport',
      server: { type: 'sse', url: 'https://x/sse' },
      want: ['ignores: the transport `sse` is not known', 'partly: support for `sse` is left to each client'],
    },
  ])('$name', ({ server, want }) => {
    symlinkSync('/bin', join(path(), 'out'));
    const [codexSays, standardSays] = typeof want === 'string' ? [want, want] : want;
    const mcp = { $schema: `${SCHEMA}/mcp.schema.json`, mcpServers: { s: server } };
    expect(seen({ 'plugin.json': ROOT, 'mcp.json': mcp })['server s']).toEqual([
      '136 refuses',
      `169 ${codexSays}`,
      `ap ${standardSays}`,
    ]);
  });

  test('it wins over .codex-plugin in 0.169 only, and what another client finds is said to be elsewhere', () => {
    expect(
      seen({
        'plugin.json': ROOT,
        'mcp.json': { $schema: `${SCHEMA}/mcp.schema.json`, mcpServers: { agent: { type: 'stdio', command: 'node' } } },
        '.codex-plugin/plugin.json': { name: 'p', mcpServers: './.mcp.json' },
        '.mcp.json': { old: NODE },
      }),
    ).toEqual({
      plugin: ['136 loads', '169 loads', 'ap loads'],
      'server old': [
        '136 loads',
        '169 ignores: only `mcp.json` at the top of the bundle is read for servers',
        'ap ignores: only `mcp.json` at the top of the bundle is read for servers',
      ],
      'server agent': ['136 ignores: only `.mcp.json` is read for servers', '169 loads', 'ap loads'],
    });
  });
});
