import { expect, test } from 'vitest';
import { bundleFolder, planZip, ZIP_LIMITS, type ZipEntryFacts } from '../../../src/authoring/zip.ts';
import { AppError } from '../../../src/kernel/index.ts';

const MIB = 1024 * 1024;

function entry(name: string, facts: Partial<ZipEntryFacts> = {}): ZipEntryFacts {
  return { name, packedBytes: 10, unpackedBytes: name.endsWith('/') ? 0 : 20, encrypted: false, mode: 0, ...facts };
}

test('files, folders and what is executable', () => {
  const plan = planZip(
    [
      entry('a/', { mode: 0o040_755 }),
      entry('a/run.sh', { mode: 0o104_755 }),
      entry('a/.hidden', { mode: 0o100_644 }),
      entry('b.json'),
      entry('bare', { mode: 0o755 }),
    ],
    ZIP_LIMITS,
  );
  expect(plan).toEqual([
    { path: 'a', kind: 'folder', executable: true },
    { path: 'a/run.sh', kind: 'file', executable: true },
    { path: 'a/.hidden', kind: 'file', executable: false },
    { path: 'b.json', kind: 'file', executable: false },
    { path: 'bare', kind: 'file', executable: true },
  ]);
});

test.each([
  { name: 'an absolute path', entries: [entry('/etc/passwd')], message: '"/etc/passwd" is an absolute path' },
  { name: 'a Windows drive', entries: [entry('C:/x')], message: '"C:/x" is an absolute path' },
  { name: 'a path up', entries: [entry('a/../../x')], message: '"a/../../x" leads out of the archive' },
  { name: 'two dots alone', entries: [entry('..')], message: '".." leads out of the archive' },
  { name: 'an empty name', entries: [entry('')], message: '"" is not a plain path' },
  { name: 'an empty part', entries: [entry('a//b')], message: '"a//b" is not a plain path' },
  { name: 'a dot', entries: [entry('./a')], message: '"./a" is not a plain path' },
  { name: 'a NUL', entries: [entry('a\0b')], message: '"a\\u0000b" has a character that is not allowed in a path' },
  {
    name: 'an alternate stream',
    entries: [entry('ab:c')],
    message: '"ab:c" has a character that is not allowed in a path',
  },
  {
    name: 'a symbolic link',
    entries: [entry('l', { mode: 0o120_777 })],
    message: '"l" is neither a file nor a folder; links and devices are not unpacked',
  },
  {
    name: 'a device',
    entries: [entry('d', { mode: 0o060_644 })],
    message: '"d" is neither a file nor a folder; links and devices are not unpacked',
  },
  {
    name: 'a folder with content',
    entries: [entry('d/', { unpackedBytes: 5 })],
    message: '"d/" is neither a file nor a folder; links and devices are not unpacked',
  },
  { name: 'an encrypted file', entries: [entry('s', { encrypted: true })], message: '"s" is encrypted' },
  { name: 'a name twice', entries: [entry('a'), entry('a')], message: '"a" stands in it twice' },
  { name: 'a name in two cases', entries: [entry('Aé'), entry('ae\u0301')], message: '"ae\u0301" stands in it twice' },
  { name: 'a file that is a folder', entries: [entry('a'), entry('a/b')], message: '"a/b" stands in it twice' },
  { name: 'a folder that is a file', entries: [entry('a/b'), entry('a')], message: '"a" stands in it twice' },
])('an archive with $name is not unpacked', ({ entries, message }) => {
  expect(failure(entries)).toEqual({
    code: 'PLUGIN_UNSAFE_ARCHIVE',
    message: `the archive is not unpacked: ${message}`,
  });
});

test.each([
  {
    name: 'too many files',
    entries: Array.from({ length: ZIP_LIMITS.files + 1 }, (_, index) => entry(`f${index}`)),
    message: 'the archive holds more than 20000 files',
  },
  {
    name: 'too much in all',
    entries: [
      entry('a', { packedBytes: 130 * MIB, unpackedBytes: 130 * MIB }),
      entry('b', { packedBytes: 121 * MIB, unpackedBytes: 121 * MIB }),
    ],
    message: 'the archive unpacks to more than 250 MB',
  },
  {
    name: 'a file that grows beyond measure',
    entries: [entry('zeros', { packedBytes: 20_000, unpackedBytes: 20 * MIB })],
    message: 'the archive holds a file that unpacks to more than 200 times its size',
  },
])('an archive with $name is too large', ({ entries, message }) => {
  expect(failure(entries)).toEqual({ code: 'PLUGIN_TOO_LARGE', message });
});

test('a small file may be packed very well', () => {
  expect(planZip([entry('spaces', { packedBytes: 900, unpackedBytes: MIB })], ZIP_LIMITS)).toHaveLength(1);
});

test.each([
  { name: 'one folder', names: ['hello/'], want: 'hello' },
  { name: 'one folder, and what macOS adds', names: ['hello/', '__MACOSX/', '.DS_Store'], want: 'hello' },
  { name: 'a manifest folder', names: ['.codex-plugin/'], want: '' },
  { name: 'a component', names: ['skills/'], want: '' },
  { name: 'several', names: ['a/', 'b/'], want: '' },
  { name: 'a folder and a file', names: ['a/', 'README.md'], want: '' },
  { name: 'one file', names: ['plugin.json'], want: '' },
  { name: 'nothing', names: [], want: '' },
])('the bundle of an archive with $name at its top', ({ names, want }) => {
  expect(bundleFolder(names.map((name) => ({ name: name.replace('/', ''), isFolder: name.endsWith('/') })))).toBe(want);
});

function failure(entries: readonly ZipEntryFacts[]): { readonly code: string; readonly message: string } {
  try {
    planZip(entries, ZIP_LIMITS);
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('it was planned');
}
