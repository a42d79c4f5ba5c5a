import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODEX_FACTS } from '../../../src/authoring/clients-codex-server.ts';
import { SERVER_KEYS } from '../../../src/config/index.ts';
import type { JsonValue } from '../../../src/kernel/index.ts';
import { type Files, type Said, useBundle } from '../plugins/use-bundle.ts';

const { path, seen, write } = useBundle();

/** The cells of Codex for one server in `.mcp.json`, without those of the standard. */
function codex(name: string, server: JsonValue): readonly string[] | undefined {
  return seen({ '.codex-plugin/plugin.json': { name: 'p' }, '.mcp.json': { mcpServers: { [name]: server } } })[
    `server ${name}`
  ]?.slice(0, 2);
}

const NO_PLUGIN_JSON = 'ap refuses: there is no `plugin.json` at the top of the bundle';
const NODE = { command: 'node' };
const LOADED = ['136 loads', '169 loads', 'ap refuses'];

describe('where a manifest is', () => {
  test.each([
    {
      name: '.codex-plugin and .claude-plugin are known to both',
      files: { '.claude-plugin/plugin.json': { name: 'p' } },
      want: ['136 loads', '169 loads', NO_PLUGIN_JSON],
    },
    {
      name: '.cursor-plugin is new in 0.169',
      files: { '.cursor-plugin/plugin.json': { name: 'p' } },
      want: ['136 refuses: there is no manifest where it looks: "missing plugin.json"', '169 loads', NO_PLUGIN_JSON],
    },
    {
      name: 'a bundle without a manifest is new in 0.169',
      files: { '.mcp.json': { s: NODE } },
      want: ['136 refuses: there is no manifest where it looks: "missing plugin.json"', '169 loads', NO_PLUGIN_JSON],
    },
    {
      name: 'a root manifest without a schema is none for Codex',
      files: { 'plugin.json': { name: 'p' }, 'mcp.json': {} },
      want: [
        '136 refuses: there is no manifest where it looks: "missing plugin.json"',
        '169 refuses: there is no manifest where it looks: "missing plugin.json"',
        'ap refuses: `$schema` is missing in `plugin.json`',
      ],
    },
    {
      name: 'a manifest that is no JSON is refused',
      files: { '.codex-plugin/plugin.json': '{ nope' },
      want: [
        '136 refuses: `.codex-plugin/plugin.json` is not valid JSON',
        '169 refuses: `.codex-plugin/plugin.json` is not valid JSON',
        NO_PLUGIN_JSON,
      ],
    },
    {
      name: 'long and many prompts',
      files: {
        '.codex-plugin/plugin.json': { name: 'p', interface: { defaultPrompt: ['x'.repeat(200), 'b', 'c', 'd'] } },
      },
      want: [
        '136 partly: `interface.defaultPrompt` has more than 3 prompts; `interface.defaultPrompt` has a prompt of more than 128 characters',
        '169 partly: `interface.defaultPrompt` has more than 3 prompts',
        NO_PLUGIN_JSON,
      ],
    },
  ])('$name', ({ files, want }) => expect(seen(files)['plugin']).toEqual(want));

  test('a name that is not that of the marketplace is refused', () => {
    const entry = {
      name: 'q',
      version: null,
      description: null,
      category: null,
      mcpServers: undefined,
      components: {},
      file: '/m',
    };
    expect(seen({ '.codex-plugin/plugin.json': { name: 'p' } }, entry)['plugin']?.[1]).toBe(
      '169 refuses: `name` is not the name in the marketplace',
    );
  });

  test('the marketplace declares servers of a bundle without a manifest', () => {
    const entry = {
      name: 'q',
      version: null,
      description: null,
      category: null,
      mcpServers: { s: NODE },
      components: {},
      file: '/m',
    };
    expect(seen({ 'README.md': '' }, entry)).toEqual({
      plugin: ['136 refuses: there is no manifest where it looks: "missing plugin.json"', '169 loads', NO_PLUGIN_JSON],
      'server s': ['136 refuses', '169 loads', 'ap refuses'],
    });
  });
});

