import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchBundle } from '../../../../src/authoring/node/watch-bundle.ts';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'plugboard-watch-')));
  for (const path of ['server', 'node_modules/x', '.git', 'elsewhere'])
    mkdirSync(join(folder, 'p', path), { recursive: true });
  mkdirSync(join(folder, 'outside'));
  symlinkSync(join(folder, 'outside'), join(folder, 'p', 'link'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the files of a bundle that change are told, those that programs make are not', async () => {
  const told: (readonly string[])[] = [];
  const stop = watchBundle(join(folder, 'p'), (paths) => told.push(paths));
  await expect.poll(() => told).toEqual([[]]);
  const made = [
    'node_modules/x/a.js',
    '.git/HEAD',
    'debug.log',
    'server/main.pyc',
    'server/.main.mjs.swp',
    'server/main.mjs~',
    'link/a.txt',
  ];
  for (const path of made) writeFileSync(join(folder, 'p', path), '1');
  writeFileSync(join(folder, 'p', 'server', 'main.mjs'), '1');
  writeFileSync(join(folder, 'p', '.mcp.json'), '1');
  await expect.poll(() => [...new Set(told.flat())].toSorted()).toEqual(['.mcp.json', 'server/main.mjs']);
  told.length = 0;
  rmSync(join(folder, 'p', '.mcp.json'));
  await expect.poll(() => told.flat()).toEqual(['.mcp.json']);
  await stop();
});
