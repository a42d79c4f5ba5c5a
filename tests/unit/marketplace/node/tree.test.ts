import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { copyTree, readTree } from '../../../../src/marketplace/node/tree.ts';
import { writeFiles } from '../../../support/marketplace-folder.ts';

const LIMITS = { entries: 50, totalBytes: 10_000_000 };

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'plugboard-tree-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const within = (...names: readonly string[]): string => join(folder, ...names);

describe('a tree that is copied', () => {
  test('has the same files, also large and empty ones', async () => {
    const big = 'x'.repeat(3_000_000);
    writeFiles(within('from'), { 'a.txt': 'a', 'b/big': big, 'b/empty': '' });
    await copyTree(await readTree(within('from'), LIMITS, 'x'), within('from'), within('to'));
    const text = (name: string): string => readFileSync(within('to', name), 'utf8');
    expect([text('a.txt'), text('b/big') === big, text('b/empty')]).toEqual(['a', true, '']);
  });

  test.each<{ name: string; exchange: (file: string) => void }>([
    { name: 'a link to a file elsewhere', exchange: (file) => symlinkSync(within('secret', 'a.txt'), file) },
    { name: 'a pipe', exchange: (file) => execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', file]) },
    { name: 'a larger file', exchange: (file) => writeFileSync(file, 'more than was listed') },
    { name: 'a folder', exchange: (file) => writeFiles(file, { inner: '' }) },
    { name: 'nothing', exchange: () => {} },
    {
      name: 'a link in the place of its folder',
      exchange: () => {
        rmSync(within('from', 'b'), { recursive: true });
        symlinkSync(within('secret'), within('from', 'b'));
      },
    },
    {
      name: 'the whole folder as a link',
      exchange: () => {
        renameSync(within('from'), within('away'));
        writeFiles(within('other', 'b'), { 'a.txt': 'SECRET' });
        symlinkSync(within('other'), within('from'));
      },
    },
  ])('has nothing that was exchanged since it was listed: $name', async ({ exchange }) => {
    writeFiles(within('secret'), { 'a.txt': 'SECRET' });
    writeFiles(within('from'), { 'b/a.txt': 'listed' });
    const entries = await readTree(within('from'), LIMITS, 'x');
    rmSync(within('from', 'b', 'a.txt'));
    exchange(within('from', 'b', 'a.txt'));
    await expect(copyTree(entries, within('from'), within('to'))).rejects.toMatchObject({
      code: 'PLUGIN_UNSAFE_ARCHIVE',
      message: 'it is not installed: "b/a.txt" was exchanged while it was copied',
    });
    expect(readdirSync(within('to', 'b'))).toEqual([]);
  });
});
