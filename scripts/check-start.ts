/**
 * Tries `npm start` the way a user does: the starter servers come up, the endpoint answers, Ctrl-C ends it with exit
 * status 0 and leaves no process behind. Linux only (it reads /proc).
 *
 * The script `start` begins with `exec`: otherwise npm's shell, which gets the Ctrl-C too, ends with the signal instead of
 * the status. npm also hands the signal on, so the product gets it twice.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createWorkFolder, ROOT } from '../tests/support/product.ts';

const READY_LIMIT_MS = 120_000;
const END_LIMIT_MS = 20_000;
const SERVERS = ['everything', 'filesystem', 'memory'];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Every process of this machine: pid → parent and start time (a pid may be given again, a pair never). */
function processes(): Map<number, { readonly parent: number; readonly started: string }> {
  const found = new Map<number, { parent: number; started: string }>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z') continue;
      found.set(Number(entry), { parent: Number(fields[1]), started: fields[19] ?? '' });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** `pid:start time` of all descendants of `root`. */
function descendants(root: number): string[] {
  const all = processes();
  const within = (pid: number): boolean => {
    const parent = all.get(pid)?.parent;
    return parent !== undefined && parent !== 0 && (parent === root || within(parent));
  };
  return [...all.keys()].filter(within).map((pid) => `${pid}:${all.get(pid)?.started}`);
}

function survivors(names: readonly string[]): string[] {
  const all = processes();
  return names.filter((name) => {
    const [pid, started] = name.split(':');
    return all.get(Number(pid))?.started === started;
  });
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

async function until(what: string, limitMs: number, check: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await sleep(50);
  }
}

async function run(): Promise<void> {
  const folder = createWorkFolder('start');
  const port = await freePort();
  const child = spawn('npm', ['start', '--', '--port', String(port)], {
    cwd: ROOT,
    env: { ...process.env, ...folder.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const group = child.pid ?? 0;
  let started: string[] = [];
  try {
    const endpoint = `http://127.0.0.1:${port}/mcp`;
    await until('every starter server is shown connected, and the endpoint', READY_LIMIT_MS, () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error('npm start ended');
      return output.includes(endpoint) && SERVERS.every((name) => new RegExp(`${name}.*CONNECTED`).test(output));
    });
    const health = await fetch(`http://127.0.0.1:${port}/healthz`);
    if (health.status !== 200) throw new Error(`/healthz answered ${health.status}`);
    started = descendants(group);
    if (started.length < SERVERS.length + 1) throw new Error(`only ${started.length} processes were started`);
    process.kill(-group, 'SIGINT');
    const code = await Promise.race([exited, sleep(END_LIMIT_MS, 'late' as const)]);
    if (code !== 0) throw new Error(`after Ctrl-C npm start ended with ${code}`);
    await until(`${started.length} processes are gone`, END_LIMIT_MS, () => survivors(started).length === 0);
    process.stdout.write(`${output}\nnpm start: ready, answered, ended with 0, ${started.length} processes gone\n`);
  } catch (error) {
    process.stderr.write(`${output}\n`);
    for (const name of survivors([...started, ...descendants(group)])) killNow(Number(name.split(':')[0]));
    if (child.exitCode === null && child.signalCode === null) killNow(group);
    throw error;
  } finally {
    folder.remove();
  }
}

await run();
