import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkFile, checkTable, checkTree } from './check.ts';
import { BUILTIN_PLACES, EFFECT_PACKAGES, ENTRIES, FORBIDDEN_ROOM_NAMES, PACKAGE_PLACES, ROOMS } from './rules.ts';

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

test('every entry from outside exists and is the one that is entered', () => {
  for (const [path, from] of Object.entries(ENTRIES)) {
    expect(paths).toContain(path);
    expect(readFileSync(`${root}/${from}`, 'utf8')).toContain(`dist/${path.replace(/\.ts$/, '.js')}`);
  }
});
