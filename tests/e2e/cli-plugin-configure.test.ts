import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { refusal, report, said } from '../support/cli.ts';
import { type Home, useHomes } from '../support/home.ts';
import { plugin, writeMarketplace } from '../support/marketplace-folder.ts';
import { PRODUCT } from '../support/product.ts';
import {
  addSettings,
  type Configured,
  offerSettings,
  origins,
  SETTINGS,
  settingsText,
} from '../support/settings-market.ts';
import { atTerminal, CTRL_C } from '../support/terminal.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

const WORD = 'Cnry7Qz4411Wv';

async function homeWith(
  ...offer: Parameters<typeof addSettings> extends [unknown, ...infer Rest] ? Rest : never
): Promise<Home> {
  const home = createHome();
  await addSettings(home, ...offer);
  return home;
}

/** `plugin configure poka ARGS --json`, whatever its exit status. */
async function configure(
  home: Home,
  args: readonly string[],
  env = {},
): Promise<Configured & { readonly status: unknown }> {
  const ended = await home.finish(['--json', 'plugin', 'configure', 'poka', ...args], { env: { ...home.env, ...env } });
  expect(ended.stderr).toBe('');
  return { ...(JSON.parse(ended.stdout) as Configured), status: ended.status };
}

test(proves('settings.options'), async () => {
  const home = await homeWith(SETTINGS, { env: { POKA_TOKEN: '${user_config.token}' } });
  mkdirSync(join(home.folder, 'docs'));
  const file = join(home.folder, 'keys');
  writeFileSync(file, 'one\ntwo\n');
  expect(await configure(home, ['--from-env', 'token', '--from-file', `keys=${file}`], { TOKEN: WORD })).toMatchObject({
    status: 1,
    stored: ['token', 'keys'],
    missing: ['region'],
    notes: ["'token' was taken from the variable TOKEN", expect.stringContaining('the key is in identity.txt')],
  });
  const set = ['region=eu', 'port=8443', 'folders=~', `folders=${home.folder}/docs`, 'verbose=yes', 'scopes=read'];
  expect(
    await configure(
      home,
      set.flatMap((one) => ['--set', one]),
    ),
  ).toMatchObject({
    ...{ status: 0, stored: ['region', 'port', 'folders', 'verbose', 'scopes'], missing: [], restarts: [], notes: [] },
  });
  expect(settingsText(home)).toBe(
    [
      '[plugins."poka@acme"]',
      'enabled = true',
      'user_config.region = "eu"',
      'user_config.port = 8443',
      `user_config.folders = ["${home.env['HOME']}", "${home.folder}/docs"]`,
      'user_config.verbose = true',
      'user_config.scopes = ["read"]',
      '',
    ].join('\n'),
  );
  const piped = home.command('sh', [
    ...['-c', `echo ${WORD}x | "$0" "$@"`, process.execPath, PRODUCT],
    ...['plugin', 'configure', 'poka@acme', '--stdin', 'token', '--unset', 'keys', '--unset', 'port'],
  ]);
  expect([await piped.ended, piped.stderr()]).toEqual([0, '']);
  expect(piped.stdout()).toBe(
    "Stored for 'poka@acme': token.\nRemoved for 'poka@acme': port, keys.\nThey count from the next start of its servers on.\n",
  );
  expect(await origins(home)).toMatchObject({ token: 'secret', region: 'config', port: 'default', keys: 'unset' });
  const nothing = ['--unset', 'port', '--unset', 'keys'];
  expect(await configure(home, nothing)).toMatchObject({ status: 0, removed: [], notSet: ['port', 'keys'] });
  expect(await said(home, ['plugin', 'configure', 'poka', ...nothing])).toBe(
    "Was not set for 'poka@acme': port, keys.",
  );
  await configure(
    home,
    ['folders', 'region', 'scopes', 'verbose'].flatMap((key) => ['--unset', key]),
  );
  expect(settingsText(home)).toBe('[plugins."poka@acme"]\nenabled = true\n');
});