describe('what mcpServers may be', () => {
  const manifest = (mcpServers: JsonValue): Files => ({
    '.codex-plugin/plugin.json': { name: 'p', mcpServers },
    'own.json': { mcpServers: { own: NODE } },
    '.mcp.json': { usual: NODE },
  });
  const only136 = '136 refuses: `mcpServers` may only be a path: "missing or invalid plugin.json"';
  const passedOver =
    '`mcpServers` is not a path that starts with `./` and has no `..`: it is passed over, and `.mcp.json` read instead';
  test.each([
    {
      name: 'a path replaces .mcp.json',
      value: './own.json',
      plugin: ['136 loads', '169 loads'],
      server: 'server own',
    },
    { name: 'null is as good as nothing', value: null, plugin: ['136 loads', '169 loads'], server: 'server usual' },
    {
      name: 'a path without ./ is passed over',
      value: 'own.json',
      plugin: [`136 partly: ${passedOver}`, `169 partly: ${passedOver}`],
      server: 'server usual',
    },
    {
      name: 'a path with .. is passed over, even if it stays inside',
      value: './a/../own.json',
      plugin: [`136 partly: ${passedOver}`, `169 partly: ${passedOver}`],
      server: 'server usual',
    },
    {
      name: 'a file that is missing gives no servers',
      value: './no.json',
      plugin: [
        '136 partly: `no.json` is not there, so there are no servers',
        '169 partly: `no.json` is not there, so there are no servers',
      ],
      server: null,
    },
    {
      name: 'an object is new in 0.169',
      value: { inline: NODE },
      plugin: [only136, '169 loads'],
      server: 'server inline',
    },
    {
      name: 'an object in an object is unwrapped',
      value: { mcpServers: { inline: NODE } },
      plugin: [only136, '169 loads'],
      server: 'server inline',
    },
    {
      name: 'an array is refused by 0.136 and passed over by 0.169',
      value: ['./own.json'],
      plugin: [
        only136,
        '169 partly: `mcpServers` is neither a path nor an object: it is passed over, and `.mcp.json` read instead',
      ],
      server: 'server usual',
    },
  ])('$name', ({ value, plugin, server }) => {
    const found = seen(manifest(value));
    expect(found['plugin']?.slice(0, 2)).toEqual(plugin);
    expect(Object.keys(found)).toEqual(server === null ? ['plugin'] : ['plugin', server]);
  });

  test('beside mcpServers nothing of the file is read, and mcp_servers is the name of a server', () => {
    expect(
      seen({ '.codex-plugin/plugin.json': { name: 'p' }, '.mcp.json': { mcpServers: { a: NODE }, b: NODE } }),
    ).toEqual({ plugin: ['136 loads', '169 loads', NO_PLUGIN_JSON], 'server a': LOADED });
    const note =
      '`mcp_servers` is read as the name of a server, which has neither `command` nor `url`; write `mcpServers`';
    write({ '.mcp.json': { mcp_servers: { a: NODE } } });
    expect(seen({})['server mcp_servers']).toEqual([`136 ignores: ${note}`, `169 ignores: ${note}`, 'ap refuses']);
  });
});

