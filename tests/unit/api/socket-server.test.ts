import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Greeting, HostStatus } from '../../../src/api/index.ts';
import {
  greetHost,
  openControl,
  type RunPaths,
  readLine,
  runPaths,
  type SocketServer,
  type SocketServerOptions,
  serveSocket,
  writeLine,
} from '../../../src/api/node/index.ts';
import type { Host } from '../../../src/host/index.ts';
import { AppError, silentLog } from '../../../src/kernel/index.ts';

let home = '';
let paths: RunPaths;
const running: SocketServer[] = [];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'plugboard-server-'));
  paths = runPaths(home);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()));
  rmSync(home, { recursive: true });
});

/** As much of a host as the socket asks for. */
const host: Pick<Host, 'version' | 'envNames' | 'requireServer'> = {
  version: '1.2.3',
  envNames: () => ['GIVEN'],
  requireServer: (name) => {
    if (name === 'none') throw new AppError('UNKNOWN_SERVER', 'no such server');
  },
};

async function start(options: Partial<SocketServerOptions> = {}): Promise<SocketServer> {
  const server = await serveSocket({
    host: host as Host,
    paths,
    config: { file: null, overrides: ['a=1'], project: null },
    status: () => ({ version: '1.2.3' }) as HostStatus,
    serveAgent: () => Promise.reject(new Error('not asked for here')),
    listen: () => Promise.reject(new Error('not asked for here')),
    onClients: () => {},
    log: silentLog,
    ...options,
  });
  running.push(server);
  return server;
}

const control: Omit<Greeting, 'key'> = {
  version: '1',
  want: { kind: 'control' },
  config: { file: null, overrides: [], project: null },
};
const agent = (server: string | null): Omit<Greeting, 'key'> => ({
  ...control,
  want: { kind: 'agent', agent: 'codex', human: true, workspace: '/w', server },
});

async function meet(greeting = control): Promise<Socket> {
  const met = await greetHost(paths, greeting);
  if (met === null) throw new Error('nobody answers');
  return met.socket;
}

test('a caller is welcomed with what it needs to know', async () => {
  await start();
  const met = await greetHost(paths, control);
  expect(met?.welcome).toEqual({ kind: 'welcome', version: '1.2.3', pid: process.pid, envNames: ['GIVEN'] });
  met?.socket.destroy();
});

test('an agent is handed on with its facts and its values, strings only', async () => {
  const agents: unknown[] = [];
  await start({
    serveAgent: async ({ socket, ...facts }) => {
      agents.push([facts, await readLine(socket)]);
    },
  });
  const socket = await meet(agent('memory'));
  writeLine(socket, { env: { GIVEN: 'yes', ODD: 7 } });
  writeLine(socket, { hello: 'mcp' });
  await expect
    .poll(() => agents)
    .toEqual([
      [
        {
          caller: {
            kind: 'local',
            name: 'local',
            user: null,
            team: null,
            workspace: '/w',
            agent: 'codex',
            human: true,
          },
          server: 'memory',
          env: { GIVEN: 'yes' },
        },
        '{"hello":"mcp"}',
      ],
    ]);
  socket.destroy();
});

test.each([
  { name: 'wants a server that is not there', greeting: agent('none'), code: 'UNKNOWN_SERVER' },
  {
    name: 'has other options',
    greeting: { ...control, config: { ...control.config, overrides: ['b=2'] } },
    code: 'HOST_CONFIG_DIFFERS',
  },
])('a caller who $name is refused before anything else is said', async ({ greeting, code }) => {
  await start();
  await expect(greetHost(paths, greeting)).rejects.toMatchObject({ code });
});

