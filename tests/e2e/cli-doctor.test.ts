import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { stringify } from 'smol-toml';
import { afterEach, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/cli/render-doctor.ts';
import { asTerminal, refusal, said } from '../support/cli.ts';
import { fixture, type Home, type ServerKeys, useHomes } from '../support/home.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const ESC = '\u001b';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** An HTTP server that answers everything with this status. */
async function answering(status: number): Promise<ServerKeys> {
  const server = createServer((_, response) => void response.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` };
}

async function doctor(home: Home, ...args: readonly string[]): Promise<{ status: unknown; report: DoctorReport }> {
  const { status, stdout, stderr } = await home.finish(['doctor', '--json', ...args]);
  expect(stderr).toBe('');
  return { status, report: JSON.parse(stdout) as DoctorReport };
}

test(proves('cli.doctor'), async () => {
  const home = createHome();
  home.configure({
    echo: fixture('echo'),
    empty: fixture('no-tools'),
    hidden: { ...fixture('echo'), enabled_tools: [] },
    hangs: { ...fixture('hang-initialize'), startup_timeout_sec: 1 },
    lists: { ...fixture('hang-list'), startup_timeout_sec: 1 },
    dies: fixture('exit-at-once', '7'),
    gone: { command: '/does/not/exist' },
    locked: await answering(401),
    broken: await answering(500),
    refused: { url: 'http://127.0.0.1:9/mcp' },
    wrong: { args: ['x'] },
    unset: { command: 'x', env_vars: [{ name: 'NOT_SET_ANYWHERE', required: true }] },
    off: { command: 'x', enabled: false },
  });
  const { status, report } = await doctor(home);
  expect(status).toBe(2);
  const states = report.servers.map(({ name, state, nextStep }) => [name, state?.kind, nextStep !== null]);
  expect(states).toEqual([
    ['broken', 'connection_error', true],
    ['dies', 'connection_error', true],
    ['echo', 'connected', false],
    ['empty', 'no_tools', false],
    ['gone', 'connection_error', true],
    ['hangs', 'timed_out', true],
    ['hidden', 'no_tools', true],
    ['lists', 'timed_out', true],
    ['locked', 'auth_required', true],
    ['off', 'disabled', true],
    ['refused', 'connection_error', true],
    ['unset', 'needs_config', true],
    ['wrong', 'invalid', true],
  ]);
  const find = (name: string) => report.servers.find((server) => server.name === name);
  expect(find('echo')).toMatchObject({ transport: 'stdio', tools: 12, serverInfo: { name: 'echo' }, stderr: '' });
  expect(find('dies')).toMatchObject({
    state: { reason: { kind: 'exited', exit: expect.stringContaining('7') as string } },
    stderr: 'cannot start: the license file is missing\n',
  });
  expect(find('hangs')).toMatchObject({ state: { phase: 'initialize', key: 'mcp_servers.hangs.startup_timeout_sec' } });
  expect(report.checks).toMatchObject({
    config: { status: 'error', issues: [{ code: 'CONFIG_NO_TRANSPORT', server: 'wrong' }] },
    home: { status: 'ok', path: home.path },
    host: { status: 'ok', running: false },
    node: { status: 'ok', version: process.versions.node },
  });
  expect(home.processes()).toEqual([]);
});

test('servers are reached at once: four that hang take as long as one', async () => {
  const home = createHome();
  const hangs = { ...fixture('hang-initialize'), startup_timeout_sec: 3 };
  home.configure({ a: hangs, b: hangs, c: hangs, d: hangs });
  const began = performance.now();
  expect((await doctor(home)).status).toBe(4);
  expect(performance.now() - began).toBeLessThan(9_000);
});

test('many servers that end at once are each shown with why, not as starting again', async () => {
  const home = createHome();
  const names = Array.from({ length: 40 }, (_, index) => `dies${index}`);
  home.configure(Object.fromEntries(names.map((name) => [name, fixture('exit-at-once', '7')])));
  const { status, report } = await doctor(home);
  expect(status).toBe(1);
  const reasons = report.servers.map(({ state }) => (state?.kind === 'connection_error' ? state.reason.kind : state));
  expect(reasons).toEqual(names.map(() => 'exited'));
});

test('a running host is asked, and nothing is started beside it', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const { pid, endpoint } = await home.serve();
  await home.untilServer('echo', 'connected');
  const before = home.processes();
  const { status, report } = await doctor(home);
  expect(status).toBe(0);
  expect(report.checks.host).toMatchObject({ running: true, pid, endpoints: [endpoint] });
  expect(report.servers).toMatchObject([{ name: 'echo', state: { kind: 'connected' }, tools: 12 }]);
  expect(home.processes()).toEqual(before);
});

test('a host with another configuration is named and not asked: mcp list and doctor speak of your own file', async () => {
  const home = createHome();
  home.configure({ same: { command: '/does/not/exist' }, mine: fixture('echo') });
  const other = join(home.folder, 'other.toml');
  writeFileSync(other, stringify({ mcp_servers: { same: fixture('echo') } }));
  const { pid } = await home.serve(['--config', other]);
  await home.untilServer('same', 'connected');
  const { status, report } = await doctor(home);
  expect(status).toBe(1);
  expect(report.servers.map(({ name, state }) => [name, state?.kind])).toEqual([
    ['mine', 'connected'],
    ['same', 'connection_error'],
  ]);
  expect(report.checks.host).toMatchObject({ running: true, asked: false, pid, configFile: other });
  const states = async (...args: string[]) =>
    JSON.parse(await said(home, ['mcp', 'list', '--json', ...args])) as { name: string; state: unknown }[];
  expect(await states()).toMatchObject([
    { name: 'mine', state: null },
    { name: 'same', state: null },
  ]);
  expect(await states('--config', other)).toMatchObject([{ name: 'same', state: { kind: 'connected' } }]);
  const asked = await doctor(home, '--config', other);
  expect(asked.report.checks.host).toMatchObject({ asked: true, pid, configFile: other });
});

test('the folder a command runs in makes no other configuration, unless a project there has a say', async () => {
  const home = createHome();
  const project = join(home.folder, 'project');
  mkdirSync(join(project, '.plugboard'), { recursive: true });
  writeFileSync(join(project, '.plugboard', 'config.toml'), stringify({ mcp_servers: { extra: fixture('echo') } }));
  home.configure({ echo: fixture('echo') });
  await home.serve();
  const asked = async () => (await doctor(home, '--project', project)).report;
  expect((await asked()).checks.host).toMatchObject({ running: true, asked: true });
  home.configure({ echo: fixture('echo') }, { projects: { [project]: { trust_level: 'trusted' } } });
  const trusted = await asked();
  expect(trusted.checks.host).toMatchObject({ running: true, asked: false });
  expect(trusted.servers.map(({ name }) => name)).toEqual(['echo', 'extra']);
});

test.each([
  {
    name: 'a damaged database',
    spoil: (home: Home) => writeFileSync(join(home.path, 'plugboard.db'), 'junk, and more of it\n'.repeat(99)),
    issue: {
      code: 'DATABASE',
      hint: 'move the file away; a new one is made, and tokens must be created again',
    },
    status: 1,
  },
  {
    name: 'a home that cannot be written',
    spoil: (home: Home) => writeFileSync(join(home.path, 'run'), '', { mode: 0o600 }),
    issue: { code: 'HOME_UNUSABLE' },
    status: 2,
  },
])('$name is said, and the servers are checked all the same', async ({ spoil, issue, status }) => {
  const home = createHome();
  home.configure({ echo: fixture('echo'), gone: { command: '/does/not/exist', enabled: false } });
  spoil(home);
  const checked = await doctor(home);
  expect(checked.status).toBe(status);
  expect(checked.report.checks.home).toMatchObject({ status: 'error', path: home.path, issues: [issue] });
  expect(checked.report.servers.map(({ name, state }) => [name, state?.kind])).toEqual([
    ['echo', 'connected'],
    ['gone', 'disabled'],
  ]);
  const text = (await home.finish(['doctor'])).stdout;
  expect(text).toContain(`home    ${home.path}\n  ${home.path}`);
  expect(text).toContain(`[${issue.code}]`);
});

test('a home that others may write to is refused: nothing of it is started', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  chmodSync(home.path, 0o777);
  expect(await refusal(home, ['doctor'])).toMatchObject({ status: 2, code: 'HOME_NOT_PRIVATE' });
});

test('--server starts that one alone', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo'), hangs: fixture('hang-initialize'), wrong: {} });
  const { status, report } = await doctor(home, '--server', 'echo');
  expect({ status, names: report.servers.map(({ name }) => name), issues: report.checks.config.issues }).toEqual({
    status: 0,
    names: ['echo'],
    issues: [],
  });
  expect(await refusal(home, ['doctor', '--server', 'ecko'])).toMatchObject({ status: 1, code: 'NOT_FOUND' });
});

test.each([
  { name: 'nothing wrong', servers: { a: fixture('echo'), b: { command: 'x', enabled: false } }, want: 0 },
  { name: 'no server at all', servers: {}, want: 0 },
  { name: 'one not reached', servers: { a: { command: '/does/not/exist' } }, want: 1 },
  { name: 'an invalid entry before all', servers: { a: { command: '/does/not/exist' }, b: {} }, want: 2 },
  {
    name: 'not reached before timed out',
    servers: { a: { command: '/does/not/exist' }, b: { ...fixture('hang-initialize'), startup_timeout_sec: 0.5 } },
    want: 1,
  },
  { name: 'timed out', servers: { a: { ...fixture('hang-initialize'), startup_timeout_sec: 0.5 } }, want: 4 },
])(`${proves('cli.exit-codes')}: $name`, async ({ servers, want }) => {
  const home = createHome();
  home.configure(servers);
  expect((await doctor(home)).status).toBe(want);
});

test(`${proves('cli.exit-codes')}: timed out before sign-in, and sign-in alone`, async () => {
  const home = createHome();
  const locked = await answering(401);
  home.configure({ locked });
  expect((await doctor(home)).status).toBe(3);
  home.configure({ locked, hangs: { ...fixture('hang-initialize'), startup_timeout_sec: 0.5 } });
  expect((await doctor(home)).status).toBe(4);
});

test(proves('cli.output'), async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo'), gone: { command: '/does/not/exist' } });
  const terminal = { nodeArgs: asTerminal(), env: { ...home.env, TERM: 'xterm' } };
  const plain = await home.finish(['doctor']);
  expect(plain.stdout.split('\n').slice(0, 2)).toEqual([
    'echo  (stdio)  CONNECTED  12 tools',
    'gone  (stdio)  CONNECTION_ERROR — command not found: /does/not/exist — install /does/not/exist, or correct mcp_servers.gone.command',
  ]);
  expect(plain.stdout).not.toContain(ESC);
  const uncoloured = await home.finish(['doctor'], { ...terminal, env: { ...terminal.env, NO_COLOR: '1' } });
  expect(uncoloured.stdout).toBe(plain.stdout);
  const live = await home.finish(['doctor'], terminal);
  expect(live.stdout).toContain(`${ESC}[2A${ESC}[2K`);
  const last = stripVTControlCharacters(live.stdout.slice(live.stdout.lastIndexOf(`${ESC}[2A`)));
  expect(last.split('\n').slice(0, 2)).toEqual([
    '✔ echo  (stdio)  CONNECTED  12 tools',
    '✖ gone  (stdio)  CONNECTION_ERROR — command not found: /does/not/exist — install /does/not/exist, or correct mcp_servers.gone.command',
  ]);
  const asked = await home.finish(['doctor', '--json'], terminal);
  expect(() => JSON.parse(asked.stdout) as unknown).not.toThrow();
  expect(await refusal(home, ['mcp', 'get', 'ecko'])).toEqual({
    status: 1,
    code: 'NOT_FOUND',
    message: "No MCP server named 'ecko' found.",
    hint: "did you mean 'echo'? See: plugboard mcp list",
  });
  expect(await home.finish(['mcp', 'get', 'ecko'])).toEqual({
    status: 1,
    stdout: '',
    stderr:
      "plugboard: No MCP server named 'ecko' found.\n  did you mean 'echo'? See: plugboard mcp list [NOT_FOUND]\n",
  });
});

test('on a terminal without colours, who is waited for is said on standard error, and taken away', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo'), hangs: { ...fixture('hang-initialize'), startup_timeout_sec: 4 } });
  const env = { ...home.env, TERM: 'xterm', NO_COLOR: '1' };
  const { stderr } = await home.finish(['doctor'], { nodeArgs: asTerminal(), env });
  expect(stderr).toMatch(/Waiting for: (?:echo, )?hangs/);
  expect(stderr.endsWith(`\r${ESC}[2K`)).toBe(true);
  expect(await home.finish(['doctor'])).toMatchObject({ stderr: '' });
});

test('the values of env and headers are in nothing that doctor prints', async () => {
  const home = createHome();
  home.configure({
    dies: { ...fixture('exit-at-once'), env: { A: 'canary-env' } },
    gone: { command: '/does/not/exist', env: { A: 'canary-env' } },
    web: { ...(await answering(403)), http_headers: { 'X-Key': 'canary-header' } },
    wrong: { command: 'x', url: 'y', env: { A: 'canary-env' } },
  });
  for (const args of [['doctor'], ['doctor', '--json'], ['tools', 'list']]) {
    const { stdout, stderr } = await home.finish(args);
    expect(stdout + stderr).not.toContain('canary');
  }
});

test('without a server: how to add one', async () => {
  expect(await said(createHome(), ['doctor'])).toContain('No MCP servers configured yet.');
});
