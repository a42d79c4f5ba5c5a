import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { proves } from '../../e2e/support/proves.ts';
import { refusal, report } from '../../support/cli.ts';
import { type Home, useHomes } from '../../support/home.ts';
import { type KeyringState, startKeyringSession } from '../../support/keyring-session.ts';
import { processFacts } from '../../support/processes.ts';
import { PRODUCT } from '../../support/product.ts';
import { runOnTerminal } from '../../support/pseudo-terminal.ts';

const createHome = useHomes();

type Listed = { readonly key: string | null; readonly secrets: readonly { readonly name: string }[] };

const SET = ['secret', 'set', 'TOKEN', '--for', 'docs', '--from-env', 'GIVEN'];
const given = (env: NodeJS.ProcessEnv): { readonly env: NodeJS.ProcessEnv } => ({ env: { ...env, GIVEN: 'value' } });

const list = (home: Home, env: NodeJS.ProcessEnv, ...more: readonly string[]): Promise<Listed> =>
  report<Listed>(home, ['secret', 'list', ...more], { env });

/** Runs `act` in a session in this state; `none` is a machine without a bus. */
async function inSession<T>(
  home: Home,
  state: KeyringState | 'none',
  act: (env: NodeJS.ProcessEnv) => Promise<T>,
): Promise<T> {
  if (state === 'none') return act(home.env);
  const session = await startKeyringSession(home, state);
  try {
    return await act(session.env);
  } finally {
    await session.end();
  }
}

