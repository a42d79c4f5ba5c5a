import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/cli/render-doctor.ts';
import type { ListedServer } from '../../src/cli/server-json.ts';
import { createReader } from '../support/age.ts';
import { report } from '../support/cli.ts';
import { arrived, digestFiles, digestsFrom, type Expected, type StdioDigests } from '../support/digests.ts';
import { agentOf, bareAgent, changed, endAll, piped, setSecret } from '../support/giving.ts';
import { type Home, useHomes } from '../support/home.ts';
import { type PluginFolder, writeMarketplace } from '../support/marketplace-folder.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const ID = 'poka@acme';
const TOKEN = 'wp-5f2e9c41-b7d0';

/** What the plugin itself sets. */
const DEFAULTS = {
  POKA_BROKER_URL: 'wss://broker.poka.example/v1',
  WORKPLUS_API_ENDPOINT: 'https://api.workplus.example',
  WORKPLUS_READ_ONLY: 'false',
};

type Declared = { readonly server?: object; readonly manifest?: object; readonly version?: string };

/** A plugin that keeps its servers in a file of its own, as one would for Codex. */
function poka({ server = {}, manifest = {}, version = '1.0.0' }: Declared = {}): PluginFolder {
  return {
    files: {
      '.codex-plugin/plugin.json': { name: 'poka', version, mcpServers: './.mcp.codex.json', ...manifest },
      '.mcp.codex.json': {
        mcpServers: {
          poka: {
            command: 'node',
            args: ['mcp-server/dist/index.js'],
            cwd: '.',
            env: DEFAULTS,
            env_vars: ['WORKPLUS_ACCESS_TOKEN'],
            ...server,
          },
        },
      },
      ...digestFiles('mcp-server/dist/index.js'),
    },
  };
}

const offer = (home: Home, declared: Declared): string =>
  writeMarketplace(join(home.folder, 'acme'), 'acme', { poka: poka(declared) });

/** Installs that plugin as a person does. Gives its folder. */
async function installPoka(home: Home, declared: Declared = {}): Promise<string> {
  home.configure({}, { marketplaces: { acme: { source_type: 'local', source: offer(home, declared) } } });
  await changed(home, ['plugin', 'add', ID, '--yes']);
  return join(home.path, 'plugins', 'cache', 'acme', 'poka', declared.version ?? '1.0.0');
}

const setToken = (home: Home): Promise<void> => setSecret(home, ['WORKPLUS_ACCESS_TOKEN', ID], TOKEN);

/** What the server got, as a host tells it that runs for this alone, in a bare environment. */
async function bareDigests(home: Home, more: Readonly<Record<string, string>> = {}): Promise<StdioDigests> {
  const agent = await bareAgent(home, more);
  const digests = await digestsFrom(agent, 'poka');
  await agent.close();
  await endAll(home);
  return digests;
}

const serverOf = async (home: Home): Promise<DoctorReport['servers'][number] | undefined> => {
  const { stdout } = await home.finish(['doctor', '--json', '--server', 'poka']);
  return (JSON.parse(stdout) as DoctorReport).servers[0];
};

const everything = (token: string | null): Expected => ({ ...DEFAULTS, WORKPLUS_ACCESS_TOKEN: token });

describe(proves('values.overlay-env'), () => {
  test('in config.toml', async () => {
    const home = createHome();
    const root = await installPoka(home);
    home.configure({ poka: { env: { WORKPLUS_ACCESS_TOKEN: TOKEN } } });
    const agent = await agentOf(home);
    const { env, cwd } = await digestsFrom(agent, 'poka');
    expect(arrived(env, everything(TOKEN))).toEqual(everything(TOKEN));
    expect(cwd).toBe(root);
    const [listed] = await report<readonly ListedServer[]>(home, ['mcp', 'list']);
    expect(listed).toMatchObject({
      name: 'poka',
      plugin: ID,
      state: { kind: 'connected' },
      transport: { command: 'node', args: ['mcp-server/dist/index.js'], env_vars: ['WORKPLUS_ACCESS_TOKEN'] },
    });
    await agent.close();
  });

  test('and stays through an upgrade, with what the new version sets', async () => {
    const home = createHome();
    await installPoka(home);
    offer(home, { version: '1.1.0', server: { env: { ...DEFAULTS, WORKPLUS_READ_ONLY: 'true' } } });
    home.configure(
      { poka: { env: { WORKPLUS_ACCESS_TOKEN: TOKEN } } },
      { marketplaces: { acme: { source_type: 'local', source: join(home.folder, 'acme') } } },
    );
    await changed(home, ['plugin', 'upgrade', ID, '--yes']);
    const agent = await agentOf(home);
    const { env, cwd } = await digestsFrom(agent, 'poka');
    const want = { ...everything(TOKEN), WORKPLUS_READ_ONLY: 'true' };
    expect(arrived(env, want)).toEqual(want);
    expect(cwd).toBe(join(home.path, 'plugins', 'cache', 'acme', 'poka', '1.1.0'));
    await agent.close();
  });

  test('on the command line', async () => {
    const home = createHome();
    await installPoka(home);
    const agent = home.pipe(['--standalone', '-c', `mcp_servers.poka.env.WORKPLUS_ACCESS_TOKEN="${TOKEN}"`]);
    await agent.initialize();
    expect(arrived((await digestsFrom(agent, 'poka')).env, everything(TOKEN))).toEqual(everything(TOKEN));
    await agent.close();
  });

  test('when the plugin is removed, what was laid over it is missing its plugin, and nothing else breaks', async () => {
    const home = createHome();
    await installPoka(home);
    await changed(home, ['plugin', 'remove', ID]);
    home.configure({ poka: { env: { WORKPLUS_ACCESS_TOKEN: TOKEN } } });
    expect(await serverOf(home)).toMatchObject({
      name: 'poka',
      state: { kind: 'missing', plugin: ID },
      nextStep: expect.stringContaining(`plugboard plugin add ${ID}`),
    });
  });
});

