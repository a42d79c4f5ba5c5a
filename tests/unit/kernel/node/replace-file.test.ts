import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type ReplaceOptions, replaceFile } from '../../../../src/kernel/node/index.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plugboard-replace-'));
  folders.push(folder);
  return folder;
}

const mode = (file: string): number => statSync(file).mode & 0o7777;

test.each<{ name: string; old: number | null; options?: ReplaceOptions; want: number }>([
  { name: 'a new file is for its owner', old: null, want: 0o600 },
  { name: 'an old one keeps its mode', old: 0o664, want: 0o664 },
  { name: 'one that cannot be written to keeps its mode', old: 0o444, want: 0o444 },
  { name: 'a mode that is given counts', old: 0o644, options: { mode: 0o600 }, want: 0o600 },
  { name: 'alone or not', old: 0o640, options: { alone: true }, want: 0o640 },
])('$name', async ({ old, options, want }) => {
  const folder = createFolder();
  const file = join(folder, 'file');
  if (old !== null) writeFileSync(file, 'old and longer');
  if (old !== null) chmodSync(file, old);
  await replaceFile(file, 'new', options);
  expect([readFileSync(file, 'utf8'), mode(file), readdirSync(folder)]).toEqual(['new', want, ['file']]);
});

test('a link stays, and what it leads to is replaced where it is', async () => {
  const folder = createFolder();
  const [there, file] = [join(folder, 'there'), join(folder, 'file')];
  mkdirSync(there);
  writeFileSync(join(there, 'real'), 'old', { mode: 0o640 });
  symlinkSync('there/real', file);
  await replaceFile(file, 'new');
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect([readFileSync(join(there, 'real'), 'utf8'), mode(join(there, 'real'))]).toEqual(['new', 0o640]);
  expect([readdirSync(folder), readdirSync(there)]).toEqual([['file', 'there'], ['real']]);
});

test.each([
  { name: 'to nothing', target: 'nowhere', code: 'ENOENT' },
  { name: 'to itself', target: 'file', code: 'ELOOP' },
])('a link $name is not taken for a file that is not there', async ({ target, code }) => {
  const folder = createFolder();
  const file = join(folder, 'file');
  symlinkSync(target, file);
  await expect(replaceFile(file, 'new')).rejects.toMatchObject({ code });
  expect([lstatSync(file).isSymbolicLink(), readdirSync(folder)]).toEqual([true, ['file']]);
});

test('what a killed process left behind is no hindrance, whatever it is', async () => {
  const folder = createFolder();
  const [file, victim] = [join(folder, 'file'), join(folder, 'victim')];
  writeFileSync(victim, 'untouched');
  symlinkSync('victim', `${file}.new`);
  await replaceFile(file, 'new', { alone: true });
  expect([readFileSync(victim, 'utf8'), readdirSync(folder)]).toEqual(['untouched', ['file', 'victim']]);
});

test('where nothing can be put into place, the old file stays and nothing is left', async () => {
  const folder = createFolder();
  const file = join(folder, 'file');
  mkdirSync(join(file, 'in-the-way'), { recursive: true });
  await expect(replaceFile(file, 'new')).rejects.toMatchObject({ code: expect.stringMatching(/^E/) as string });
  expect(readdirSync(folder)).toEqual(['file']);
});

test('of many at once one counts, whole, and nothing is left', async () => {
  const folder = createFolder();
  const file = join(folder, 'file');
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
  await Promise.all(texts.map((text) => replaceFile(file, text)));
  expect(texts).toContain(readFileSync(file, 'utf8'));
  expect(readdirSync(folder)).toEqual(['file']);
});
