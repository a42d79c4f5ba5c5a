import { expect, test } from 'vitest';
import { html } from '../../../src/cli/settings/html.ts';
import { admitPage, type PageRequest, pageHeaders } from '../../../src/cli/settings/page-guard.ts';

const KEYS = { host: '127.0.0.1:4711', path: '/p4th', cookie: 'c00kie' };
const COOKIE = 'plugboard_page=c00kie';
const OWN = {
  host: KEYS.host,
  cookie: `other=1; ${COOKIE}`,
  origin: `http://${KEYS.host}`,
  'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
};
const post = (headers: PageRequest['headers'] = {}): PageRequest => ({
  method: 'POST',
  url: KEYS.path,
  headers: { ...OWN, ...headers },
});

test.each<{ name: string; request: PageRequest; cookie?: null; want: ReturnType<typeof admitPage> }>([
  {
    name: 'the first visit',
    request: { method: 'GET', url: '/p4th', headers: { host: KEYS.host } },
    cookie: null,
    want: 'show',
  },
  {
    name: 'a visit again',
    request: { method: 'GET', url: '/p4th', headers: { host: KEYS.host, cookie: COOKIE } },
    want: 'show',
  },
  { name: 'a second browser', request: { method: 'GET', url: '/p4th', headers: { host: KEYS.host } }, want: 'taken' },
  {
    name: 'a cookie that is longer',
    request: { method: 'GET', url: '/p4th', headers: { host: KEYS.host, cookie: `${COOKIE}x` } },
    want: 'taken',
  },
  {
    name: 'another path',
    request: { method: 'GET', url: '/', headers: { host: KEYS.host } },
    cookie: null,
    want: 'not_found',
  },
  {
    name: 'the path with a query',
    request: { method: 'GET', url: '/p4th?a', headers: { host: KEYS.host } },
    cookie: null,
    want: 'not_found',
  },
  {
    name: 'another name of this machine',
    request: { method: 'GET', url: '/p4th', headers: { host: 'localhost:4711' } },
    cookie: null,
    want: 'forbidden',
  },
  {
    name: 'a rebound name',
    request: { method: 'GET', url: '/p4th', headers: { host: 'evil.example' } },
    cookie: null,
    want: 'forbidden',
  },
  {
    name: 'an image of another page',
    request: { method: 'GET', url: '/p4th', headers: { host: KEYS.host, 'sec-fetch-dest': 'image' } },
    cookie: null,
    want: 'forbidden',
  },
  {
    name: 'a frame',
    request: { method: 'GET', url: '/p4th', headers: { host: KEYS.host, 'sec-fetch-dest': 'iframe' } },
    cookie: null,
    want: 'forbidden',
  },
  { name: 'another method', request: { method: 'PUT', url: '/p4th', headers: OWN }, want: 'wrong_method' },
  { name: 'the form', request: post(), want: 'take' },
  {
    name: 'the form of a browser that hides where it is',
    request: post({ origin: 'null', 'sec-fetch-site': 'same-origin' }),
    want: 'take',
  },
  { name: 'a form from nowhere', request: post({ origin: 'null' }), want: 'forbidden' },
  { name: 'a form without an origin', request: post({ origin: undefined }), want: 'forbidden' },
  {
    name: 'the form of another site',
    request: post({ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }),
    want: 'forbidden',
  },
  {
    name: 'the form of another port',
    request: post({ origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }),
    want: 'forbidden',
  },
  { name: 'a form before any visit', request: post(), cookie: null, want: 'forbidden' },
  { name: 'a form of another type', request: post({ 'content-type': 'text/plain' }), want: 'wrong_type' },
])('$name: $want', ({ request, cookie, want }) => {
  expect(admitPage(request, cookie === null ? { ...KEYS, cookie } : KEYS)).toBe(want);
});

test('every answer is kept nowhere, loads nothing, and stands in no frame', () => {
  expect(pageHeaders('n0nce')).toMatchObject({
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'none'; style-src 'nonce-n0nce'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    'referrer-policy': 'no-referrer',
  });
});

test('texts in HTML are escaped, and parts that are HTML are not', () => {
  const title = `<a href="x">'&`;
  expect(html`<p title="${title}">${html`<b>${title}</b>`}${null}${false}${[1, '<']}</p>`.toString()).toBe(
    '<p title="&lt;a href=&quot;x&quot;&gt;&#39;&amp;"><b>&lt;a href=&quot;x&quot;&gt;&#39;&amp;</b>1&lt;</p>',
  );
});
