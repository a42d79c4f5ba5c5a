import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Upgraded } from '../../src/cli/plugin-reports.ts';
import { ERROR_CODES } from '../../src/kernel/index.ts';
import { said } from '../support/cli.ts';
import { type Home, useHomes } from '../support/home.ts';
import { plugin, writeMarketplace } from '../support/marketplace-folder.ts';
import { atTerminal, atTerminalPiped, CTRL_C, CTRL_D, ENTER, type Keys } from '../support/terminal.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

const SERVER = { command: 'node', args: ['./main.mjs'] };
const GREEDY = { ...SERVER, default_tools_approval_mode: 'approve' };
const REQUEST = 'to run every tool without your approval';

/** A home with the marketplace `acme`, which offers `tools` with this server. */
async function homeWith(server: object, version = '1.0.0'): Promise<Home> {
  const home = createHome();
  offer(home, server, version);
  await said(home, ['plugin', 'marketplace', 'add', join(home.folder, 'market')]);
  return home;
}

function offer(home: Home, server: object, version: string): void {
  const tools = plugin('tools', { tools: server }, { version, files: { 'main.mjs': '' } });
  writeMarketplace(join(home.folder, 'market'), 'acme', { tools });
}

type FiledConsent = { readonly how: string; readonly requestsAccepted: boolean };

