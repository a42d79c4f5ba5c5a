import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { refusal, said } from '../support/cli.ts';
import { callText, fixture, type Home, type Run, useHomes } from '../support/home.ts';
import { isRunning, until } from '../support/processes.ts';
import { PRODUCT, ROOT } from '../support/product.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const STARTER = join(ROOT, 'examples', 'starter', 'config.toml');

/** What `npm start` runs, on a free port. */
function start(home: Home, cwd: string): Run {
  return home.run(['serve', '--config', STARTER, '--port', '0'], { cwd });
}

async function untilReady(run: Run): Promise<string> {
  await until(() => run.stdout().includes('Ctrl-C ends it.') || !isRunning(run.pid));
  const endpoint = /Endpoint +(\S+)/.exec(run.stdout())?.[1];
  if (endpoint === undefined) throw new Error(`serve ended: ${run.stderr()}`);
  return endpoint;
}

/** `initialize` at an endpoint, with this token. */
function greet(endpoint: string, token: string): Promise<Response> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  return fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  });
}

test(proves('serve.starter', 'serve.any-folder', 'serve.ctrl-c'), async () => {
  const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
    .scripts;
  expect(scripts['start']).toBe('exec node bin/plugboard.js serve --config examples/starter/config.toml');
  const home = createHome();
  const run = start(home, home.folder);
  const endpoint = await untilReady(run);
  const lines = run.stdout();
  expect(lines).toMatch(/everything +\(stdio\) +CONNECTED +\d+ tools/);
  expect(lines).toMatch(/filesystem +\(stdio\) +CONNECTED +\d+ tools/);
  expect(lines).toMatch(/memory +\(stdio\) +CONNECTED +\d+ tools/);
  expect(lines).toContain(
    `claude mcp add --transport http plugboard ${endpoint} --header "Authorization: Bearer TOKEN"`,
  );
  expect(lines).toContain('connect codex');
  expect(await (await fetch(endpoint.replace('/mcp', '/healthz'))).json()).toEqual(
    expect.objectContaining({ status: 'ok' }),
  );
  const folder = join(ROOT, 'examples', 'starter', 'files');
  const pipe = home.pipe();
  await pipe.initialize();
  expect(await callText(pipe, 'filesystem__list_directory', { path: folder })).toContain('hello.txt');
  const running = home.processes();
  expect(running.length).toBeGreaterThanOrEqual(5);
  // A terminal sends it once, and npm hands it on.
  process.kill(run.pid, 'SIGINT');
  await sleep(20);
  if (isRunning(run.pid)) process.kill(run.pid, 'SIGINT');
  expect(await run.ended).toBe(0);
  await until(() => ![...running, ...home.processes()].some((pid) => pid !== pipe.pid && isRunning(pid)));
  await pipe.close();
});

