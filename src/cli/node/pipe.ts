import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigArgs, Greeting } from '../../api/index.ts';
import { greetHost, type Met, type RunPaths, writeLine } from '../../api/node/index.ts';
import { AppError } from '../../kernel/index.ts';
import { programFile } from './self.ts';

export type PipeOptions = {
  readonly version: string;
  readonly home: string;
  readonly paths: RunPaths;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: ConfigArgs;
  readonly want: Extract<Greeting['want'], { kind: 'agent' }>;
};

/** How long a host may take to answer after it was started. Milliseconds. */
const START_LIMIT_MS = 15_000;
const ASK_EVERY_MS = 15;

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
      `plugboard: the running host is version ${welcome.version}, this is ${options.version}; end it with: kill ${welcome.pid}\n`,
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

/** Several pipes may do this at once: the hosts among them agree by their lock, and one stays. */
async function startAndGreet(options: PipeOptions): Promise<Met> {
  const { startDetached } = await import('../../executors/node/index.ts');
  const { home, cwd, env, config } = options;
  mkdirSync(join(home, 'logs'), { recursive: true, mode: 0o700 });
  const output = join(home, 'logs', 'host-output.log');
  const log = openSync(output, 'w', 0o600);
  const args = ['--max-semi-space-size=4', programFile(), 'serve', '--detached', ...overrideArgs(config)];
  const exited = startDetached(process.execPath, args, { cwd, env, log });
  closeSync(log);
  let exit: number | null | undefined;
  void exited.then((code) => {
    exit = code;
  });
  for (let waitedMs = 0; waitedMs < START_LIMIT_MS; waitedMs += ASK_EVERY_MS) {
    const met = await greet(options);
    if (met !== null) return met;
    if (exit !== undefined && exit !== 0) break;
    await sleep(ASK_EVERY_MS);
  }
  const said = readFileSync(output, 'utf8').trim();
  throw new AppError('HOST_START_FAILED', `the host could not be started${said === '' ? '' : `: ${said}`}`, {
    where: output,
  });
}

function overrideArgs({ file, overrides, project }: ConfigArgs): readonly string[] {
  return [
    ...(file === null ? [] : ['--config', file]),
    ...overrides.flatMap((override) => ['-c', override]),
    ...(project === null ? [] : ['--project', project]),
  ];
}