test('no variable is read that the plugin chose; what it is called there is said', async () => {
  const home = await homeWith(SETTINGS, { env: { AWS_SECRET_ACCESS_KEY: '${user_config.token}' } });
  const env = { ...home.env, AWS_SECRET_ACCESS_KEY: WORD };
  const refused = await refusal(home, ['plugin', 'configure', 'poka', '--from-env', 'token'], { env });
  expect(refused).toMatchObject({
    ...{ code: 'USAGE', status: 2, message: "--from-env: the variable TOKEN for 'token' is not set" },
    hint: 'set it, or name another: --from-env token=AWS_SECRET_ACCESS_KEY',
  });
  for (const name of ['constructor', 'toString', '__proto__'])
    expect(await refusal(home, ['plugin', 'configure', 'poka', '--from-env', `token=${name}`])).toMatchObject({
      ...{ code: 'USAGE', message: "--from-env: the variable for 'token' is not set" },
      hint: 'set it, or name another: --from-env token=VARIABLE',
    });
  expect(await origins(home)).toMatchObject({ token: 'unset' });
  expect(await configure(home, ['--from-env', 'token=AWS_SECRET_ACCESS_KEY'], env)).toMatchObject({
    stored: ['token'],
    notes: expect.arrayContaining(["'token' was taken from the variable AWS_SECRET_ACCESS_KEY"]) as unknown,
  });
});

test(proves('settings.state'), async () => {
  const home = await homeWith(SETTINGS);
  const empty = await configure(home, []);
  expect(empty).toMatchObject({ status: 1, stored: [], removed: [], missing: ['token', 'region'], restarts: [] });
  expect(empty.settings[0]).toEqual({
    ...{ key: 'token', title: 'Access token', type: 'string', sensitive: true, required: true, multiple: false },
    description: 'A personal access token; create one under Account → Tokens.',
    ...{ enum: null, set: false, from: 'unset', where: null, problem: null },
  });
  const secrets = { A: WORD, B: `${WORD}\n${WORD}2` };
  await configure(home, ['--from-env', 'token=A', '--from-env', 'keys=B', '--set', 'region=us'], secrets);
  const { stdout } = await home.finish(['--json', 'plugin', 'configure', 'poka']);
  expect(stdout).not.toContain(WORD);
  expect(await origins(home)).toEqual({
    ...{ token: 'secret', region: 'config', port: 'default', folders: 'unset', cert: 'unset', verbose: 'unset' },
    ...{ label: 'unset', scopes: 'unset', keys: 'secret' },
  });
  const text = await said(home, ['plugin', 'configure', 'poka']);
  expect(text).toContain('token    required secret string  set, encrypted');
  expect(text).not.toContain(WORD);
});

test(proves('settings.nobody'), async () => {
  const home = await homeWith(SETTINGS);
  const { status, stdout, stderr } = await home.finish(['plugin', 'configure', 'poka']);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toBe(`plugboard: 'poka@acme' needs token, region, and there is no terminal to ask on
  give each of them by an option; several may stand in one command:
  plugboard plugin configure poka@acme --stdin token    (or --from-env token=TOKEN, or --from-file token=PATH)
  plugboard plugin configure poka@acme --set region=eu [PLUGIN_NEEDS_SETTINGS]
`);
});

