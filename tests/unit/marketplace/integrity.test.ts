import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { compareFiles, contentDigest } from '../../../src/marketplace/integrity.ts';
import type { FileRecord, Integrity } from '../../../src/marketplace/types.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const file = (path: string, content: string, more: Partial<FileRecord> = {}): FileRecord => ({
  path,
  kind: 'file',
  sha256: sha(content),
  executable: false,
  sizeBytes: content.length,
  ...more,
});

const main = file('main.js', 'x');
const start = file('bin/start', '#!', { executable: true });
const link = file('link', 'main.js', { kind: 'link' });
const recorded = [main, start, link];

describe('the digest of a tree', () => {
  test('is one for every order', () => {
    expect(contentDigest([link, main, start])).toBe(contentDigest(recorded));
    expect(contentDigest(recorded)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is written down here, since receipts keep it', () => {
    const line = (path: string, content: string, executable: boolean): string =>
      `["${path}","file","${sha(content)}",${executable},${content.length}]\n`;
    expect(contentDigest([main, start])).toBe(sha(line('bin/start', '#!', true) + line('main.js', 'x', false)));
    expect(contentDigest([])).toBe(sha(''));
  });

  test.each<[string, readonly FileRecord[]]>([
    ['another content', [file('main.js', 'y'), start, link]],
    ['another name', [file('main.mjs', 'x'), start, link]],
    ['another mode', [{ ...main, executable: true }, start, link]],
    ['another kind', [{ ...main, kind: 'link' }, start, link]],
    ['another size', [{ ...main, sizeBytes: 2 }, start, link]],
    ['a file less', [main, start]],
    ['a file more', [...recorded, file('x', '')]],
    ['a name that looks like the next line', [file('main.js","file', 'x'), start, link]],
  ])('is another for %s', (_name, files) => expect(contentDigest(files)).not.toBe(contentDigest(recorded)));
});

describe('what is installed against its record', () => {
  const tampered = (path: string, change: 'changed' | 'removed'): Integrity => ({ kind: 'tampered', path, change });
  test.each<{ name: string; found: readonly FileRecord[]; want: Integrity }>([
    { name: 'the same', found: [link, start, main], want: { kind: 'intact', added: [] } },
    { name: 'a changed file', found: [file('main.js', 'y'), start, link], want: tampered('main.js', 'changed') },
    {
      name: 'a changed file of the same size and with the digest of another',
      found: [{ ...main, sha256: start.sha256 }, start, link],
      want: tampered('main.js', 'changed'),
    },
    {
      name: 'a changed mode',
      found: [main, { ...start, executable: false }, link],
      want: tampered('bin/start', 'changed'),
    },
    {
      name: 'a file in the place of a link',
      found: [main, start, { ...link, kind: 'file' }],
      want: tampered('link', 'changed'),
    },
    { name: 'a removed file', found: [start, link], want: tampered('main.js', 'removed') },
    { name: 'nothing there', found: [], want: tampered('bin/start', 'removed') },
    {
      name: 'added files',
      found: [...recorded, file('z', ''), file('B', ''), file('a/b', '')],
      want: { kind: 'intact', added: ['B', 'a/b', 'z'] },
    },
    { name: 'a renamed file', found: [file('Main.js', 'x'), start, link], want: tampered('main.js', 'removed') },
    { name: 'the first by path of several', found: [file('main.js', 'y'), start], want: tampered('link', 'removed') },
  ])('$name', ({ found, want }) => expect(compareFiles(recorded, found)).toEqual(want));

  test('names of Object.prototype are names like others', () => {
    expect(compareFiles([], [file('__proto__', ''), file('constructor', '')])).toEqual({
      kind: 'intact',
      added: ['__proto__', 'constructor'],
    });
    expect(compareFiles([file('toString', '')], [])).toEqual(tampered('toString', 'removed'));
  });
});
