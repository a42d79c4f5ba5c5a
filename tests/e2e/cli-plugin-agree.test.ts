import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Upgraded } from '../../src/cli/plugin-reports.ts';
import type { DoctorReport } from '../../src/cli/render-doctor.ts';
import { consentDigest, type Receipt } from '../../src/marketplace/index.ts';
import { said } from '../support/cli.ts';
import { changed, setSecret } from '../support/giving.ts';
import { type Home, useHomes } from '../support/home.ts';
import { BUNDLED, bundledFiles } from '../support/installed-plugin.ts';
import { plugin, writeMarketplace } from '../support/marketplace-folder.ts';
import { atTerminal } from '../support/terminal.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const ID = 'poka@acme';
const PROGRAM = { command: 'node', args: ['./main.mjs'] };

type Wish = {
  readonly name?: string;
  readonly servers?: Readonly<Record<string, object>>;
  readonly settings?: Readonly<Record<string, object>>;
  readonly version?: string;
};

/** Writes the marketplace `acme` into a folder of this name. Gives the folder. */
function offer(home: Home, folder: string, wish: Wish = {}): string {
  const { name = 'poka', servers = { poka: PROGRAM }, settings = {}, version = '1.0.0' } = wish;
  const offered = plugin(name, servers, {
    version,
    files: { 'main.mjs': '' },
    manifest: { user_config: settings },
  });
  return writeMarketplace(join(home.folder, folder), 'acme', { [name]: offered });
}

async function add(home: Home, folder: string, wish: Wish = {}): Promise<void> {
  await said(home, ['plugin', 'marketplace', 'add', offer(home, folder, wish)]);
  await changed(home, ['plugin', 'add', `${wish.name ?? 'poka'}@acme`, '--yes']);
}

const receiptFile = (home: Home): string => {
  const folder = join(home.path, 'plugins', 'receipts', ID);
  return join(folder, readdirSync(folder).toSorted().at(-1) ?? '');
};

describe(proves('plugins.defaults'), () => {
  const text = (value: string) => ({ where: { title: 'Where', default: value } });
  test.each<{ name: string; server: object }>([
    { name: 'whom it contacts', server: { url: 'http://${user_config.where}/mcp' } },
    { name: 'what it runs', server: { ...PROGRAM, args: ['./main.mjs', '${user_config.where}'] } },
    { name: 'what a variable holds', server: { ...PROGRAM, env: { NODE_OPTIONS: '${user_config.where}' } } },
    { name: 'nothing', server: PROGRAM },
  ])('another default is asked about, where it decides $name', async ({ server }) => {
    const home = createHome();
    await add(home, 'market', { servers: { poka: server }, settings: text('old.example') });
    offer(home, 'market', { servers: { poka: server }, settings: text('new.example'), version: '1.1.0' });
    const { status, stdout } = await home.finish(['--json', 'plugin', 'upgrade']);
    const { errors } = JSON.parse(stdout) as Upgraded;
    expect({
      status,
      errors: errors.map(({ code, changes }) => [code, changes?.filter(({ widens }) => widens)]),
    }).toEqual({
      status: 3,
      errors: [
        [
          'PLUGIN_CONSENT_REQUIRED',
          [
            {
              kind: 'changed',
              subject: 'setting where',
              text: 'optional, default "new.example" (before: optional, default "old.example")',
              widens: true,
            },
          ],
        ],
      ],
    });
    await changed(home, ['plugin', 'upgrade', '--yes']);
  });

  test('what is run and contacted by default is shown', async () => {
    const home = createHome();
    await said(home, [
      ...['plugin', 'marketplace', 'add'],
      offer(home, 'market', {
        servers: {
          poka: { command: 'npx', args: ['-y', '${user_config.where}'] },
          web: { url: 'http://${user_config.where}/mcp' },
        },
        settings: text('127.0.0.1:18081'),
      }),
    ]);
    const { stdout } = await home.finish(['plugin', 'add', ID]);
    expect(stdout).toContain('npx -y ${user_config.where} (default 127.0.0.1:18081)');
    expect(stdout).toMatch(/contacts\s+\$\{user_config\.where\}:80 \(default 127\.0\.0\.1:18081\)/);
    expect(stdout).toContain('where (optional, default 127.0.0.1:18081)');
  });

  test('a folder outside of the plugin is no default of a working folder, and may be what the user sets', async () => {
    const home = createHome();
    const servers = { poka: { ...BUNDLED, args: ['${PLUGIN_ROOT}/server.mjs'], cwd: '${user_config.where}' } };
    const offered = plugin('poka', servers, { files: bundledFiles(), manifest: { user_config: text('/etc') } });
    writeMarketplace(join(home.folder, 'market'), 'acme', { poka: offered });
    await said(home, ['plugin', 'marketplace', 'add', join(home.folder, 'market')]);
    const added = await home.finish(['plugin', 'add', ID, '--yes']);
    expect(added.stdout).toMatch(/runs in\s+\$\{user_config\.where\} \(default \/etc\)/);
    expect(added.stdout).toContain('[PLUGIN_PATH_ESCAPES]');
    const state = async (): Promise<string | undefined> => {
      const { stdout } = await home.finish(['doctor', '--json']);
      return (JSON.parse(stdout) as DoctorReport).servers[0]?.state?.kind;
    };
    expect(await state()).toBe('invalid');
    await changed(home, ['plugin', 'configure', ID, '--set', `where=${home.folder}`]);
    expect(await state()).toBe('connected');
  });

  test('a receipt that does not say the defaults counts as what the installed files say', async () => {
    const home = createHome();
    await add(home, 'market', { settings: text('old.example') });
    const file = receiptFile(home);
    const receipt = JSON.parse(readFileSync(file, 'utf8')) as Receipt;
    if (receipt.consent === null) throw new Error('nobody agreed');
    const settings = receipt.consent.facts.settings.map(({ key, sensitive, required }) => ({
      key,
      sensitive,
      required,
    }));
    const facts = { ...receipt.consent.facts, settings };
    writeFileSync(
      file,
      JSON.stringify({ ...receipt, consent: { ...receipt.consent, facts, digest: consentDigest(facts) } }),
    );
    const upgrade = async () => {
      const { status, stdout } = await home.finish(['--json', 'plugin', 'upgrade']);
      return { status, outcomes: (JSON.parse(stdout) as Upgraded).plugins.map(({ outcome }) => outcome) };
    };
    expect(await upgrade()).toEqual({ status: 0, outcomes: ['unchanged'] });
    offer(home, 'market', { settings: text('new.example'), version: '1.1.0' });
    expect(await upgrade()).toEqual({ status: 3, outcomes: [] });
    offer(home, 'market', { settings: text('old.example'), version: '1.2.0' });
    expect(await upgrade()).toEqual({ status: 0, outcomes: ['upgraded'] });
  });
});

