import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigArgs, Greeting } from '../../api/index.ts';
import { greetHost, type Met, privateFolder, type RunPaths, writeLine } from '../../api/node/index.ts';
import { AppError, isErrorCode, isJsonObject } from '../../kernel/index.ts';
import { programFile } from './self.ts';

export type PipeOptions = {
  readonly version: string;
  readonly home: string;
  readonly paths: RunPaths;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: ConfigArgs;
  /** For the host, if it is started: file with the passphrase of the key to the secrets. */
  readonly passphraseFile: string | null;
  readonly want: Extract<Greeting['want'], { kind: 'agent' }>;
};

/** How long a host may take to answer after it was started. Milliseconds. */
const START_LIMIT_MS = 30_000;
const ASK_EVERY_MS = 15;
/** Hosts that one pipe starts, when they get killed. */
const MOST_STARTS = 5;
const MOST_OUTPUT_BYTES = 1024 * 1024;

/**
 * Connects this process's standard streams to the home's host, which is started when none runs. Nothing of what goes
 * through is read.
 *
 * @returns The exit status: 0 when the agent closed its side, 1 when the host ended first.
 * @throws AppError `HOST_START_FAILED` | `HOST_CONFIG_DIFFERS` | `UNKNOWN_SERVER`
 */
export async function runPipe(options: PipeOptions): Promise<number> {
  const { socket, welcome } = (await greet(options)) ?? (await startAndGreet(options));
  if (welcome.version !== options.version) {
    process.stderr.write(
      `plugboard: the running host is version ${welcome.version}, this is ${options.version}; use --standalone, or end that host with: kill ${welcome.pid}\n`,
    );
  }
  const declared = Object.entries(options.env).filter(([name]) => welcome.envNames.includes(name));
  writeLine(socket, { env: Object.fromEntries(declared) });
  let agentClosed = false;
  process.stdin.once('end', () => {
    agentClosed = true;
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      agentClosed = true;
      socket.end();
    });
  }
  process.stdout.on('error', () => socket.destroy());
  process.stdin.pipe(socket);
  socket.pipe(process.stdout, { end: false });
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (!agentClosed) process.stderr.write('plugboard: the host has ended\n');
  return agentClosed ? 0 : 1;
}

function greet({ paths, version, want, config }: PipeOptions): Promise<Met | null> {
  return greetHost(paths, { version, want, config });
}

/**
 * Starts a host and greets it. Several pipes may do this at once: the hosts among them agree by their lock, and one stays.
 * A host that is killed meanwhile is replaced.
 */
async function startAndGreet(options: PipeOptions): Promise<Met> {
  for (const folder of options.paths.folders) privateFolder(folder);
  let host = await startHost(options);
  let starts = 1;
  for (const end = performance.now() + START_LIMIT_MS; performance.now() < end; ) {
    const exit = host.exit();
    const met = await greet(options);
    if (met !== null) return met;
    if (exit === 'failed' || (exit === 'left' && starts === MOST_STARTS)) break;
    if (exit === 'left') {
      host = await startHost(options);
      starts += 1;
    }
    await sleep(ASK_EVERY_MS);
  }
  throw host.failure();
}

type StartedHost = {
  /** `left`: it found another host, or was killed. `failed`: it said why it cannot be one. */
  readonly exit: () => 'failed' | 'left' | null;
  readonly failure: () => AppError;
};

async function startHost({ home, cwd, env, config, passphraseFile }: PipeOptions): Promise<StartedHost> {
  const { startDetached } = await import('../../executors/node/index.ts');
  const output = openOutput(home);
  const passphrase = passphraseFile === null ? [] : ['--passphrase-file', resolvePath(cwd, passphraseFile)];
  const words = ['serve', '--detached', '--json', ...passphrase, ...overrideArgs(config)];
  const args = ['--max-semi-space-size=4', programFile(), ...words];
  const exited = startDetached(process.execPath, args, { cwd, env, log: output?.fd ?? null });
  if (output !== null) closeSync(output.fd);
  let exit: 'failed' | 'left' | null = null;
  void exited.then((code) => {
    exit = code === 0 || code === null ? 'left' : 'failed';
  });
  return { exit: () => exit, failure: () => failureOf(output === null ? '' : saidSince(output)) };
}

type Output = { readonly file: string; readonly fd: number; readonly from: number };

/** What hosts print goes to one file, which begins anew when it has grown. null when the disk is full, say: that is no reason not to start. */
function openOutput(home: string): Output | null {
  try {
    mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
    const file = join(home, 'logs', 'host-output.log');
    const fd = openSync(file, 'a', 0o600);
    if (fstatSync(fd).size > MOST_OUTPUT_BYTES) ftruncateSync(fd);
    return { file, fd, from: fstatSync(fd).size };
  } catch {
    return null;
  }
}

function saidSince({ file, from }: Output): string {
  try {
    return readFileSync(file).subarray(from).toString('utf8').trim();
  } catch {
    return '';
  }
}

/** The error that the host ended with, as it was there, or whatever it printed. */
function failureOf(said: string): AppError {
  for (const line of said.split('\n').toReversed()) {
    const known = errorOf(line);
    if (known !== null) return known;
  }
  return new AppError('HOST_START_FAILED', `the host could not be started${said === '' ? '' : `: ${said}`}`);
}

function errorOf(line: string): AppError | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    const error = isJsonObject(value) ? value['error'] : undefined;
    if (!isJsonObject(error) || !isErrorCode(error['code'])) return null;
    const { code, message, where, hint } = error;
    return new AppError(code, String(message), {
      ...(typeof where === 'string' ? { where } : {}),
      ...(typeof hint === 'string' ? { hint } : {}),
    });
  } catch {
    return null;
  }
}

function overrideArgs({ file, overrides, project }: ConfigArgs): readonly string[] {
  return [
    ...(file === null ? [] : ['--config', file]),
    ...overrides.flatMap((override) => ['-c', override]),
    ...(project === null ? [] : ['--project', project]),
  ];
}