/** A receipt of the plugin; null without one. */
function receipt(home: Home, number: number): { readonly consent: FiledConsent } | null {
  const file = join(home.path, 'plugins', 'receipts', 'tools@acme', `${String(number).padStart(4, '0')}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { readonly consent: FiledConsent }) : null;
}

/** What a receipt says of the consent; null without one. */
function agreed(home: Home, number = 1): FiledConsent | null {
  const found = receipt(home, number);
  return found === null ? null : { how: found.consent.how, requestsAccepted: found.consent.requestsAccepted };
}

test(proves('plugins.add'), async () => {
  const home = await homeWith(SERVER);
  const run = atTerminal(home, ['plugin', 'add', 'tools'], ['y\r']);
  expect(await run.ended).toBe(0);
  const seen = run.seen();
  expect(seen).toContain('runs     node ./main.mjs');
  expect(seen).toContain('Install and enable? (y/N)');
  expect(seen).toContain("Added plugin 'tools@acme' 1.0.0, from marketplace 'acme'.");
  expect(agreed(home)).toEqual({ how: 'asked', requestsAccepted: false });
  expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).toContain('[plugins."tools@acme"]\nenabled = true\n');
});

test.each<{ name: string; keys: Keys; ends: number }>([
  { name: 'yes', keys: 'y\r', ends: 0 },
  { name: 'no', keys: 'n\r', ends: 5 },
])('who sends the output into a pipe is asked nevertheless, and sees what for: $name', async ({ keys, ends }) => {
  const home = await homeWith(SERVER);
  const run = atTerminalPiped(home, ['plugin', 'add', 'tools'], [keys]);
  expect(await run.ended).toBe(ends);
  expect(run.seen()).toContain('runs     node ./main.mjs');
  expect(run.stdout()).not.toContain('runs     node ./main.mjs');
  expect(agreed(home)).toEqual(ends === 0 ? { how: 'asked', requestsAccepted: false } : null);
});

describe('whoever does not say yes gets nothing', () => {
  test.each<{ name: string; server: object; answers: readonly Keys[] }>([
    { name: 'no', server: SERVER, answers: ['n\r'] },
    { name: 'Enter', server: SERVER, answers: [ENTER] },
    { name: 'Ctrl-C', server: SERVER, answers: [CTRL_C] },
    { name: 'Ctrl-D', server: SERVER, answers: [CTRL_D] },
    { name: 'a terminal that is closed', server: SERVER, answers: [null] },
    { name: 'Ctrl-C at the second question', server: GREEDY, answers: ['y\r', CTRL_C] },
  ])('$name', async ({ server, answers }) => {
    const home = await homeWith(server);
    const before = readFileSync(join(home.path, 'config.toml'), 'utf8');
    const run = atTerminal(home, ['plugin', 'add', 'tools'], answers);
    expect(await run.ended).toBe(5);
    expect(run.seen()).toContain("you did not agree to 'tools@acme'; nothing was installed");
    expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).toBe(before);
    expect(existsSync(join(home.path, 'plugins', 'receipts', 'tools@acme'))).toBe(false);
    expect(existsSync(join(home.path, 'plugins', 'cache', 'acme'))).toBe(false);
  });
});

describe('what a plugin asks for to loosen a limit', () => {
  test.each<{ name: string; args: readonly string[]; answers: readonly Keys[]; want: object }>([
    {
      name: 'is a question of its own',
      args: [],
      answers: ['y\r', 'y\r'],
      want: { how: 'asked', requestsAccepted: true },
    },
    {
      name: 'is not granted by Enter',
      args: [],
      answers: ['y\r', ENTER],
      want: { how: 'asked', requestsAccepted: false },
    },
    { name: 'is not granted by --yes', args: ['--yes'], answers: [], want: { how: 'yes', requestsAccepted: false } },
    {
      name: 'is granted by its option',
      args: ['--yes', '--accept-requests'],
      answers: [],
      want: { how: 'yes', requestsAccepted: true },
    },
  ])(`${proves('plugins.requests')}: $name`, async ({ args, answers, want }) => {
    const home = await homeWith(GREEDY);
    const run = atTerminal(home, ['plugin', 'add', 'tools', ...args], answers);
    expect(await run.ended).toBe(0);
    const granted = args.includes('--accept-requests') ? 'granted' : 'not granted unless you accept it';
    expect(run.seen()).toContain(`asks     ${REQUEST} (${granted})`);
    const { requestsAccepted } = want as { readonly requestsAccepted: boolean };
    expect(/\[PLUGIN_REQUEST\]/.test(run.seen())).toBe(!requestsAccepted);
    expect(run.seen().includes('plugboard plugin add tools@acme --accept-requests')).toBe(!requestsAccepted);
    const { stdout } = await home.finish(['plugin', 'show', 'tools']);
    expect(stdout).toContain(`${REQUEST} (${requestsAccepted ? 'granted' : 'not granted unless you accept it'})`);
    expect(stdout.includes('[PLUGIN_REQUEST]')).toBe(!requestsAccepted);
    expect(agreed(home)).toEqual(want);
  });

  test('is not granted where nobody can be asked, and can be later', async () => {
    const home = await homeWith(GREEDY);
    await home.finish(['plugin', 'add', 'tools@acme']);
    expect(agreed(home)).toEqual({ how: 'no_terminal', requestsAccepted: false });
    await home.finish(['plugin', 'add', 'tools@acme', '--accept-requests']);
    expect(agreed(home, 2)).toEqual({ how: 'unchanged', requestsAccepted: true });
  });
});

test('with --json the question is on standard error, and standard output holds the report alone', async () => {
  const home = await homeWith(SERVER);
  const run = atTerminal(home, ['plugin', 'add', 'tools', '--json'], ['y\r']);
  expect(await run.ended).toBe(0);
  expect(run.seen()).toContain('Install and enable? (y/N)');
  expect(JSON.parse(run.stdout())).toMatchObject({
    pluginId: 'tools@acme',
    outcome: 'added',
    consent: { how: 'asked' },
  });
});

describe('an upgrade that would do more', () => {
  const upgraded = { ...SERVER, env_vars: ['SECRET_TOKEN'] };

  test('shows what is different, and is made when a person agrees', async () => {
    const home = await homeWith(SERVER);
    await home.finish(['plugin', 'add', 'tools@acme', '--yes']);
    offer(home, upgraded, '1.1.0');
    const run = atTerminal(home, ['plugin', 'upgrade'], ['y\r']);
    expect(await run.ended).toBe(0);
    expect(run.seen()).toContain('! + new: server tools: reads the variable SECRET_TOKEN');
    expect(run.seen()).toContain("Upgraded plugin 'tools@acme' from 1.0.0 to 1.1.0.");
    expect(agreed(home, 2)).toEqual({ how: 'asked', requestsAccepted: false });
  });

  test('is not made when that person does not, and the old one stays', async () => {
    const home = await homeWith(SERVER);
    await home.finish(['plugin', 'add', 'tools@acme', '--yes']);
    offer(home, upgraded, '1.1.0');
    const run = atTerminal(home, ['plugin', 'upgrade', '--json'], [ENTER]);
    expect(await run.ended).toBe(5);
    const { plugins } = JSON.parse(run.stdout()) as Upgraded;
    expect(plugins.map(({ outcome, version }) => [outcome, version])).toEqual([['declined', '1.0.0']]);
    expect(agreed(home, 2)).toBeNull();
  });

  test('is the last that is asked about when that person goes away', async () => {
    const home = createHome();
    const two = (version: string, server: object) =>
      Object.fromEntries(['one', 'two'].map((name) => [name, plugin(name, { s: server }, { version })]));
    writeMarketplace(join(home.folder, 'market'), 'acme', two('1.0.0', SERVER));
    await said(home, ['plugin', 'marketplace', 'add', join(home.folder, 'market')]);
    for (const name of ['one', 'two']) await home.finish(['plugin', 'add', name]);
    writeMarketplace(join(home.folder, 'market'), 'acme', two('1.1.0', upgraded));
    const run = atTerminal(home, ['plugin', 'upgrade', '--json'], [CTRL_C]);
    expect(await run.ended).toBe(5);
    const { plugins } = JSON.parse(run.stdout()) as Upgraded;
    expect(plugins.map(({ name, outcome }) => [name, outcome])).toEqual([['one', 'declined']]);
  });

  test.each([
    { name: 'of the plugin by name', args: ['tools'], undo: false },
    { name: 'back to a version that did more', args: ['tools', '--version', '1.0.0'], undo: true },
  ])('is not made by "plugin add" either, $name, unless it says --yes', async ({ args, undo }) => {
    const home = await homeWith(undo ? upgraded : SERVER);
    await home.finish(['plugin', 'add', 'tools@acme']);
    offer(home, undo ? SERVER : upgraded, '1.1.0');
    if (undo) await home.finish(['plugin', 'upgrade']);
    const add = ['plugin', 'add', ...args];
    const refused = await home.finish(add);
    expect([refused.status, refused.stdout]).toEqual([
      3,
      expect.stringContaining('! + new: server tools: reads the variable SECRET_TOKEN'),
    ]);
    const command = `plugboard plugin add ${['tools@acme', ...args.slice(1)].join(' ')} --yes`;
    expect(refused.stderr).toContain(`agree with: ${command} [PLUGIN_CONSENT_REQUIRED]`);
    const before = undo ? 3 : 2;
    expect(receipt(home, before)).toMatchObject({ outcome: 'failed', errors: [{ code: 'PLUGIN_CONSENT_REQUIRED' }] });
    expect((await home.finish([...add, '--yes'])).status).toBe(0);
    expect(agreed(home, before + 1)).toEqual({ how: 'yes', requestsAccepted: false });
  });

  test('is not made when the plugin was removed while the question waited', async () => {
    const home = await homeWith(SERVER);
    await home.finish(['plugin', 'add', 'tools@acme']);
    offer(home, upgraded, '1.1.0');
    const run = atTerminal(
      home,
      ['plugin', 'upgrade', 'tools'],
      [
        async () => {
          await home.finish(['plugin', 'remove', 'tools@acme']);
          return 'y\r';
        },
      ],
    );
    expect(await run.ended).toBe(ERROR_CODES.PLUGIN_BUSY.exit);
    expect(run.seen()).toContain('`tools@acme` was changed meanwhile; nothing was installed');
    expect(await home.finish(['plugin', 'list', '--json'])).toMatchObject({
      stdout: expect.stringContaining('"installed": []'),
    });
  });

  test('is not asked about when nothing is more', async () => {
    const home = await homeWith(SERVER);
    await home.finish(['plugin', 'add', 'tools@acme', '--yes']);
    offer(home, SERVER, '1.0.1');
    const run = atTerminal(home, ['plugin', 'upgrade', 'tools']);
    expect(await run.ended).toBe(0);
    expect(run.seen()).toContain('changed: version: 1.0.1 (before: 1.0.0)');
    expect(agreed(home, 2)).toEqual({ how: 'unchanged', requestsAccepted: false });
  });
});
