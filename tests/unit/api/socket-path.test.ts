import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { privateFolder } from '../../../src/api/node/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'plugboard-folder-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a private folder is made with all that is missing above it, for this user alone', () => {
  const deep = join(folder, 'a', 'b', 'c');
  privateFolder(deep);
  expect(statSync(deep).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700);
  privateFolder(deep);
});

test('a folder below a file cannot be made, and is told so', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => privateFolder(join(folder, 'file', 'x'))).toThrow(expect.objectContaining({ code: 'HOME_UNUSABLE' }));
});

test.runIf(existsSync('/proc/self'))('a folder that can never be does not take for ever', () => {
  expect(() => privateFolder('/proc/plugboard/home')).toThrow(expect.objectContaining({ code: 'HOME_UNUSABLE' }));
});

test('a folder that others may write to is refused', () => {
  const open = join(folder, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  expect(() => privateFolder(open)).toThrow(expect.objectContaining({ code: 'HOME_NOT_PRIVATE' }));
});
