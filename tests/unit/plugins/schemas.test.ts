import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { planScaffold, SCAFFOLD_FAMILIES } from '../../../src/authoring/scaffold.ts';
import type { JsonValue } from '../../../src/kernel/index.ts';
import { parsePlugin } from '../../../src/plugins/index.ts';
import { openBundle } from '../../../src/plugins/node/index.ts';
import { type Files, useBundle } from './use-bundle.ts';

const { path, write } = useBundle();

/** Schemas must themselves be sound: unknown keywords and the like are errors. */
function schema(name: string): ValidateFunction {
  const text = readFileSync(new URL(`../../../schemas/${name}.schema.json`, import.meta.url), 'utf8');
  return new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true }).compile(
    JSON.parse(text),
  );
}

const manifest = schema('plugin');
const mcp = schema('mcp');

/** Where a value does not fit, as JSON pointers; the alternatives of a choice are not listed one by one. */
function misfits(check: ValidateFunction, value: JsonValue): readonly string[] {
  if (check(value)) return [];
  const paths = new Set(
    (check.errors ?? []).filter(({ keyword }) => keyword !== 'if').map((error) => error.instancePath),
  );
  return [...paths].filter((one) => ![...paths].some((other) => other.startsWith(`${one}/`))).toSorted();
}

/** What the loader has to say, beside notes. */
function said(files: Files): readonly string[] {
  write(files);
  const { issues } = parsePlugin({ bundle: openBundle(path()), entry: null, dataDir: '/data' });
  return issues.filter(({ severity }) => severity !== 'note').map(({ key, code }) => `${key} ${code}`);
}

const SERVER = { command: 'node', args: ['./main.mjs'], cwd: '.' };
const AGENT = 'https://agent-plugins.org/schemas/1.0.0';

describe('what fits, the loader takes without a word', () => {
  test.each<{ name: string; value: JsonValue }>([
    { name: 'a name alone', value: { name: 'p' } },
    {
      name: 'everything',
      value: {
        name: 'p.q-r_s',
        version: '1.0.0',
        description: 'd',
        author: { name: 'Ada', email: 'ada@example.com' },
        mcpServers: './servers.json',
        skills: ['./skills'],
        commands: './commands',
        hooks: { PreToolUse: [{ matcher: 'Bash', hooks: [{ type: 'command', command: 'true' }] }] },
        interface: { displayName: 'P', capabilities: ['Read'], defaultPrompt: 'Do p', brandColor: '#a1B2c3' },
        user_config: {
          token: { type: 'string', title: 'Token', sensitive: true, required: true },
          region: { enum: ['eu', 'us'], default: 'eu' },
          retries: { type: 'number', min: 0, max: 9, default: 3 },
        },
        license: 'MIT',
        keywords: ['p'],
      },
    },
    { name: 'servers in it', value: { name: 'p', mcpServers: { s: SERVER } } },
    { name: 'servers in it, wrapped', value: { name: 'p', mcpServers: { mcpServers: { s: SERVER } } } },
  ])('a manifest with $name', ({ value }) => {
    write({ 'servers.json': { s: SERVER }, 'skills/a/SKILL.md': '', 'commands/c.md': '', 'main.mjs': '' });
    expect([misfits(manifest, value), said({ '.codex-plugin/plugin.json': value })]).toEqual([[], []]);
  });

  test.each<{ name: string; value: JsonValue }>([
    { name: 'each at the top', value: { s: SERVER } },
    { name: 'under mcpServers', value: { mcpServers: { s: SERVER } } },
    {
      name: 'all kinds of keys',
      value: {
        mcpServers: {
          a: {
            type: 'stdio',
            command: 'npx',
            args: ['-y', 'x@1.0.0'],
            env: { A: 'b' },
            env_vars: ['T', { name: 'U', required: true }],
            auth_model: 'service_token',
            data_classes: ['names'],
          },
          b: {
            type: 'http',
            url: 'https://example.com/mcp',
            http_headers: { 'X-A': 'b' },
            bearer_token_env_var: 'TOKEN',
            startup_timeout_sec: 5.5,
          },
          c: { url: '${user_config.url}', headers: { 'X-A': '${user_config.url}' } },
          d: { command: 'd', tools: { t: { approval_mode: 'auto' } }, enabled_tools: ['t'], tool_timeout_sec: 9 },
        },
      },
    },
  ])('servers $name', ({ value }) => {
    const own = { name: 'p', user_config: { url: { type: 'string', required: true } } };
    write({ 'main.mjs': '' });
    expect([misfits(mcp, value), said({ '.codex-plugin/plugin.json': own, '.mcp.json': value })]).toEqual([[], []]);
  });

  test('Agent Plugins', () => {
    const own = { $schema: `${AGENT}/plugin.schema.json`, name: 'p', extensions: { 'dev.plugboard': {} } };
    const servers = {
      $schema: `${AGENT}/mcp.schema.json`,
      mcpServers: {
        a: { type: 'stdio', command: './main.mjs', cwd: '${PLUGIN_ROOT}' },
        b: { type: 'streamable-http', url: 'https://example.com/mcp', headers: { 'X-A': 'b' } },
      },
    };
    expect([misfits(manifest, own), misfits(mcp, servers)]).toEqual([[], []]);
    write({ 'main.mjs': '' });
    expect(said({ 'plugin.json': own, 'mcp.json': servers })).toEqual([]);
  });

  test.each([...SCAFFOLD_FAMILIES])('a new plugin of the family %s', (family) => {
    const files = planScaffold({ name: 'word-count', family, author: 'Ada' });
    const parsed = (name: string): JsonValue => {
      const found = files.find((file) => file.path.startsWith('plugins/') && file.path.endsWith(name));
      return JSON.parse(found?.text ?? 'null') as JsonValue;
    };
    expect([misfits(manifest, parsed('/plugin.json')), misfits(mcp, parsed('mcp.json'))]).toEqual([[], []]);
  });
});

