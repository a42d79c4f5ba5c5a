import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { greetHost, openControl, privateFolder, readLine, runPaths, writeLine } from '../../../src/api/node/index.ts';
import { AppError } from '../../../src/kernel/index.ts';

let folder = '';
const opened: (() => void)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plugboard-socket-'));
});
afterEach(() => {
  for (const close of opened.splice(0)) close();
  rmSync(folder, { recursive: true });
});

/** Both ends of a connection over a socket in the test's folder. */
async function ends(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer();
  const path = join(folder, 'x.sock');
  server.listen(path);
  await once(server, 'listening');
  const near = connect(path);
  const [far] = (await once(server, 'connection')) as [Socket];
  opened.push(
    () => server.close(),
    () => near.destroy(),
    () => far.destroy(),
  );
  return { near, far };
}

test('lines are read one by one, whatever pieces they come in, and the rest is left', async () => {
  const { near, far } = await ends();
  far.write('{"a":');
  const first = readLine(near);
  setTimeout(() => far.write('1}\nsecond ä\nand what'), 20);
  expect(await first).toBe('{"a":1}');
  expect(await readLine(near)).toBe('second ä');
  far.end(' is left\n');
  let rest = '';
  near.on('data', (chunk: Buffer) => (rest += chunk.toString('utf8')));
  await once(near, 'end');
  expect(rest).toBe('and what is left\n');
});

test('a line that never ends is no line', async () => {
  const { near, far } = await ends();
  far.end('half a line');
  expect(await readLine(near)).toBeNull();
});

test('control answers go to the request they belong to; errors keep their code; what is open at the end fails', async () => {
  const { near, far } = await ends();
  const control = openControl(near);
  const heard: unknown[] = [];
  control.onNotification((method, params) => heard.push([method, params]));
  const [one, two, three] = [control.request('a', { x: 1 }), control.request('b'), control.request('c')];
  const asked = [await readLine(far), await readLine(far), await readLine(far)].map((line) => JSON.parse(line ?? ''));
  expect(asked).toEqual([
    { jsonrpc: '2.0', id: 1, method: 'a', params: { x: 1 } },
    { jsonrpc: '2.0', id: 2, method: 'b', params: {} },
    { jsonrpc: '2.0', id: 3, method: 'c', params: {} },
  ]);
  writeLine(far, { jsonrpc: '2.0', method: 'log', params: { text: 'x' } });
  const data = { code: 'PORT_IN_USE', hint: 'another' };
  writeLine(far, { jsonrpc: '2.0', id: 2, error: { code: -32603, message: 'taken', data } });
  writeLine(far, { jsonrpc: '2.0', id: 1, result: [1] });
  expect(await one).toEqual([1]);
  await expect(two).rejects.toMatchObject({ code: 'PORT_IN_USE', message: 'taken', hint: 'another' });
  expect(heard).toEqual([['log', { text: 'x' }]]);
  far.destroy();
  await expect(three).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' });
  await control.closed;
});

const greeting = {
  version: '1',
  want: { kind: 'control' },
  config: { file: null, overrides: [], project: null },
} as const;

test('nobody answers where there is no host, no socket, no key, or a socket without a process', async () => {
  const home = join(folder, 'home');
  expect(await greetHost(runPaths(home), greeting)).toBeNull();
  mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 });
  const paths = runPaths(home);
  writeFileSync(paths.key, 'key');
  expect(await greetHost(paths, greeting)).toBeNull();
  writeFileSync(paths.socket, 'a file, not a socket');
  expect(await greetHost(paths, greeting)).toBeNull();
  rmSync(paths.socket);
  const server = createServer((socket) => socket.end());
  server.listen(paths.socket);
  await once(server, 'listening');
  expect(await greetHost(paths, greeting)).toBeNull();
  rmSync(paths.key);
  expect(await greetHost(paths, greeting)).toBeNull();
  server.close();
});

test.each([
  { name: 'the home', at: '' },
  { name: 'its run folder', at: 'run' },
])('a host is not greeted where others may write to $name', async ({ at }) => {
  const home = join(folder, 'home');
  mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 });
  chmodSync(join(home, at), 0o777);
  await expect(greetHost(runPaths(home), greeting)).rejects.toMatchObject({ code: 'HOME_NOT_PRIVATE' });
});

test('a folder is made for this user alone, with those above it', () => {
  const inner = join(folder, 'a', 'b');
  privateFolder(inner);
  privateFolder(inner);
  expect([statSync(inner), statSync(join(folder, 'a'))].map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o700]);
});

test.each([
  { name: 'is a file', make: (path: string) => writeFileSync(path, '', { mode: 0o600 }), code: 'HOME_UNUSABLE' },
  { name: 'leads nowhere', make: (path: string) => symlinkSync(join(folder, 'none'), path), code: 'HOME_UNUSABLE' },
  { name: 'is open to the group', make: (path: string) => openedTo(path, 0o770), code: 'HOME_NOT_PRIVATE' },
  { name: 'is open to everyone', make: (path: string) => openedTo(path, 0o707), code: 'HOME_NOT_PRIVATE' },
])('a folder that $name is refused', ({ make, code }) => {
  const path = join(folder, 'x');
  make(path);
  const caught = ((): unknown => {
    try {
      return privateFolder(path);
    } catch (error) {
      return error;
    }
  })();
  expect(caught).toBeInstanceOf(AppError);
  expect(caught).toMatchObject({ code, where: path });
});

function openedTo(path: string, mode: number): void {
  mkdirSync(path);
  chmodSync(path, mode);
}

test('the socket of a home is always at the same place, and its path short enough', () => {
  const short = runPaths('/home/me/.plugboard');
  expect(short).toEqual({
    socket: '/home/me/.plugboard/run/host.sock',
    key: '/home/me/.plugboard/run/host.key',
    lock: '/home/me/.plugboard/run/host.lock',
    folders: ['/home/me/.plugboard', '/home/me/.plugboard/run'],
  });
  const long = `/home/me/${'x'.repeat(100)}`;
  const { socket, folders } = runPaths(long);
  expect(socket).toMatch(/^\/tmp\/plugboard-\d+\/[0-9a-f]{16}\.sock$/);
  expect(folders).toEqual([long, `${long}/run`, socket.slice(0, socket.lastIndexOf('/'))]);
  expect(runPaths(long).socket).toBe(socket);
  expect(runPaths(`${long}y`).socket).not.toBe(socket);
});