test.each([
  {
    name: 'does not know the key',
    line: (key: string) => JSON.stringify({ ...control, key: `${key.slice(1)}x` }),
    says: 'HOST_UNREACHABLE',
  },
  {
    name: 'knows only a part of it',
    line: (key: string) => JSON.stringify({ ...control, key: key.slice(1) }),
    says: 'HOST_UNREACHABLE',
  },
  { name: 'speaks no JSON', line: () => 'GET / HTTP/1.1', says: 'MESSAGE_NOT_JSON' },
  {
    name: 'greets with something else',
    line: () => '{"jsonrpc":"2.0","id":1,"method":"initialize"}',
    says: 'MESSAGE_INVALID',
  },
])('whoever $name is refused, and the connection is over', async ({ line, says }) => {
  await start();
  const socket = connect(paths.socket);
  socket.write(`${line(readFileSync(paths.key, 'utf8'))}\n`);
  let heard = '';
  socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
  await new Promise((resolve) => socket.once('close', resolve));
  expect(JSON.parse(heard)).toMatchObject({ kind: 'refused', code: says });
});

test('whoever says nothing, or only half a line, or no values, is sent away; whoever has said who it is may stay', async () => {
  const server = await start({ greetingLimitMs: 500 });
  const silent = connect(paths.socket);
  const halting = connect(paths.socket);
  halting.write('{"version":');
  const asked = openControl(await meet());
  const mute = await meet(agent('memory'));
  await Promise.all([silent, halting, mute].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  await expect.poll(() => server.clients()).toBe(1);
  expect(await asked.request('status')).toEqual({ version: '1.2.3' });
  asked.close();
});

test('unknown methods and failing ones are answered, and the connection goes on', async () => {
  await start({
    listen: () => Promise.reject(new AppError('PORT_IN_USE', 'taken')),
  });
  const line = openControl(await meet());
  await expect(line.request('nonsense')).rejects.toMatchObject({ code: 'METHOD_UNKNOWN' });
  await expect(line.request('listen', { host: 'h', port: 1 })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  expect(await line.request('status')).toEqual({ version: '1.2.3' });
  line.close();
});

test('an endpoint is closed when the caller who opened it leaves, also when it was not open yet', async () => {
  const opened: string[] = [];
  const closed: string[] = [];
  let letOpen = (): void => {};
  await start({
    listen: async ({ host: at }) => {
      opened.push(at);
      if (at === 'late') await new Promise<void>((resolve) => (letOpen = resolve));
      return { endpoint: at, close: async () => void closed.push(at) };
    },
  });
  const first = openControl(await meet());
  expect(await first.request('listen', { host: 'soon', port: 0 })).toEqual({ endpoint: 'soon' });
  first.close();
  await expect.poll(() => closed).toEqual(['soon']);
  const second = openControl(await meet());
  const answer = second.request('listen', { host: 'late', port: 0 }).catch(() => 'gone');
  await expect.poll(() => opened).toEqual(['soon', 'late']);
  second.close();
  expect(await answer).toBe('gone');
  letOpen();
  await expect.poll(() => closed).toEqual(['soon', 'late']);
});

test('callers are counted while they are there', async () => {
  const counts: number[] = [];
  const server = await start({ onClients: (clients) => counts.push(clients) });
  const [one, two] = [await meet(), await meet()];
  expect(server.clients()).toBe(2);
  one.destroy();
  two.destroy();
  await expect.poll(() => counts).toEqual([1, 2, 1, 0]);
});

test('what a dead host has left is taken over, and a closed one leaves no key', async () => {
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  writeFileSync(paths.socket, 'left over');
  writeFileSync(paths.key, 'left over', { mode: 0o644 });
  const server = await start();
  expect([statSync(paths.key), statSync(paths.socket)].map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600]);
  (await meet()).destroy();
  await server.close();
  expect(() => statSync(paths.key)).toThrow(/ENOENT/);
  expect(() => statSync(paths.socket)).toThrow(/ENOENT/);
  expect(await greetHost(paths, control)).toBeNull();
});

test('a place where no socket can be is a coded error', async () => {
  mkdirSync(paths.socket, { recursive: true });
  await expect(start()).rejects.toMatchObject({ code: 'HOME_UNUSABLE', where: paths.socket });
});
