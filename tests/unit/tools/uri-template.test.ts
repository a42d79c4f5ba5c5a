import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesTemplate } from '../../../src/tools/uri-template.ts';

test.each([
  ['db://{table}', 'db://users', true],
  ['db://{table}', 'db://', true],
  ['db://{table}', 'db://a/b', false],
  ['db://{table}', 'xdb://a', false],
  ['db://{table}/rows/{id}', 'db://users/rows/7', true],
  ['db://{table}/rows/{id}', 'db://users/rows/7/8', false],
  ['file:///{+path}', 'file:///a/b?c#d', true],
  ['file:///{path*}', 'file:///a/b', true],
  ['x://a{/b}', 'x://a/b/c', true],
  ['x://a{?q,r}', 'x://a', true],
  ['x://a{?q,r}', 'x://a?q=1&r=2', true],
  ['x://a{?q}', 'x://aq=1', false],
  ['x://a?k=1{&q}', 'x://a?k=1&q=2', true],
  ['x://a{?q}{#f}', 'x://a?q#f', true],
  ['x://a{?q}', 'x://a?q#f', false],
  ['x://{a}.{b}', 'x://1.2.3', true],
  ['x://{a}-{b}', 'x://12', false],
  ['x://(.*)[a]+$^|\\', 'x://(.*)[a]+$^|\\', true],
  ['x://(.*)', 'x://abc', false],
  ['x://{unclosed', 'x://{unclosed', true],
  ['x://a', 'x://a', true],
  ['', '', true],
  ['', 'x', false],
  ['{a}', 'üñ😀', true],
])('%s and %s: %s', (template, uri, want) => expect(matchesTemplate(template, uri)).toBe(want));

// The forms of RFC 6570, section 3.2, with what they expand to there.
test.each([
  ['{var}', 'value'],
  ['{hello}', 'Hello%20World%21'],
  ['{x,hello,y}', '1024,Hello%20World%21,768'],
  ['{var:3}', 'val'],
  ['{list*}', 'red,green,blue'],
  ['{keys*}', 'semi=%3B,dot=.,comma=%2C'],
  ['{+path}/here', '/foo/bar/here'],
  ['here?ref={+path}', 'here?ref=/foo/bar'],
  ['{+path:6}/here', '/foo/b/here'],
  ['{#path,x}/here', '#/foo/bar,1024/here'],
  ['map{#x}', 'map'],
  ['X{.var}', 'X.value'],
  ['X{.list*}', 'X.red.green.blue'],
  ['{/var,x}/here', '/value/1024/here'],
  ['{/list*,path:4}', '/red/green/blue/%2Ffoo'],
  ['{;x,y,empty}', ';x=1024;y=768;empty'],
  ['{;list*}', ';list=red;list=green;list=blue'],
  ['{?x,y,empty}', '?x=1024&y=768&empty='],
  ['find{?list*}', 'find?list=red&list=green'],
  ['?fixed=yes{&x}', '?fixed=yes&x=1024'],
])('what %s expands to in the RFC matches it: %s', (template, uri) =>
  expect(matchesTemplate(template, uri)).toBe(true),
);

/** The same by trying every length of every expression: right to read, and slow. */
function naive(parts: readonly string[], uri: string): boolean {
  const [part, ...rest] = parts;
  if (part === undefined) return uri === '';
  if (!part.startsWith('{')) return uri.startsWith(part) && naive(rest, uri.slice(part.length));
  const taken = Array.from({ length: uri.length + 1 }, (_, length) => uri.slice(0, length));
  return taken.some((text) => fits(part, text) && naive(rest, uri.slice(text.length)));
}

function fits(expression: string, text: string): boolean {
  if (/^\{[?&]/.test(expression)) return text === '' || (/^[?&]/.test(text) && !text.includes('#'));
  return /^\{[+#/]/.test(expression) || expression.includes('*') || !/[/?#]/.test(text);
}

test('any template of a few expressions matches what trying out every way says', () => {
  const expression = fc.constantFrom('{x}', '{+x}', '{#x}', '{/x}', '{?x}', '{&x}', '{.x}', '{;x}', '{x*}', '{x,y}');
  const literal = fc.constantFrom('a', 'b', '/', '?', '#', 'ab', '&');
  const parts = fc.array(fc.oneof(expression, literal), { maxLength: 5 });
  const uri = fc.array(fc.constantFrom('a', 'b', '/', '?', '#', '&'), { maxLength: 8 }).map((chars) => chars.join(''));
  fc.assert(
    fc.property(parts, uri, (template, text) => {
      expect(matchesTemplate(template.join(''), text)).toBe(naive(template, text));
    }),
    { numRuns: 2000 },
  );
});

test('a template that is made to take for ever takes no time', () => {
  const began = performance.now();
  for (const template of [
    '{+a}'.repeat(30),
    '{+a}'.repeat(150),
    '{+a}x'.repeat(90),
    '{a}'.repeat(150),
    '{a}-'.repeat(90),
  ])
    expect(matchesTemplate(`${template}!`, 'x-'.repeat(4000))).toBe(false);
  expect(matchesTemplate('{a}'.repeat(5000), 'a')).toBe(false);
  expect(matchesTemplate('{a}', 'a'.repeat(1_000_000))).toBe(false);
  expect(performance.now() - began).toBeLessThan(10_000);
});
