import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeeperThan, parseExactly } from '../../../src/kernel/index.ts';

test.each([
  '12345678901234567890',
  '{"id":9223372036854775807,"min":-9223372036854775808,"max":18446744073709551615}',
  '[0.12345678901234567891,1e400,-1E+999,123456789012345678]',
  '{"a":[{"b":{"c":11111111111111111111}}],"__proto__":{"d":22222222222222222222}}',
])('%s is written as it was read', (text) => {
  expect(JSON.stringify(parseExactly(text))).toBe(text);
});

test.each([
  [
    '{"a":1.0,"b":1e5,"c":9007199254740991,"d":0.1,"e":0.30000000000000004}',
    { a: 1, b: 1e5, c: 9_007_199_254_740_991, d: 0.1, e: 0.30000000000000004 },
  ],
  ['"12345678901234567890"', '12345678901234567890'],
  ['{"12345678901234567890":1}', { '12345678901234567890': 1 }],
])('%s is what JSON.parse gives', (text, want) => expect(parseExactly(text)).toEqual(want));

test('whatever JavaScript can hold is parsed as ever', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.stringify(parseExactly(text))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test('what is no JSON is refused, long numbers or not', () => {
  for (const text of ['', '{', '12345678901234567890x', '[1234567890123456,]'])
    expect(() => parseExactly(text)).toThrow(SyntaxError);
});

test('what is nested beyond measure is parsed, and its depth is told', () => {
  const nested = parseExactly(`[12345678901234567890,${'['.repeat(50_000)}${']'.repeat(50_000)}]`);
  expect([isDeeperThan(nested, 500), isDeeperThan([[]], 1), isDeeperThan([[]], 2), isDeeperThan('x', 0)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
