import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../src/kernel/index.ts';
import { pageOf } from '../../../src/tools/index.ts';

const entries = (count: number): readonly JsonObject[] => Array.from({ length: count }, (_, i) => ({ name: `t${i}` }));

test('walking the pages gives every entry once, in order', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.integer({ min: 1, max: 20 }), (count, size) => {
      const all = entries(count);
      const walked: JsonObject[] = [];
      let cursor: string | undefined;
      do {
        const page = pageOf(all, cursor, size);
        expect(page.entries.length).toBeLessThanOrEqual(size);
        walked.push(...page.entries);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(walked).toEqual(all);
    }),
  );
});

test('a list that fits is one page, without a cursor, and the list itself', () => {
  const all = entries(20);
  expect(pageOf(all, undefined, 20).entries).toBe(all);
  expect(pageOf([], undefined, 20)).toEqual({ entries: [] });
});

const own = pageOf(entries(20), undefined, 10).nextCursor ?? '';
test.each<{ name: string; cursor: JsonValue; of?: readonly JsonObject[] }>([
  { name: 'the empty text', cursor: '' },
  { name: 'null', cursor: null },
  { name: 'a number', cursor: 10 },
  { name: 'an object', cursor: {} },
  { name: 'any text', cursor: 'next' },
  { name: 'one cut short', cursor: own.slice(0, -2) },
  { name: 'one of a list that has changed', cursor: own, of: entries(21) },
  {
    name: 'one with another offset',
    cursor: Buffer.from(`-1.${Buffer.from(own, 'base64url').toString().split('.')[1]}`).toString('base64url'),
  },
  {
    name: 'one with half an offset',
    cursor: Buffer.from(`0.5.${Buffer.from(own, 'base64url').toString().split('.')[1]}`).toString('base64url'),
  },
])('a cursor that is not ours is refused: $name', ({ cursor, of }) => {
  expect(() => pageOf(of ?? entries(20), cursor, 10)).toThrow(expect.objectContaining({ code: 'BAD_CURSOR' }));
});