/** A secret field in the manifest, and a variable that refers to it. */
const field = (required: boolean): Declared => ({
  manifest: { user_config: { workplus_access_token: { type: 'string', sensitive: true, required } } },
  server: { env: { ...DEFAULTS, WORKPLUS_ACCESS_TOKEN: '${user_config.workplus_access_token}' }, env_vars: [] },
});

const configure = (home: Home, value: string): Promise<void> =>
  piped(home, ['plugin', 'configure', ID, '--stdin', 'workplus_access_token'], value);

test(proves('values.optional'), async () => {
  const home = createHome();
  await installPoka(home, field(false));
  const agent = await agentOf(home);
  const before = await digestsFrom(agent, 'poka');
  expect(arrived(before.env, everything(null))).toEqual(everything(null));
  await agent.close();
  await endAll(home);
  await configure(home, TOKEN);
  const later = await agentOf(home);
  expect(arrived((await digestsFrom(later, 'poka')).env, everything(TOKEN))).toEqual(everything(TOKEN));
  await later.close();
});

test(proves('values.required'), async () => {
  const home = createHome();
  await installPoka(home, field(true));
  expect(await serverOf(home)).toMatchObject({
    state: { kind: 'needs_config', names: ['user_config.workplus_access_token'] },
    nextStep: `run: plugboard plugin configure ${ID}`,
  });
  const text = await home.finish(['doctor']);
  expect(text.stdout).toContain('NEEDS_CONFIG');
  expect(text.stdout).toContain(`plugboard plugin configure ${ID}`);
  await configure(home, TOKEN);
  expect(await serverOf(home)).toMatchObject({ state: { kind: 'connected' } });
});

describe(proves('values.once'), () => {
  test('from a host with an empty environment, after an upgrade and after a restart', async () => {
    const home = createHome();
    const first = await installPoka(home);
    await setToken(home);
    const before = await bareDigests(home);
    expect({ cwd: before.cwd, ...arrived(before.env, everything(TOKEN)) }).toEqual({
      cwd: first,
      ...everything(TOKEN),
    });
    offer(home, { version: '1.1.0' });
    await changed(home, ['plugin', 'upgrade', ID, '--yes']);
    const after = await bareDigests(home);
    expect({ cwd: after.cwd, ...arrived(after.env, everything(TOKEN)) }).toEqual({
      cwd: join(first, '..', '1.1.0'),
      ...everything(TOKEN),
    });
    expect(arrived((await bareDigests(home)).env, everything(TOKEN))).toEqual(everything(TOKEN));
  });

  test('after the key of the store has moved under a passphrase', async () => {
    const home = createHome();
    await installPoka(home);
    await setToken(home);
    const passphrase = { PLUGBOARD_SECRETS_PASSPHRASE: 'correct horse battery staple' };
    await changed(home, ['secret', 'list'], { env: { ...home.env, ...passphrase } });
    const { env } = await bareDigests(home, passphrase);
    const want = { ...everything(TOKEN), PLUGBOARD_SECRETS_PASSPHRASE: null };
    expect(arrived(env, want)).toEqual(want);
    // Without it nobody knows whether there is a token: the server waits, and says for what.
    expect(await serverOf(home)).toMatchObject({
      state: { kind: 'needs_config', names: ['WORKPLUS_ACCESS_TOKEN'] },
      nextStep: expect.stringContaining('PLUGBOARD_SECRETS_PASSPHRASE'),
    });
  });

  test('in another home, after an export and an import', async () => {
    const home = createHome();
    await installPoka(home);
    await setToken(home);
    const key = await createReader();
    const other = createHome();
    await installPoka(other);
    const [identity, backup] = [join(other.folder, 'key.txt'), join(home.folder, 'backup.age')];
    await changed(home, ['secret', 'export', '--to-age', key.recipient, '--output', backup]);
    writeFileSync(identity, `${key.identity}\n`, { mode: 0o600 });
    await changed(other, ['secret', 'import', backup, '--identity', identity]);
    rmSync(backup);
    expect(arrived((await bareDigests(other)).env, everything(TOKEN))).toEqual(everything(TOKEN));
  });

  test('and the variable of a shell counts first', async () => {
    const home = createHome();
    await installPoka(home);
    await setToken(home);
    const { env } = await bareDigests(home, { WORKPLUS_ACCESS_TOKEN: 'of the shell' });
    expect(arrived(env, everything('of the shell'))).toEqual(everything('of the shell'));
  });
});