describe('what is wrong is explained, changes nothing, and is not repeated', () => {
  test.each<{ name: string; args: readonly string[]; code: string; says: string; status?: number }>([
    {
      name: 'a secret on the command line',
      args: ['--set', `token=${WORD}`],
      code: 'USAGE',
      says: "'token' is sensitive",
    },
    {
      name: 'a slip in a key',
      args: ['--set', `tokn=${WORD}`],
      code: 'PLUGIN_SETTING_VALUE',
      says: "did you mean 'token'?",
    },
    {
      name: 'a secret in the place of a key',
      args: ['--unset', WORD],
      code: 'PLUGIN_SETTING_VALUE',
      says: 'no setting of the name',
    },
    { name: 'no key', args: ['--set', WORD], code: 'USAGE', says: '--set KEY=VALUE' },
    {
      name: 'two values for one',
      args: ['--set', 'region=eu', '--set', 'region=us'],
      code: 'USAGE',
      says: 'several values',
    },
    {
      name: 'a key twice',
      args: ['--set', 'region=eu', '--unset', 'region'],
      code: 'USAGE',
      says: "'region' is given twice",
    },
    {
      name: 'standard input twice',
      args: ['--stdin', 'token', '--stdin', 'keys'],
      code: 'USAGE',
      says: 'one standard input',
    },
    {
      name: 'a variable that is not set',
      args: ['--from-env', 'token=NO_SUCH'],
      code: 'USAGE',
      says: "the variable NO_SUCH for 'token' is not set",
    },
    {
      name: 'a secret in the place of a variable',
      args: ['--from-env', `token=${WORD}`],
      code: 'USAGE',
      says: "the variable for 'token' is not set",
    },
    {
      name: 'one wrong item of a list, with what the setting is for',
      args: ['--set', 'folders=~', '--set', 'folders=/no/such'],
      code: 'PLUGIN_SETTING_VALUE',
      says: "'folders' (item 2, `/no/such`) must be a directory that exists and that you may read; nothing was stored give another value: plugboard plugin configure poka@acme\n  folders: Folders that it may read.",
    },
    {
      name: 'a file that is not there',
      args: ['--from-file', 'token=nowhere'],
      code: 'SECRET_STORE_UNREADABLE',
      says: 'ENOENT',
      status: 1,
    },
    {
      name: 'several wrong values',
      args: ['--set', `region=${WORD}`, '--set', `port=${WORD}`, '--set', `label=${WORD}`, '--set', `cert=${WORD}`],
      code: 'PLUGIN_SETTING_VALUE',
      says: "'region' must be one of `eu`, `us`, `ap`; 'port' must be a number; 'cert' must be a file that exists and that you may read; 'label' does not have the form that the plugin wants, the pattern `[a-z]+`; nothing was stored",
    },
    {
      name: 'one wrong value beside a right one',
      args: ['--set', 'region=eu', '--set', 'port=0'],
      code: 'PLUGIN_SETTING_VALUE',
      says: "'port' must be at least 1",
    },
    {
      name: '--browser with a value',
      args: ['--browser', '--set', 'region=eu'],
      code: 'USAGE',
      says: 'asks for the values itself',
    },
  ])('$name', async ({ args, code, says, status = 2 }) => {
    const home = await homeWith(SETTINGS);
    const before = settingsText(home);
    const refused = await refusal(home, ['plugin', 'configure', 'poka', ...args]);
    expect(refused).toMatchObject({ code, status });
    const text = `${refused.message} ${refused.hint}`;
    expect(text).toContain(says);
    expect(text).not.toContain(WORD);
    expect(settingsText(home)).toBe(before);
    expect(await origins(home)).toMatchObject({ token: 'unset', region: 'unset' });
  });

  test('a plugin that is not installed, and one of two', async () => {
    const home = await homeWith(SETTINGS);
    expect(await refusal(home, ['plugin', 'configure', 'pokka', '--json'])).toMatchObject({
      code: 'PLUGIN_NOT_FOUND',
      hint: expect.stringContaining("did you mean 'poka'?") as string,
    });
    const other = writeMarketplace(join(home.folder, 'other'), 'other', { poka: plugin('poka', {}) });
    await said(home, ['plugin', 'marketplace', 'add', other]);
    await report(home, ['plugin', 'add', 'poka@other', '--yes']).catch(() => null);
    await report(home, ['plugin', 'remove', 'poka@other']);
    expect(await refusal(home, ['plugin', 'configure', 'poka@other'])).toMatchObject({
      ...{ code: 'PLUGIN_NOT_FOUND', message: "plugin 'poka@other' is offered, and not installed" },
      hint: 'install it first: plugboard plugin add poka@other',
    });
    await report(home, ['plugin', 'add', 'poka@other', '--yes']).catch(() => null);
    expect(await refusal(home, ['plugin', 'configure', 'poka', '--set', 'a=b'])).toMatchObject({
      code: 'PLUGIN_AMBIGUOUS',
    });
    expect(await said(home, ['plugin', 'configure', 'poka@other'])).toBe("Plugin 'poka@other' has no settings.");
  });
});

