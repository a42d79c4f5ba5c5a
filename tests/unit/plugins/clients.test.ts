import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SERVER_KEYS } from '../../../src/config/index.ts';
import type { JsonValue } from '../../../src/kernel/index.ts';
import { type ClientId, clientVerdicts } from '../../../src/plugins/clients.ts';
import { CODEX_FACTS } from '../../../src/plugins/clients-codex-server.ts';
import { openBundle } from '../../../src/plugins/node/index.ts';
import type { EntryFacts } from '../../../src/plugins/types.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugboard-clients-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Files by path; what is no string is written as JSON. */
type Files = Readonly<Record<string, JsonValue>>;

function write(files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const SHORT: Readonly<Record<ClientId, string>> = { codex_0_136: '136', codex_0_169: '169', agent_plugins_1_0: 'ap' };

/** By subject: one line per client, `136 loads` or `169 partly: note; note`. */
function seen(files: Files, entry: EntryFacts | null = null): Readonly<Record<string, readonly string[]>> {
  write(files);
  const rows = clientVerdicts({ bundle: openBundle(folder), entry, plugin: null });
  return Object.fromEntries(
    rows.map(({ subject, name, cells }) => [
      subject === 'plugin' ? 'plugin' : `${subject} ${name}`,
      Object.entries(cells).map(([client, { verdict, notes }]) =>
        [`${SHORT[client as ClientId]} ${verdict}`, ...(notes.length === 0 ? [] : [notes.join('; ')])].join(': '),
      ),
    ]),
  );
}

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

/** What both say, and what each says. */
type Said = string | readonly [string, string];

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
    symlinkSync('/bin', join(folder, 'out'));
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

test('files that are nested beyond measure, or not text, are said to be unusable', () => {
  write({ '.codex-plugin/plugin.json': { name: 'p' }, '.mcp.json': `${'['.repeat(200_000)}` });
  expect(seen({})['plugin']?.[1]).toBe('169 partly: `.mcp.json` is not valid JSON, so there are no servers');
  write({ '.mcp.json': `{"a":${'['.repeat(200)}${']'.repeat(200)}}` });
  expect(seen({})['plugin']?.[1]).toBe('169 partly: `.mcp.json` is nested too deeply, so there are no servers');
  writeFileSync(join(folder, '.mcp.json'), Buffer.from([0xff, 0xfe, 0x00]));
  expect(seen({})['plugin']?.[1]).toBe('169 partly: `.mcp.json` cannot be read, so there are no servers');
});
