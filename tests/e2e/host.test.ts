import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { callText, commandLine, fixture, type Home, useHomes } from '../support/home.ts';
import { isRunning, until } from '../support/processes.ts';
import { PRODUCT, ROOT } from '../support/product.ts';
import type { RawClient } from '../support/raw-client.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** The host processes of a home. */
function hosts(home: Home): readonly number[] {
  return home.processes().filter((pid) => commandLine(pid).includes('--detached'));
}

/** Initializes and calls a tool, so that the whole road is known to work. */
async function use(client: RawClient): Promise<string> {
  await client.initialize();
  return callText(client, 'echo__where');
}

test(proves('host.detached'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const first = home.pipe();
  const where = await use(first);
  const host = (await home.status())?.pid;
  expect(await first.close()).toBe(0);
  const second = home.pipe();
  expect(await use(second)).toBe(where);
  expect((await home.status())?.pid).toBe(host);
  expect(await second.close()).toBe(0);
});

test(proves('host.one-per-home'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const pipes = Array.from({ length: 4 }, () => home.pipe());
  const [places, served] = await Promise.all([Promise.all(pipes.map(use)), home.serve()]);
  expect(new Set(places).size).toBe(1);
  const status = await home.status();
  // Whoever came first is the host; the others have found it, or have gone.
  const running = (): readonly number[] => [...hosts(home), ...(status?.pid === served.pid ? [served.pid] : [])];
  await until(() => running().length === 1);
  expect(running()).toEqual([status?.pid]);
  expect(status?.endpoints).toEqual([served.endpoint]);
  await Promise.all(pipes.map((pipe) => pipe.close()));
});

test(proves('host.leaves'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const host = await home.host(['--idle', '2']);
  const pipe = home.pipe();
  await use(pipe);
  // Longer than the idle time, but not idle: the pipe is there.
  await sleep(2500);
  expect(isRunning(host.pid)).toBe(true);
  const servers = home.processes().filter((pid) => pid !== host.pid && pid !== pipe.pid);
  expect(servers.length).toBeGreaterThanOrEqual(2);
  await pipe.close();
  expect(await host.ended).toBe(0);
  await until(() => home.processes().length === 0);
  expect(host.stderr()).toBe('');
  // The next use starts another one.
  const next = home.pipe();
  await use(next);
  await next.close();
});

test('a host that nobody ever uses leaves, too', async () => {
  const home = createHome();
  const host = home.run(['serve', '--detached', '--idle', '1']);
  expect(await host.ended).toBe(0);
});

test('a pipe that comes while the host is leaving is served by the next host', async () => {
  const home = createHome();
  // The host takes two seconds and more to end this one.
  home.configure({ echo: fixture('echo'), stubborn: fixture('ignores-sigterm') });
  const host = await home.host();
  await home.untilServer('stubborn', 'connected');
  process.kill(host.pid, 'SIGTERM');
  const pipes = Array.from({ length: 3 }, () => home.pipe());
  const places = await Promise.all(pipes.map(use));
  expect(new Set(places).size).toBe(1);
  expect(await host.ended).toBe(0);
  expect((await home.status())?.pid).not.toBe(host.pid);
  await Promise.all(pipes.map((pipe) => pipe.close()));
});

test(proves('host.take-over'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const first = home.pipe();
  await use(first);
  const pid = (await home.status())?.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  await until(() => !isRunning(first.pid));
  expect(await first.close()).toBe(1);
  expect(first.stderr()).toContain('the host has ended');
  expect(statSync(home.paths.socket).isSocket()).toBe(true);
  const began = performance.now();
  const second = home.pipe();
  await use(second);
  expect(performance.now() - began).toBeLessThan(8000);
  expect((await home.status())?.pid).not.toBe(pid);
  await second.close();
});

test('hosts killed half-way through their start hold up nobody', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  for (const afterMs of [20, 60, 100, 140, 180]) {
    const pipe = home.pipe();
    await until(() => hosts(home).length > 0);
    await sleep(afterMs);
    for (const pid of hosts(home)) process.kill(pid, 'SIGKILL');
    // Whether this pipe was already connected depends on the moment; it must come to an end or go on, and say which.
    const outcome = await use(pipe).catch((error: unknown) => String(error));
    expect(outcome).toMatch(/"pid"|the host has ended/);
    await pipe.close();
    for (const pid of hosts(home)) process.kill(pid, 'SIGKILL');
    await until(() => hosts(home).length === 0);
  }
});

test('a call in flight is over when its host dies, and the pipe says why', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const pipe = home.pipe();
  await use(pipe);
  const call = callText(pipe, 'echo__slow', { ms: 60_000 }).catch((error: unknown) => String(error));
  await sleep(50);
  process.kill((await home.status())?.pid ?? 0, 'SIGKILL');
  expect(await call).toContain('the host has ended');
  expect(await pipe.close()).toBe(1);
});

