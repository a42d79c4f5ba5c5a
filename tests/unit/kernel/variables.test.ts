import { expect, test } from 'vitest';
import { variableIn } from '../../../src/kernel/index.ts';

test.each([
  { name: 'A', want: 'a' },
  { name: 'EMPTY', want: '' },
  { name: 'UNSET', want: undefined },
  { name: 'toString', want: undefined },
  { name: 'constructor', want: undefined },
  { name: '__proto__', want: undefined },
])('of an environment, the variable $name is $want', ({ name, want }) => {
  expect(variableIn({ A: 'a', EMPTY: '', UNSET: undefined }, name)).toBe(want);
});

test('what every object has is a variable where it is set', () => {
  expect(variableIn(JSON.parse('{"__proto__": "p"}') as Record<string, string>, '__proto__')).toBe('p');
});
