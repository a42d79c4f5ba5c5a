import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { arrived, digestsFrom } from '../../support/digests.ts';
import { changed, setSecret } from '../../support/giving.ts';
import { fixture, type Home, useHomes } from '../../support/home.ts';
import { startKeyringSession } from '../../support/keyring-session.ts';

const createHome = useHomes();

const PASSPHRASE = 'correct horse battery staple';
const TOKEN = 'token-4417';

const configure = (home: Home, secretsStore: string): void =>
  home.configure({ docs: { ...fixture('digests'), env_vars: ['TOKEN'] } }, { secrets_store: secretsStore });

/** What the server gets in a process of its own, in this environment. */
async function received(home: Home, env: NodeJS.ProcessEnv): Promise<unknown> {
  const agent = home.pipe(['--standalone'], { env });
  await agent.initialize();
  const { TOKEN: token } = arrived((await digestsFrom(agent, 'docs')).env, { TOKEN });
  await agent.close();
  return token;
}

test('a token that was set once arrives wherever the key of the store has moved', async () => {
  const home = createHome();
  const session = await startKeyringSession(home, 'unlocked');
  const { env } = session;
  const holds = (file: string): boolean => existsSync(join(home.path, file));

  configure(home, 'file');
  await setSecret(home, ['TOKEN', 'docs'], TOKEN);
  expect([await received(home, home.env), holds('identity.txt')]).toEqual([TOKEN, true]);

  configure(home, 'keyring');
  const before = readFileSync(join(home.path, 'secrets.age'));
  expect(await received(home, env)).toBe(TOKEN);
  expect([holds('identity.txt'), readFileSync(join(home.path, 'secrets.age')).equals(before)]).toEqual([false, false]);

  configure(home, 'file');
  const passphrase = { PLUGBOARD_SECRETS_PASSPHRASE: PASSPHRASE };
  await changed(home, ['secret', 'list'], { env: { ...env, ...passphrase } });
  expect([holds('identity.txt'), holds('identity.age')]).toEqual([false, true]);
  expect(await received(home, { ...home.env, ...passphrase })).toBe(TOKEN);
  await session.end();
}, 120_000);

test('with a keyring that is locked or gone, the servers that need it wait for it, and the others run', async () => {
  const home = createHome();
  const unlocked = await startKeyringSession(home, 'unlocked');
  home.configure(
    { docs: { ...fixture('digests'), env_vars: [{ name: 'TOKEN', required: true }] }, echo: fixture('echo') },
    { secrets_store: 'keyring' },
  );
  await changed(home, ['secret', 'set', 'TOKEN', '--for', 'docs', '--from-env', 'GIVEN'], {
    env: { ...unlocked.env, GIVEN: TOKEN },
  });
  await unlocked.end();
  for (const state of ['locked', 'absent'] as const) {
    const session = await startKeyringSession(home, state);
    const { stdout } = await home.finish(['doctor', '--json'], { env: session.env });
    const { servers } = JSON.parse(stdout) as {
      readonly servers: readonly { readonly name: string; readonly state: { readonly kind: string } }[];
    };
    const kinds = Object.fromEntries(servers.map((server) => [server.name, server.state.kind]));
    expect({ state, ...kinds }).toEqual({ state, docs: 'needs_config', echo: 'connected' });
    expect(stdout).toContain(state === 'locked' ? 'SECRET_KEYRING_LOCKED' : 'SECRET_KEYRING_UNAVAILABLE');
    // A variable of the shell needs no store.
    expect(await received(home, { ...session.env, TOKEN })).toBe(TOKEN);
    await session.end();
  }
}, 120_000);
