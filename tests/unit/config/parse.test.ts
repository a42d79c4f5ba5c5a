import { describe, expect, test } from 'vitest';
import { locate, plainValue } from '../../../src/config/located.ts';
import { parseKey, parseLayer, parseValue } from '../../../src/config/parse.ts';

describe('a file', () => {
  test.each([
    { name: 'an unfinished string', toml: 'ok = 1\nbad = "x', line: 2, column: 7 },
    { name: 'a key given twice', toml: 'a = 1\na = 2', line: 2, column: 1 },
    { name: 'a table given twice', toml: '[a]\nb = 1\n[a]', line: 3, column: 2 },
    { name: 'a bare value', toml: '\ufeffa = nope', line: 1, column: 5 },
  ])('that is not TOML is skipped as a whole: $name', ({ toml, line, column }) => {
    const layer = parseLayer(toml, '/f.toml');
    expect(layer.table.entries.size).toBe(0);
    expect(layer.issues).toEqual([
      expect.objectContaining({ code: 'CONFIG_NOT_TOML', severity: 'error', file: '/f.toml', line, column }),
    ]);
  });

  test('never gives away what it holds when it is not TOML', () => {
    const [issue] = parseLayer('token = "hunter2\n', '/f').issues;
    expect(JSON.stringify(issue)).not.toContain('hunter2');
  });

  test.each([
    { name: 'tables', toml: `[${Array.from({ length: 5000 }, () => 'a').join('.')}]` },
    { name: 'arrays', toml: `a = ${'['.repeat(5000)}${']'.repeat(5000)}` },
  ])('with $name nested far too deep is skipped', ({ toml }) => {
    expect(parseLayer(toml, '/f').issues.map(({ code }) => code)).toEqual(['CONFIG_NOT_TOML']);
  });

  test('with prototype names is just a file with odd names', () => {
    const { table } = parseLayer('[__proto__]\npolluted = true\n[constructor.prototype]\npolluted = true\n', '/f');
    expect([...table.entries.keys()]).toEqual(['__proto__', 'constructor']);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    expect(JSON.stringify(plainValue(table))).toBe(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    );
  });

  test('places every value, in a file with byte order mark and CRLF as well', () => {
    const { table } = parseLayer('\ufeffa = 1\r\n[mcp_servers.x]\r\nargs = ["p", "q"]\r\n', '/f', 'system');
    const args = locate(table, ['mcp_servers', 'x', 'args']);
    expect(args?.origin).toEqual({ layer: 'system', file: '/f', line: 3, column: 1 });
    expect(args?.at).toEqual({ layer: 'system', file: '/f', line: 3, column: 8 });
    expect(args && locate(args, ['1'])?.at).toEqual({ layer: 'system', file: '/f', line: 3, column: 14 });
  });
});

test.each([
  { text: 'a', want: ['a'] },
  { text: 'mcp_servers."a b".env', want: ['mcp_servers', 'a b', 'env'] },
  { text: "projects.'/home/a=b#c'.trust_level", want: ['projects', '/home/a=b#c', 'trust_level'] },
  { text: ' a . b ', want: ['a', 'b'] },
  { text: '__proto__.constructor', want: ['__proto__', 'constructor'] },
  { text: '"a\\"b".c', want: ['a"b', 'c'] },
  { text: '', want: null },
  { text: 'a..b', want: null },
  { text: 'a b', want: null },
  { text: 'a=1\nb', want: null },
  { text: 'a # c', want: null },
  { text: '[a]', want: null },
])('the key $text is $want', ({ text, want }) => expect(parseKey(text)).toEqual(want));

test.each([
  { text: '8', want: 8 },
  { text: 'true', want: true },
  { text: '"x"', want: 'x' },
  { text: '["a", 1]', want: ['a', 1] },
  { text: './a b', want: './a b' },
  { text: '', want: '' },
  { text: '1\nother = 2', want: '1\nother = 2' },
  { text: 'it\'s "quoted"', want: 'it\'s "quoted"' },
])('the value $text is $want', ({ text, want }) => expect(parseValue(text)).toEqual(want));