describe('servers in Codex', () => {
  test.each<{ name: string; server: JsonValue; want: Said }>([
    { name: 'neither command nor url', server: { env: {} }, want: 'ignores: it has neither `command` nor `url`' },
    {
      name: 'both command and url',
      server: { command: 'x', url: 'http://x' },
      want: 'ignores: it has both `command` and `url`',
    },
    { name: 'a string', server: 'node', want: 'ignores: it is no object' },
    {
      name: 'a number for a command',
      server: { command: 5 },
      want: 'ignores: `command` has a value that it does not take',
    },
    {
      name: 'a key of the other transport',
      server: { url: 'http://x', args: [] },
      want: 'ignores: `args` is not supported for streamable_http',
    },
    {
      name: 'a literal token',
      server: { url: 'http://x', bearer_token: 'sk' },
      want: 'ignores: `bearer_token` is not supported',
    },
    {
      name: 'unknown keys',
      server: { command: 'x', note: 'n', timeout: 3 },
      want: 'partly: `note` and `timeout` have no effect',
    },
    {
      name: 'keys of Plugboard',
      server: { command: 'x', sharing: 'session', auth_model: 'none' },
      want: 'partly: `sharing` and `auth_model` have no effect',
    },
    {
      name: 'headers',
      server: { type: 'http', url: 'https://x', headers: { A: 'b' } },
      want: 'partly: `headers` is dropped; write `http_headers`',
    },
    { name: 'http_headers', server: { type: 'http', url: 'https://x', http_headers: { A: 'b' } }, want: 'loads' },
    {
      name: 'the older transport',
      server: { type: 'sse', url: 'https://x' },
      want: 'partly: `type: "sse"` is not known: the address is used as one of Streamable HTTP',
    },
    {
      name: 'an unknown type',
      server: { type: 'ws', url: 'https://x' },
      want: 'partly: `type` is not known and passed over',
    },
    {
      name: 'names of variables',
      server: { command: 'x', env_vars: ['A', { name: 'B', source: 'local' }] },
      want: 'loads',
    },
    {
      name: 'a required variable, which only Plugboard knows',
      server: { command: 'x', env_vars: [{ name: 'B', required: true }] },
      want: 'ignores: `env_vars` has a value that it does not take',
    },
    {
      name: 'a remote variable for a local server',
      server: { command: 'x', env_vars: [{ name: 'B', source: 'remote' }] },
      want: 'fails: `env_vars` has a variable with the source "remote", and the server runs here',
    },
    {
      name: 'placeholders',
      server: { command: 'x', args: ['${PLUGIN_ROOT}/a'], env: { T: '${user_config.t}' } },
      want: 'partly: placeholders in `args` and `env` are not filled in and used as they stand',
    },
    {
      name: 'a placeholder for the command',
      server: { command: '${PLUGIN_ROOT}/x' },
      want: 'fails: `command` holds a placeholder, which is not filled in',
    },
    {
      name: 'keys of 0.169',
      server: { command: 'x', startup_readiness: 'catalog' },
      want: ['partly: `startup_readiness` has no effect', 'loads'],
    },
    {
      name: 'a mode of 0.169',
      server: { command: 'x', default_tools_approval_mode: 'writes' },
      want: ['ignores: `default_tools_approval_mode` has a value that it does not take', 'loads'],
    },
    {
      name: 'a limit of 0.169',
      server: { command: 'x', tools: { t: { output_token_limit: 5 } } },
      want: ['partly: `tools.*.output_token_limit` has no effect', 'loads'],
    },
    {
      name: 'a sign-in for companies',
      server: { url: 'https://x', auth: 'ema_auth' },
      want: ['partly: `auth` has no effect', 'ignores: a plugin may not ask for `auth: "ema_auth"`'],
    },
    {
      name: 'OAuth in the spelling of Claude',
      server: { url: 'https://x', oauth: { clientId: 'c', callbackPort: 5 } },
      want: ['partly: `oauth.callback_port` has no effect', 'loads'],
    },
    {
      name: 'a secret without its client',
      server: { url: 'https://x', oauth: { client_secret: 's' } },
      want: ['partly: `oauth.client_secret` has no effect', 'ignores: `oauth.client_secret` needs `oauth.client_id`'],
    },
    { name: 'null, which is as good as nothing', server: { command: 'x', env: null, url: null }, want: 'loads' },
  ])('$name', ({ server, want }) => {
    const [old, now] = typeof want === 'string' ? [want, want] : want;
    expect(codex('s', server)).toEqual([`136 ${old}`, `169 ${now}`]);
  });

  test('a name with other characters is listed and does not start', () => {
    const why = 'its name has a character that is not allowed, so it does not start';
    expect(codex('a.b/c', NODE)).toEqual([`136 fails: ${why} (^[a-zA-Z0-9_-]+$)`, '169 loads']);
    expect(codex('weird name!', NODE)?.[1]).toBe(`169 fails: ${why} (^[a-zA-Z0-9_:@/.-]+$)`);
  });

  test('without cwd a server starts where its files are not', () => {
    write({ 'server/main.mjs': '' });
    const note = 'it starts in the folder of the session, where a file of the plugin is not found; add `"cwd": "."`';
    expect(codex('s', { command: 'node', args: ['./server/main.mjs'] })).toEqual([
      `136 partly: ${note}`,
      `169 partly: ${note}`,
    ]);
    expect(codex('s', { command: 'node', args: ['./server/main.mjs'], cwd: '.' })).toEqual(['136 loads', '169 loads']);
    expect(codex('s', { command: 'npx', args: ['-y', '@acme/server'] })).toEqual(['136 loads', '169 loads']);
  });

  test('0.169 knows 30 keys of a server, and of these 5 are new', () => {
    const known = (version: '0.136' | '0.169'): readonly string[] =>
      SERVER_KEYS.map(({ key }) => key).filter((key) => !CODEX_FACTS[version].unknownKeys.includes(key));
    expect(known('0.169')).toHaveLength(30);
    expect(
      known('0.169')
        .filter((key) => !known('0.136').includes(key))
        .toSorted(),
    ).toEqual(['auth', 'http_headers_helper', 'omit_tools_from', 'startup_readiness', 'tool_input_schema_max_bytes']);
  });
});

test('files that are nested beyond measure, or not text, are said to be unusable', () => {
  write({ '.codex-plugin/plugin.json': { name: 'p' }, '.mcp.json': '['.repeat(200_000) });
  expect(seen({})['plugin']?.[1]).toBe('169 partly: `.mcp.json` is not valid JSON, so there are no servers');
  write({ '.mcp.json': `{"a":${'['.repeat(200)}${']'.repeat(200)}}` });
  expect(seen({})['plugin']?.[1]).toBe('169 partly: `.mcp.json` is nested too deeply, so there are no servers');
  writeFileSync(join(path(), '.mcp.json'), Buffer.from([0xff, 0xfe, 0x00]));
  expect(seen({})['plugin']?.[1]).toBe('169 partly: `.mcp.json` cannot be read, so there are no servers');
});
