import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { extractZip } from '../../../../src/authoring/node/zip.ts';
import { ZIP_LIMITS } from '../../../../src/authoring/zip.ts';
import { AppError } from '../../../../src/kernel/index.ts';

let folder: string;
let into: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugboard-zip-test-'));
  into = join(folder, 'into');
  mkdirSync(into);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Member = { readonly text?: string; readonly mode?: number };

/** An archive as programs make it; `rename` puts other bytes of the same length for a name, which no program would write. */
async function archive(
  members: Readonly<Record<string, Member>>,
  rename: readonly [string, string][] = [],
): Promise<string> {
  const zip = new ZipFile();
  for (const [name, { text = '', mode = 0o100_644 }] of Object.entries(members)) {
    if (name.endsWith('/')) zip.addEmptyDirectory(name);
    else zip.addBuffer(Buffer.from(text), name, { mode });
  }
  zip.end();
  let bytes = (await buffer(zip.outputStream)).toString('latin1');
  for (const [from, to] of rename) bytes = bytes.replaceAll(from, to);
  const file = join(folder, 'x.zip');
  writeFileSync(file, bytes, 'latin1');
  return file;
}

async function failure(
  file: string,
  limits = ZIP_LIMITS,
): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await extractZip(file, into, { limits });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.where).toBe(file);
    return { code: error.code, message: error.message };
  }
  throw new Error('it was unpacked');
}

test('files arrive with their content, folders are made, setuid and the rights of others are left out', async () => {
  const file = await archive({
    'plugin.json': { text: '{"name":"é"}' },
    'bin/run.sh': { text: '#!/bin/sh\n', mode: 0o104_777 },
    'empty/': {},
    'big.txt': { text: 'x'.repeat(300_000) },
  });
  expect(await extractZip(file, into)).toBe(into);
  expect(readFileSync(join(into, 'plugin.json'), 'utf8')).toBe('{"name":"é"}');
  expect(readFileSync(join(into, 'big.txt'), 'utf8')).toBe('x'.repeat(300_000));
  expect(readdirSync(join(into, 'empty'))).toEqual([]);
  expect(statSync(join(into, 'bin/run.sh')).mode & 0o7777).toBe(0o700);
  expect(statSync(join(into, 'plugin.json')).mode & 0o7777).toBe(0o600);
});

test('the bundle is found inside one folder at the top', async () => {
  const file = await archive({ 'hello-1.0/.codex-plugin/plugin.json': { text: '{}' }, '__MACOSX/._x': { text: 'x' } });
  expect(await extractZip(file, into)).toBe(join(into, 'hello-1.0'));
});

test('backslashes of Windows are slashes', async () => {
  const file = await archive({ 'skills/a.md': { text: 'a' } }, [['skills/a.md', 'skills\\a.md']]);
  await extractZip(file, into);
  expect(readFileSync(join(into, 'skills', 'a.md'), 'utf8')).toBe('a');
});

test.each([
  { name: 'a path up', from: 'aa/evil.txt', to: '../evil.txt', message: '"../evil.txt" leads out of the archive' },
  {
    name: 'a path up with backslashes',
    from: 'aa/evil.txt',
    to: '..\\evil.txt',
    message: '"../evil.txt" leads out of the archive',
  },
  { name: 'an absolute path', from: 'aa/evil.txt', to: '//////vil.t', message: '"//////vil.t" is an absolute path' },
  { name: 'one name twice', from: 'bb/evil.txt', to: 'aa/evil.txt', message: '"aa/evil.txt" stands in it twice' },
])('nothing is written of an archive with $name', async ({ from, to, message }) => {
  const file = await archive(
    { 'first.txt': { text: '1' }, 'aa/evil.txt': { text: 'x' }, 'bb/evil.txt': { text: 'y' } },
    [[from, to]],
  );
  expect(await failure(file)).toEqual({
    code: 'PLUGIN_UNSAFE_ARCHIVE',
    message: `the archive is not unpacked: ${message}`,
  });
  expect(readdirSync(into)).toEqual([]);
  expect(readdirSync(folder).toSorted()).toEqual(['into', 'x.zip']);
});

test('nothing is written of an archive with a symbolic link', async () => {
  const file = await archive({ link: { text: '/etc/passwd', mode: 0o120_777 } });
  expect(await failure(file)).toEqual({
    code: 'PLUGIN_UNSAFE_ARCHIVE',
    message: 'the archive is not unpacked: "link" is neither a file nor a folder; links and devices are not unpacked',
  });
  expect(readdirSync(into)).toEqual([]);
});

test('a bomb is not unpacked', async () => {
  const file = await archive({ zeros: { text: '\0'.repeat(8 * 1024 * 1024) } });
  expect(statSync(file).size).toBeLessThan(20_000);
  expect(await failure(file)).toEqual({
    code: 'PLUGIN_TOO_LARGE',
    message: 'the archive holds a file that unpacks to more than 200 times its size',
  });
});

test('a file that is larger than its archive says is cut off', async () => {
  const file = await archive({ 'a.txt': { text: 'x'.repeat(100_000) } }, [['\xa0\x86\x01\0', '\x10\0\0\0']]);
  expect((await failure(file)).code).toBe('PLUGIN_UNREADABLE');
});

test('an interrupted one ends with the reason, and leaves no descriptor open', async () => {
  const file = await archive({ 'a.txt': { text: 'x'.repeat(100_000) }, 'b.txt': {} });
  const over = new AbortController();
  const unpacked = extractZip(file, into, { signal: over.signal });
  over.abort(new Error('Ctrl-C'));
  await expect(unpacked).rejects.toThrow('Ctrl-C');
});

test('the limits on files and on the archive itself', async () => {
  const file = await archive({ a: {}, b: {}, c: {} });
  expect((await failure(file, { ...ZIP_LIMITS, files: 2 })).message).toBe('the archive holds more than 2 files');
  expect((await failure(file, { ...ZIP_LIMITS, archiveBytes: 10 })).message).toBe('the archive has more than 0 MB');
});

test.each([
  { name: 'text', bytes: Buffer.from('not a zip file') },
  { name: 'nothing', bytes: Buffer.alloc(0) },
])('a file of $name is no archive', async ({ bytes }) => {
  const file = join(folder, 'x.zip');
  writeFileSync(file, bytes);
  expect((await failure(file)).code).toBe('PLUGIN_UNREADABLE');
});

test('an archive that was cut off in the middle is not readable', async () => {
  const file = await archive({ 'a.txt': { text: 'hello' }, 'b.txt': { text: 'hello' } });
  const whole = readFileSync(file);
  for (let length = 0; length < whole.length; length += 7) {
    writeFileSync(file, whole.subarray(0, length));
    expect((await failure(file)).code).toBe('PLUGIN_UNREADABLE');
  }
});
