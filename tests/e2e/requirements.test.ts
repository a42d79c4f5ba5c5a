import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { REQUIREMENTS } from './requirements.ts';
import { provenIn } from './support/proofs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const proven = new Set(
  globSync('tests/**/*.test.ts', { cwd: root })
    .filter((path) => !path.endsWith('requirements.test.ts'))
    .flatMap((path) => provenIn(readFileSync(`${root}/${path}`, 'utf8'))),
);

test('every promise is proven by a test that runs', () => {
  expect(Object.keys(REQUIREMENTS).filter((id) => !proven.has(id))).toEqual([]);
});

test('no test proves something that is not promised', () => {
  expect([...proven].filter((id) => !(id in REQUIREMENTS))).toEqual([]);
});

test('every promise is made on a page that exists, or in the MCP specification', () => {
  const pages = new Set(Object.values(REQUIREMENTS).map(({ source }) => source));
  expect([...pages].filter((page) => !page.startsWith('MCP ') && !existsSync(`${root}/${page}`))).toEqual([]);
});

test.each([
  { name: 'a test counts', source: "test(proves('a.b'), () => {});", want: ['a.b'] },
  { name: 'several promises in one test count', source: "test(proves('a', 'b'), () => {});", want: ['a', 'b'] },
  { name: 'a table counts', source: "test.each(rows)(`${proves('a')}: $name`, () => {});", want: ['a'] },
  {
    name: 'titles in the rows of a table count',
    source: "test.each([{ title: proves('a') }])('$title', f);",
    want: ['a'],
  },
  { name: 'a test within a group counts', source: "describe('x', () => { it(proves('a'), f); });", want: ['a'] },
  { name: 'a skipped test does not', source: "test.skip(proves('a'), f);", want: [] },
  { name: 'a skipped table does not', source: "test.skip.each(rows)(proves('a'), f);", want: [] },
  { name: 'a test skipped under a condition does not', source: "test.skipIf(x)(proves('a'), f);", want: [] },
  { name: 'a planned test does not', source: "test.todo(proves('a'));", want: [] },
  { name: 'a skipped group does not', source: "describe.skip('x', () => { test(proves('a'), f); });", want: [] },
  { name: 'a comment does not', source: "// proves('a')", want: [] },
  { name: 'a computed id is not known', source: 'test(proves(id), f);', want: ['(not a literal)'] },
])('$name', ({ source, want }) => expect(provenIn(source)).toEqual(want));
