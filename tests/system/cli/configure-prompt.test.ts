import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { proves } from '../../e2e/support/proves.ts';
import { said } from '../../support/cli.ts';
import { type Home, useHomes } from '../../support/home.ts';
import { until } from '../../support/processes.ts';
import { PRODUCT } from '../../support/product.ts';
import { runOnTerminal, type TerminalRun } from '../../support/pseudo-terminal.ts';
import { addSettings, offerSettings, origins, plain, SETTINGS, settingsText } from '../../support/settings-market.ts';

const createHome = useHomes();

const WORD = 'Cnry7Qz4411Wv';

/** `plugboard ARGS` on a terminal, then a line that shows what was left for the shell, and whether it echoes again. */
function atPrompt(home: Home, args: string): TerminalRun {
  const script = `'${process.execPath}' '${PRODUCT}' ${args}; status=$?; IFS= read -t 0.3 -r rest; stty -a | grep -o ' -\\?echo ' ; echo "status=$status rest=[$rest]"`;
  return runOnTerminal(`bash -c '${script.replaceAll("'", `'\\''`)}'`, home.env);
}

/** Types each answer when its question has come, after the answer before it. */
async function answer(
  terminal: TerminalRun,
  answers: readonly (readonly [question: string, keys: string])[],
): Promise<void> {
  let from = 0;
  for (const [question, keys] of answers) {
    const at = await until(() => {
      const found = terminal.shown().indexOf(question, from);
      return found === -1 ? null : found + question.length;
    });
    from = at;
    terminal.type(keys);
  }
}

async function homeWith(...settings: readonly (keyof typeof SETTINGS)[]): Promise<Home> {
  const home = createHome();
  await addSettings(home, Object.fromEntries(settings.map((key) => [key, SETTINGS[key]])));
  return home;
}

test(proves('settings.prompt'), async () => {
  const home = createHome();
  await addSettings(home, SETTINGS);
  mkdirSync(join(home.env['HOME'] ?? '', 'docs'));
  const terminal = atPrompt(home, 'plugin configure poka');
  await answer(terminal, [
    ['Value of token [required] (not shown): ', `${WORD.slice(0, 4)}\r`],
    ["'token' must be at least 8 characters", `${WORD}\r`],
    ['Value of region [required; number or value]: ', '\r'],
    ["'region' is required", 'mars\r'],
    ["'region' must be one of `eu`, `us`, `ap`", '2\r'],
    ['Value of port [Enter takes 8080]: ', '99999\r'],
    ["'port' must be at most 65535", '84443\u007f\u007f\u007f43\r'],
    ['Value 1 of folders [Enter leaves it unset]: ', '~/docs\r'],
    ['Value 2 of folders [Enter ends the list]: ', '~/nowhere\r'],
    ["'folders' (item 2) must be a directory that exists", ''],
    ['Value 2 of folders [Enter ends the list]: ', '\r'],
    ['Value of cert [', '\r'],
    ['Value of verbose [Enter leaves it unset; yes or no]: ', 'y\r'],
    ['Value of label [', '\r'],
    ['Value 1 of scopes [', '1\r'],
    ['Value 2 of scopes [', 'admin\r'],
    ['Value 3 of scopes [', '\r'],
    ['Value 1 of keys [Enter leaves it unset] (not shown): ', `${WORD}1\r`],
    ['Value 2 of keys [Enter ends the list] (not shown): ', `${WORD}2\r`],
    ['Value 3 of keys [Enter ends the list] (not shown): ', '\r'],
  ]);
  await terminal.ended;
  const shown = plain(terminal.shown());
  expect(shown).toContain("Stored for 'poka@acme': token, region, port, folders, verbose, scopes, keys.");
  expect(shown).toContain('status=0 rest=[]');
  expect(shown).toContain(' echo ');
  expect(terminal.shown()).not.toContain(WORD);
  expect(terminal.shown()).not.toContain(WORD.slice(0, 4));
  expect(settingsText(home)).toBe(
    [
      '[plugins."poka@acme"]',
      'enabled = true',
      'user_config.region = "us"',
      'user_config.port = 8443',
      `user_config.folders = ["${home.env['HOME']}/docs"]`,
      'user_config.verbose = true',
      'user_config.scopes = ["read", "admin"]',
      '',
    ].join('\n'),
  );
  expect(await origins(home)).toMatchObject({ token: 'secret', keys: 'secret', cert: 'unset', label: 'unset' });
});

test('Enter keeps what is set, and nothing is written again', async () => {
  const home = await homeWith('token', 'region', 'port');
  const env = { ...home.env, T: WORD };
  const args = ['plugin', 'configure', 'poka', '--from-env', 'token=T', '--set', 'region=eu', '--set', 'port=9'];
  await said(home, args, { env });
  const before = settingsText(home);
  const terminal = atPrompt(home, 'plugin configure poka');
  await answer(terminal, [
    ['Value of token [Enter keeps it] (not shown): ', '\r'],
    ['Value of region [Enter keeps eu; number or value]: ', '\r'],
    ['Value of port [Enter keeps 9]: ', '\r'],
  ]);
  await terminal.ended;
  expect(plain(terminal.shown())).toContain('status=0 rest=[]');
  expect(settingsText(home)).toBe(before);
});

test.each([
  { name: 'at the first question', answers: [['Value of token', `${WORD}\u0003`]] },
  {
    name: 'at a later one',
    answers: [
      ['Value of token', `${WORD}\r`],
      ['Value of region', 'eu\u0003'],
    ],
  },
  {
    name: 'at the last one',
    answers: [
      ['Value of token', `${WORD}\r`],
      ['Value of region', 'eu\r'],
      ['Value of port', '\u0003'],
    ],
  },
  {
    name: 'as Ctrl-D',
    answers: [
      ['Value of token', `${WORD}\r`],
      ['Value of region', '\u0004'],
    ],
  },
] as const)(`${proves('settings.stopped')}: $name`, async ({ answers }) => {
  const home = await homeWith('token', 'region', 'port');
  const before = settingsText(home);
  const terminal = atPrompt(home, 'plugin configure poka');
  await answer(terminal, answers);
  await terminal.ended;
  const shown = plain(terminal.shown());
  expect(shown).toContain('stopped; nothing was stored');
  expect(shown).toContain('status=5 rest=[]');
  expect(shown).toContain(' echo ');
  expect(terminal.shown()).not.toContain(WORD);
  expect(settingsText(home)).toBe(before);
  expect(await origins(home)).toEqual({ token: 'unset', region: 'unset', port: 'default' });
});

test.each([
  { name: 'that the terminal marks', keys: `\u001b[200~first ${WORD}\rsecond ${WORD}\r\u001b[201~` },
  { name: 'that it does not', keys: `first ${WORD}\rsecond ${WORD}\rthird ${WORD}\r` },
])('a paste of several lines $name is explained, answers no other question, and is asked again', async ({ keys }) => {
  const home = await homeWith('token', 'region', 'label');
  const terminal = atPrompt(home, 'plugin configure poka');
  await answer(terminal, [
    ['Value of token', keys],
    ["'token' is given in one line; for a value of several: --from-file token=PATH", `${WORD}\r`],
    ['Value of region', 'eu\r'],
    ['Value of label', `one\rtwo\rthree\r`],
    ["'label' is given in one line", 'four\r'],
  ]);
  await terminal.ended;
  expect(plain(terminal.shown())).toContain('status=0 rest=[]');
  expect(terminal.shown()).not.toContain(WORD);
  expect(settingsText(home)).toContain('user_config.region = "eu"\nuser_config.label = "four"\n');
});

test('installing goes on to the same questions, and Ctrl-C there leaves the plugin installed', async () => {
  const home = createHome();
  const { token, region } = SETTINGS;
  offerSettings(home, { token, region });
  await said(home, ['plugin', 'marketplace', 'add', join(home.folder, 'acme')]);
  const first = atPrompt(home, 'plugin add poka');
  await answer(first, [
    ['Install and enable?', 'y\r'],
    ['Set them now?', 'y\r'],
    ['Value of token', `${WORD}\u0003`],
  ]);
  await first.ended;
  expect(plain(first.shown())).toContain('Stopped: nothing was set. Later: plugboard plugin configure poka@acme\n');
  expect(plain(first.shown())).not.toContain('SECRET_CANCELLED');
  expect(plain(first.shown())).toContain('still to be set: token, region; run: plugboard plugin configure poka@acme');
  expect(plain(first.shown())).toContain('status=0 rest=[]');
  expect(await origins(home)).toEqual({ token: 'unset', region: 'unset' });
  const again = atPrompt(home, 'plugin add poka');
  await answer(again, [
    ['Set them now?', '\r'],
    ['Value of token', `${WORD}\r`],
    ['Value of region', '1\r'],
  ]);
  await again.ended;
  expect(plain(again.shown())).toContain('status=0 rest=[]');
  expect(plain(again.shown())).not.toContain('still to be set');
  expect(first.shown() + again.shown()).not.toContain(WORD);
  expect(await origins(home)).toEqual({ token: 'secret', region: 'config' });
});