test('a sensitive value that stands in config.toml is said, and taken out of it with the next change', async () => {
  const home = await homeWith(SETTINGS);
  await configure(home, ['--set', 'region=eu']);
  const file = join(home.path, 'config.toml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}user_config.token = "${WORD}"\n`);
  const { stdout, stderr } = await home.finish(['plugin', 'configure', 'poka', '--json']);
  expect(stdout + stderr).toContain('where it is not used');
  expect(stdout + stderr).not.toContain(WORD);
  const changed = await configure(home, ['--from-env', 'token=T'], { T: `${WORD}2` });
  expect(changed.notes.join()).toContain("'token' stood in config.toml as well");
  expect(readFileSync(file, 'utf8')).not.toContain(WORD);
});

test('what counts more than the file of the user is said', async () => {
  const home = await homeWith(SETTINGS);
  const changed = await configure(home, ['--set', 'region=eu', '-c', 'plugins."poka@acme".user_config.region="us"']);
  expect(changed.notes).toEqual(["'region' is also set at -c, which counts more than config.toml of the user"]);
});

test('a running host starts the server again, and is named', async () => {
  const home = await homeWith({ token: SETTINGS.token }, { env: { POKA_TOKEN: '${user_config.token}' } });
  await home.host();
  await home.untilServer('poka', 'needs_config');
  const changed = await configure(home, ['--from-env', 'token=T'], { T: WORD });
  expect(changed).toMatchObject({ status: 0, restarts: ['poka'] });
  await home.untilServer('poka', 'connected', 'no_tools');
});

describe('installing', () => {
  const ENTRY = { policy: { installation: 'AVAILABLE', authentication: 'ON_INSTALL' } };

  test('without a person the next step is said', async () => {
    const home = await homeWith(SETTINGS, { entry: ENTRY });
    const added = await home.finish(['plugin', 'add', 'poka', '--json']);
    expect(JSON.parse(added.stdout)).toMatchObject({ missingSettings: ['token', 'region'] });
    const text = await said(home, ['plugin', 'add', 'poka']);
    expect(text).toContain('still to be set: token, region; run: plugboard plugin configure poka@acme');
  });

  test.each([
    { name: 'no', answer: 'n\r' },
    { name: 'Ctrl-C', answer: CTRL_C },
  ])(`${proves('settings.install')}: $name`, async ({ answer }) => {
    const home = createHome();
    offerSettings(home, SETTINGS, { entry: ENTRY });
    await said(home, ['plugin', 'marketplace', 'add', join(home.folder, 'acme')]);
    const run = atTerminal(home, ['plugin', 'add', 'poka'], ['y\r', answer]);
    expect(await run.ended).toBe(0);
    expect(run.seen()).toContain("'poka@acme' is installed, and needs settings: token, region.");
    expect(run.seen()).toContain('still to be set: token, region; run: plugboard plugin configure poka@acme');
  });

  test('nothing is asked where the marketplace wants it on use', async () => {
    const home = createHome();
    offerSettings(home, SETTINGS, { entry: { policy: { ...ENTRY.policy, authentication: 'ON_USE' } } });
    await said(home, ['plugin', 'marketplace', 'add', join(home.folder, 'acme')]);
    const run = atTerminal(home, ['plugin', 'add', 'poka'], ['y\r']);
    expect(await run.ended).toBe(0);
    expect(run.seen()).not.toContain('Set them now?');
    expect(run.seen()).toContain('still to be set: token, region');
  });

  test('an upgrade that requires more says the next step', async () => {
    const home = await homeWith({ region: SETTINGS.region });
    await configure(home, ['--set', 'region=eu']);
    offerSettings(home, SETTINGS, { version: '1.1.0' });
    const text = await said(home, ['plugin', 'upgrade', 'poka', '--yes']);
    expect(text).toContain('still to be set: token; run: plugboard plugin configure poka@acme');
    expect(await origins(home)).toMatchObject({ region: 'config' });
  });
});

test('a plugin that is removed leaves its settings, says where they are, and finds them again', async () => {
  const home = await homeWith(SETTINGS);
  await configure(home, ['--from-env', 'token=T', '--set', 'region=eu'], { T: WORD });
  const text = await said(home, ['plugin', 'remove', 'poka']);
  expect(text).toContain('what your configuration says about it stays:');
  expect(text).toContain(
    'its secrets stay: user_config.token; to take one away: plugboard secret unset user_config.token --for poka@acme',
  );
  await said(home, ['plugin', 'add', 'poka']);
  expect(await origins(home)).toMatchObject({ token: 'secret', region: 'config' });
});

test(proves('settings.show'), async () => {
  const home = await homeWith(SETTINGS);
  await configure(home, ['--from-env', 'token=T'], { T: WORD });
  type Sets = readonly { readonly key: string; readonly set: boolean | null }[];
  type Shown = { readonly settings: Sets; readonly settingStates: Sets };
  const { settings, settingStates } = await report<Shown>(home, ['plugin', 'show', 'poka']);
  expect(settings.filter(({ set }) => set).map(({ key }) => key)).toEqual(['token']);
  const sets = (all: Sets): object => Object.fromEntries(all.map(({ key, set }) => [key, set]));
  expect(sets(settingStates)).toEqual(sets(settings));
  const text = await said(home, ['plugin', 'show', 'poka']);
  expect(text).toMatch(/^ {2}SETTING +TYPE +REQUIRED +SENSITIVE +STATE$/m);
  expect(text).toMatch(/^ {2}token +string +yes +yes +set, encrypted$/m);
  expect(text).toMatch(/^ {2}region +string +yes +no +unset$/m);
  expect(text.match(/token/g)).toHaveLength(1);
  expect(text.match(/run: /g)).toHaveLength(1);
  expect(text).not.toContain(WORD);
});