test(proves('serve.old-node'), async () => {
  const home = createHome();
  const versions = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })';
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(versions)}`];
  const { status, stdout, stderr } = await home.finish(['serve'], { nodeArgs });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^plugboard needs Node\.js 24 or newer, and this is 20\.20\.2\. Get it from .*npx.*\n$/);
});

test(proves('serve.no-config'), async () => {
  const home = createHome();
  const run = home.run(['serve', '--port', '0'], { cwd: home.folder });
  const endpoint = await untilReady(run);
  expect(run.stdout()).toMatch(
    /No servers yet.*\n.*mcp add \S+ -- npx.*\n.*plugin marketplace add SOURCE, then .*plugin add PLUGIN/,
  );
  expect((await fetch(endpoint.replace('/mcp', '/healthz'))).status).toBe(200);
});

/** `serve` on a terminal. Ends when the terminal does. */
function onTerminal(home: Home): Run {
  const command = [process.execPath, PRODUCT, 'serve', '--port', '0'].map((word) => `'${word}'`).join(' ');
  return home.command('script', ['-qefc', command, '/dev/null']);
}

test(proves('serve.first-token'), async () => {
  const home = createHome();
  const elsewhere = home.run(['serve', '--port', '0']);
  await untilReady(elsewhere);
  expect(elsewhere.stdout()).toContain('There is no token yet. Make one: ');
  expect(elsewhere.stdout()).toContain('token create local');
  process.kill(elsewhere.pid, 'SIGTERM');
  await elsewhere.ended;

  const first = onTerminal(home);
  const endpoint = await untilReady(first);
  const token = /Bearer (pb_[\w-]+)/.exec(first.stdout())?.[1] ?? '';
  expect(first.stdout()).toContain('shown this once');
  expect((await greet(endpoint, token)).status).toBe(200);
  expect((await greet(endpoint, `${token}x`)).status).toBe(401);
  process.kill(first.pid, 'SIGTERM');
  await first.ended;
  await until(() => home.processes().length === 0);

  const second = onTerminal(home);
  const later = await untilReady(second);
  expect(second.stdout()).not.toContain('pb_');
  expect(second.stdout()).toContain('Tokens: local');
  expect((await greet(later, token)).status).toBe(200);
  for (const name of ['plugboard.db', 'plugboard.db-wal', 'logs/host.log'])
    expect(readFileSync(join(home.path, name)).includes(token)).toBe(false);
});

test('serve beside a host that runs already opens the endpoint there, for as long as it runs', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') }, { serve: { auth: 'none' } });
  const pipe = home.pipe();
  await pipe.initialize();
  const host = (await home.status())?.pid;
  const run = home.run(['serve', '--port', '0']);
  const endpoint = await untilReady(run);
  expect(run.stderr()).toContain(`process ${host}`);
  expect(run.stdout()).toMatch(/echo +\(stdio\) +CONNECTED/);
  expect((await greet(endpoint, '')).status).toBe(200);
  process.kill(run.pid, 'SIGINT');
  expect(await run.ended).toBe(0);
  const answers = (): Promise<boolean> =>
    greet(endpoint, '').then(
      () => true,
      () => false,
    );
  await expect.poll(answers, { timeout: 5000 }).toBe(false);
  expect((await home.status())?.pid).toBe(host);
  await pipe.close();
});

test('serve beside a host names servers that do not answer as starting, and Ctrl-C ends it at once', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo'), hangs: { ...fixture('hang-initialize'), startup_timeout_sec: 600 } });
  await home.host();
  const first = home.run(['serve', '--port', '0']);
  await until(() => first.stderr().includes('it opens the endpoint'));
  process.kill(first.pid, 'SIGINT');
  expect(await first.ended).toBe(0);
  const second = home.run(['serve', '--port', '0']);
  await untilReady(second);
  expect(second.stdout()).toMatch(/echo +\(stdio\) +CONNECTED/);
  expect(second.stdout()).toMatch(/hangs +\(stdio\) +STARTING/);
  expect(await said(home, ['mcp', 'restart', 'echo'])).toContain('CONNECTED');
});

test.each([
  ['--detached', '--port', '0'],
  ['--detached', '--host', '127.0.0.1'],
  ['--detached', '--standalone'],
  ['--idle', '5'],
  ['--port', '1e3'],
  ['--port', '0x10'],
  ['--port', ''],
  ['--port', '65536'],
])('serve %s %s is refused', async (...args) => {
  expect(await refusal(createHome(), ['serve', ...args])).toMatchObject({ status: 2, code: 'USAGE' });
});

test('serve that opened the endpoint at another host ends with status 1 when that host does', async () => {
  const home = createHome();
  const host = await home.host();
  const run = home.run(['serve', '--port', '0']);
  await untilReady(run);
  process.kill(host.pid, 'SIGKILL');
  expect(await run.ended).toBe(1);
  expect(run.stderr()).toContain('the host has ended');
});

test(proves('fault.port-in-use'), async () => {
  const other = createServer(() => {}).listen(0, '127.0.0.1');
  await until(() => other.listening);
  const { port } = other.address() as AddressInfo;
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  for (const beside of [false, true]) {
    const pipe = beside ? home.pipe() : null;
    await pipe?.initialize();
    const refused = await home.finish(['serve', '--port', String(port)]);
    expect(refused).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining('PORT_IN_USE') });
    expect(refused.stderr).toContain(`port ${port} on 127.0.0.1 is in use`);
    expect(refused.stderr).toContain('--port');
    // The host that runs already is not impressed.
    if (pipe !== null) expect(await callText(pipe, 'echo__echo', { text: 'still here' })).toBe('still here');
    await pipe?.close();
  }
  other.close();
});

test(`${proves('fault.port-in-use')}: serve on the port of another home`, async () => {
  const served = await createHome().serve();
  const { port } = new URL(served.endpoint);
  const refused = await createHome().finish(['serve', '--port', port, '--json']);
  expect(refused.status).toBe(1);
  expect(JSON.parse(refused.stderr.trim().split('\n').at(-1) ?? '')).toEqual({
    error: expect.objectContaining({ code: 'PORT_IN_USE', hint: expect.stringContaining('--port') }),
  });
  expect((await fetch(served.endpoint.replace('/mcp', '/healthz'))).status).toBe(200);
});

test('serve twice: the second shows what the first serves, and leaves it open', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const { endpoint, pid } = await home.serve();
  const second = home.run(['serve', '--port', new URL(endpoint).port]);
  await until(() => second.stdout().includes('Ctrl-C'));
  expect(second.stderr()).toContain(`process ${pid}); it serves this address already`);
  expect(second.stdout()).toContain(`Endpoint   ${endpoint}\n`);
  expect(second.stdout()).toMatch(/echo +\(stdio\) +CONNECTED/);
  expect(second.stdout()).toContain(`Ctrl-C leaves; the endpoint belongs to process ${pid} and stays open.`);
  process.kill(second.pid, 'SIGINT');
  expect(await second.ended).toBe(0);
  expect((await fetch(endpoint.replace('/mcp', '/healthz'))).status).toBe(200);
});

test('serve says that a file is broken, and that it is good again', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const file = join(home.path, 'config.toml');
  const good = readFileSync(file, 'utf8');
  const run = home.run(['serve', '--port', '0']);
  await untilReady(run);
  writeFileSync(file, 'not toml');
  await until(() => run.stderr().includes('last good configuration stays in force'));
  writeFileSync(file, good);
  await until(() => run.stderr().includes(`${file}: can be read again, and is in force\n`));
});

test.each([
  { name: 'a port that is no port', args: ['--port', 'http'], status: 2, says: 'USAGE' },
  { name: 'an address that is not ours', args: ['--host', '192.0.2.1'], status: 2, says: 'USAGE' },
  {
    name: 'a config file that is not there',
    args: ['--config', '/no/such/file.toml'],
    status: 2,
    says: 'CONFIG_UNREADABLE',
  },
  { name: '--idle without --detached', args: ['--idle', '5'], status: 2, says: 'USAGE' },
  { name: 'an idle time that is none', args: ['--detached', '--idle', '0'], status: 2, says: 'USAGE' },
  {
    name: 'auth = "none" for everyone',
    args: ['-c', 'serve.auth="none"', '--host', '0.0.0.0', '--port', '0'],
    status: 2,
    says: 'HTTP_AUTH_NONE_NOT_LOCAL',
  },
])('serve with $name is refused, and nothing goes on', async ({ args, status, says }) => {
  const home = createHome();
  const refused = await home.finish(['serve', ...args]);
  expect(refused).toEqual({ status, stdout: '', stderr: expect.stringContaining(says) });
  expect(home.processes()).toEqual([]);
});

test('a working folder that has been removed is told as that', async () => {
  const home = createHome();
  const commands = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"';
  const run = home.command('sh', ['-c', commands, process.execPath, PRODUCT, 'serve', '--port', '0'], {
    cwd: home.folder,
  });
  expect(await run.ended).toBe(2);
  expect(run.stderr()).toContain('the working folder does not exist any more');
});

test(proves('fault.log-disk-full'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  // Every write to this device fails as on a full disk.
  mkdirSync(join(home.path, 'logs'), { mode: 0o700 });
  for (const name of ['host.log', 'host-output.log']) symlinkSync('/dev/full', join(home.path, 'logs', name));
  const pipe = home.pipe();
  await pipe.initialize();
  await callText(pipe, 'echo__odd_line');
  expect(await callText(pipe, 'echo__echo', { text: 'works' })).toBe('works');
  await pipe.close();
});

test(`${proves('fault.log-disk-full')}: a folder that cannot be made`, async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  writeFileSync(join(home.path, 'logs'), 'no folder');
  for (const args of [[], ['--standalone']]) {
    const pipe = home.pipe(args);
    await pipe.initialize();
    expect(await callText(pipe, 'echo__echo', { text: 'works' })).toBe('works');
    await pipe.close();
  }
});
