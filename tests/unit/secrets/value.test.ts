import { expect, test } from 'vitest';
import { AppError } from '../../../src/kernel/index.ts';
import { parseValueBytes } from '../../../src/secrets/index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  { name: 'one line break at the end is not part of it', given: bytes('token\n'), want: 'token' },
  { name: 'nor is that of Windows', given: bytes('token\r\n'), want: 'token' },
  { name: 'a second one is', given: bytes('token\n\n'), want: 'token\n' },
  { name: 'blanks are', given: bytes('  to ken  '), want: '  to ken  ' },
  { name: 'lines stay', given: bytes('-----BEGIN\na\nb\n-----END\n'), want: '-----BEGIN\na\nb\n-----END' },
  { name: 'the mark of an editor is not part of it', given: bytes('\ufefftoken'), want: 'token' },
  { name: 'any script', given: bytes('пароль 🔑'), want: 'пароль 🔑' },
  { name: '64 KiB are enough', given: bytes('x'.repeat(65_536)), want: 'x'.repeat(65_536) },
])('$name', ({ given, want }) => {
  expect(parseValueBytes('TOKEN', given).reveal()).toBe(want);
});

test.each([
  { name: 'nothing', given: bytes('') },
  { name: 'a line break alone', given: bytes('\n') },
  { name: 'a NUL', given: bytes('canary-a\0b') },
  { name: 'bytes that are no text', given: new Uint8Array([0x63, 0x61, 0x6e, 0x61, 0x72, 0x79, 0xff, 0xfe]) },
  { name: 'more than 64 KiB', given: bytes(`canary${'é'.repeat(32_768)}`) },
])('$name is refused, without a word of it', ({ given }) => {
  const error = thrown(() => parseValueBytes('TOKEN', given));
  expect(error.code).toBe('SECRET_VALUE');
  expect(JSON.stringify(error)).not.toContain('canary');
});

function thrown(act: () => unknown): AppError {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('nothing was refused');
}
