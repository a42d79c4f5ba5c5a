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

test('a template that is made to take for ever takes no time', () => {
  const began = performance.now();
  for (const template of ['{+a}'.repeat(150), '{+a}x'.repeat(90), '{a}'.repeat(150), '{a}-'.repeat(90)])
    expect(matchesTemplate(`${template}!`, 'x-'.repeat(4000))).toBe(false);
  expect(matchesTemplate('{a}'.repeat(5000), 'a')).toBe(false);
  expect(matchesTemplate('{a}', 'a'.repeat(1_000_000))).toBe(false);
  expect(performance.now() - began).toBeLessThan(10_000);
});
