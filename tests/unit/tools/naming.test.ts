import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exposeNames, NAME_LIMIT, type RawName } from '../../../src/tools/index.ts';

const raw = (...names: readonly string[]): readonly RawName[] =>
  names.map((name) => ({ server: name.split(' ')[0] ?? '', name: name.split(' ').slice(1).join(' ') }));

test.each([
  { name: 'plain ones stay', raw: raw('n echo', 'm echo'), want: ['n__echo', 'm__echo'] },
  { name: 'other characters become _', raw: raw('my-server.v2 a b/ü😀'), want: ['my_server_v2__a_b___'] },
  { name: 'an empty one', raw: raw('n '), want: ['n__'] },
  {
    name: 'two that would be equal both get the hash that Codex gives them',
    raw: raw('n a-b', 'n a_b'),
    want: ['n__a_b_f1d70e478811', 'n__a_b_5aa66dfaa36c'],
  },
  {
    name: 'also those of two servers',
    raw: raw('a b__c', 'a__b c'),
    want: ['a__b__c_2b1afc99a6db', 'a__b__c_05cf5f2577e3'],
  },
  {
    name: 'also one that looks like what another became',
    raw: raw('n a_b_f1d70e478811', 'n a-b', 'n a_b'),
    want: ['n__a_b_f1d70e478811_83d2bdb95cee', 'n__a_b_f1d70e478811', 'n__a_b_5aa66dfaa36c'],
  },
  { name: 'as long as allowed', raw: raw(`n ${'x'.repeat(45)}`), want: [`n__${'x'.repeat(45)}`] },
  {
    name: 'longer than allowed',
    raw: raw(`n ${'x'.repeat(46)}`),
    want: [`n__${'x'.repeat(32)}_f1f520afb7e8`],
  },
])('exposed names: $name', ({ raw: names, want }) => {
  expect(exposeNames(names)).toEqual(want);
  for (const name of want) expect(name.length).toBeLessThanOrEqual(NAME_LIMIT);
});

const part = fc.oneof(
  fc.constantFrom('a', 'a_', '_a', 'a-', 'a.', 'a__b', 'b', '', '_', '__', 'ü', '😀', 'x'.repeat(40), 'x'.repeat(60)),
  fc.string({ unit: fc.constantFrom('a', '_', '-', '.'), maxLength: 8 }),
);
const names = fc.uniqueArray(fc.record({ server: part, name: part }), {
  selector: ({ server, name }) => JSON.stringify([server, name]),
  maxLength: 30,
});
/** Names, and some that are called what others are exposed as. */
const nasty = names.map((plain) => {
  const exposed = exposeNames(plain);
  const copied = exposed.flatMap((name, index) => {
    const server = plain[index]?.server ?? '';
    return name.startsWith(`${server}__`) ? [{ server, name: name.slice(server.length + 2) }] : [];
  });
  const all = [...plain, ...copied];
  return all.filter(
    (one, index) => all.findIndex((other) => other.server === one.server && other.name === one.name) === index,
  );
});

test('exposed names are all different, safe and short enough', () => {
  fc.assert(
    fc.property(nasty, fc.integer({ min: 20, max: 64 }), (all, limit) => {
      const exposed = exposeNames(all, limit);
      expect(exposed).toHaveLength(all.length);
      expect(new Set(exposed).size).toBe(all.length);
      expect(exposed.filter((name) => name.length > limit || !/^[A-Za-z0-9_]+$/.test(name))).toEqual([]);
    }),
  );
});

test('exposed names do not depend on the order', () => {
  const shuffled = nasty.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray([...all], { minLength: all.length })),
  );
  fc.assert(
    fc.property(shuffled, ([all, other]) => {
      const of = (list: readonly RawName[]): ReadonlyMap<string, string | undefined> => {
        const exposed = exposeNames(list);
        return new Map(list.map(({ server, name }, index) => [JSON.stringify([server, name]), exposed[index]]));
      };
      expect(Object.fromEntries(of(other))).toEqual(Object.fromEntries(of(all)));
    }),
  );
});
