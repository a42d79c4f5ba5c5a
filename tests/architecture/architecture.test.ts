import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkFile, checkTable, checkTree } from './check.ts';
import { BUILTIN_PLACES, EFFECT_PACKAGES, ENTRIES, FORBIDDEN_ROOM_NAMES, PACKAGE_PLACES, ROOMS } from './rules.ts';
import { readFacts } from './syntax.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const paths = globSync('**/*.ts', { cwd: `${root}/src` })
  .map((path) => path.replaceAll('\\', '/'))
  .toSorted();

test('src/ keeps the rules of the house', () => {
  const found = [
    ...checkTree(paths),
    ...paths.flatMap((path) => checkFile(path, readFileSync(`${root}/src/${path}`, 'utf8'))),
  ];
  expect(found.map(({ path, line, rule, message }) => `src/${path}:${line} ${rule}: ${message}`)).toEqual([]);
});

test('src/ was really read', () => {
  expect(paths).toContain('kernel/index.ts');
});

test('a room names only rooms above it in the table', () => {
  expect(checkTable(ROOMS)).toEqual([]);
});

test('every room of the table exists, under a name that says something', () => {
  const existing = new Set(paths.filter((path) => path.includes('/')).map((path) => path.split('/')[0]));
  expect(Object.keys(ROOMS).filter((room) => !existing.has(room))).toEqual([]);
  expect(Object.keys(ROOMS).filter((room) => FORBIDDEN_ROOM_NAMES.includes(room))).toEqual([]);
});

test('the table of packages is the list of dependencies', () => {
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { dependencies: Record<string, string> };
  expect(Object.keys(PACKAGE_PLACES).toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
  expect(EFFECT_PACKAGES.filter((name) => !(name in PACKAGE_PLACES))).toEqual([]);
  expect(Object.keys(BUILTIN_PLACES).filter((name) => !name.startsWith('node:'))).toEqual([]);
});

/** What is loaded with a file of `src/`, as far as its imports say so and do not wait for a call. */
function loadedWith(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const { imports } = readFacts(path, readFileSync(`${root}/src/${path}`, 'utf8'));
  for (const { specifier, typeOnly, dynamic } of imports)
    if (specifier?.startsWith('.') === true && !typeOnly && !dynamic) loadedWith(join(dirname(path), specifier), seen);
  return seen;
}

test('a start without plugins loads nothing that reads them', () => {
  const loaded = ['servers/index.ts', 'host/node/index.ts', 'cli/node/commands/mcp-read.ts'].map((path) => [
    path,
    [...loadedWith(path)].filter((one) => /^(?:plugins|marketplace)\//.test(one)),
  ]);
  expect(loaded).toEqual([
    ['servers/index.ts', []],
    ['host/node/index.ts', []],
    ['cli/node/commands/mcp-read.ts', []],
  ]);
  expect([...loadedWith('plugins/index.ts')]).toContain('plugins/parse.ts');
});

test('every entry from outside exists and is the one that is entered', () => {
  for (const [path, from] of Object.entries(ENTRIES)) {
    expect(paths).toContain(path);
    expect(readFileSync(`${root}/${from}`, 'utf8')).toContain(`dist/${path.replace(/\.ts$/, '.js')}`);
  }
});