describe('what does not fit, the loader names too', () => {
  test.each<{ name: string; value: JsonValue; at: readonly string[] }>([
    { name: 'a name with a blank', value: { name: 'a b' }, at: ['/name'] },
    { name: 'a version that is a number', value: { name: 'p', version: 1 }, at: ['/version'] },
    { name: 'a path without ./', value: { name: 'p', mcpServers: 'x.json' }, at: ['/mcpServers'] },
    { name: 'a path that leads out', value: { name: 'p', skills: './a/../../b' }, at: ['/skills'] },
    { name: 'servers that are a number', value: { name: 'p', mcpServers: 5 }, at: ['/mcpServers'] },
    { name: 'the spelling of config.toml', value: { name: 'p', mcp_servers: { s: SERVER } }, at: ['/mcp_servers'] },
    {
      name: 'a setting of no type',
      value: { name: 'p', user_config: { t: { type: 'text' } } },
      at: ['/user_config/t/type'],
    },
    {
      name: 'a secret with a default',
      value: { name: 'p', user_config: { t: { sensitive: true, default: 'x' } } },
      at: ['/user_config/t'],
    },
    { name: 'a setting with a bad name', value: { name: 'p', user_config: { '1st': {} } }, at: ['/user_config'] },
  ])('a manifest with $name', ({ value, at }) => {
    write({ 'main.mjs': '' });
    expect(misfits(manifest, value)).toEqual(at);
    expect(said({ '.codex-plugin/plugin.json': value })).not.toEqual([]);
  });

  test.each<{ name: string; server: JsonValue; at: readonly string[] }>([
    { name: 'nothing to start or reach', server: { env: {} }, at: [''] },
    { name: 'both', server: { command: 'x', url: 'https://x' }, at: [''] },
    { name: 'a command that is a list', server: { command: ['node'] }, at: ['/command'] },
    { name: 'a number in args', server: { command: 'x', args: [1] }, at: ['/args/0'] },
    { name: 'a token', server: { url: 'https://x', bearer_token: 'sk' }, at: ['/bearer_token'] },
    {
      name: 'an unknown mode',
      server: { command: 'x', default_tools_approval_mode: 'never' },
      at: ['/default_tools_approval_mode'],
    },
    {
      name: 'a variable with another key',
      server: { command: 'x', env_vars: [{ name: 'A', from: 'b' }] },
      at: ['/env_vars/0'],
    },
    { name: 'a negative time', server: { command: 'x', tool_timeout_sec: -1 }, at: ['/tool_timeout_sec'] },
    { name: 'an unknown auth model', server: { command: 'x', auth_model: 'magic' }, at: ['/auth_model'] },
    { name: 'an unknown type', server: { url: 'https://x', type: 'ws' }, at: ['/type'] },
  ])('a server with $name', ({ server, at }) => {
    expect(misfits(mcp, { mcpServers: { s: server } })).toEqual(at.map((one) => `/mcpServers/s${one}`));
    expect(
      said({ '.codex-plugin/plugin.json': { name: 'p' }, '.mcp.json': { mcpServers: { s: server } } }),
    ).not.toEqual([]);
  });

  test('a file of Agent Plugins with what the standard does not have', () => {
    const own = { $schema: `${AGENT}/plugin.schema.json`, name: 'Bad Name', mcpServers: {} };
    const servers = { $schema: `${AGENT}/mcp.schema.json`, mcpServers: { s: { command: 'x' } }, more: 1 };
    expect(misfits(manifest, own)).toEqual(['/name']);
    expect(misfits(mcp, servers)).toEqual(['/mcpServers/s']);
    expect(said({ 'plugin.json': own, 'mcp.json': servers })).not.toEqual([]);
  });
});
