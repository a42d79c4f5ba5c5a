import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/kernel/index.ts';
import { entryNotFound, findEntry, parseMarketplace, pluginId } from '../../../src/marketplace/manifest.ts';
import type { Marketplace } from '../../../src/marketplace/types.ts';
import { around, brief, FILE, options, parse } from './read-manifest.ts';

function failure(text: string): { readonly message: string; readonly where: string | undefined } {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof AppError && error.code === 'MARKETPLACE_INVALID')
      return { message: error.message, where: error.where };
    throw error;
  }
  throw new Error('it did not fail');
}

test('a marketplace of Codex', () => {
  const text = `{
  "name": "acme",
  "interface": { "displayName": "Acme Inc" },
  "plugins": [
    {
      "name": "tools",
      "source": { "source": "local", "path": "./plugins/tools" },
      "policy": { "installation": "NOT_AVAILABLE", "authentication": "ON_USE", "products": ["CODEX"] },
      "category": "Productivity"
    }
  ]
}`;
  expect(parseMarketplace(text, { ...options, kind: 'personal', revision: 'abc' })).toEqual({
    name: 'acme',
    displayName: 'Acme Inc',
    kind: 'personal',
    root: '/srv/market',
    manifestFile: FILE,
    source: { kind: 'local', path: '/srv/market' },
    revision: 'abc',
    entries: [
      {
        name: 'tools',
        source: { source: 'local', path: '/srv/market/plugins/tools' },
        installPolicy: 'NOT_AVAILABLE',
        authPolicy: 'ON_USE',
        facts: {
          name: 'tools',
          version: null,
          description: null,
          category: 'Productivity',
          mcpServers: undefined,
          components: {},
          file: FILE,
          place: { index: 0, line: 5, column: 5 },
        },
      },
    ],
    issues: [],
  } satisfies Marketplace);
});

test('a marketplace of Claude', () => {
  const mcpServers = { notes: { command: 'node', args: ['${CLAUDE_PLUGIN_ROOT}/main.js'] } };
  const manifest = {
    $schema: 'https://x.example/s.json',
    name: 'acme-tools',
    owner: { name: 'Ada', email: 'ada@x.example' },
    metadata: { description: 'Tools', version: '1.0.0', pluginRoot: './plugins' },
    plugins: [
      {
        ...{ name: 'formatter', source: 'formatter', description: 'Formats', version: '2.1.0', strict: false },
        ...{ author: { name: 'Ada' }, homepage: 'https://x.example', keywords: ['a'], tags: ['b'], license: 'MIT' },
        ...{ mcpServers, hooks: './hooks.json', commands: ['./a.md'], lspServers: {}, userConfig: { key: {} } },
      },
      { name: 'near', source: './plugins/near' },
    ],
  };
  const { name, entries, issues } = parse(JSON.stringify(manifest));
  expect({ name, issues }).toEqual({ name: 'acme-tools', issues: [] });
  expect(entries.map(({ source }) => source)).toEqual([
    { source: 'local', path: '/srv/market/plugins/formatter' },
    { source: 'local', path: '/srv/market/plugins/near' },
  ]);
  expect(entries[0]?.facts).toEqual({
    name: 'formatter',
    version: '2.1.0',
    description: 'Formats',
    category: null,
    mcpServers,
    components: { hooks: './hooks.json', commands: ['./a.md'], userConfig: { key: {} } },
    file: FILE,
    place: { index: 0, line: 1, column: 195 },
  });
  expect(entries[1]).toMatchObject({ installPolicy: 'AVAILABLE', authPolicy: 'ON_INSTALL' });
});

const left = '; the plugin is left out';

