import { describe, expect, test } from 'vitest';
import { bundlePath, folderNameProblem } from '../../../src/plugins/bundle-path.ts';

describe('a path of a bundle', () => {
  test.each([
    { text: './servers/main.js', want: 'servers/main.js' },
    { text: 'servers//./main.js', want: 'servers/main.js' },
    { text: './', want: '' },
    { text: '.', want: '' },
    { text: './skills/', want: 'skills' },
    { text: './...', want: '...' },
    { text: './a:b', want: 'a:b' },
  ])('$text is inside', ({ text, want }) => expect(bundlePath(text)).toEqual({ kind: 'inside', path: want }));

  test.each([
    { text: '../x', why: 'has `..` in it' },
    { text: './a/../b', why: 'has `..` in it' },
    { text: '..', why: 'has `..` in it' },
    { text: '/etc/passwd', why: 'is an absolute path' },
    { text: '//host/share', why: 'is an absolute path' },
    { text: 'C:/x', why: 'names a drive' },
    { text: 'c:x', why: 'names a drive' },
    { text: String.raw`..\x`, why: 'has a backslash in it; folders are separated by `/`' },
    { text: String.raw`\\host\share`, why: 'has a backslash in it; folders are separated by `/`' },
    { text: '~/x', why: 'starts with `~`, which is no folder of the plugin' },
    { text: './a\0b', why: 'holds a NUL character' },
  ])('$text is refused', ({ text, why }) => expect(bundlePath(text)).toEqual({ kind: 'escapes', why }));

  test('where `..` may stand, it still may not lead out', () => {
    expect(['./a/../b', './a/../../b', '..', './a/..'].map((text) => bundlePath(text, 'allowed'))).toEqual([
      { kind: 'inside', path: 'b' },
      { kind: 'escapes', why: 'leads out of the plugin' },
      { kind: 'escapes', why: 'leads out of the plugin' },
      { kind: 'inside', path: '' },
    ]);
  });
});

describe('a name that becomes a folder', () => {
  test.each(['poka', 'a', 'A.b_c-1', '0', 'com', 'console', 'nul-x'])('%s is fine', (text) =>
    expect(folderNameProblem(text, 'name')).toBeNull(),
  );
  test.each([
    '',
    '.',
    '..',
    '.git',
    '-x',
    'a/b',
    String.raw`a\b`,
    'a b',
    'a@b',
    'a..b',
    'a.',
    'nul',
    'CON',
    'com1.txt',
    'lpt9',
    'ä',
    'a\0',
    'x'.repeat(129),
  ])('%j is not', (text) => expect(folderNameProblem(text, 'name')).not.toBeNull());
  test('a version may have a build after a plus, and a name may not', () => {
    expect([folderNameProblem('1.2.0-rc.1+5', 'version'), folderNameProblem('a+b', 'name') === null]).toEqual([
      null,
      false,
    ]);
  });
});
