import {
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
import { afterEach, beforeEach, expect, test } from 'vitest';
import { homeFolder, openLogFile } from '../../../src/kernel/node/index.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugboard-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('text is appended, to a file of this user alone, in a folder that is made', () => {
  const file = join(folder, 'logs', 'host.log');
  const first = openLogFile(file);
  first.append('one\n');
  first.close();
  const second = openLogFile(file);
  second.append('two\n');
  second.close();
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');
  expect([statSync(file), statSync(join(folder, 'logs'))].map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o700]);
});

test('a file of 10 MB is put aside, and five are kept', () => {
  const file = join(folder, 'x.log');
  const log = openLogFile(file);
  const chunk = 'x'.repeat(5 * 1024 * 1024);
  for (let part = 0; part < 14; part += 1) log.append(`${part}${chunk}`);
  log.close();
  expect(readdirSync(folder).toSorted()).toEqual(['x.log', 'x.log.1', 'x.log.2', 'x.log.3', 'x.log.4']);
  const firstOf = (name: string): string => readFileSync(join(folder, name), 'utf8').slice(0, 2);
  expect([firstOf('x.log'), firstOf('x.log.1'), firstOf('x.log.4')]).toEqual(['12', '10', '4x']);
});

test.each([
  { name: 'the disk is full', make: (file: string) => symlinkSync('/dev/full', file) },
  { name: 'the file is a folder', make: (file: string) => mkdirSync(file) },
])('when $name, lines are lost and nothing else', ({ make }) => {
  const file = join(folder, 'x.log');
  make(file);
  const log = openLogFile(file);
  log.append('lost\n');
  log.append('lost, too\n');
  log.close();
  log.close();
  expect(readdirSync(folder)).toEqual(['x.log']);
});

test('a log that could not be written goes on when it can', () => {
  const file = join(folder, 'logs', 'x.log');
  writeFileSync(join(folder, 'logs'), 'in the way');
  const log = openLogFile(file);
  log.append('lost\n');
  rmSync(join(folder, 'logs'));
  log.append('kept\n');
  log.close();
  expect(readFileSync(file, 'utf8')).toBe('kept\n');
});

test.each([
  { env: { PLUGBOARD_HOME: '/a/b', HOME: '/h' }, want: '/a/b' },
  { env: { HOME: '/h' }, want: '/h/.plugboard' },
  { env: { PLUGBOARD_HOME: '', HOME: '/h' }, want: '/h/.plugboard' },
])('the home of $env is $want', ({ env, want }) => {
  expect(homeFolder(env)).toBe(want);
});