describe('an entry that cannot be used is left out, and the others stay', () => {
  const folder = './a';
  const letters = 'may hold only letters, digits, `-`, `_` and `.`, and starts with a letter or digit';
  test.each<[unknown, string]>([
    [null, '-: plugins.1 must be an object, and is null'],
    ['x', '-: plugins.1 must be an object, and is a string'],
    [{ source: folder }, '-: plugins.1 has no `name`'],
    [{ name: 7, source: folder }, '-: plugins.1.name must be a string, and is a number'],
    [{ name: '', source: folder }, '-: plugins.1.name is empty'],
    [{ name: '../x', source: folder }, `-: plugins.1.name ${letters}`],
    [{ name: 'x@y', source: folder }, `-: plugins.1.name ${letters}`],
    [{ name: 'x/y', source: folder }, `-: plugins.1.name ${letters}`],
    [{ name: '-x', source: folder }, `-: plugins.1.name ${letters}`],
    [{ name: 'a b', source: folder }, `-: plugins.1.name ${letters}`],
    [{ name: 'x\u202e', source: folder }, `-: plugins.1.name ${letters}`],
    [{ name: 'a..b', source: folder }, '-: plugins.1.name may not hold `..` or end with a dot'],
    [{ name: 'con', source: folder }, '-: plugins.1.name is a name that Windows keeps for a device'],
    [{ name: 'first', source: folder }, 'first@acme: plugins.1.name is the name of an entry above'],
    [{ name: 'x', source: folder, policy: 'AVAILABLE' }, 'x@acme: plugins.1.policy must be an object, and is a string'],
    [
      { name: 'x', source: folder, policy: { installation: 'available' } },
      'x@acme: plugins.1.policy.installation must be one of "AVAILABLE", "NOT_AVAILABLE", "INSTALLED_BY_DEFAULT"',
    ],
    [
      { name: 'x', source: folder, policy: { installation: true } },
      'x@acme: plugins.1.policy.installation must be one of "AVAILABLE", "NOT_AVAILABLE", "INSTALLED_BY_DEFAULT"',
    ],
    [
      { name: 'x', source: folder, policy: { authentication: 'NEVER' } },
      'x@acme: plugins.1.policy.authentication must be one of "ON_INSTALL", "ON_USE"',
    ],
  ])('%j', (entry, message) => {
    const { entries, issues } = around(entry);
    expect(entries.map(({ name }) => name)).toEqual(['first', 'last']);
    expect(brief(issues)).toEqual([`error MARKETPLACE_ENTRY_INVALID ${message}${left}`]);
  });

  test('the issue names the place and what to do', () => {
    const text = `{
  "name": "acme",
  "plugins": [
    { "name": "a", "source": "./a" },
    {
      "name": "b",
      "source": { "source": "gitsubdir", "url": "https://git.example/a" }
    }
  ]
}`;
    expect(parse(text).issues).toEqual([
      {
        code: 'MARKETPLACE_ENTRY_INVALID',
        severity: 'error',
        message: `plugins.1.source.source is a kind of source that is not known${left}`,
        hint: 'did you mean "git-subdir"?',
        file: FILE,
        line: 7,
        column: 29,
        key: 'plugins.1.source.source',
        plugin: 'b@acme',
      },
    ]);
  });
});

describe('an entry that can be used and is not quite right', () => {
  const entry = { name: 'x', source: './a' };
  const sha = (digits: string) => ({ name: 'x', source: { source: 'url', url: 'https://git.example/a', sha: digits } });
  test.each<[unknown, string]>([
    [
      sha('abc'),
      'MARKETPLACE_ENTRY_INVALID x@acme: plugins.1.source.sha is too short to name a commit; the plugin is listed and cannot be installed',
    ],
    [
      sha('abc1234'),
      'MARKETPLACE_ENTRY_INVALID x@acme: plugins.1.source.sha is a shortened commit, which another commit may begin with too',
    ],
    [
      { ...entry, version: 1 },
      'PLUGIN_WRONG_TYPE x@acme: plugins.1.version must be a string, and is a number; it has no effect',
    ],
    [
      { ...entry, category: ['a'] },
      'PLUGIN_WRONG_TYPE x@acme: plugins.1.category must be a string, and is an array; it has no effect',
    ],
    [
      { ...entry, mcp_servers: {} },
      'PLUGIN_MCP_WRONG_KEY x@acme: plugins.1.mcp_servers is the spelling of config.toml; it is read all the same',
    ],
    [
      { ...entry, mcp_servers: {}, mcpServers: {} },
      'PLUGIN_MCP_WRONG_KEY x@acme: plugins.1.mcp_servers is the spelling of config.toml; it has no effect beside `mcpServers`',
    ],
    [{ ...entry, polciy: {} }, 'PLUGIN_UNKNOWN_KEY x@acme: plugins.1.polciy is not known, and has no effect'],
    [
      { ...entry, policy: { instalation: 'NOT_AVAILABLE' } },
      'PLUGIN_UNKNOWN_KEY x@acme: plugins.1.policy.instalation is not known, and has no effect',
    ],
  ])('%j', (given, message) => {
    const { entries, issues } = around(given);
    expect(entries.map(({ name }) => name)).toEqual(['first', 'x', 'last']);
    expect(brief(issues)).toEqual([`warning ${message}`]);
  });

  test("keys of other clients are nobody's mistake", () => {
    expect(around({ ...entry, lspServers: {}, strict: true, author: 'A', 'x-vendor': 1, rank: 3 }).issues).toEqual([]);
  });

  test('servers under the spelling of config.toml are not lost', () => {
    const servers = { a: { command: 'x' } };
    expect(around({ ...entry, mcp_servers: servers }).entries[1]?.facts.mcpServers).toEqual(servers);
  });

  test('a key that stands twice', () => {
    const { entries, issues } = parse('{"name":"acme","plugins":[{"name":"a","name":"b","source":"./x"}]}');
    expect(entries.map(({ name }) => name)).toEqual(['b']);
    expect(issues.map(({ code }) => code)).toEqual(['PLUGIN_DUPLICATE_KEY']);
  });

  test.each<[unknown, string]>([
    ['../x', 'PLUGIN_PATH_ESCAPES -: metadata.pluginRoot has `..` in it; it has no effect'],
    ['/x', 'PLUGIN_PATH_ESCAPES -: metadata.pluginRoot is an absolute path; it has no effect'],
    [7, 'PLUGIN_WRONG_TYPE -: metadata.pluginRoot must be a string, and is a number; it has no effect'],
  ])('the plugin root %j', (pluginRoot, message) => {
    const { entries, issues } = around({ name: 'x', source: 'a' }, { metadata: { pluginRoot } });
    expect(entries[1]?.source).toEqual({ source: 'local', path: '/srv/market/a' });
    expect(brief(issues)).toEqual([`warning ${message}`]);
  });

  test('keys at the top that look like one that counts', () => {
    const { issues } = parse('{"name":"acme","plugins":[],"interfce":{},"$schema":"x","forceRemoval":true}');
    expect(brief(issues)).toEqual(['warning PLUGIN_UNKNOWN_KEY -: interfce is not known, and has no effect']);
  });
});