/** What `secret-tool` finds of ours: how others see the keyring. */
function ownEntries(env: NodeJS.ProcessEnv): readonly string[] {
  const found = execFileSync('secret-tool', ['search', '--all', 'service', 'plugboard'], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return found.split('\n').filter((line) => line.startsWith('secret = '));
}

test(proves('secrets.keyring'), async () => {
  const home = createHome();
  await inSession(home, 'unlocked', async (env) => {
    await report(home, SET, given(env));
    expect(await list(home, env)).toMatchObject({ key: 'keyring', secrets: [{ name: 'TOKEN' }] });
    // One entry, no trace of the probe, and it is the key of age.
    const [entry, ...others] = ownEntries(env);
    expect([entry, others]).toEqual([expect.stringMatching(/^secret = AGE-SECRET-KEY-1[0-9A-Z]{58}$/), []]);
    const key = join(home.folder, 'key.txt');
    writeFileSync(key, `${entry?.slice('secret = '.length)}\n`);
    const opened = execFileSync('age', ['-d', '-i', key, join(home.path, 'secrets.age')], { encoding: 'utf8' });
    expect(JSON.parse(opened)).toMatchObject({ secrets: [{ name: 'TOKEN', for: 'docs', value: 'value' }] });
  });
  expect(readdirSync(home.path).filter((name) => name.startsWith('identity'))).toEqual([]);
  for (const state of ['locked', 'absent', 'none'] as const) {
    const code = state === 'locked' ? 'SECRET_KEYRING_LOCKED' : 'SECRET_KEYRING_UNAVAILABLE';
    await inSession(home, state, async (env) => {
      const before = readFileSync(join(home.path, 'secrets.age'));
      expect({ state, ...(await refusal(home, ['secret', 'list'], { env })) }).toMatchObject({
        state,
        status: 3,
        code,
      });
      expect({ state, ...(await refusal(home, SET, given(env))) }).toMatchObject({ state, status: 3, code });
      expect(readFileSync(join(home.path, 'secrets.age'))).toEqual(before);
    });
  }
  // Like after the next login.
  expect(await inSession(home, 'unlocked', (env) => list(home, env))).toMatchObject({ key: 'keyring' });
});

test.each(['locked', 'absent', 'none'] as const)(
  'a first secret with a keyring that is %s goes to a file, unless the keyring is demanded',
  async (state) => {
    const home = createHome();
    await inSession(home, state, async (env) => {
      const demanded = await refusal(home, [...SET, '-c', 'secrets_store=keyring'], given(env));
      expect(demanded).toMatchObject({ status: 3, code: expect.stringMatching(/^SECRET_KEYRING_/) as string });
      expect(existsSync(join(home.path, 'secrets.age'))).toBe(false);
      await report(home, SET, given(env));
      expect(await list(home, env)).toMatchObject({ key: 'identity' });
    });
  },
);

test(proves('secrets.moves'), async () => {
  const home = createHome();
  await inSession(home, 'unlocked', async (env) => {
    await report(home, SET, given(env));
    const toFile = await list(home, env, '-c', 'secrets_store=file');
    expect(toFile).toMatchObject({ key: 'identity', secrets: [{ name: 'TOKEN' }] });
    expect(ownEntries(env)).toEqual([]);
    const back = await list(home, env, '-c', 'secrets_store=keyring');
    expect(back).toMatchObject({ key: 'keyring', secrets: [{ name: 'TOKEN' }] });
    expect(readdirSync(home.path).filter((name) => name.startsWith('identity'))).toEqual([]);
    const [before] = ownEntries(env);
    await report(home, ['secret', 'rotate'], { env });
    const after = ownEntries(env);
    expect([after.length, after[0] === before]).toEqual([1, false]);
    expect(await list(home, env)).toMatchObject({ key: 'keyring', secrets: [{ name: 'TOKEN' }] });
  });
});

test('two homes share a keyring without touching the key of each other', async () => {
  const home = createHome();
  const other = createHome();
  await inSession(home, 'unlocked', async (env) => {
    const there = { ...env, PLUGBOARD_HOME: other.path };
    await report(home, SET, given(env));
    await report(other, SET, given(there));
    expect(ownEntries(env)).toHaveLength(2);
    await report(home, ['secret', 'rotate'], { env });
    expect(await list(other, there)).toMatchObject({ key: 'keyring' });
    await list(other, there, '-c', 'secrets_store=file');
    expect(ownEntries(env)).toHaveLength(1);
    expect(await list(home, env)).toMatchObject({ key: 'keyring' });
  });
});

/** The daemon behind the keyring of this session. */
function daemonOf(home: Home): number {
  const pid = home.processes().find((one) => {
    try {
      return readFileSync(`/proc/${one}/comm`, 'utf8').startsWith('gnome-keyring');
    } catch {
      return false;
    }
  });
  if (pid === undefined || processFacts(pid) === null) throw new Error('no keyring runs');
  return pid;
}

test('a keyring that does not answer is waited for on a terminal, which says so, and not for long elsewhere', async () => {
  const home = createHome();
  await inSession(home, 'unlocked', async (env) => {
    await report(home, SET, given(env));
    const daemon = daemonOf(home);
    process.kill(daemon, 'SIGSTOP');
    expect(await refusal(home, ['secret', 'list'], { env })).toMatchObject({
      status: 3,
      code: 'SECRET_KEYRING_LOCKED',
    });
    const terminal = runOnTerminal(`'${process.execPath}' '${PRODUCT}' secret list`, env);
    await terminal.waitFor('Waiting 60 s for the keyring to be unlocked');
    process.kill(daemon, 'SIGCONT');
    expect(await terminal.ended).toBe(0);
    expect(terminal.shown()).toContain('The key is in the keyring of the system.');
  });
});

test('a first secret with a keyring that does not answer goes to a file, and with one that does to it, if it is demanded', async () => {
  const home = createHome();
  await inSession(home, 'unlocked', async (env) => {
    // Opens the keyring, and so starts what is stopped next.
    await report(
      home,
      ['secret', 'set', 'TOKEN', '--for', 'docs', '--from-env', 'GIVEN', '-c', 'secrets_store=keyring'],
      given(env),
    );
    expect(await list(home, env)).toMatchObject({ key: 'keyring' });
    const daemon = daemonOf(home);
    process.kill(daemon, 'SIGSTOP');
    const fresh = { ...env, PLUGBOARD_HOME: join(home.folder, 'fresh') };
    expect(await refusal(home, [...SET, '-c', 'secrets_store=keyring'], given(fresh))).toMatchObject({
      status: 3,
      code: 'SECRET_KEYRING_LOCKED',
    });
    expect(existsSync(join(home.folder, 'fresh', 'secrets.age'))).toBe(false);
    await report(home, SET, given(fresh));
    expect(await list(home, fresh)).toMatchObject({ key: 'identity' });
    process.kill(daemon, 'SIGCONT');
  });
});

test('what was asked of the keyring and given up leaves no process', async () => {
  const home = createHome();
  await inSession(home, 'unlocked', async (env) => {
    await report(home, SET, given(env));
    const daemon = daemonOf(home);
    process.kill(daemon, 'SIGSTOP');
    await refusal(home, ['secret', 'list'], { env });
    const helpers = home
      .processes()
      .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('keyring-child'));
    expect(helpers).toEqual([]);
    process.kill(daemon, 'SIGCONT');
  });
});
