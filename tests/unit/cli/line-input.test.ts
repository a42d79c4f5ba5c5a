import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineInput, type LineState } from '../../../src/cli/line-input.ts';

function typed(...pieces: readonly string[]): LineState {
  const input = createLineInput();
  for (const piece of pieces) input.feed(piece);
  return input.state();
}

const PASTE = ['\u001b[200~', '\u001b[201~'] as const;
const pasted = (text: string): string => PASTE.join(text);
const line = (text: string): LineState => ({ kind: 'line', text });

test.each([
  { name: 'letters and Enter', pieces: ['t', 'o', 'k', '\r'], want: line('tok') },
  { name: 'all at once', pieces: ['token\r'], want: line('token') },
  { name: 'Enter as a line feed, or both', pieces: ['token\r\n'], want: line('token') },
  { name: 'Enter whose second half comes later', pieces: ['token\r', '\n'], want: line('token') },
  { name: 'nothing', pieces: ['\r'], want: line('') },
  { name: 'Backspace takes a whole character back', pieces: ['a🔑\u007fb\r'], want: line('ab') },
  { name: 'Backspace on nothing', pieces: ['\u007f\ba\r'], want: line('a') },
  { name: 'Ctrl-U takes all back', pieces: ['wrong\u0015right\r'], want: line('right') },
  {
    name: 'keys that move the cursor are passed over',
    pieces: ['a\u001b[D\u001b[1;5C\u001bOHb\u001b[3~\r'],
    want: line('ab'),
  },
  { name: 'a sequence that comes in pieces', pieces: ['a\u001b', '[', '1;', '5Cb\r'], want: line('ab') },
  { name: 'a tab belongs to it', pieces: ['a\tb\r'], want: line('a\tb') },
  { name: 'other control characters do not', pieces: ['a\u0001\u0002b\r'], want: line('ab') },
  { name: 'a paste of one line, then Enter', pieces: [pasted('token'), '\r'], want: line('token') },
  { name: 'a paste with its line break, then Enter', pieces: [pasted('token\r'), '\r'], want: line('token') },
  { name: 'a paste that comes in pieces', pieces: ['\u001b[200', '~to', 'ken\u001b[20', '1~\r'], want: line('token') },
  { name: 'two pastes', pieces: [pasted('to'), pasted('ken'), '\r'], want: line('token') },
  {
    name: 'control characters of a paste belong to it',
    pieces: [pasted('a\u0003\u0015b'), '\r'],
    want: line('a\u0003\u0015b'),
  },
  { name: 'a paste of several lines', pieces: [pasted('one\rtwo')], want: { kind: 'several_lines' } },
  {
    name: 'several lines from a terminal that does not mark a paste',
    pieces: ['one\rtwo\r'],
    want: { kind: 'several_lines' },
  },
  { name: 'several lines in pieces', pieces: ['one\r', 'two\r'], want: { kind: 'several_lines' } },
  { name: 'Ctrl-C', pieces: ['half\u0003'], want: { kind: 'stopped' } },
  { name: 'Ctrl-D on an empty line', pieces: ['\u0004'], want: { kind: 'stopped' } },
  { name: 'Ctrl-D elsewhere', pieces: ['a\u0004b\r'], want: line('ab') },
  { name: 'no Enter yet', pieces: ['half'], want: { kind: 'open' } },
] as const)('$name', ({ pieces, want }) => expect(typed(...pieces)).toEqual(want));

test('a paste gives the same line however its bytes arrive', () => {
  const text = fc
    .string({ unit: 'grapheme' })
    .filter((one) => !['\r', '\n', '\u001b'].some((mark) => one.includes(mark)));
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 60 })), (value, cuts) => {
      const all = pasted(value);
      const places = [...new Set(cuts.filter((at) => at < all.length))].toSorted((a, b) => a - b);
      const pieces = [0, ...places].map((at, index) => all.slice(at, places[index] ?? all.length));
      expect(typed(...pieces, '\r')).toEqual(line(value));
    }),
  );
});

test('the end of the input stops, and changes no line that was given', () => {
  const open = createLineInput();
  open.feed('half');
  open.stop();
  expect(open.state()).toEqual({ kind: 'stopped' });
  const done = createLineInput();
  done.feed('whole\r');
  done.stop();
  expect(done.state()).toEqual(line('whole'));
});
