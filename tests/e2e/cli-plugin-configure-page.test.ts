import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { type Home, type Run, useHomes } from '../support/home.ts';
import { type HttpRequest, httpRequest } from '../support/http-request.ts';
import { until } from '../support/processes.ts';
import { addSettings, origins, SETTINGS } from '../support/settings-market.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

const WORD = 'Cnry7Qz4411Wv';

type Answer = { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: string };

async function send(address: string, how: HttpRequest = {}): Promise<Answer> {
  const { status, headers, text } = await httpRequest(address, how);
  return { status, headers, body: await text() };
}

type Opened = {
  readonly home: Home;
  readonly run: Run;
  readonly address: string;
  readonly page: Answer;
  /** What the browser that opened it sends with its form. */
  readonly own: Readonly<Record<string, string>>;
  readonly formOf: (page: Answer, fields?: Readonly<Record<string, string>>) => string;
};

/** @param secret Stored before as the token. */
async function opened(secret?: string): Promise<Opened> {
  const home = createHome();
  const { token, region } = SETTINGS;
  await addSettings(home, { token, region });
  const env = { ...home.env, T: secret };
  if (secret !== undefined) await home.finish(['plugin', 'configure', 'poka', '--from-env', 'token=T'], { env });
  const run = home.run(['plugin', 'configure', 'poka', '--browser']);
  const address = await until(() => /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(run.stderr())?.[0]);
  const page = await send(address);
  const [cookie = ''] = String(page.headers['set-cookie']).split(';');
  const own = {
    cookie,
    origin: new URL(address).origin,
    'content-type': 'application/x-www-form-urlencoded',
  };
  const formOf: Opened['formOf'] = ({ body }, fields = {}) => {
    const [, form = ''] = /name="form" value="([^"]+)"/.exec(body) ?? [];
    const named = Object.entries(fields).map(([key, value]): [string, string] => [`setting.${key}`, value]);
    return new URLSearchParams([['form', form], ...named]).toString();
  };
  return { home, run, address, page, own, formOf };
}

test(proves('settings.page-guard'), async () => {
  const { home, run, address, page, own, formOf } = await opened();
  expect(new URL(address).pathname.length).toBeGreaterThan(22);
  expect(page.status).toBe(200);
  expect(page.headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'nonce-/) as string,
    'set-cookie': [expect.stringContaining('; HttpOnly; SameSite=Strict') as string],
  });
  expect(page.headers).not.toHaveProperty('access-control-allow-origin');
  expect(page.body).not.toContain('<script');

  const fields = { token: WORD, region: 'eu' };
  const body = formOf(page, fields);
  const port = new URL(address).port;
  const refused: readonly (readonly [number, Promise<Answer>])[] = [
    [403, send(address)],
    [404, send(`http://127.0.0.1:${port}/`)],
    [403, send(address, { headers: { ...own, host: `localhost:${port}` } })],
    [403, send(address, { headers: { ...own, host: 'evil.example' } })],
    [403, send(address, { method: 'POST', body, headers: { ...own, origin: 'https://evil.example' } })],
    [403, send(address, { method: 'POST', body, headers: { ...own, origin: 'null' } })],
    [403, send(address, { method: 'POST', body, headers: { ...own, cookie: 'plugboard_page=guess' } })],
    [405, send(address, { method: 'PUT', body, headers: own })],
    [415, send(address, { method: 'POST', body, headers: { ...own, 'content-type': 'text/plain' } })],
    [409, send(address, { method: 'POST', body: 'form=guess', headers: own })],
    [413, send(address, { method: 'POST', body: `${body}&x=${'a'.repeat(3_000_000)}`, headers: own })],
  ];
  for (const [status, answer] of refused) {
    const { status: got, body: text } = await answer;
    expect([got, text.includes(WORD), text.includes('name="form"')]).toEqual([status, false, false]);
  }
  expect(await origins(home)).toEqual({ token: 'unset', region: 'unset' });

  const wrong = await send(address, {
    method: 'POST',
    body: formOf(page, { token: WORD, region: 'mars' }),
    headers: own,
  });
  expect([wrong.status, wrong.body.includes(WORD)]).toEqual([422, false]);
  expect((await send(address, { method: 'POST', body, headers: own })).status).toBe(409);
  const saved = await send(address, { method: 'POST', body: formOf(wrong, { region: 'eu' }), headers: own });
  expect([saved.status, saved.body.includes('Saved')]).toEqual([200, true]);
  expect(await run.ended).toBe(0);
  await expect(send(address)).rejects.toThrow('ECONNREFUSED');
  expect(await origins(home)).toEqual({ token: 'secret', region: 'config' });
  expect(run.stdout() + run.stderr()).not.toContain(WORD);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s closes the page, and nothing is stored', async (signal) => {
  const { home, run, address } = await opened();
  run.child.kill(signal);
  expect(await run.ended).toBe(5);
  expect(run.stderr()).toContain('stopped; nothing was stored');
  await expect(send(address)).rejects.toThrow('ECONNREFUSED');
  expect(await origins(home)).toEqual({ token: 'unset', region: 'unset' });
});

