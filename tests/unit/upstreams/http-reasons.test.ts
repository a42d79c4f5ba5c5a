import { describe, expect, test } from 'vitest';
import { reasonOfError, reasonOfStatus } from '../../../src/upstreams/http-reasons.ts';
import { planReopen } from '../../../src/upstreams/http-waits.ts';
import { TransportEnded } from '../../../src/upstreams/transport.ts';

const url = new URL('https://mcp.example:8443/mcp');

function coded(code: string, more: object = {}): Error {
  return Object.assign(new Error('c4nary'), { code, ...more });
}

describe('why an exchange failed', () => {
  test.each([
    {
      name: 'refused',
      error: coded('ECONNREFUSED', { address: '10.0.0.1', port: 8443 }),
      reason: { kind: 'refused', address: '10.0.0.1:8443' },
    },
    {
      name: 'refused at every address of a name',
      error: Object.assign(new AggregateError([coded('ECONNREFUSED', { address: '::1', port: 1 })]), {
        code: 'ECONNREFUSED',
      }),
      reason: { kind: 'refused', address: '::1:1' },
    },
    {
      name: 'a name that does not exist',
      error: coded('ENOTFOUND', { hostname: 'proxy.example' }),
      reason: { kind: 'dns', host: 'proxy.example' },
    },
    { name: 'a resolver that is away', error: coded('EAI_AGAIN'), reason: { kind: 'dns', host: 'mcp.example' } },
    {
      name: 'a code inside a wrapper',
      error: Object.assign(coded('UND_ERR_PRX_TLS'), { cause: coded('CERT_HAS_EXPIRED') }),
      reason: { kind: 'tls', detail: 'the certificate has expired (CERT_HAS_EXPIRED)' },
    },
    {
      name: 'any other word of OpenSSL',
      error: coded('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'),
      reason: { kind: 'tls', detail: 'the handshake failed (ERR_SSL_TLSV1_ALERT_UNKNOWN_CA)' },
    },
    {
      name: 'reset',
      error: coded('ECONNRESET'),
      reason: { kind: 'network', detail: 'the server closed the connection (ECONNRESET)' },
    },
    {
      name: 'a code nobody knows',
      error: coded('EWHATEVER'),
      reason: { kind: 'network', detail: 'the exchange failed (EWHATEVER)' },
    },
    { name: 'connections that we closed', error: coded('UND_ERR_DESTROYED'), reason: { kind: 'closed' } },
    { name: 'no code at all', error: new TypeError('c4nary'), reason: { kind: 'network', detail: 'TypeError' } },
    { name: 'no error at all', error: 'c4nary', reason: { kind: 'network', detail: 'unknown error' } },
    {
      name: 'a reason that is known already',
      error: new TransportEnded({ kind: 'too_large', limitBytes: 1 }),
      reason: { kind: 'too_large', limitBytes: 1 },
    },
  ])('$name', ({ error, reason }) => {
    expect(reasonOfError(error, url)).toEqual(reason);
  });
});

describe('what a status means', () => {
  test.each([
    { facts: { status: 404 }, reason: { kind: 'http_status', status: 404 } },
    {
      facts: {
        status: 401,
        sentCredentials: true,
        challenge: 'Bearer error="invalid_token", error_description="c4nary"',
      },
      reason: { kind: 'auth', status: 401, detail: 'the server refused the credentials (HTTP 401, invalid_token)' },
    },
    {
      facts: { status: 403, challenge: 'Bearer error="c4nary"' },
      reason: { kind: 'auth', status: 403, detail: 'the server wants credentials (HTTP 403)' },
    },
  ])('$facts.status $facts.challenge', ({ facts, reason }) => {
    expect(reasonOfStatus({ challenge: null, sentCredentials: false, ...facts })).toEqual(reason);
  });
});

test.each([
  { retryMs: null, failures: 0, waitMs: 1_000 },
  { retryMs: null, failures: 2, waitMs: 2_250 },
  { retryMs: null, failures: 50, waitMs: 30_000 },
  { retryMs: 0, failures: 0, waitMs: 10 },
  { retryMs: 500, failures: 0, waitMs: 500 },
  { retryMs: 500, failures: 1, waitMs: 1_500 },
  { retryMs: 1e15, failures: 0, waitMs: 60_000 },
])('a stream whose server asked for $retryMs ms waits $waitMs after $failures failures', ({ waitMs, ...facts }) => {
  expect(planReopen(facts.retryMs, facts.failures)).toBe(waitMs);
});
