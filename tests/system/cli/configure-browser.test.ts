import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proves } from '../../e2e/support/proves.ts';
import { type Home, type Run, useHomes } from '../../support/home.ts';
import { until } from '../../support/processes.ts';
import { addSettings, origins, SETTINGS, settingsText } from '../../support/settings-market.ts';

const createHome = useHomes();

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Set to keep the pictures. */
const PICTURES = process.env['PLUGBOARD_PICTURES'] ?? mkdtempSync(join(tmpdir(), 'plugboard-pictures-'));

const TOKEN = 'Cnry7Qz4411Wv';

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(() => browser.close());

type Look = 'light' | 'dark' | 'narrow';

const open = async (look: Look): Promise<BrowserContext> =>
  browser.newContext({
    colorScheme: look === 'dark' ? 'dark' : 'light',
    viewport: look === 'narrow' ? { width: 360, height: 740 } : { width: 1100, height: 900 },
  });

async function pageOf(run: Run): Promise<string> {
  return until(() => /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(run.stderr())?.[0]);
}

/** A picture, and what axe finds. */
async function inspect(page: Page, name: string): Promise<readonly string[]> {
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${name}: ${id} ${nodes.map(({ html }) => html).join(' ')}`);
}

async function configured(): Promise<{ readonly home: Home; readonly run: Run; readonly address: string }> {
  const home = createHome();
  await addSettings(home, SETTINGS, { env: { POKA_TOKEN: '${user_config.token}' } });
  const run = home.run(['plugin', 'configure', 'poka', '--browser']);
  return { home, run, address: await pageOf(run) };
}

test.each<Look>(['light', 'dark', 'narrow'])(`${proves('settings.browser')}: %s`, async (kind) => {
  const { home, run, address } = await configured();
  const docs = join(home.folder, 'docs');
  mkdirSync(docs);
  const context = await open(kind);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => problems.push(message.text()));
  await page.goto(address);
  const found = [...(await inspect(page, `${kind}-1-empty`))];

  await page.getByLabel('Access token').fill('short');
  await page.getByLabel('Port').fill('80a');
  await page.getByLabel('Folders').fill(`${docs}\n~/nowhere`);
  await page.getByLabel('Label').fill('ABC');
  await page.getByRole('button', { name: 'Save' }).click();
  expect(await page.getByRole('alert').getByRole('listitem').allTextContents()).toEqual([
    'Access token must be at least 8 characters',
    'Region is required',
    'Port must be a number',
    'Folders (item 2) must be a directory that exists and that you may read',
    '<b>Label</b> & "more" does not have the form that the plugin wants, the pattern `[a-z]+`',
  ]);
  const token = page.getByLabel('Access token');
  expect(await token.evaluate((field) => field === field.ownerDocument.activeElement)).toBe(true);
  expect(await token.getAttribute('aria-invalid')).toBe('true');
  expect(await token.inputValue()).toBe('');
  found.push(...(await inspect(page, `${kind}-2-wrong`)));
  expect(await origins(home)).toMatchObject({ token: 'unset', region: 'unset' });

  await token.fill(TOKEN);
  await page.getByLabel('Region').selectOption('us');
  await page.getByLabel('Port').fill('70000');
  await page.getByLabel('Folders').fill(docs);
  await page.getByLabel('Label').fill('abc');
  await page.getByRole('button', { name: 'Save' }).click();
  expect(await page.getByRole('alert').getByRole('listitem').allTextContents()).toEqual(['Port must be at most 65535']);
  expect(await page.getByText('Entered. Leave empty to keep it.').count()).toBe(1);
  expect(await page.content()).not.toContain(TOKEN);

  await page.getByLabel('Port').fill('8443');
  await page.getByLabel('Verbose log').selectOption('Yes');
  await page.getByLabel('read').check();
  await page.getByLabel('admin').check();
  await page.getByLabel('Extra keys').fill('first\nsecond');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Saved' }).waitFor();
  found.push(...(await inspect(page, `${kind}-3-saved`)));
  expect(await run.ended).toBe(0);
  expect(run.stdout()).toContain("Stored for 'poka@acme': token, region, port, folders, verbose, label, scopes, keys.");
  expect(found).toEqual([]);
  expect(problems.filter((text) => !text.includes('favicon') && !text.includes('422'))).toEqual([]);
  expect(page.url()).toBe(address);
  expect(run.stdout() + run.stderr()).not.toContain(TOKEN);

  await expect(fetch(address)).rejects.toThrow('fetch failed');
  expect(await origins(home)).toEqual({
    token: 'secret',
    region: 'config',
    port: 'config',
    folders: 'config',
    cert: 'unset',
    verbose: 'config',
    label: 'config',
    scopes: 'config',
    keys: 'secret',
  });
  expect(settingsText(home)).toBe(
    [
      '[plugins."poka@acme"]',
      'enabled = true',
      'user_config.region = "us"',
      'user_config.port = 8443',
      `user_config.folders = [${JSON.stringify(docs)}]`,
      'user_config.verbose = true',
      'user_config.label = "abc"',
      'user_config.scopes = ["read", "admin"]',
      '',
    ].join('\n'),
  );
  await context.close();
});

test('what is set is kept when its field is left empty, and what is emptied and not secret is taken away', async () => {
  const { home, run, address } = await configured();
  run.child.kill('SIGINT');
  await run.ended;
  const env = { ...home.env, T: TOKEN };
  const args = ['plugin', 'configure', 'poka', '--from-env', 'token=T', '--set', 'region=eu', '--set', 'label=abc'];
  expect((await home.finish(args, { env })).status).toBe(0);
  const again = home.run(['plugin', 'configure', 'poka', '--browser', '--json']);
  const context = await open('light');
  const page = await context.newPage();
  const second = await pageOf(again);
  expect(second).not.toBe(address);
  await page.goto(second);
  expect(await page.getByText('Set. Leave empty to keep it.').count()).toBe(1);
  expect(await page.getByLabel('Label').inputValue()).toBe('abc');
  await page.getByLabel('Label').fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Saved' }).waitFor();
  expect(await again.ended).toBe(0);
  expect(JSON.parse(again.stdout())).toMatchObject({ stored: [], removed: ['label'], missing: [] });
  expect(await origins(home)).toMatchObject({ token: 'secret', region: 'config', label: 'unset' });
  await context.close();
});

test(proves('settings.page-guard'), async () => {
  const { run, address } = await configured();
  const [first, second] = [await open('light'), await open('light')];
  const [mine, other] = [await first.newPage(), await second.newPage()];
  await mine.goto(address);
  expect((await other.goto(address))?.status()).toBe(403);
  expect(await other.getByRole('heading').textContent()).toContain('Open in another browser');
  expect(await inspect(other, 'refused')).toEqual([]);
  expect((await mine.reload())?.status()).toBe(200);
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(5);
  expect(run.stderr()).toContain('stopped; nothing was stored');
  await Promise.all([first.close(), second.close()]);
});

test('a page of another site cannot send the form, also when it knows the address', async () => {
  const { home, run, address } = await configured();
  const context = await open('light');
  const page = await context.newPage();
  await page.goto(address);
  const stranger = await context.newPage();
  await stranger.goto(address.replace('127.0.0.1', 'localhost')).catch(() => null);
  expect(await stranger.getByRole('heading').textContent()).toContain('Not allowed');
  writeFileSync(join(home.folder, 'other.html'), `<form method="post" action="${address}"><input name="form"></form>`);
  await stranger.goto(`file://${join(home.folder, 'other.html')}`);
  await stranger.evaluate(() =>
    (globalThis as unknown as { document: { forms: { submit: () => void }[] } }).document.forms[0]?.submit(),
  );
  await stranger.getByRole('heading').waitFor();
  expect(await stranger.getByRole('heading').textContent()).toMatch(/Not allowed|Open in another browser/);
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(5);
  await context.close();
});

test('where there is a screen, the browser of the desktop is opened at the address', async () => {
  const home = createHome();
  await addSettings(home, { region: SETTINGS.region });
  const [program, opened] = [join(home.folder, 'browser'), join(home.folder, 'opened')];
  writeFileSync(program, `#!/bin/sh\nprintf %s "$1" > '${opened}'\n`, { mode: 0o700 });
  // Without descriptions of programs the opener of the desktop takes what BROWSER says.
  const desktop = { DISPLAY: ':99', BROWSER: program, XDG_DATA_DIRS: join(home.folder, 'none') };
  const run = home.run(['plugin', 'configure', 'poka', '--browser'], { env: { ...home.env, ...desktop } });
  const address = await pageOf(run);
  await expect.poll(() => existsSync(opened) && readFileSync(opened, 'utf8')).toBe(address);
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(5);
});
