import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeScaffold } from '../../../../src/authoring/node/scaffold.ts';
import { planScaffold } from '../../../../src/authoring/scaffold.ts';
import { AppError } from '../../../../src/kernel/index.ts';
import { makeFolder } from '../../../../src/kernel/node/index.ts';

const EXAMPLE = fileURLToPath(new URL('../../../../examples/plugins/', import.meta.url));

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugboard-scaffold-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = planScaffold({ name: 'word-count', family: 'codex', author: 'Plugboard' });

test('the files are written, and the tests among them pass', async () => {
  const dir = join(folder, 'made', 'here');
  await writeScaffold(dir, files, makeFolder);
  for (const { path, text } of files) expect(readFileSync(join(dir, path), 'utf8')).toBe(text);
  const out = execFileSync(process.execPath, ['--test'], { cwd: dir, env: {}, encoding: 'utf8' });
  expect(out).toMatch(/^. pass 5$/m);
});

test('an empty folder is taken, one with something in it is left as it is', async () => {
  await writeScaffold(folder, files, makeFolder);
  const error: unknown = await writeScaffold(folder, files, makeFolder).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: 'USAGE', message: 'the folder is not empty', where: folder });
});

test.runIf(existsSync('/proc/self'))('a folder that can hold no other is an error, and the attempt ends', async () => {
  expect(await writeScaffold('/proc/x/y', files, makeFolder).catch((thrown: unknown) => thrown)).toMatchObject({
    code: 'USAGE',
    message: 'the folder cannot be written (ENOENT)',
    where: '/proc/x/y',
  });
});

test('a file is no folder', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'mine');
  expect(await writeScaffold(file, files, makeFolder).catch((thrown: unknown) => thrown)).toMatchObject({
    code: 'USAGE',
    message: 'the folder cannot be written (EEXIST)',
  });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(readdirSync(folder)).toEqual(['file']);
});

/**
 * `plugboard plugin new word-count --author Plugboard` made it. JSON is laid out as the other files of this repository are;
 * everything else is the same byte for byte.
 */
test('examples/plugins is what a new plugin looks like', () => {
  const laidOut = (path: string, text: string): unknown => (path.endsWith('.json') ? JSON.parse(text) : text);
  for (const { path, text } of files)
    expect([path, laidOut(path, readFileSync(join(EXAMPLE, path), 'utf8'))]).toEqual([path, laidOut(path, text)]);
});
