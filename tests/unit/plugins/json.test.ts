import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { locate, plainValue } from '../../../src/config/index.ts';
import { parseJson } from '../../../src/plugins/json.ts';

const FILE = '/p/plugin.json';
const problems = (text: string): readonly string[] =>
  parseJson(text, FILE).issues.map(({ code, line, column, message }) => `${code}@${line}:${column} ${message}`);

describe('what is no JSON is one issue with its place', () => {
  test.each([
    { name: 'nothing at all', text: '', want: '1:1 not JSON: the file ends too early' },
    { name: 'an object without its end', text: '{\n  "a": 1', want: '2:9 not JSON: the file ends too early' },
    { name: 'a comma before the end', text: '{"a":1,}', want: '1:7 not JSON: no comma may stand before the end' },
    {
      name: 'a comma before the end of an array',
      text: '[1,\n]',
      want: '1:3 not JSON: no comma may stand before the end',
    },
    { name: 'a missing colon', text: '{"a" 1}', want: '1:6 not JSON: a colon is expected here' },
    { name: 'a missing comma', text: '{"a":1\n "b":2}', want: '2:2 not JSON: a comma or `}` is expected here' },
    { name: 'single quotes', text: "{'a':1}", want: '1:2 not JSON: a key in double quotes is expected here' },
    { name: 'a key without quotes', text: '{ nope', want: '1:3 not JSON: a key in double quotes is expected here' },
    { name: 'a comment', text: '// x\n{}', want: '1:1 not JSON: JSON has no comments' },
    { name: 'a comment that never ends', text: '{} /* x', want: '1:4 not JSON: JSON has no comments' },
    {
      name: 'something after the value',
      text: '{}\n{}',
      want: '2:1 not JSON: nothing may follow the value that ends here',
    },
    { name: 'a number with a leading zero', text: '[01]', want: '1:3 not JSON: a comma or `]` is expected here' },
    { name: 'half a number', text: '[1.]', want: '1:2 not JSON: a number is incomplete' },
    {
      name: 'a line break in a string',
      text: '["a\nb"]',
      want: '1:2 not JSON: a string has no closing quote on its line',
    },
    {
      name: 'a tab in a string',
      text: '["a\tb"]',
      want: '1:2 not JSON: a string holds a control character, which must be escaped',
    },
    {
      name: 'an unknown escape',
      text: String.raw`["\x"]`,
      want: '1:2 not JSON: a backslash is followed by something that it cannot escape',
    },
    { name: 'a short escape', text: String.raw`["\u12"]`, want: '1:2 not JSON: a `\\u` needs four hexadecimal digits' },
  ])('$name', ({ text, want }) => expect(problems(text)).toEqual([`PLUGIN_NOT_JSON@${want}`]));
});

test('every key and value knows its line and column', () => {
  const { value } = parseJson('{\n  "a": {\n    "b": [1,\n      "x"]\n  }\n}', FILE);
  const places = [['a'], ['a', 'b'], ['a', 'b', '1']].map((path) => {
    const node = value === null ? undefined : locate(value, path);
    return [node?.origin.line, node?.origin.column, node?.at.line, node?.at.column];
  });
  expect(places).toEqual([
    [2, 3, 2, 8],
    [3, 5, 3, 10],
    [4, 7, 4, 7],
  ]);
});

test('a byte order mark is passed over and does not count as a column', () => {
  expect(problems('\ufeff{"a":1')).toEqual(['PLUGIN_NOT_JSON@1:7 not JSON: the file ends too early']);
  expect(parseJson('\ufeff{}', FILE).value?.kind).toBe('table');
});

test('of a key that stands twice the last counts, at any depth, and it is said where', () => {
  const { value, issues } = parseJson('{"a": {"b": 1,\n "b": 2}}', FILE);
  expect(value === null ? null : plainValue(value)).toEqual({ a: { b: 2 } });
  expect(issues).toEqual([
    {
      code: 'PLUGIN_DUPLICATE_KEY',
      severity: 'warning',
      message: 'a.b stands twice in one object; the last one counts',
      file: FILE,
      line: 2,
      column: 2,
      key: 'a.b',
    },
  ]);
});

test('many keys that stand twice are named up to a number, and then counted', () => {
  const { issues } = parseJson(`{${'"a":1,'.repeat(50)}"a":1}`, FILE);
  expect([issues.length, issues.at(-1)?.message]).toEqual([
    21,
    '30 more keys stand twice in their object; the last ones count',
  ]);
});

test('names that mean something to JavaScript are names like others', () => {
  const { value } = parseJson('{"__proto__": {"x": 1}, "constructor": 2, "hasOwnProperty": 3}', FILE);
  expect(value?.kind === 'table' ? [...value.entries.keys()] : null).toEqual([
    '__proto__',
    'constructor',
    'hasOwnProperty',
  ]);
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
});

describe('what is beyond measure is not read', () => {
  test.each([
    {
      name: 'deeper than 100',
      text: '['.repeat(101) + ']'.repeat(101),
      want: 'the file is nested more than 100 deep, and is not read',
    },
    {
      name: 'deep without an end',
      text: '{"a":'.repeat(200_000),
      want: 'the file is nested more than 100 deep, and is not read',
    },
    {
      name: 'larger than 1 MiB',
      text: `"${'x'.repeat(1024 * 1024)}"`,
      want: 'the file is longer than 1 MiB, and is not read',
    },
    {
      name: 'of more than 100,000 values',
      text: `[${'1,'.repeat(100_000)}1]`,
      want: 'the file is more than 100000 values, and is not read',
    },
  ])('$name', ({ text, want }) => {
    const { value, issues } = parseJson(text, FILE);
    expect([value, issues.map(({ code, message }) => [code, message])]).toEqual([null, [['PLUGIN_TOO_LARGE', want]]]);
  });

  test('100 deep is read', () => {
    expect(parseJson('['.repeat(100) + ']'.repeat(100), FILE).issues).toEqual([]);
  });
});

/** Text that is nearly JSON more often than not. */
const nearJson = fc.oneof(
  fc.json(),
  fc.tuple(fc.json(), fc.nat(), fc.string()).map(([text, at, insert]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + insert + text.slice(place);
  }),
  fc
    .array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '"a"',
        '1',
        '-',
        '0',
        '.5',
        'e',
        'true',
        'null',
        ' ',
        '\n',
        '\\',
        '/*',
        '//',
        '\u00a0',
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join('')),
);

test('it reads what JSON.parse reads, to the same value, and nothing else', () => {
  fc.assert(
    fc.property(nearJson, (text) => {
      const { value, issues } = parseJson(text, FILE);
      let want: unknown;
      try {
        // A number beyond all numbers is shown as its word, here as in TOML.
        want = JSON.parse(text, (_key, part: unknown) =>
          part === Infinity || part === -Infinity ? String(part) : part,
        );
      } catch {
        expect([value, issues.some(({ severity }) => severity === 'error')]).toEqual([null, true]);
        return;
      }
      expect(value === null ? undefined : JSON.stringify(plainValue(value))).toBe(JSON.stringify(want));
    }),
    { numRuns: 3000 },
  );
});
