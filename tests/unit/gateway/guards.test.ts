import { describe, expect, test } from 'vitest';
import { isLoopback } from '../../../src/config/index.ts';
import {
  bearerToken,
  checkAccept,
  checkContentType,
  checkHost,
  checkOrigin,
  checkProtocolVersion,
} from '../../../src/gateway/guards.ts';
import { negotiateVersion, primesStreams } from '../../../src/gateway/versions.ts';

/** The code of what was thrown, or null. */
function codeOf(check: () => unknown): unknown {
  try {
    check();
    return null;
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
}

test.each([
  ['127.0.0.1', true],
  ['127.5.6.7', true],
  ['localhost', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.0.1', false],
  ['127.0.0.1.example.com', false],
  ['1127.0.0.1', false],
])('%s is loopback: %s', (host, want) => expect(isLoopback(host)).toBe(want));

describe('the Host header', () => {
  test.each([
    'localhost',
    'LOCALHOST',
    'localhost:7450',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:7450',
    'named.example.com',
    'NAMED.example.com:8443',
    'exact.example.com:99',
  ])('%s is fine', (header) => {
    expect(codeOf(() => checkHost(header, ['Named.example.com', 'exact.example.com:99']))).toBeNull();
  });

  test.each([
    undefined,
    '',
    'example.com',
    'localhost.example.com',
    'named.example.com.evil.example',
    'xnamed.example.com',
    'exact.example.com:98',
    '127.0.0.1@evil.example',
    'localhost:7450:1',
    '[::1',
    '::1',
  ])('%s is refused', (header) => {
    expect(codeOf(() => checkHost(header, ['named.example.com', 'exact.example.com:99']))).toBe(
      'HTTP_HOST_NOT_ALLOWED',
    );
  });
});

describe('the Origin header', () => {
  const allowed = ['https://console.example.com'];
  test.each([
    { origin: undefined, want: null },
    { origin: 'https://console.example.com', want: 'https://console.example.com' },
    { origin: 'http://localhost:7450', want: 'http://localhost:7450' },
    { origin: 'https://localhost:7450', want: 'https://localhost:7450' },
  ])('$origin is answered with $want', ({ origin, want }) => {
    expect(checkOrigin(origin, 'localhost:7450', allowed)).toBe(want);
  });

  test.each([
    'null',
    '',
    'http://console.example.com',
    'https://console.example.com:444',
    'http://localhost',
    'http://localhost:7451',
  ])('"%s" is refused', (origin) => {
    expect(codeOf(() => checkOrigin(origin, 'localhost:7450', allowed))).toBe('HTTP_ORIGIN_NOT_ALLOWED');
  });
});

test.each([
  ['application/json', null],
  ['Application/JSON ; charset=utf-8', null],
  [undefined, 'HTTP_CONTENT_TYPE'],
  ['', 'HTTP_CONTENT_TYPE'],
  ['application/json-rpc', 'HTTP_CONTENT_TYPE'],
  ['text/plain, application/json', 'HTTP_CONTENT_TYPE'],
])('content type %s: %s', (header, want) => expect(codeOf(() => checkContentType(header))).toBe(want));

test.each([
  ['application/json, text/event-stream', null],
  ['text/event-stream;q=0.1,application/json;q=0', null],
  ['*/*', null],
  ['application/*,text/*', null],
  [undefined, 'HTTP_NOT_ACCEPTABLE'],
  ['application/json', 'HTTP_NOT_ACCEPTABLE'],
  ['text/html, text/event-stream', 'HTTP_NOT_ACCEPTABLE'],
])('accept %s: %s', (header, want) => {
  expect(codeOf(() => checkAccept(header, ['application/json', 'text/event-stream']))).toBe(want);
});

test.each([
  [undefined, null],
  ['2025-11-25', null],
  ['2025-06-18', null],
  ['2025-03-26', null],
  ['2024-11-05', null],
  ['2024-01-01', 'HTTP_PROTOCOL_VERSION'],
  ['', 'HTTP_PROTOCOL_VERSION'],
])('revision header %s: %s', (header, want) => expect(codeOf(() => checkProtocolVersion(header))).toBe(want));

test.each([
  ['Bearer abc', 'abc'],
  ['bearer  pb_A-b.c~d+e/f=', 'pb_A-b.c~d+e/f='],
  ['Bearer abc ', 'abc'],
  [undefined, null],
  ['', null],
  ['Bearer', null],
  ['Bearer ', null],
  ['Bearer a b', null],
  ['Bearer a,b', null],
  ['Basic abc', null],
])('Authorization "%s" holds %s', (header, want) => expect(bearerToken(header)).toBe(want));

test.each([
  ['2025-11-25', '2025-11-25'],
  ['2025-06-18', '2025-06-18'],
  ['2025-03-26', '2025-03-26'],
  ['2024-11-05', '2024-11-05'],
  ['2030-01-01', '2025-11-25'],
  [undefined, '2025-11-25'],
  [20251125, '2025-11-25'],
])('wanting revision %s is given %s', (wanted, want) => expect(negotiateVersion(wanted)).toBe(want));

test.each([
  [null, false],
  ['2024-11-05', false],
  ['2025-06-18', false],
  ['2025-11-25', true],
])('streams of revision %s begin with an empty event: %s', (version, want) =>
  expect(primesStreams(version)).toBe(want),
);