describe('a manifest that cannot be used', () => {
  const cannot = 'the manifest of the marketplace cannot be used: ';
  test.each<[string, string, string]>([
    ['', 'not JSON: the file ends too early', ':1:1'],
    ['{\n  "name": "a",\n}', 'not JSON: no comma may stand before the end', ':2:14'],
    ['// x', 'not JSON: JSON has no comments', ':1:1'],
    ['[]', 'must be an object, and is an array', ':1:1'],
    ['null', 'must be an object, and is null', ':1:1'],
    ['{}', 'has no `name`', ':1:1'],
    ['{"name":7,"plugins":[]}', '`name` must be a string, and is a number', ':1:9'],
    ['{"name":"","plugins":[]}', '`name` is empty', ':1:9'],
    [
      '{"name":"../../x","plugins":[]}',
      '`name` may hold only letters, digits, `-`, `_` and `.`, and starts with a letter or digit',
      ':1:9',
    ],
    ['{"name":"a"}', 'has no `plugins`', ':1:1'],
    ['{"name":"a","plugins":{}}', '`plugins` must be an array', ':1:23'],
    [`{"name":"a","plugins":${'['.repeat(200)}`, 'the file is nested more than 100 deep, and is not read', ':1:122'],
    [' '.repeat(1024 * 1024 + 1), 'the file is longer than 1 MiB, and is not read', ''],
  ])('%#', (text, message, place) => {
    expect(failure(text)).toEqual({ message: `${cannot}${message}`, where: `${FILE}${place}` });
  });

  test('a byte order mark is passed over, and an empty list is a list', () => {
    expect(parse('\ufeff{"name":"acme","plugins":[]}')).toMatchObject({ name: 'acme', entries: [], issues: [] });
  });

  test('no name is reserved', () => {
    expect(parse('{"name":"openai-curated","plugins":[]}').name).toBe('openai-curated');
  });

  test('names of Object.prototype are names like others', () => {
    const { entries, issues } = parse(
      '{"name":"constructor","__proto__":{"x":1},"plugins":[{"name":"toString","source":"./a","__proto__":{"name":"y"}},{"name":"hasOwnProperty","source":{"source":"local","path":"./b","__proto__":{"path":"../c"}}}]}',
    );
    expect({ names: entries.map(({ name }) => name), issues }).toEqual({
      names: ['toString', 'hasOwnProperty'],
      issues: [],
    });
  });
});

test('a large marketplace takes time in proportion', () => {
  const plugins = Array.from({ length: 10_000 }, (_, index) => ({ name: `p${index % 9000}`, source: `./p${index}` }));
  const { entries, issues } = parse(JSON.stringify({ name: 'acme', plugins }));
  expect([entries.length, issues.length]).toEqual([9000, 501]);
});

describe('a plugin by its name', () => {
  const marketplace = around({ name: 'broken', source: '../x' });
  const facts = (name: string) => {
    const { code, message, hint, where } = entryNotFound(marketplace, name);
    return { code, message, hint, where };
  };

  test('is found, or is not there', () => {
    expect(findEntry(marketplace, 'last')?.name).toBe('last');
    expect(findEntry(marketplace, 'broken')).toBeNull();
    expect(findEntry(marketplace, 'toString')).toBeNull();
    expect(pluginId('last', 'acme')).toBe('last@acme');
  });

  test('is named as left out', () => {
    expect(facts('broken')).toEqual({
      code: 'PLUGIN_NOT_FOUND',
      message: 'plugin `broken` was not found in marketplace `acme`',
      hint: `it is listed there, and cannot be used: plugins.1.source has \`..\` in it${left}`,
      where: expect.stringMatching(/marketplace\.json:1:\d+$/),
    });
  });

  test('is perhaps another one', () => {
    expect(facts('frist')).toMatchObject({ hint: 'did you mean `first@acme`?', where: undefined });
    expect(facts('nowhere')).toMatchObject({ hint: 'See `plugboard plugin list --available`.' });
  });
});

test('problems beyond a number are counted', () => {
  const plugins = Array.from({ length: 10_000 }, (_, index) => ({ name: `p${index}`, source: 1 }));
  const { entries, issues } = parse(JSON.stringify({ name: 'acme', plugins }));
  expect([entries.length, issues.length]).toEqual([0, 501]);
  expect(brief(issues.slice(-1))).toEqual([
    expect.stringMatching(/^error \w+ -: 9500 more problems of this kind are not listed$/),
  ]);
});
