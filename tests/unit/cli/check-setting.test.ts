import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkSetting, wrongText } from '../../../src/cli/node/settings/check-setting.ts';
import type { Setting } from '../../../src/settings/index.ts';
import { setting } from '../../support/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'plugboard-check-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'docs'));
writeFileSync(join(folder, 'cert.pem'), '');

const PLACES = { cwd: folder, homeDir: folder };
const value = (of: unknown): object => ({ kind: 'plain', value: of });
const wrong = (problem: string, item: number | null = null): object => ({ kind: 'wrong', problem, item });

test.each<{ name: string; declared: Partial<Setting>; texts: readonly string[]; want: object }>([
  {
    name: 'a path below the home',
    declared: { type: 'directory' },
    texts: ['~/docs'],
    want: value(join(folder, 'docs')),
  },
  { name: 'a relative path', declared: { type: 'file' }, texts: ['cert.pem'], want: value(join(folder, 'cert.pem')) },
  {
    name: 'a list of paths',
    declared: { type: 'directory', multiple: true },
    texts: ['~', 'docs'],
    want: value([folder, join(folder, 'docs')]),
  },
  {
    name: 'a folder that is not there',
    declared: { type: 'directory' },
    texts: ['~/no'],
    want: wrong('must be a directory that exists and that you may read'),
  },
  {
    name: 'a file for a folder',
    declared: { type: 'directory' },
    texts: ['cert.pem'],
    want: wrong('must be a directory, and what is there is none'),
  },
  {
    name: 'a folder for a file',
    declared: { type: 'file' },
    texts: ['docs'],
    want: wrong('must be a file, and what is there is none'),
  },
  { name: 'no path at all', declared: { type: 'file' }, texts: [''], want: wrong('must not be empty') },
  { name: 'a text that fits its pattern', declared: { pattern: '[a-z]+' }, texts: ['abc'], want: value('abc') },
  {
    name: 'a text that fits in its middle only',
    declared: { pattern: 'b|c' },
    texts: ['abc'],
    want: wrong('does not have the form that the plugin wants, the pattern `b|c`'),
  },
  {
    name: 'a secret of another form, whose pattern is none',
    declared: { pattern: 'b', sensitive: true },
    texts: ['abc'],
    want: wrong('does not have the form that the plugin wants, the pattern `b`'),
  },
  {
    name: 'an item of a list that is no number',
    declared: { type: 'number', multiple: true },
    texts: ['1', 'x', 'y'],
    want: wrong('must be a number', 2),
  },
  {
    name: 'an item of a list that is not there',
    declared: { type: 'directory', multiple: true },
    texts: ['docs', '~', 'no'],
    want: wrong('must be a directory that exists and that you may read', 3),
  },
  {
    name: 'an item of a list of another form',
    declared: { pattern: '[a-z]', multiple: true },
    texts: ['1'],
    want: wrong('does not have the form that the plugin wants, the pattern `[a-z]`', 1),
  },
  {
    name: 'too many items',
    declared: { multiple: true },
    texts: Array.from({ length: 101 }, () => 'a'),
    want: wrong('may hold at most 100 values'),
  },
  {
    name: 'a pattern that would take for ever',
    declared: { pattern: '(?:a|a)*b' },
    texts: ['a'.repeat(60)],
    want: wrong('cannot be checked: the pattern of the plugin takes longer than 100 ms with it; tell its maintainer'),
  },
  {
    name: 'a secret that is empty',
    declared: { sensitive: true },
    texts: [''],
    want: wrong('cannot be stored: the value is empty'),
  },
  {
    name: 'a secret that is too long',
    declared: { sensitive: true },
    texts: ['a'.repeat(70_000)],
    want: wrong('cannot be stored: the value is longer than 64 KiB'),
  },
])('$name', async ({ declared, texts, want }) => {
  expect(await checkSetting(setting('key', declared), texts, PLACES)).toEqual(want);
});

test('a sensitive value is a secret from then on, and a list of them is one', async () => {
  const one = setting('keys', { sensitive: true, multiple: true });
  const checked = await checkSetting(one, ['a', 'b'], PLACES);
  const stored = checked.kind === 'secret' ? checked.value : null;
  expect([stored?.label, stored?.reveal()]).toEqual(['user_config.keys', '["a","b"]']);
});

test.each([
  { name: 'the whole value', item: null, shown: 'x', want: 'must be a number' },
  { name: 'an item that may be shown', item: 2, shown: 'x', want: '(item 2, `x`) must be a number' },
  { name: 'an item that may not', item: 2, shown: undefined, want: '(item 2) must be a number' },
])('what is wrong with $name', ({ item, shown, want }) => {
  expect(wrongText({ kind: 'wrong', problem: 'must be a number', item }, shown)).toBe(want);
});
