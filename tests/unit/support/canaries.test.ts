import { expect, test } from 'vitest';
import { CANARIES, findLeaks, leaks } from '../../support/canaries.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Ways in which a value gets into a text. The short one is not looked for where letters are mixed. */
const WAYS: readonly { readonly name: string; readonly encode: (value: string) => string; readonly short?: false }[] = [
  { name: 'as it is', encode: (value) => `error: ${value}!` },
  { name: 'without its blanks', encode: (value) => value.trim() },
  { name: 'in JSON', encode: (value) => JSON.stringify({ message: value }) },
  { name: 'in JSON in JSON', encode: (value) => JSON.stringify(JSON.stringify({ message: value })) },
  { name: 'in an address', encode: (value) => `?q=${encodeURIComponent(value)}&x` },
  {
    name: 'in an address with small letters',
    encode: (value) => encodeURIComponent(value).replaceAll(/%../g, (one) => one.toLowerCase()),
  },
  { name: 'in a form', encode: (value) => new URLSearchParams({ value }).toString() },
  { name: 'in base64', encode: (value) => base64(value), short: false },
  { name: 'in base64 behind a letter', encode: (value) => base64(`x${value}`), short: false },
  { name: 'in base64 behind two letters', encode: (value) => base64(`xy:${value}z`), short: false },
  { name: 'in base64url', encode: (value) => Buffer.from(`user:${value}`).toString('base64url'), short: false },
  { name: 'in hex', encode: (value) => Buffer.from(value).toString('hex'), short: false },
  { name: 'in large hex', encode: (value) => Buffer.from(value).toString('hex').toUpperCase(), short: false },
  {
    name: 'in numbers of Unicode',
    encode: (value) => value.replaceAll(/[^]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
  },
];

test('there are forty, each with a name and a value of its own', () => {
  expect([new Set(CANARIES.map(({ name }) => name)).size, new Set(CANARIES.map(({ value }) => value)).size]).toEqual([
    40, 40,
  ]);
});

test.each(WAYS)('each is found $name, and no other with it', ({ encode, short }) => {
  const wanted = CANARIES.filter(({ value }) => short !== false || value.length >= 8);
  expect(wanted.map(({ value }) => findLeaks(encode(value)))).toEqual(wanted.map(({ name }) => [name]));
});

test('nothing is found in what says nothing', () => {
  const text = `${CANARIES.map(({ name }) => `[secret ${name}]`).join('\n')} -----BEGIN PRIVATE KEY----- x x x \u202e ü 🔑 {}`;
  expect(leaks([['a text', text]])).toEqual([]);
});
