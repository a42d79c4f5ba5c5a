import { describe, expect, test } from 'vitest';
import { createRedactor, Secret } from '../../../src/kernel/index.ts';
import { CANARIES, leaks } from '../../support/canaries.ts';

const SECRETS = Object.entries({
  T: 's3cr3t!',
  LONG: 's3cr3t!-and-more',
  URL: 's3cr3t&more',
  LINES: 'line\nbreak',
  SIGNS: "*!~'()/ y",
  MARKUP: `a<b>&"c'`,
  CODES: 'abcdef1\nabcdef2\nab&d<f>3\nabc',
  KEY: '-----BEGIN KEY-----\nQmFzZTY0IG9mIGEga2V5\r\nab\n-----END KEY-----\n',
  BLANKS: '  in the middle\t',
  LETTERS: 'größer "als" 🔑',
  SHORT: 'yes',
  TOKEN: 'wp-5f2e9c41-b7d0',
}).map(([label, value]) => new Secret(label, value));

const redact = createRedactor(SECRETS);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the redactor takes out', () => {
  test.each([
    { name: 'a value', text: 'token is s3cr3t!', want: 'token is [secret T]' },
    { name: 'every occurrence', text: 's3cr3t! s3cr3t!', want: '[secret T] [secret T]' },
    { name: 'the longest of two', text: 's3cr3t!-and-more', want: '[secret LONG]' },
    { name: 'what stands at both ends', text: 's3cr3t!s3cr3t!', want: '[secret T][secret T]' },
    { name: 'no part of a word for a short one', text: 'a yes b', want: 'a yes b' },
    { name: 'nothing where there is nothing', text: '', want: '' },
    { name: 'no beginning of a value', text: 's3cr3t', want: 's3cr3t' },
    { name: 'a value in an address', text: 'url?x=s3cr3t%26more', want: 'url?x=[secret URL]' },
    { name: 'letters in an address', text: encodeURIComponent('größer "als" 🔑'), want: '[secret LETTERS]' },
    {
      name: 'letters in an address, escaped in lower case',
      text: encodeURIComponent('größer "als" 🔑').toLowerCase(),
      want: '[secret LETTERS]',
    },
    {
      name: 'a field of a form',
      text: `a=1&b=${encodeURIComponent('größer "als" 🔑').replaceAll('%20', '+')}`,
      want: 'a=1&b=[secret LETTERS]',
    },
    { name: 'what a form escapes besides', text: 'x=s3cr3t%21', want: 'x=[secret T]' },
    {
      name: 'an address in which everything is escaped, as in Go and PHP',
      text: 'x=%2A%21~%27%28%29%2F%20y, x=%2a%21~%27%28%29%2f%20y, x=%2A%21%7E%27%28%29%2F+y',
      want: 'x=[secret SIGNS], x=[secret SIGNS], x=[secret SIGNS]',
    },
    {
      name: 'an address that keeps its slashes, as in Python',
      text: 'x=%2A%21~%27%28%29/%20y, x=%2a%21~%27%28%29/%20y',
      want: 'x=[secret SIGNS], x=[secret SIGNS]',
    },
    { name: 'JSON with escaped slashes', text: String.raw`"*!~'()\/ y"`, want: '"[secret SIGNS]"' },
    {
      name: 'escaped slashes in JSON within JSON',
      text: String.raw`"\"*!~'()\\/ y\""`,
      want: String.raw`"\"[secret SIGNS]\""`,
    },
    {
      name: 'JSON as Go, Ruby, PHP and .NET escape it',
      text: [
        String.raw`a<b>&"c'`.replace('"', '\\"'),
        String.raw`a\u003cb\u003e\u0026\"c'`,
        String.raw`a\u003cb\u003e\u0026\"c\u0027`,
        String.raw`a\u003Cb\u003E\u0026\u0022c\u0027`,
        String.raw`a\\u003cb\\u003e\\u0026\\\"c'`,
      ].join(' '),
      want: Array.from({ length: 5 }, () => '[secret MARKUP]').join(' '),
    },
    {
      name: 'HTML',
      text: [
        `a&lt;b&gt;&amp;"c'`,
        'a&lt;b&gt;&amp;&quot;c&#39;',
        'a&lt;b&gt;&amp;&quot;c&#x27;',
        'a&lt;b&gt;&amp;&#34;c&#39;',
        'a&lt;b&gt;&amp;&quot;c&#039;',
        'a&lt;b&gt;&amp;&quot;c&apos;',
      ].join(' '),
      want: Array.from({ length: 6 }, () => '[secret MARKUP]').join(' '),
    },
    { name: 'a value in JSON', text: String.raw`{"k":"line\nbreak"}`, want: '{"k":"[secret LINES]"}' },
    { name: 'quotes in JSON', text: JSON.stringify({ k: 'größer "als" 🔑' }), want: '{"k":"[secret LETTERS]"}' },
    {
      name: 'letters in JSON of ASCII',
      text: String.raw`"gr\u00f6\u00dfer \"als\" \ud83d\udd11"`,
      want: '"[secret LETTERS]"',
    },
    {
      name: 'letters in JSON of ASCII in capitals',
      text: String.raw`"gr\u00F6\u00DFer \"als\" \uD83D\uDD11"`,
      want: '"[secret LETTERS]"',
    },
    {
      name: 'JSON within JSON',
      text: JSON.stringify(JSON.stringify('größer "als" 🔑')),
      want: String.raw`"\"[secret LETTERS]\""`,
    },
    { name: 'base64', text: base64('wp-5f2e9c41-b7d0'), want: expect.stringMatching(/^\[secret TOKEN\].{0,4}$/) },
    {
      name: 'base64 after a name',
      text: base64('user:wp-5f2e9c41-b7d0'),
      want: expect.stringMatching(/^.{5,8}\[secret TOKEN\].{0,4}$/),
    },
    {
      name: 'base64 after another name',
      text: base64('users:wp-5f2e9c41-b7d0'),
      want: expect.stringMatching(/^.{6,9}\[secret TOKEN\].{0,4}$/),
    },
    {
      name: 'base64 before something',
      text: base64('ab:wp-5f2e9c41-b7d0:more'),
      want: expect.stringMatching(/^.{4}\[secret TOKEN\].{7,9}$/),
    },
    {
      name: 'base64 of an address',
      text: Buffer.from('größer "als" 🔑').toString('base64url'),
      want: expect.stringMatching(/^\[secret LETTERS\].{0,2}$/),
    },
    { name: 'hex', text: Buffer.from('wp-5f2e9c41-b7d0').toString('hex'), want: '[secret TOKEN]' },
    { name: 'hex in capitals', text: Buffer.from('s3cr3t&more').toString('hex').toUpperCase(), want: '[secret URL]' },
    { name: 'a value without the blanks around it', text: 'it is in the middle', want: 'it is [secret BLANKS]' },
    {
      name: 'each line of a value, in every encoding of text',
      text: String.raw`abcdef2 abcdef1 ab&amp;d&lt;f&gt;3 ab%26d%3cf%3e3 ab\u0026d\u003cf\u003e3 abc`,
      want: '[secret CODES] [secret CODES] [secret CODES] [secret CODES] [secret CODES] abc',
    },
    { name: 'a line of a value, and no short one', text: 'QmFzZTY0IG9mIGEga2V5\nab', want: '[secret KEY]\nab' },
  ])('$name', ({ text, want }) => expect(redact(text)).toEqual(want));

  test('whole lines of base64', () => {
    const value = Array.from({ length: 42 }, (_, index) => `part ${index * 7919}`).join(' ');
    const lines = base64(value).match(/.{1,76}/g) ?? [];
    const redacted = createRedactor([new Secret('V', value)])(lines.join('\n'));
    const whole = redacted.split('\n').slice(0, -1);
    expect(whole).toEqual(whole.map(() => '[secret V]'));
  });
});

