/**
 * Starts the built product the way a user would, for tests and scripts that try it from outside.
 *
 * `PLUGBOARD_BIN` names another build to try instead of this checkout's `bin/plugboard.js`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const START_LIMIT_MS = 30_000;
const END_LIMIT_MS = 10_000;
const STDERR_KEPT_CHARS = 8192;

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PRODUCT = process.env['PLUGBOARD_BIN'] ?? join(ROOT, 'bin', 'plugboard.js');

/** A folder of this run: a private home, and whatever else the run writes. */
export type WorkFolder = { readonly path: string; readonly env: NodeJS.ProcessEnv; readonly remove: () => void };

export function createWorkFolder(name: string): WorkFolder {
  const path = mkdtempSync(join(tmpdir(), `plugboard-${name}-`));
  const home = join(path, 'home');
  mkdirSync(home, { mode: 0o700 });
  const env = {
    PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    LANG: 'C.UTF-8',
    HOME: home,
    PLUGBOARD_HOME: join(home, '.plugboard'),
  };
  return { path, env, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

/** Writes `toml` as `config.toml` into the folder. Gives its path. */
export function writeConfig(folder: WorkFolder, toml: string): string {
  const path = join(folder.path, 'config.toml');
  writeFileSync(path, toml, { mode: 0o600 });
  return path;
}

/** A server table of config.toml. Values are written as JSON, which TOML reads the same for strings and arrays of them. */
export function serverTable(name: string, keys: Readonly<Record<string, string | readonly string[]>>): string {
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return [`[mcp_servers.${JSON.stringify(name)}]`, ...lines, ''].join('\n');
}

/** `[serve]` without tokens: allowed on loopback only, which is where these scripts stay. */
export const OPEN_SERVE = '[serve]\nauth = "none"\n\n';

export type Served = { readonly endpoint: string; readonly pid: number; readonly close: () => Promise<void> };

/** `plugboard serve --standalone` with this config, once it is ready. */
export function serveProduct(folder: WorkFolder, toml: string): Promise<Served> {
  return serve(folder, ['--standalone', '--config', writeConfig(folder, OPEN_SERVE + toml)]);
}

/** The host of the folder's home in the foreground, once it is ready: `plugboard stdio` with the same home is a pipe to it. */
export function serveHome(folder: WorkFolder, toml: string): Promise<Served> {
  const home = folder.env['PLUGBOARD_HOME'] ?? '';
  mkdirSync(home, { recursive: true, mode: 0o700 });
  writeFileSync(join(home, 'config.toml'), OPEN_SERVE + toml, { mode: 0o600 });
  return serve(folder, []);
}

/**
 * `plugboard serve` on a free port of 127.0.0.1.
 *
 * @throws Error with what it wrote to standard error when it ends first or is not ready within 30 s.
 */
async function serve(folder: WorkFolder, options: readonly string[]): Promise<Served> {
  const args = [PRODUCT, 'serve', ...options, '--host', '127.0.0.1', '--port', '0', '--json'];
  const { child, line } = await startProgram(process.execPath, args, folder.env);
  const endpoint = /"endpoint":\s*"([^"]+)"/.exec(line)?.[1];
  if (endpoint === undefined) {
    await endProgram(child);
    throw new Error(`no endpoint in the first line of serve: ${line}`);
  }
  return { endpoint, pid: child.pid ?? 0, close: () => endProgram(child) };
}

/** Starts a program that prints one line when it is ready. Its standard input stays open until it is ended. */
export function startProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly child: ChildProcess; readonly line: string }> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT_CHARS);
  });
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new Error(`${args.join(' ')}: ${why}\n${stderr}`));
    };
    const timer = setTimeout(() => fail('not ready in time'), START_LIMIT_MS);
    child.once('error', (cause) => fail(cause.message));
    child.once('close', (code) => fail(`ended with exit code ${code}`));
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer);
      child.removeAllListeners('close');
      resolve({ child, line });
    });
  });
}

/** SIGTERM, then SIGKILL after 10 s. Resolves when it has ended. */
export async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}