/** Begins a POST whose body is longer than what is sent of it. Gives what breaks it off, once the server has it. */
async function begun(address: string, headers: Readonly<Record<string, string>>, body: string): Promise<() => void> {
  const length = String(Buffer.byteLength(body) + 1);
  const post = request(address, {
    method: 'POST',
    headers: { ...headers, 'content-length': length, expect: '100-continue' },
  });
  post.on('error', () => {}).flushHeaders();
  await new Promise((resolve) => post.once('continue', resolve));
  await new Promise((resolve) => post.write(body, resolve));
  return () => post.destroy();
}

test('a form that is broken off, or does not come to its end, is no answer and keeps nobody waiting', async () => {
  const { home, run, address, page, own, formOf } = await opened();
  const body = formOf(page, { token: WORD, region: 'us' });
  const breakOff = await begun(address, own, body);
  await begun(address, own, body);
  breakOff();
  expect((await send(address, { headers: own })).status).toBe(200);
  expect(await origins(home)).toEqual({ token: 'unset', region: 'unset' });
  const saved = await send(address, {
    method: 'POST',
    body: formOf(page, { token: WORD, region: 'eu' }),
    headers: own,
  });
  expect([saved.status, await run.ended, run.stderr().includes('INTERNAL')]).toEqual([200, 0, false]);
  expect(await origins(home)).toEqual({ token: 'secret', region: 'config' });
});

test('a form that came whole is stored, and the command ends, even when nobody waits for the answer', async () => {
  const { home, run, address, page, own, formOf } = await opened();
  const body = formOf(page, { token: WORD, region: 'eu' });
  const post = request(address, { method: 'POST', headers: own });
  post.on('error', () => {});
  await new Promise((resolve) => post.end(body, () => resolve(null)));
  post.destroy();
  expect(await run.ended).toBe(0);
  expect(await origins(home)).toEqual({ token: 'secret', region: 'config' });
});

test('a stored secret is taken away by its box, which contradicts a new value', async () => {
  const { home, run, address, page, own, formOf } = await opened(WORD);
  expect(page.body).toContain('Remove the stored value<span class="hidden"> of Access token</span>');
  const post = (body: string): Promise<Answer> => send(address, { method: 'POST', body, headers: own });
  const both = await post(`${formOf(page, { token: `${WORD}2`, region: 'eu' })}&remove.token=yes`);
  expect([both.status, both.body.includes('is to be removed: choose one'), both.body.includes(WORD)]).toEqual([
    422,
    true,
    false,
  ]);
  expect(both.body).toMatch(/name="remove\.token" value="yes" checked/);
  expect(await origins(home)).toEqual({ token: 'secret', region: 'unset' });
  const saved = await post(`${formOf(both, { region: 'eu' })}&remove.token=yes`);
  expect([saved.status, await run.ended]).toEqual([200, 1]);
  expect(run.stdout()).toContain("Removed for 'poka@acme': token.");
  expect(await origins(home)).toEqual({ token: 'unset', region: 'config' });
});

test('what cannot be stored is said on the page, which stays open', async () => {
  const { home, run, address, page, own, formOf } = await opened();
  const text = 'this is = = not TOML\n';
  const file = `${home.path}/config.toml`;
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, before + text);
  const failed = await send(address, {
    method: 'POST',
    body: formOf(page, { token: WORD, region: 'eu' }),
    headers: own,
  });
  expect([failed.status, failed.body.includes('It could not be saved'), failed.body.includes(WORD)]).toEqual([
    500,
    true,
    false,
  ]);
  writeFileSync(file, before);
  const saved = await send(address, { method: 'POST', body: formOf(failed, { region: 'eu' }), headers: own });
  expect(saved.status).toBe(200);
  expect(await run.ended).toBe(0);
  expect(await origins(home)).toEqual({ token: 'secret', region: 'config' });
});