test('without secrets a text is the very same', () => {
  expect(createRedactor([])('a text')).toBe('a text');
  expect(createRedactor([new Secret('EMPTY', '')])('a text')).toBe('a text');
});

const hexUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
const escapeAll = (value: string): string =>
  encodeURIComponent(value).replaceAll(/[!*'()]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
const jsonForHtml = (value: string): string => JSON.stringify(value).replaceAll(/[&<>']/g, hexUnit);
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
};
const inHtml = (value: string): string => value.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);

const encodingsUsed = (value: string): readonly string[] => [
  value,
  ...[encodeURIComponent(value), escapeAll(value), escapeAll(value).replaceAll('%2F', '/')],
  ...[JSON.stringify(value).slice(1, -1), jsonForHtml(value).slice(1, -1), inHtml(value)],
  Buffer.from(value).toString('hex'),
];

const ENCODINGS: readonly (readonly [string, (value: string) => string])[] = [
  ['as it is', (value) => value],
  ['line by line', (value) => value.split(/\r?\n/).toReversed().join('\n')],
  ['in an address', (value) => encodeURIComponent(value)],
  ['in a form', (value) => new URLSearchParams({ value }).toString()],
  ['in JSON', (value) => JSON.stringify({ value })],
  ['in JSON within JSON', (value) => JSON.stringify(JSON.stringify({ value }))],
  ['in a strict address', (value) => escapeAll(value)],
  ['in an address with slashes', (value) => escapeAll(value).replaceAll('%2F', '/')],
  ['in JSON with escaped slashes', (value) => JSON.stringify({ value }).replaceAll('/', '\\/')],
  ['in JSON for HTML', (value) => jsonForHtml(value)],
  ['in HTML', (value) => inHtml(value)],
  ['in base64', base64],
  ['in base64 after a name', (value) => base64(`user:${value}`)],
  ['in base64url', (value) => Buffer.from(`ab${value}`).toString('base64url')],
  ['in hex', (value) => Buffer.from(value).toString('hex')],
];

test('a long value is found in every encoding, and a beginning of it in none', () => {
  const value = `a<b>&"c'/ ${'é ~x'.repeat(20_000)}!`;
  const one = createRedactor([new Secret('LONG', value)]);
  const all = [...encodingsUsed(value)];
  expect(all.map((text) => one(`<${text}>`))).toEqual(all.map(() => '<[secret LONG]>'));
  expect(one(value.slice(0, -1))).toBe(value.slice(0, -1));
});

test.each(ENCODINGS)('nothing of forty odd values is left %s', (where, encode) => {
  const one = createRedactor(CANARIES.map(({ name, value }) => new Secret(name, value)));
  expect(leaks(CANARIES.map(({ name, value }) => [`${name} ${where}`, one(`before ${encode(value)} after`)]))).toEqual(
    [],
  );
});
