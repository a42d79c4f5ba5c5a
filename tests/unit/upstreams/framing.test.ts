import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineSplitter } from '../../../src/upstreams/framing.ts';

/** What comes out when `chunks` go in. `too_long` stands for the call of `onTooLong`. */
function split(chunks: readonly (string | Buffer)[], limitBytes = 1000): string[] {
  const out: string[] = [];
  const splitter = createLineSplitter({
    limitBytes,
    onLine: (line) => out.push(line.toString('utf8')),
    onTooLong: () => out.push('too_long'),
  });
  for (const chunk of chunks) splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  splitter.end();
  return out;
}

const bytes = Buffer.from('é漢🙂\n');

test.each([
  { name: 'one line in one chunk', chunks: ['a\n'], want: ['a'] },
  { name: 'several lines in one chunk', chunks: ['a\nb\nc\n'], want: ['a', 'b', 'c'] },
  { name: 'a line over several chunks', chunks: ['a', 'b', 'c\n'], want: ['abc'] },
  { name: 'the end of one and the start of the next', chunks: ['a', 'b\nc', 'd\n'], want: ['ab', 'cd'] },
  { name: 'a newline alone', chunks: ['a', '\n', 'b', '\n'], want: ['a', 'b'] },
  { name: 'CRLF', chunks: ['a\r\nb\r', '\nc\r\n'], want: ['a', 'b', 'c'] },
  { name: 'a return inside a line stays', chunks: ['a\rb\n'], want: ['a\rb'] },
  { name: 'empty lines are skipped', chunks: ['\n\r\n', '\n', 'a\n\n\r', '\n'], want: ['a'] },
  {
    name: 'characters cut in the middle',
    chunks: [bytes.subarray(0, 1), bytes.subarray(1, 3), bytes.subarray(3, 7), bytes.subarray(7)],
    want: ['é漢🙂'],
  },
  { name: 'a last line without its newline', chunks: ['a\nb'], want: ['a', 'b'] },
  { name: 'nothing', chunks: [], want: [] },
  { name: 'an empty chunk', chunks: ['', 'a', '', '\n'], want: ['a'] },
  {
    name: 'a line as long as the limit',
    chunks: ['abcd\n', 'ab', 'cd\n', 'abcd\r\n', 'abcd\r', '\n'],
    limit: 4,
    want: ['abcd', 'abcd', 'abcd', 'abcd'],
  },
  { name: 'a line over the limit in one chunk', chunks: ['a\nabcde\nb\n'], limit: 4, want: ['a', 'too_long'] },
  { name: 'a line over the limit over chunks', chunks: ['abc', 'de', 'f\nb\n'], limit: 4, want: ['too_long'] },
  { name: 'a line over the limit by its last chunk', chunks: ['abc', 'de\nb\n'], limit: 4, want: ['too_long'] },
  { name: 'a line over the limit without an end', chunks: ['abcd', 'x', 'y'], limit: 4, want: ['too_long'] },
  {
    name: 'everything after a line over the limit is ignored',
    chunks: ['abcdef', 'a\n', 'b\n'],
    limit: 4,
    want: ['too_long'],
  },
])('lines: $name', ({ chunks, limit, want }) => {
  expect(split(chunks, limit)).toEqual(want);
});

test('however the bytes are cut, the lines are the same', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((s) => s.replaceAll('\r', ''));
  const ends = fc.constantFrom('\n', '\r\n');
  const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(text, ends)), cuts, (lines, sizes) => {
      const all = Buffer.from(lines.flat().join(''));
      const chunks: Buffer[] = [];
      let at = 0;
      for (const size of sizes) {
        chunks.push(all.subarray(at, at + size));
        at += size;
      }
      chunks.push(all.subarray(at));
      const want = lines.flatMap(([line]) => line.split('\n')).filter((line) => line !== '');
      expect(split(chunks, 1_000_000)).toEqual(want);
    }),
  );
});

test('a long line costs its own length: each byte is copied a constant number of times', () => {
  const sizes: number[] = [];
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const splitter = createLineSplitter({
    limitBytes: 64 * 1024 * 1024,
    onLine: (line) => sizes.push(line.length),
    onTooLong: () => sizes.push(-1),
  });
  // 60 MiB in 960 chunks: copying all that is there with each chunk would move 29 GiB.
  for (let i = 0; i < 960; i += 1) splitter.push(chunk);
  splitter.push(Buffer.from('\n'));
  for (let i = 0; i < 200_000; i += 1) splitter.push(Buffer.from('y'));
  splitter.push(Buffer.from('\n'));
  expect(sizes).toEqual([960 * 64 * 1024, 200_000]);
});
