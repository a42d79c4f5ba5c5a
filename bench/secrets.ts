/**
 * `npm run bench:secrets`: how long secrets take, with the built program. Needs gnome-keyring and dbus-run-session.
 *
 *   - 50 secrets in a fresh process, with the key in a file, in the keyring, and under a passphrase
 *   - commands beside a keyring that is unlocked, locked, absent, and without a bus
 *   - writes of eight processes at once, with and without being killed
 *
 * `resolving`, `besideKeyrings` or `writing` as an argument measures that alone.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type KeyringState, startKeyringSession } from '../tests/support/keyring-session.ts';
import { createWorkFolder, PRODUCT, type WorkFolder } from '../tests/support/product.ts';
import { runWriter } from '../tests/support/secret-writers.ts';
import { median } from './report.ts';

const RESOLVER = fileURLToPath(new URL('resolve-secrets.mjs', import.meta.url));
const ROUNDS = 15;
const SECRETS = 50;

const work = createWorkFolder('bench-secrets');
const print = (line: string): void => void process.stdout.write(`${line}\n`);
try {
  print(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}\n`);
  const only = process.argv[2];
  for (const [name, measure] of Object.entries({ resolving, besideKeyrings, writing }))
    if (only === undefined || only === name) await measure(work);
} finally {
  work.remove();
}

type Finished = { readonly ms: number; readonly status: number; readonly stdout: string; readonly stderr: string };

function run(args: readonly string[], env: NodeJS.ProcessEnv): Finished {
  const start = performance.now();
  try {
    const stdout = execFileSync(process.execPath, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    return { ms: performance.now() - start, status: 0, stdout, stderr: '' };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { ms: performance.now() - start, status, stdout, stderr };
  }
}

/** A session in this state, for programs of this folder. */
function session(state: KeyringState): ReturnType<typeof startKeyringSession> {
  const command = (program: string, args: readonly string[], how: { env?: NodeJS.ProcessEnv } = {}) => {
    const child: ChildProcess = spawn(program, args, { env: how.env, stdio: ['ignore', 'pipe', 'ignore'] });
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 0)));
    return { child, pid: child.pid ?? 0, stdout: () => stdout, stderr: () => '', ended };
  };
  return startKeyringSession({ folder: work.path, env: work.env, command }, state);
}

async function resolving({ path, env }: WorkFolder): Promise<void> {
  const { env: inSession, end } = await session('unlocked');
  const bare = median(Array.from({ length: ROUNDS }, () => run(['-e', ''], env).ms));
  print(`${SECRETS} secrets in a fresh process, ms (start of Node alone: ${bare.toFixed(0)})`);
  print('| key | process as a whole: median (least) | without the start of Node |\n|---|---|---|');
  for (const [name, setting, ...passphrase] of [
    ['identity.txt', 'file'],
    ['keyring', 'keyring'],
    ['identity.age, passphrase', 'file', 'open sesame'],
  ] as const) {
    const home = join(path, setting + passphrase.length);
    const homeEnv = { ...inSession, PLUGBOARD_HOME: home };
    fill(home, { ...homeEnv, PLUGBOARD_SECRETS_PASSPHRASE: passphrase[0] }, setting);
    const runs = Array.from({ length: ROUNDS }, () => run([RESOLVER, home, setting, ...passphrase], homeEnv));
    const wrong = runs.find(({ status }) => status !== 0);
    if (wrong !== undefined) throw new Error(wrong.stderr);
    const cells = [runs.map(({ ms }) => ms), runs.map(({ stdout }) => Number(stdout))].map(
      (times) => `${median(times).toFixed(0)} (${Math.min(...times).toFixed(0)})`,
    );
    print(`| ${name} | ${cells.join(' | ')} |`);
  }
  await end();
}

/** A home with 50 secrets. */
function fill(home: string, env: NodeJS.ProcessEnv, setting: string): void {
  mkdirSync(home, { mode: 0o700 });
  for (let index = 0; index < SECRETS; index += 1) {
    const args = [
      'secret',
      'set',
      `SECRET_${index}`,
      '--for',
      'docs',
      '--from-env',
      'VALUE',
      '-c',
      `secrets_store=${setting}`,
    ];
    const { status, stderr } = run([PRODUCT, ...args], { ...env, VALUE: 'x'.repeat(40) });
    if (status !== 0) throw new Error(stderr);
  }
}

async function besideKeyrings({ path, env }: WorkFolder): Promise<void> {
  print('\nCommands where nobody can be asked, ms');
  print(
    '| keyring | first `secret set`, `auto` | first `secret set`, `keyring` | `secret set`, key in the keyring | `secret list`, key in the keyring | 50 secrets, key in the keyring |\n|---|---|---|---|---|---|',
  );
  const shared = join(path, 'in-keyring');
  const set = ['secret', 'set', 'TOKEN', '--for', 'docs', '--from-env', 'HOME'];
  for (const state of ['unlocked', 'locked', 'absent', 'none'] as const) {
    const { env: inSession, end } = state === 'none' ? { env, end: async () => {} } : await session(state);
    const homeEnv = (name: string): NodeJS.ProcessEnv => ({
      ...inSession,
      PLUGBOARD_HOME: join(path, `${state}-${name}`),
    });
    const sharedEnv = { ...inSession, PLUGBOARD_HOME: shared };
    if (state === 'unlocked') fill(shared, sharedEnv, 'keyring');
    const runs = [0, 1, 2].map((round) => [
      run([PRODUCT, ...set], homeEnv(`auto${round}`)),
      run([PRODUCT, ...set, '-c', 'secrets_store=keyring'], homeEnv(`keyring${round}`)),
      run([PRODUCT, ...set], sharedEnv),
      run([PRODUCT, 'secret', 'list'], sharedEnv),
      run([RESOLVER, shared, 'keyring'], sharedEnv),
    ]);
    const cells = [0, 1, 2, 3, 4].map((column) => {
      const some = runs.flatMap((row) => row[column] ?? []);
      const code = /\[(SECRET_\w+)\]\s*$|code: '(SECRET_\w+)'/
        .exec(some[0]?.stderr ?? '')
        ?.slice(1)
        .find(Boolean);
      const place = /the key is in (the keyring|identity\.txt)/.exec(some[0]?.stdout ?? '')?.[1];
      return `${median(some.map(({ ms }) => ms)).toFixed(0)} (${code ?? place ?? 'done'})`;
    });
    print(`| ${state === 'none' ? 'no bus' : state} | ${cells.join(' | ')} |`);
    await end();
  }
}

async function writing({ path }: WorkFolder): Promise<void> {
  print('\nWrites of eight processes at once, 200 each, ms');
  print('| | p50 | p99 | longest | killed | writes/s |\n|---|---|---|---|---|---|');
  for (const killAfter of [null, 10]) {
    const home = join(path, `writes-${killAfter}`);
    mkdirSync(home, { mode: 0o700 });
    const start = performance.now();
    const results = await Promise.all(
      Array.from({ length: 8 }, (_, worker) => runWriter({ home, worker, writes: 200, killAfter, onAck: () => {} })),
    );
    const seconds = (performance.now() - start) / 1000;
    const took = results.flatMap(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
    const at = (share: number): string => (took[Math.floor((took.length - 1) * share)] ?? 0).toFixed(0);
    const kills = results.reduce((sum, one) => sum + one.kills, 0);
    const name = killAfter === null ? 'undisturbed' : 'killed at random';
    print(`| ${name} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${kills} | ${(took.length / seconds).toFixed(0)} |`);
    rmSync(home, { recursive: true });
  }
}