test(proves('host.standalone'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const alone = [home.pipe(['--standalone']), home.pipe(['--standalone'])];
  const places = await Promise.all(alone.map(use));
  expect(new Set(places).size).toBe(2);
  expect(await home.status()).toBeNull();
  expect(hosts(home)).toEqual([]);
  // Beside a host, and with a configuration of its own.
  const pipe = home.pipe();
  const shared = await use(pipe);
  const other = join(home.folder, 'other.toml');
  writeFileSync(
    other,
    `[mcp_servers.other]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${JSON.stringify(fixture('echo').args[0])}]\n`,
  );
  const third = home.pipe(['--standalone', '--config', other]);
  await third.initialize();
  expect(await callText(third, 'other__where')).not.toBe(shared);
  expect(await Promise.all([...alone, third, pipe].map((one) => one.close()))).toEqual([0, 0, 0, 0]);
});

/** The product of this checkout, as another version. */
function otherVersion(home: Home): string {
  const copy = join(home.folder, 'other-version');
  const built = dirname(dirname(PRODUCT));
  for (const part of ['bin', 'dist']) cpSync(join(built, part), join(copy, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const manifest = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8')) as object;
  writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...manifest, version: '99.0.0' }));
  return join(copy, 'bin', 'plugboard.js');
}

test(proves('host.other'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const first = home.pipe();
  await use(first);
  const other = join(home.folder, 'other.toml');
  writeFileSync(other, '');
  for (const options of [
    ['--config', other],
    ['-c', 'mcp_servers.echo.enabled=false'],
  ]) {
    const refused = await home.finish(['stdio', ...options]);
    expect(refused).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(/HOST_CONFIG_DIFFERS/) });
    expect(refused.stderr).toContain('--standalone');
  }
  const newer = home.pipe([], { args: [otherVersion(home), 'stdio'] });
  await newer.close();
  expect(newer.stderr()).toMatch(/version 0\.\d+\.\d+.*99\.0\.0/);
  expect(newer.stderr()).toContain('--standalone');
  expect(newer.stderr()).toContain(`kill ${(await home.status())?.pid}`);
  await first.close();
});

test('a pipe on a server that does not exist is told so before any MCP', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  expect(await home.finish(['stdio', '--server', 'ecko'])).toEqual({
    status: 1,
    stdout: '',
    stderr: expect.stringContaining('UNKNOWN_SERVER'),
  });
});

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test(proves('host.private'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  rmSync(home.path, { recursive: true });
  const pipe = home.pipe();
  await pipe.initialize();
  const { socket, key } = home.paths;
  const modes = [home.path, dirname(key), socket, key, join(home.path, 'plugboard.db'), join(home.path, 'logs')];
  expect(modes.map(modeOf)).toEqual(['700', '700', '600', '600', '600', '700']);
  expect(await greet(home, 'not the key')).toContain('does not know the key');
  await pipe.close();
});

/** What the socket answers to a greeting with this key. */
function greet(home: Home, key: string): Promise<string> {
  const greeting = {
    version: '0',
    key,
    want: { kind: 'control' },
    config: { file: null, overrides: [], project: null },
  };
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = connect(home.paths.socket, () => socket.write(`${JSON.stringify(greeting)}\n`));
    socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
    socket.once('close', () => resolve(heard)).once('error', reject);
  });
}

test.each(['', 'run', 'logs/..'])(
  `${proves('host.private')}: a home where others may write to "%s" is refused`,
  async (inside) => {
    const home = createHome();
    mkdirSync(join(home.path, 'run'), { recursive: true, mode: 0o700 });
    mkdirSync(join(home.path, 'logs'), { mode: 0o700 });
    chmodSync(join(home.path, inside), 0o770);
    for (const args of [['serve', '--port', '0'], ['stdio'], ['stdio', '--standalone']]) {
      const refused = await home.finish(args);
      expect(refused).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('HOME_NOT_PRIVATE') });
      expect(refused.stderr).toContain('chmod 700');
    }
    expect(home.processes()).toEqual([]);
  },
);

test.each([
  { name: 'with blanks and other letters', folder: 'my plug board é' },
  { name: 'longer than a socket path may be', folder: `home-${'x'.repeat(140)}` },
])('a home $name works', async ({ folder }) => {
  const home = createHome({ name: folder });
  home.configure({ echo: fixture('echo') });
  const first = home.pipe();
  const second = home.pipe([], { env: { ...home.env, TMPDIR: home.folder } });
  const places = await Promise.all([use(first), use(second)]);
  expect(new Set(places).size).toBe(1);
  const where = dirname(home.paths.socket);
  expect([modeOf(where), modeOf(home.paths.socket)]).toEqual(['700', '600']);
  await Promise.all([first.close(), second.close()]);
});

test('a home that is no folder is a coded error', async () => {
  const home = createHome();
  writeFileSync(home.path, 'a file', { mode: 0o600 });
  for (const args of [['serve', '--port', '0'], ['stdio'], ['stdio', '--standalone']]) {
    const refused = await home.finish(args);
    expect(refused).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('HOME_UNUSABLE') });
    expect(refused.stderr).toContain(home.path);
  }
});
