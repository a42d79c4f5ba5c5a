/**
 * A home of its own for one test: its configuration, the product on it, and what can be seen of it from outside.
 *
 * Everything the product starts is found by the home's path in its environment, servers and their grandchildren too, so
 * that a test can say that nothing is left, and so that nothing is left when a test fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'smol-toml';
import { afterEach, expect } from 'vitest';
import type { HostStatus } from '../../src/api/index.ts';
import { type Control, greetHost, openControl, type RunPaths, runPaths } from '../../src/api/node/index.ts';
import type { ServerReport } from '../../src/status/index.ts';
import { isRunning, processFacts, until } from './processes.ts';
import { createWorkFolder, PRODUCT } from './product.ts';
import { openRawClient, type RawClient, type RawClientOptions } from './raw-client.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/servers/', import.meta.url));

export type ServerKeys = Readonly<Record<string, unknown>>;

/** The keys that start a test server of `tests/fixtures/servers`. */
export function fixture(name: string, ...args: readonly string[]): { command: string; args: string[] } {
  return { command: process.execPath, args: [join(FIXTURES, `${name}.mjs`), ...args] };
}

/** The keys that start one of the real servers in `node_modules`. */
export function realServer(name: string, ...args: readonly string[]): { command: string; args: string[] } {
  const file = fileURLToPath(
    new URL(`../../node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, import.meta.url),
  );
  return { command: process.execPath, args: [file, ...args] };
}

/** A run of the product with what it has said so far. */
export type Run = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
};

export type Home = {
  /** PLUGBOARD_HOME. */
  readonly path: string;
  /** The folder around it, for files of the test. */
  readonly folder: string;
  /** The environment that everything here is started with. */
  readonly env: NodeJS.ProcessEnv;
  readonly paths: RunPaths;
  /** Writes config.toml: these servers, and other tables. */
  readonly configure: (
    servers: Readonly<Record<string, ServerKeys>>,
    tables?: Readonly<Record<string, unknown>>,
  ) => void;
  /** `plugboard ARGS`. */
  readonly run: (args: readonly string[], options?: RunOptions) => Run;
  /** Another program in the environment of this home. */
  readonly command: (program: string, args: readonly string[], options?: RunOptions) => Run;
  /** `plugboard ARGS` to its end. */
  readonly finish: (args: readonly string[], options?: RunOptions) => Promise<Finished>;
  /** `plugboard stdio ARGS` as an agent starts it. */
  readonly pipe: (args?: readonly string[], options?: Partial<RawClientOptions>) => RawClient;
  /** `plugboard serve --port 0 --json ARGS`, once it is ready. */
  readonly serve: (args?: readonly string[]) => Promise<Run & { readonly endpoint: string }>;
  /** `plugboard serve --detached ARGS`, once it is the host of this home. */
  readonly host: (args?: readonly string[]) => Promise<Run>;
  /** What the running host says of itself; null when none answers. */
  readonly status: () => Promise<HostStatus | null>;
  /** What the host has kept of a server's stderr. */
  readonly logs: (server: string) => Promise<string>;
  /** Waits until the host reports this server in one of these states. */
  readonly untilServer: (name: string, ...kinds: readonly string[]) => Promise<ServerReport>;
  /** Everything that runs because of this home. */
  readonly processes: () => readonly number[];
};

export type RunOptions = {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly nodeArgs?: readonly string[];
};
export type Finished = { readonly status: number | NodeJS.Signals; readonly stdout: string; readonly stderr: string };

export type HomeOptions = {
  /** Name of the home's folder within the work folder. Default `.plugboard`. */
  readonly name?: string;
};

/** Makes homes, and after each test ends everything that still runs for them. */
export function useHomes(): (options?: HomeOptions) => Home {
  const open: { readonly end: () => Promise<void> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((home) => home.end()));
  });
  return (options = {}) => {
    const made = createHome(options);
    open.push(made);
    return made.home;
  };
}

function createHome(options: HomeOptions): { readonly home: Home; readonly end: () => Promise<void> } {
  const work = createWorkFolder('test');
  const path = join(work.env['HOME'] ?? '', options.name ?? '.plugboard');
  const env = { ...work.env, PLUGBOARD_HOME: path };
  const paths = runPaths(path);
  const mark = `PLUGBOARD_HOME=${path}`;
  const folderMark = `HOME=${work.env['HOME']}`;

  const run: Home['run'] = (args, how = {}) =>
    startRun(process.execPath, [...(how.nodeArgs ?? []), PRODUCT, ...args], { env, ...how });
  const home: Home = {
    path,
    folder: work.path,
    env,
    paths,
    configure: (servers, tables = {}) => {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      writeFileSync(join(path, 'config.toml'), stringify({ ...tables, mcp_servers: servers }), { mode: 0o600 });
    },
    run,
    command: (program, args, how = {}) => startRun(program, args, { env, ...how }),
    finish: async (args, how) => {
      const running = run(args, how);
      const status = await running.ended;
      return { status, stdout: running.stdout(), stderr: running.stderr() };
    },
    pipe: (args = [], how = {}) =>
      openRawClient({ command: process.execPath, args: [PRODUCT, 'stdio', ...args], env, ...how }),
    serve: async (args = []) => {
      const running = run(['serve', '--host', '127.0.0.1', '--port', '0', '--json', ...args]);
      const line = await Promise.race([
        until(() => running.stdout().includes('\n') && running.stdout()),
        running.ended.then((status) => {
          throw new Error(`serve ended with ${status}: ${running.stderr()}`);
        }),
      ]);
      const { endpoint } = JSON.parse(line) as { readonly endpoint: string };
      return { ...running, endpoint };
    },
    host: async (args = []) => {
      const running = run(['serve', '--detached', ...args]);
      await expect.poll(async () => (await statusOf(paths))?.pid, { timeout: 15_000 }).toBe(running.pid);
      return running;
    },
    status: () => statusOf(paths),
    logs: (server) => logsOf(paths, server),
    untilServer: async (name, ...kinds) => {
      const seen: string[] = [];
      for (const end = performance.now() + 20_000; performance.now() < end; ) {
        const report = (await statusOf(paths))?.servers.find((one) => one.name === name);
        const kind = report?.state?.kind ?? 'no answer';
        if (report !== undefined && kinds.includes(kind)) return report;
        seen.push(kind);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`${name} was never ${kinds.join(' or ')}, but ${[...new Set(seen)].join(', ')}`);
    },
    processes: () => processesWith(mark, folderMark),
  };
  const end = async (): Promise<void> => {
    for (let round = 0; round < 20; round += 1) {
      const left = home.processes();
      if (left.length === 0) break;
      for (const pid of left) kill(pid);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    work.remove();
  };
  return { home, end };
}

/** Processes with one of these in their environment, and the watchdogs that such processes have started. */
function processesWith(...marks: readonly string[]): readonly number[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const own = new Set(all.filter((pid) => environmentOf(pid).some((entry) => marks.includes(entry)) && isRunning(pid)));
  const watchdogs = all.filter((pid) => {
    const parent = processFacts(pid)?.parent;
    return parent !== undefined && own.has(parent) && commandLine(pid).includes('plugboard-watchdog');
  });
  return [...own, ...watchdogs];
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

export function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

type StartOptions = { readonly env: NodeJS.ProcessEnv; readonly cwd?: string };

function startRun(program: string, args: readonly string[], options: StartOptions): Run {
  const child = spawn(program, args, {
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0));
  });
  return { child, pid: child.pid ?? 0, stdout: () => stdout, stderr: () => stderr, ended };
}

async function statusOf(paths: RunPaths): Promise<HostStatus | null> {
  const control = await openHost(paths);
  if (control === null) return null;
  try {
    return (await control.request('status')) as unknown as HostStatus;
  } finally {
    control.close();
  }
}

async function logsOf(paths: RunPaths, server: string): Promise<string> {
  const control = await openHost(paths);
  if (control === null) throw new Error('no host answers');
  let text = '';
  control.onNotification((_method, params) => {
    text += String(params['text']);
  });
  try {
    await control.request('logs', { server });
    return text;
  } finally {
    control.close();
  }
}

async function openHost(paths: RunPaths): Promise<Control | null> {
  const config = { file: null, overrides: [], project: null };
  const met = await greetHost(paths, { version: 'test', want: { kind: 'control' }, config });
  return met === null ? null : openControl(met.socket);
}

/** The text of a tool's result. */
export async function callText(
  client: RawClient,
  name: string,
  args: Readonly<Record<string, string | number>> = {},
): Promise<string> {
  const result = await client.request('tools/call', { name, arguments: args });
  const [first] = result['content'] as readonly { readonly text?: string }[];
  return first?.text ?? '';
}
