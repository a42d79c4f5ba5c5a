import { expect, test } from 'vitest';
import { Secret } from '../../../src/kernel/index.ts';
import { sendHeaders } from '../../../src/upstreams/node/index.ts';
import { connect } from '../../support/http-fixtures/client.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import { mcp } from '../../support/http-fixtures/mcp.ts';

const { serve } = useFixtures();
const TOKEN = 'wp-5f2e9c41-b7d0';
const WRITTEN = 'https://api.example/mcp?key=${secret:KEY}';

test('a secret address and a secret header arrive as they are', async () => {
  const { url, seen } = await serve(mcp());
  const client = await connect(url, {
    url: new Secret('url', `${url}?key=${TOKEN}`),
    writtenUrl: WRITTEN,
    headers: sendHeaders({
      headers: { 'x-token': new Secret('x-token', TOKEN) },
      helper: null,
      version: '1',
      onDropped: () => {},
    }),
  });
  await client.open();
  expect(seen[0]).toMatchObject({ path: `/mcp?key=${TOKEN}`, headers: { 'x-token': TOKEN } });
});

test.each([
  { name: 'refused', url: `http://127.0.0.1:1/${TOKEN}`, want: { kind: 'refused', address: WRITTEN } },
  { name: 'not found', url: `http://${TOKEN}.invalid/`, want: { kind: 'dns', host: WRITTEN } },
])('where a secret address is $name, the written one is shown', async ({ url, want }) => {
  const client = await connect('', { url: new Secret('url', url), writtenUrl: WRITTEN });
  const answer = await client.open();
  expect(answer).toEqual(want);
  expect(JSON.stringify([client.ends, client.odds, client.logged()])).not.toContain(TOKEN);
});

test.each([
  { name: 'is no address', url: TOKEN, problem: 'must be a URL such as "https://mcp.example.com/mcp"' },
  { name: 'has another protocol', url: `file:///${TOKEN}`, problem: 'must start with http:// or https://' },
  {
    name: 'holds a password',
    url: `https://me:${TOKEN}@h.example/`,
    problem: 'must not hold a user name or password; use `http_headers`',
  },
  {
    name: 'ends the host where nobody sees it',
    url: `https://h.example\\@${TOKEN}`,
    problem: 'must not hold a backslash, a `#`, a tab or a line break',
  },
])('what $name once it is filled in is not used, and not shown', async ({ url, problem }) => {
  for (const filled of [url, new Secret('url', url)])
    await expect(connect('', { url: filled, writtenUrl: WRITTEN })).rejects.toMatchObject({
      reason: { kind: 'protocol', detail: `with its values, "url" ${problem}` },
    });
});
