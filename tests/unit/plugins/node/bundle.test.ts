import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBundle } from '../../../../src/plugins/node/index.ts';

/** Node itself cannot make one. */
function makePipe(name: string): void {
  execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(root, name)]);
}

let work = '';
let root = '';
beforeEach(() => {
  work = realpathSync(mkdtempSync(join(tmpdir(), 'plugboard-bundle-')));
  root = join(work, 'plugin');
  mkdirSync(join(root, 'sub'), { recursive: true });
});
afterEach(() => rmSync(work, { recursive: true, force: true }));

describe('what stands at a path', () => {
  test('files, folders, nothing, and what is none of these', async () => {
    writeFileSync(join(root, 'a.txt'), 'abc');
    writeFileSync(join(root, 'run'), '#!/bin/sh');
    chmodSync(join(root, 'run'), 0o755);
    makePipe('pipe');
    const server = createServer().listen(join(root, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    const { look } = openBundle(root);
    expect(['a.txt', 'run', 'sub', '', 'gone', 'a.txt/x', 'pipe', 'socket'].map(look)).toEqual([
      { kind: 'file', executable: false, sizeBytes: 3 },
      { kind: 'file', executable: true, sizeBytes: 9 },
      { kind: 'folder' },
      { kind: 'folder' },
      { kind: 'absent' },
      { kind: 'absent' },
      { kind: 'other' },
      { kind: 'other' },
    ]);
    await new Promise((resolve) => server.close(resolve));
  });

  test('links are followed within the plugin, and not out of it', () => {
    mkdirSync(join(work, 'plugin-other'));
    writeFileSync(join(work, 'secret'), 's');
    writeFileSync(join(root, 'a.txt'), 'abc');
    symlinkSync('../a.txt', join(root, 'sub/in'));
    symlinkSync('../secret', join(root, 'out'));
    symlinkSync('/etc', join(root, 'etc'));
    symlinkSync('../plugin-other', join(root, 'neighbour'));
    symlinkSync('gone', join(root, 'dangling'));
    symlinkSync('loop', join(root, 'loop'));
    const { look, read, list } = openBundle(root);
    const paths = ['sub/in', 'out', 'etc/passwd', 'neighbour', 'dangling', 'loop'];
    expect(paths.map((path) => look(path).kind)).toEqual(['file', 'outside', 'outside', 'outside', 'absent', 'other']);
    expect([...paths.map((path) => read(path).kind), list('etc'), list('neighbour')]).toEqual([
      'text',
      'unreadable',
      'unreadable',
      'unreadable',
      'absent',
      'unreadable',
      [],
      [],
    ]);
  });

  test('the folder itself may be reached by a link', () => {
    writeFileSync(join(root, 'a.txt'), 'abc');
    symlinkSync('plugin', join(work, 'linked'));
    const bundle = openBundle(join(work, 'linked'));
    expect([bundle.root, bundle.read('a.txt')]).toEqual([root, { kind: 'text', text: 'abc' }]);
  });

  test('a folder that is not there is empty', () => {
    const bundle = openBundle(join(work, 'gone', 'deep'));
    expect([bundle.root, bundle.look(''), bundle.read('x'), bundle.list('')]).toEqual([
      join(work, 'gone', 'deep'),
      { kind: 'absent' },
      { kind: 'absent' },
      [],
    ]);
  });
});

describe('reading', () => {
  test('text comes as it is, with its byte order mark', () => {
    writeFileSync(join(root, 'a'), '\ufeffä\r\n');
    expect(openBundle(root).read('a')).toEqual({ kind: 'text', text: '\ufeffä\r\n' });
  });

  test.each([
    { name: 'a folder', make: () => mkdirSync(join(root, 'x')), reason: 'it is not a file' },
    {
      name: 'a pipe that nobody writes to',
      make: () => makePipe('x'),
      reason: 'it is not a file',
    },
    {
      name: 'a device',
      make: () => symlinkSync('/dev/zero', join(root, 'x')),
      reason: 'it is a link that leads out of the plugin',
    },
    {
      name: 'UTF-16',
      make: () => writeFileSync(join(root, 'x'), Buffer.from('\ufeff{}', 'utf16le')),
      reason: 'it is not UTF-8 text',
    },
    {
      name: 'more than 1 MiB',
      make: () => writeFileSync(join(root, 'x'), 'x'.repeat(1024 * 1024 + 1)),
      reason: 'it is larger than 1 MiB',
    },
  ])('$name is refused', ({ make, reason }) => {
    make();
    expect(openBundle(root).read('x')).toMatchObject({ kind: 'unreadable', reason });
  });

  test('1 MiB is read', () => {
    writeFileSync(join(root, 'x'), 'x'.repeat(1024 * 1024));
    expect(openBundle(root).read('x').kind).toBe('text');
  });

  test('names of a folder come sorted', () => {
    for (const name of ['b', 'a', 'C']) writeFileSync(join(root, 'sub', name), '');
    expect(openBundle(root).list('sub')).toEqual(['C', 'a', 'b']);
  });
});