describe(proves('plugins.given'), () => {
  const OVERLAY = {
    github: {
      ...{ env_vars: ['GH_TOK'], env: { TOKEN: 'geheim', KEY: '${secret:op://vault/item}' } },
      enabled_tools: ['read'],
    },
  };
  const TEXT =
    'our configuration gives its server github: the variable GH_TOK, env TOKEN, env KEY (mcp_servers.github)';
  const github = (name: string): Wish => ({ name, servers: { github: PROGRAM } });

  /** A home whose configuration has an overlay, for a plugin that is not there any more. */
  async function homeWithOverlay(): Promise<Home> {
    const home = createHome();
    home.configure(OVERLAY, { secret_providers: { op: { command: ['true'] } } });
    await said(home, ['plugin', 'marketplace', 'add', offer(home, 'market', github('evil'))]);
    return home;
  }

  test('an overlay by the name of a server is agreed to, and not by naming the plugin alone', async () => {
    const home = await homeWithOverlay();
    const refused = await home.finish(['plugin', 'add', 'evil@acme']);
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain(`Y${TEXT}`);
    expect(refused.stderr).toContain(
      "'evil@acme' would get what your configuration gives to mcp_servers.github; nothing was installed",
    );
    expect(refused.stderr + refused.stdout).not.toContain('geheim');
    const asked = atTerminal(home, ['plugin', 'add', 'evil@acme'], ['n\r']);
    expect(await asked.ended).toBe(5);
    expect(asked.seen()).toContain(`Y${TEXT}`);
    const agreed = await home.finish(['plugin', 'add', 'evil@acme', '--yes']);
    expect(agreed.status).toBe(0);
    expect(agreed.stdout).toContain(`Y${TEXT}`);
    await changed(home, ['plugin', 'disable', 'evil@acme']);
    const { stdout } = await home.finish(['plugin', 'enable', 'evil@acme']);
    expect(stdout).toContain(`note: y${TEXT}`);
    await changed(home, ['plugin', 'disable', 'evil@acme']);
    const again = await home.finish(['plugin', 'add', 'evil@acme']);
    expect(again).toMatchObject({ status: 0, stderr: `note: y${TEXT}\n` });
  });

  test('an overlay that gives nothing is no question', async () => {
    const home = createHome();
    home.configure({ github: { enabled_tools: ['read'], startup_timeout_sec: 3 } });
    await said(home, ['plugin', 'marketplace', 'add', offer(home, 'market', github('evil'))]);
    expect(await home.finish(['plugin', 'add', 'evil@acme'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('an overlay that is for a server of another plugin now, and could come to be for this one', async () => {
    const home = await homeWithOverlay();
    await add(home, 'market', github('good'));
    const offered = plugin('evil', { github: PROGRAM }, { files: { 'main.mjs': '' } });
    const good = plugin('good', { github: PROGRAM }, { files: { 'main.mjs': '' } });
    writeMarketplace(join(home.folder, 'market'), 'acme', { evil: offered, good });
    const { status, stdout } = await home.finish(['plugin', 'add', 'evil@acme']);
    expect({ status, stdout }).toMatchObject({ status: 3 });
    expect(stdout).toContain(
      'Your configuration would give its server github: the variable GH_TOK, env TOKEN, env KEY (mcp_servers.github, once no other plugin in use has a server of that name)',
    );
  });

  test('a new server of an upgrade is told what it gets', async () => {
    const home = await homeWithOverlay();
    await add(home, 'market');
    offer(home, 'market', { servers: { poka: PROGRAM, github: PROGRAM }, version: '1.1.0' });
    const { status, stdout } = await home.finish(['plugin', 'upgrade', 'poka']);
    expect({ status, stdout }).toMatchObject({ status: 3 });
    expect(stdout).toContain(`Y${TEXT}`);
    await changed(home, ['plugin', 'upgrade', '--yes']);
    offer(home, 'market', { servers: { poka: PROGRAM, github: PROGRAM }, version: '1.2.0' });
    await changed(home, ['plugin', 'upgrade']);
  });
});

describe(proves('plugins.stored'), () => {
  const settings = { token: { title: 'Token', sensitive: true }, region: { title: 'Region' } };

  /** A home where values are stored for a plugin that is removed, with its marketplace. */
  async function homeWithValues(): Promise<Home> {
    const home = createHome();
    await add(home, 'market', { settings });
    await setSecret(home, ['user_config.token', ID], 'geheim');
    await setSecret(home, ['POKA_TOKEN', ID], 'geheim');
    await changed(home, ['config', 'set', `plugins."${ID}".user_config.region`, 'eu']);
    await changed(home, ['plugin', 'remove', ID]);
    await changed(home, ['plugin', 'marketplace', 'remove', 'acme']);
    return home;
  }

  const STORED = `It gets what is stored for ${ID}: POKA_TOKEN, user_config.token`;
  const SET = `It gets what your configuration sets for ${ID}: region`;

  test('is told and given again to what comes from the same source', async () => {
    const home = await homeWithValues();
    await said(home, ['plugin', 'marketplace', 'add', offer(home, 'market', { settings })]);
    const { status, stdout } = await home.finish(['plugin', 'add', ID]);
    expect(status).toBe(0);
    expect(stdout).toContain(`${STORED}\n${SET}\n`);
  });

  test('is not given to another marketplace of that name without somebody who says so', async () => {
    const home = await homeWithValues();
    await said(home, ['plugin', 'marketplace', 'add', offer(home, 'other', { settings })]);
    const meant = `That was meant for the ${ID} of another marketplace: ${join(home.folder, 'market')} (local)`;
    const commands = [
      `plugboard secret unset POKA_TOKEN --for ${ID}`,
      `plugboard secret unset user_config.token --for ${ID}`,
      `plugboard config unset 'plugins."${ID}".user_config'`,
    ].join(', and ');
    const refused = await home.finish(['plugin', 'add', ID]);
    expect(refused.status).toBe(3);
    expect(refused.stdout).toContain(`${STORED}\n${SET}\n${meant}\n`);
    expect(refused.stderr).toContain(commands);
    const asked = atTerminal(home, ['plugin', 'add', ID], ['n\r']);
    expect(await asked.ended).toBe(5);
    expect(asked.seen()).toContain(meant);
    expect(asked.seen()).toContain(`to take away what is there for it: ${commands}`);
    expect((await home.finish(['plugin', 'add', ID, '--yes'])).status).toBe(0);
  });

  test('may be there, where the store does not open', async () => {
    const home = await homeWithValues();
    rmSync(join(home.path, 'identity.txt'));
    await said(home, ['plugin', 'marketplace', 'add', offer(home, 'other', { settings })]);
    const { status, stdout } = await home.finish(['plugin', 'add', ID]);
    expect(status).toBe(3);
    expect(stdout).toContain(`It gets what is stored for ${ID}, if anything is: the secret store does not open here\n`);
  });
});
