import { describe, expect, test } from 'vitest';
import { connect, echo } from '../../support/http-fixtures/client.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import { mcp } from '../../support/http-fixtures/mcp.ts';
import type { Proxy } from '../../support/http-fixtures/proxy.ts';
import { testKey, testKeyPath } from '../../support/http-fixtures/serve.ts';

const { serve, startProxy } = useFixtures();

describe('proxies', () => {
  test.each([
    { name: 'HTTP_PROXY', env: (proxy: Proxy) => ({ HTTP_PROXY: proxy.url }), used: true },
    { name: 'http_proxy', env: (proxy: Proxy) => ({ http_proxy: proxy.url }), used: true },
    {
      name: 'http_proxy before HTTP_PROXY',
      env: (proxy: Proxy) => ({ http_proxy: proxy.url, HTTP_PROXY: 'http://127.0.0.1:1' }),
      used: true,
    },
    {
      name: 'an address without a scheme',
      env: (proxy: Proxy) => ({ HTTP_PROXY: proxy.url.replace('http://', '') }),
      used: true,
    },
    { name: 'ALL_PROXY', env: (proxy: Proxy) => ({ ALL_PROXY: proxy.url }), used: true },
    { name: 'HTTPS_PROXY does not count for http', env: (proxy: Proxy) => ({ HTTPS_PROXY: proxy.url }), used: false },
    { name: 'an empty HTTP_PROXY', env: () => ({ HTTP_PROXY: ' ' }), used: false },
    {
      name: 'NO_PROXY with the host',
      env: (proxy: Proxy) => ({ HTTP_PROXY: proxy.url, NO_PROXY: 'a.example,127.0.0.1' }),
      used: false,
    },
    { name: 'NO_PROXY=*', env: (proxy: Proxy) => ({ ALL_PROXY: proxy.url, no_proxy: '*' }), used: false },
    {
      name: 'NO_PROXY with other hosts',
      env: (proxy: Proxy) => ({ HTTP_PROXY: proxy.url, NO_PROXY: 'a.example' }),
      used: true,
    },
  ])('$name', async ({ env, used }) => {
    const proxy = await startProxy();
    const { url } = await serve(mcp());
    const client = await connect(url, { env: env(proxy) });
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(proxy.seen.includes(`POST ${url}`)).toBe(used);
  });

  test('https goes through a tunnel, with our authorities and our certificate inside', async () => {
    const proxy = await startProxy();
    const tls = { cert: testKey('server'), key: testKey('server-key'), requestCert: true, ca: testKey('ca') };
    const { url, port } = await serve(mcp(), { tls });
    const client = await connect(url, {
      env: { HTTPS_PROXY: proxy.url },
      tls: {
        caFile: testKeyPath('ca'),
        clientCertFile: testKeyPath('client'),
        clientKeyFile: testKeyPath('client-key'),
      },
    });
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(new Set(proxy.seen)).toEqual(new Set([`CONNECT 127.0.0.1:${port}`]));
  });

  test('a certificate is checked inside the tunnel as outside', async () => {
    const proxy = await startProxy();
    const tls = { cert: testKey('self-signed'), key: testKey('self-signed-key') };
    const { url } = await serve(mcp(), { tls });
    const client = await connect(url, { env: { HTTPS_PROXY: proxy.url } });
    expect(await client.open()).toMatchObject({ kind: 'tls' });
  });

  test('name and password of the address are for the proxy, not for the server', async () => {
    const proxy = await startProxy();
    const { url, seen } = await serve(mcp());
    const client = await connect(url, { env: { HTTP_PROXY: proxy.url.replace('http://', 'http://me:pass%20word@') } });
    await client.open();
    expect(await client.call({ a: '1' })).toEqual(echo({ a: '1' }));
    expect(proxy.credentials[0]).toBe(`Basic ${Buffer.from('me:pass word').toString('base64')}`);
    expect(seen.map((one) => one.headers.authorization)).toEqual(seen.map(() => undefined));
  });

  test.each([
    { name: 'refuses a tunnel', tls: true },
    { name: 'refuses to forward', tls: false },
  ])('a proxy that $name', async ({ tls }) => {
    const proxy = await startProxy({ refuses: true });
    const { url, seen } = await serve(
      mcp(),
      tls ? { tls: { cert: testKey('server'), key: testKey('server-key') } } : {},
    );
    const client = await connect(url, { env: { ALL_PROXY: proxy.url } });
    expect(await client.open()).toMatchObject({ kind: 'network' });
    expect(seen).toEqual([]);
  });

  test('a proxy that is not there', async () => {
    const { url } = await serve(mcp());
    const client = await connect(url, { env: { HTTP_PROXY: 'http://127.0.0.1:9' } });
    expect(await client.open()).toEqual({ kind: 'refused', address: '127.0.0.1:9' });
  });

  test('an address of a proxy that is none says so without repeating it', async () => {
    const started = connect('http://127.0.0.1:1/mcp', { env: { HTTP_PROXY: 'http://me:canary-7f3a@:x' } });
    await expect(started).rejects.toMatchObject({
      reason: { kind: 'network', detail: 'the address of the proxy is not valid' },
    });
  });
});
