import { Agent } from 'undici';
import { afterAll, describe, expect, test } from 'vitest';
import { lightFetch } from '../../../src/upstreams/node/http-light-fetch.ts';
import { useFixtures } from '../../support/http-fixtures/fixtures.ts';
import { json, status } from '../../support/http-fixtures/mcp.ts';
import type { Answer } from '../../support/http-fixtures/serve.ts';

const { serve } = useFixtures();
const agent = new Agent();
afterAll(() => agent.destroy());

type Gist = { readonly ok: boolean; readonly status: number; readonly headers: object; readonly text: string };

const NAMES = ['content-type', 'X-Twice', 'x-none', 'location'];

describe('the light fetch tells the same as fetch', () => {
  const answers: readonly { readonly name: string; readonly answer: Answer }[] = [
    { name: 'JSON', answer: (_seen, response) => json(response, { a: ['ž', null] }) },
    { name: 'no body', answer: status(204) },
    { name: 'an error', answer: status(418, { 'content-type': 'text/plain' }, 'teapot') },
    { name: 'a redirect that is not followed', answer: status(307, { location: '/elsewhere' }) },
    {
      name: 'a header that comes twice',
      answer: (_seen, response) => void response.setHeader('x-twice', ['a', 'b']).writeHead(200).end('x'),
    },
  ];

  test.each(answers)('$name', async ({ answer }) => {
    const { url } = await serve(answer);
    const gist = async (response: {
      readonly ok: boolean;
      readonly status: number;
      readonly headers: { readonly get: (name: string) => string | null; readonly has: (name: string) => boolean };
      readonly text: () => Promise<string>;
    }): Promise<Gist> => ({
      ok: response.ok,
      status: response.status,
      headers: Object.fromEntries(
        NAMES.map((name) => [name, [response.headers.has(name), response.headers.get(name)]]),
      ),
      text: await response.text(),
    });
    const light = await gist(
      await lightFetch(agent, new URL(url), { method: 'POST', headers: { a: 'b' }, body: '{}' }),
    );
    const heavy = await gist(await fetch(url, { method: 'POST', body: '{}', redirect: 'manual' }));
    expect(light).toEqual(heavy);
  });
});

test('method, path with query, headers and body arrive as given', async () => {
  const { origin, seen } = await serve(status(200));
  const request = { method: 'DELETE', headers: { 'x-a': 'b' }, body: 'ž' };
  await (await lightFetch(agent, new URL(`${origin}/a%20b?c=d&e`), request)).text();
  expect(seen).toMatchObject([{ method: 'DELETE', path: '/a%20b?c=d&e', headers: { 'x-a': 'b' }, body: 'ž' }]);
});

test('an abort rejects the request, and a body that is being read', async () => {
  const { url } = await serve((_seen, response) => {
    response.writeHead(200);
    response.write('half');
  });
  const abort = new AbortController();
  const response = await lightFetch(agent, new URL(url), { method: 'GET', headers: {}, signal: abort.signal });
  const text = response.text();
  abort.abort();
  await expect(text).rejects.toThrow(/abort/i);
  const again = lightFetch(agent, new URL(url), { method: 'GET', headers: {}, signal: abort.signal });
  await expect(again).rejects.toThrow(/abort/i);
});
