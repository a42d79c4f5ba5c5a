import { expect, test } from 'vitest';
import { parseLayer } from '../../../src/config/parse.ts';
import { type Positions, scanPositions } from '../../../src/config/positions.ts';

/** `path key=line:column value=line:column`, in document order. */
function listed(positions: Positions): string[] {
  return [...positions.children.values()].flatMap((node) => {
    const at = `${node.key.line}:${node.key.column}`;
    const value = `${node.value.line}:${node.value.column}`;
    return [`${node.path.join('/')} ${at}${value === at ? '' : ` ${value}`}`, ...listed(node)];
  });
}

test.each([
  { name: 'keys and values of one line', toml: 'a = 1\n  bb  =  "x" # c\n', want: ['a 1:1 1:5', 'bb 2:3 2:10'] },
  {
    name: 'a header names the place of its last part',
    toml: '[a . "b c"]\nk=1',
    want: ['a 1:2', 'a/b c 1:6', 'a/b c/k 2:1 2:3'],
  },
  {
    name: 'a table that is opened after its child is where it is opened',
    toml: '[a.b]\n[a]\nk=1',
    want: ['a 2:2', 'a/b 1:4', 'a/k 3:1 3:3'],
  },
  { name: 'dotted keys', toml: 'a."b.c".d = 1', want: ['a 1:1', 'a/b.c 1:3', 'a/b.c/d 1:9 1:13'] },
  { name: 'quoted keys with escapes', toml: '"q\\u0041\\"" = 1\n\'q\\\' = 2', want: ['qA" 1:1 1:15', 'q\\ 2:1 2:8'] },
  { name: 'CRLF', toml: 'a = 1\r\n[t]\r\nb = 2\r\n', want: ['a 1:1 1:5', 't 2:2', 't/b 3:1 3:5'] },
  {
    name: 'multi-line strings with quotes, escapes and brackets in them',
    toml: 'a = """\nx "" \\" ] # no\n"""""\nb = \'\'\'\n\'\' \\\'\'\'\'\nc = 1',
    want: ['a 1:1 1:5', 'b 4:1 4:5', 'c 6:1 6:5'],
  },
  {
    name: 'arrays over several lines, with comments and a trailing comma',
    toml: 'a = [ # one ]\n  "x", # "two"\n  [1, 2],\n]\nb = 1',
    want: ['a 1:1 1:5', 'a/0 2:3', 'a/1 3:3', 'a/1/0 3:4', 'a/1/1 3:7', 'b 5:1 5:5'],
  },
  {
    name: 'inline tables, nested and over several lines',
    toml: 'a = { b = { c.d = 1 },\n  e = "}" }\nf = {}',
    want: ['a 1:1 1:5', 'a/b 1:7 1:11', 'a/b/c 1:13', 'a/b/c/d 1:15 1:19', 'a/e 2:3 2:7', 'f 3:1 3:5'],
  },
  {
    name: 'arrays of tables, and tables in their last item',
    toml: '[[a]]\nk=1\n[[a]]\n[a.s]\nk=2',
    want: ['a 1:3', 'a/0 1:3', 'a/0/k 2:1 2:3', 'a/1 3:3', 'a/1/s 4:4', 'a/1/s/k 5:1 5:3'],
  },
  {
    name: 'dates with a space, and floats',
    toml: 'a = 1979-05-27 07:32:00 # d\nb = -1e3',
    want: ['a 1:1 1:5', 'b 2:1 2:5'],
  },
  {
    name: 'a string of one line that looks like a table',
    toml: 'a = \'[t]\'\nb = "\\"[t]"',
    want: ['a 1:1 1:5', 'b 2:1 2:5'],
  },
  {
    name: 'prototype names',
    toml: '__proto__.x = 1\n[constructor]',
    want: ['__proto__ 1:1', '__proto__/x 1:11 1:15', 'constructor 2:2'],
  },
])('finds $name', ({ toml, want }) => {
  expect(parseLayer(toml, '/f').issues).toEqual([]);
  expect(listed(scanPositions(toml))).toEqual(want);
});

test('a long string and a long comment are scanned without trouble', () => {
  const toml = `a = """\n${'x"\n'.repeat(200_000)}"""\n# ${'c'.repeat(500_000)}\nb = 1\n`;
  expect(listed(scanPositions(toml))).toEqual(['a 1:1 1:5', 'b 200004:1 200004:5']);
});

test.each(['[', '[a', '"', 'a = [', 'a = {b', '= 1', 'a', '\0'])('text that is not TOML ends the scan: %j', (toml) => {
  expect(() => scanPositions(toml)).not.toThrow();
});
