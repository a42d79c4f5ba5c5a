import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { extractTarball } from '../../../../src/marketplace/node/tarball.ts';
import { type TarEntry, tarball } from '../../../support/npm-registry.ts';

const LIMITS = { entries: 50, totalBytes: 1_000_000 };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugboard-tar-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function extract(archive: Buffer, signal = new AbortController().signal): Promise<void> {
  writeFileSync(join(folder, 'archive.tgz'), archive);
  return extractTarball(join(folder, 'archive.tgz'), join(folder, 'content'), {
    limits: LIMITS,
    from: 'tools',
    signal,
  });
}

const within = (name: string): string => join(folder, 'content', name);

test('files, folders and links of a package, without the folder that they are all in', async () => {
  await extract(
    tarball([
      { path: 'package/', type: 'Directory', mode: 0o700 },
      { path: 'package/package.json', text: '{}' },
      { path: 'package/bin/run', text: '#!/bin/sh', mode: 0o6755 },
      { path: 'package/lib/', type: 'Directory' },
      { path: 'package/same', type: 'Link', linkpath: 'package/package.json' },
      { path: 'package/link', type: 'SymbolicLink', linkpath: 'bin/run' },
      { path: 'package/.git/config', text: 'x' },
      { path: `package/${'deep/'.repeat(20)}file`, text: 'deep' },
    ]),
  );
  const names = readdirSync(within(''), { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.startsWith('deep'),
  );
  expect(names.toSorted()).toEqual(['bin', 'bin/run', 'lib', 'link', 'package.json', 'same']);
  expect((statSync(within('bin/run')).mode & 0o7777).toString(8)).toBe('755');
  expect((statSync(within('package.json')).mode & 0o7777).toString(8)).toBe('644');
  expect([readFileSync(within('same'), 'utf8'), statSync(within('same')).nlink]).toEqual(['{}', 1]);
  expect(readlinkSync(within('link'))).toBe('bin/run');
  expect(readFileSync(within(`${'deep/'.repeat(20)}file`), 'utf8')).toBe('deep');
});

const FILE: TarEntry = { path: 'package/a', text: 'x' };

test.each<{ name: string; entries: readonly TarEntry[]; path: string }>([
  { name: 'a path with `..`', entries: [{ path: 'package/../../evil' }], path: 'package/../../evil' },
  { name: 'a path with `..` that stays inside', entries: [{ path: 'package/a/../b' }], path: 'package/a/../b' },
  { name: 'an absolute path', entries: [{ path: '/tmp/evil' }], path: '/tmp/evil' },
  { name: 'a drive of Windows', entries: [{ path: 'C:/evil' }], path: 'C:/evil' },
  { name: 'a backslash', entries: [{ path: 'package\\..\\evil' }], path: 'package\\\\..\\\\evil' },
  {
    name: 'a hard link out of it',
    entries: [{ path: 'package/l', type: 'Link', linkpath: '../../../etc/passwd' }],
    path: '../../../etc/passwd',
  },
  {
    name: 'an absolute hard link',
    entries: [{ path: 'package/l', type: 'Link', linkpath: '/etc/passwd' }],
    path: '/etc/passwd',
  },
  {
    name: 'a hard link to nothing',
    entries: [{ path: 'package/l', type: 'Link', linkpath: 'package/none' }],
    path: 'l',
  },
  {
    name: 'a file through a link',
    entries: [
      { path: 'package/l', type: 'SymbolicLink', linkpath: '/tmp' },
      { path: 'package/l/evil', text: 'x' },
    ],
    path: 'l',
  },
  {
    name: 'a hard link through a link',
    entries: [
      { path: 'package/l', type: 'SymbolicLink', linkpath: '/etc/passwd' },
      { path: 'package/h', type: 'Link', linkpath: 'package/l' },
    ],
    path: 'h',
  },
  { name: 'a device', entries: [{ path: 'package/d', type: 'CharacterDevice' }], path: 'package/d' },
  { name: 'a pipe', entries: [{ path: 'package/p', type: 'FIFO' }], path: 'package/p' },
  { name: 'one file twice', entries: [FILE, FILE], path: 'a' },
  { name: 'a file and a folder of one name', entries: [FILE, { path: 'package/a/b' }], path: 'a' },
  { name: 'a file beside the folder of the package', entries: [FILE, { path: 'beside' }], path: 'beside' },
])('an archive with $name is refused, and names it', async ({ entries, path }) => {
  await expect(extract(tarball([{ path: 'package/first', text: 'x' }, ...entries]))).rejects.toMatchObject({
    code: 'PLUGIN_UNSAFE_ARCHIVE',
    message: expect.stringContaining(`"${path}"`),
    where: 'tools',
  });
  expect(existsSync('/tmp/evil')).toBe(false);
  expect(readdirSync(folder).toSorted()).toEqual(['archive.tgz', 'content']);
});

const unzipped = gunzipSync(tarball([FILE]));

test('what follows the end of an archive is counted and not read', async () => {
  await extract(gzipSync(Buffer.concat([unzipped, Buffer.alloc(800_000, 'not an entry')])));
  expect(readdirSync(within(''))).toEqual(['a']);
});

test('as much as is allowed after the end costs no more than reading it', async () => {
  const wide = { entries: 10, totalBytes: 200 * 1024 * 1024 };
  writeFileSync(join(folder, 'archive.tgz'), gzipSync(Buffer.concat([unzipped, Buffer.alloc(100 * 1024 * 1024)])));
  const { signal } = new AbortController();
  await extractTarball(join(folder, 'archive.tgz'), within(''), { limits: wide, from: 'tools', signal });
  expect(readdirSync(within(''))).toEqual(['a']);
});

test('an archive that is compressed twice is none: its files would escape the count', async () => {
  const twice = gzipSync(gzipSync(unzipped));
  await expect(extract(twice)).rejects.toMatchObject({ code: 'PLUGIN_FETCH_FAILED', where: 'tools' });
  expect(readdirSync(within(''))).toEqual([]);
});

test.each<{ name: string; archive: () => Buffer }>([
  {
    name: 'more files than allowed',
    archive: () => tarball(Array.from({ length: 51 }, (_, n) => ({ path: `package/${n}` }))),
  },
  {
    name: 'a file that is larger than allowed',
    archive: () => tarball([{ path: 'package/big', text: 'x'.repeat(1_000_001) }]),
  },
  {
    name: 'a file that says so and is not',
    archive: () => tarball([{ path: 'package/big', text: 'x', size: 5_000_000_000 }]),
  },
  {
    name: 'files that are larger together',
    archive: () => tarball([1, 2, 3].map((n) => ({ path: `package/${n}`, text: 'x'.repeat(400_000) }))),
  },
  {
    name: 'hard links that are larger together',
    archive: () =>
      tarball([
        { path: 'package/big', text: 'x'.repeat(400_000) },
        ...[1, 2].map((n) => ({ path: `package/${n}`, type: 'Link', linkpath: 'package/big' }) as const),
      ]),
  },
  {
    name: 'zeros without end after its files',
    archive: () => Buffer.concat([tarball([FILE]), gzipSync(Buffer.alloc(50_000_000))]),
  },
])('an archive with $name is too large', async ({ archive }) => {
  await expect(extract(archive())).rejects.toMatchObject({ code: 'PLUGIN_TOO_LARGE', where: 'tools' });
});

test('an archive that is too large before it is unpacked is not looked at', async () => {
  await expect(extract(Buffer.alloc(50 * 1024 * 1024 + 1))).rejects.toMatchObject({ code: 'PLUGIN_TOO_LARGE' });
});

test.each<{ name: string; archive: () => Buffer }>([
  { name: 'nothing', archive: () => Buffer.alloc(0) },
  { name: 'text', archive: () => Buffer.from('no archive at all') },
  { name: 'an archive without files', archive: () => tarball([]) },
  { name: 'zipped text', archive: () => gzipSync('x'.repeat(2000)) },
  { name: 'half an archive', archive: () => tarball([{ path: 'package/a', text: 'x'.repeat(5000) }]).subarray(0, 60) },
  { name: 'a tar that ends too early', archive: () => gzipSync(Buffer.alloc(600, 'package/a')) },
])('$name is no archive', async ({ archive }) => {
  await expect(extract(archive())).rejects.toMatchObject({ code: 'PLUGIN_FETCH_FAILED', where: 'tools' });
});

test('unpacking can be cancelled', async () => {
  const controller = new AbortController();
  controller.abort(new Error('Ctrl-C'));
  await expect(extract(tarball([FILE]), controller.signal)).rejects.toThrow('Ctrl-C');
});
