import type { ServerOptions } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { HttpTransportOptions } from '../../../src/upstreams/node/http-transport.ts';
import { connect, echo } from '../../support/http-fixtures/client.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import { mcp } from '../../support/http-fixtures/mcp.ts';
import { testKey, testKeyPath } from '../../support/http-fixtures/serve.ts';

const { serve } = useFixtures();

const nothing: HttpTransportOptions['tls'] = { caFile: null, clientCertFile: null, clientKeyFile: null };
const trusting = { ...nothing, caFile: testKeyPath('ca') };
const identified = { ...trusting, clientCertFile: testKeyPath('client'), clientKeyFile: testKeyPath('client-key') };

function certificate(name: string): ServerOptions {
  return { cert: testKey(name), key: testKey(`${name}-key`) };
}

describe('certificates of servers', () => {
  test('an authority of ca_file is trusted', async () => {
    const { url } = await serve(mcp(), { tls: certificate('server') });
    const client = await connect(url, { tls: trusting });
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
  });

  test('a self-signed certificate that is its own ca_file is trusted', async () => {
    const { url } = await serve(mcp(), { tls: certificate('self-signed') });
    const client = await connect(url, { tls: { ...nothing, caFile: testKeyPath('self-signed') } });
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
  });

  test.each([
    {
      name: 'a self-signed one',
      key: 'self-signed',
      tls: nothing,
      detail: 'the certificate is self-signed (DEPTH_ZERO_SELF_SIGNED_CERT)',
    },
    {
      name: 'one of an unknown authority',
      key: 'server',
      tls: nothing,
      detail: 'the certificate comes from an authority that is not trusted here (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    },
    {
      name: 'an expired one',
      key: 'expired',
      tls: trusting,
      detail: 'the certificate has expired (CERT_HAS_EXPIRED)',
    },
    {
      name: 'one for another host',
      key: 'other-host',
      tls: trusting,
      detail: 'the certificate is for another host (ERR_TLS_CERT_ALTNAME_INVALID)',
    },
  ])('$name is refused, and nothing is sent', async ({ key, tls, detail }) => {
    const { url, seen } = await serve(mcp(), { tls: certificate(key) });
    const client = await connect(url, { tls });
    expect(await client.open()).toEqual({ kind: 'tls', detail });
    expect(seen).toEqual([]);
  });

  test('https to a server without TLS', async () => {
    const { url } = await serve(mcp());
    const client = await connect(url.replace('http:', 'https:'));
    expect(await client.open()).toMatchObject({
      kind: 'tls',
      detail: expect.stringMatching(/^the server does not speak TLS here/),
    });
  });

  test('http to a server with TLS', async () => {
    const { url } = await serve(mcp(), { tls: certificate('server') });
    const client = await connect(url.replace('https:', 'http:'));
    expect(await client.open()).toMatchObject({ kind: expect.stringMatching(/^(network|protocol|http_status)$/) });
  });
});

describe('certificates of ours', () => {
  const wantsOne: ServerOptions = {
    ...certificate('server'),
    requestCert: true,
    rejectUnauthorized: true,
    ca: testKey('ca'),
  };

  test('a server that wants one gets it', async () => {
    const { url } = await serve(mcp(), { tls: wantsOne });
    const client = await connect(url, { tls: identified });
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
  });

  test('a server that wants one and gets none', async () => {
    const { url } = await serve(mcp(), { tls: wantsOne });
    const client = await connect(url, { tls: trusting });
    expect(await client.open()).toMatchObject({ kind: expect.stringMatching(/^(tls|network)$/) });
  });

  test.each([
    {
      name: 'a file that does not exist',
      tls: { ...nothing, caFile: '/nowhere/ca.pem' },
      detail: /^ca_file cannot be read: \/nowhere\/ca.pem \(ENOENT\)$/,
    },
    {
      name: 'a device whose reading never ends',
      tls: { ...nothing, caFile: '/dev/zero' },
      detail: /^ca_file is not a file: \/dev\/zero$/,
    },
    {
      name: 'a device that has nothing to read',
      tls: { ...nothing, clientKeyFile: '/dev/ptmx' },
      detail: /^client_key_file is not a file: \/dev\/ptmx$/,
    },
    {
      name: 'a file that is much too large',
      tls: { ...nothing, caFile: process.execPath },
      detail: /^ca_file is larger than 1 MiB: /,
    },
    {
      name: 'a file that is no certificate',
      tls: { ...nothing, caFile: testKeyPath('client-key') },
      detail: /^ca_file holds no PEM certificate: .*\/client-key\.pem$/,
    },
    {
      name: 'a key that does not fit',
      tls: { ...identified, clientKeyFile: testKeyPath('server-key') },
      detail: /^the certificate files cannot be used \(/,
    },
  ])('$name is said at the start', async ({ tls, detail }) => {
    const started = connect('https://127.0.0.1:1/mcp', { tls });
    await expect(started).rejects.toMatchObject({
      reason: { kind: 'tls', detail: expect.stringMatching(detail) },
    });
  });
});

test('the test server does what these tests take for granted', async () => {
  const { port } = await serve(mcp(), { tls: certificate('server') });
  const socket = connectTls({ port, host: '127.0.0.1', ca: testKey('ca') });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  expect(socket.authorized).toBe(true);
  socket.destroy();
});
