import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Issue } from '../../src/kernel/index.ts';
import { callText, fixture, type Home, useHomes } from '../support/home.ts';
import type { RawClient } from '../support/raw-client.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

const [FIXTURE = ''] = fixture('echo').args;
const HEALTHY = `[mcp_servers.healthy]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${JSON.stringify(FIXTURE)}]\n`;

const fileOf = (home: Home): string => join(home.path, 'config.toml');

/** A home with this very text as its configuration. */
function homeWith(toml: string): Home {
  const home = createHome();
  mkdirSync(home.path, { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(home), toml, { mode: 0o600 });
  return home;
}

async function open(home: Home): Promise<RawClient> {
  const pipe = home.pipe();
  await pipe.initialize();
  return pipe;
}

async function issuesOf(home: Home): Promise<readonly Issue[]> {
  return (await home.status())?.issues ?? [];
}

test(proves('fault.invalid-toml'), async () => {
  const home = homeWith(`${HEALTHY}\n[mcp_servers.other]\ncommand = "unfinished\n`);
  const pipe = await open(home);
  expect((await pipe.listTools()).length).toBe(0);
  expect(await issuesOf(home)).toEqual([
    expect.objectContaining({ code: 'CONFIG_NOT_TOML', severity: 'error', file: fileOf(home), line: 6, column: 22 }),
  ]);
  const doctor = await home.finish(['doctor']);
  expect(doctor.status).toBe(2);
  expect(doctor.stdout).toContain(`${fileOf(home)}:6:22: error: `);
  await pipe.close();
});

test(`${proves('fault.invalid-toml')}: a file that was always broken is read once it is right`, async () => {
  const home = homeWith('this is not TOML');
  const pipe = await open(home);
  expect((await issuesOf(home)).map(({ code }) => code)).toEqual(['CONFIG_NOT_TOML']);
  // Nobody takes it for a loss when it is deleted.
  rmSync(fileOf(home));
  await expect.poll(() => issuesOf(home)).toEqual([]);
  writeFileSync(fileOf(home), HEALTHY);
  await home.untilServer('healthy', 'connected');
  expect(await issuesOf(home)).toEqual([]);
  expect(await callText(pipe, 'healthy__echo', { text: 'read' })).toBe('read');
  await pipe.close();
});

test.each([
  { name: 'a text for a list', line: 'args = "not a list"', key: 'args', column: 8 },
  { name: 'a number for a text', line: 'cwd = 7', key: 'cwd', column: 7 },
  { name: 'a text for a number', line: 'startup_timeout_sec = "soon"', key: 'startup_timeout_sec', column: 23 },
  { name: 'a time before now', line: 'tool_timeout_sec = -1', key: 'tool_timeout_sec', column: 20 },
  { name: 'a number among texts', line: 'enabled_tools = ["a", 7]', key: 'enabled_tools', column: 23 },
  { name: 'a word that is none of the known', line: 'sharing = "everyone"', key: 'sharing', column: 11 },
])(`${proves('fault.wrong-types')}: $name`, async ({ line, key, column }) => {
  const home = homeWith(`${HEALTHY}\n[mcp_servers.odd]\ncommand = "never-started"\n${line}\n`);
  const pipe = await open(home);
  const report = await home.untilServer('odd', 'invalid');
  expect(report.reason).toContain(`${fileOf(home)}:7:${column}`);
  expect(await issuesOf(home)).toEqual([
    expect.objectContaining({
      code: 'CONFIG_WRONG_TYPE',
      severity: 'error',
      file: fileOf(home),
      line: 7,
      column,
      key: expect.stringMatching(`^mcp_servers\\.odd\\.${key}`),
      server: 'odd',
    }),
  ]);
  expect(await callText(pipe, 'healthy__echo', { text: 'runs' })).toBe('runs');
  await pipe.close();
});

test.each([
  { name: 'a bad name', table: '[mcp_servers."no good!"]\ncommand = "x"', server: 'no good!', code: 'CONFIG_BAD_NAME' },
  {
    name: 'no transport',
    table: '[mcp_servers.odd]\nstartup_timeout_sec = 5',
    server: 'odd',
    code: 'CONFIG_NO_TRANSPORT',
  },
  {
    name: 'both transports',
    table: '[mcp_servers.odd]\ncommand = "x"\nurl = "http://127.0.0.1:1/mcp"',
    server: 'odd',
    code: 'CONFIG_BOTH_TRANSPORTS',
  },
])(`${proves('fault.bad-entry')}: $name`, async ({ table, server, code }) => {
  const home = homeWith(`${HEALTHY}\n${table}\n`);
  const pipe = await open(home);
  const report = await home.untilServer(server, 'invalid');
  expect(report.nextStep).not.toBe('');
  expect(report.state).toMatchObject({ issues: [{ code, file: fileOf(home), line: expect.any(Number) }] });
  expect((await issuesOf(home)).map((issue) => issue.code)).toEqual([code]);
  expect(await callText(pipe, 'healthy__echo', { text: 'runs' })).toBe('runs');
  await pipe.close();
});

test(proves('fault.config-deleted'), async () => {
  const home = homeWith(HEALTHY);
  const pipe = await open(home);
  const where = await callText(pipe, 'healthy__where');
  const aside = join(home.folder, 'aside.toml');
  renameSync(fileOf(home), aside);
  const deleted = { code: 'CONFIG_UNREADABLE', severity: 'error', file: fileOf(home) };
  await expect.poll(() => issuesOf(home)).toEqual([expect.objectContaining(deleted)]);
  expect((await issuesOf(home))[0]?.message).toContain('the last good configuration stays in force');
  expect(await callText(pipe, 'healthy__where')).toBe(where);
  renameSync(aside, fileOf(home));
  await expect.poll(() => issuesOf(home)).toEqual([]);
  expect(await callText(pipe, 'healthy__where')).toBe(where);
  await pipe.close();
});

test(`${proves('fault.config-deleted')}: the whole home`, async () => {
  const home = homeWith(HEALTHY);
  const pipe = await open(home);
  const where = await callText(pipe, 'healthy__where');
  rmSync(home.path, { recursive: true });
  expect(await callText(pipe, 'healthy__where')).toBe(where);
  // Whoever comes now finds no host and no configuration, and gets a host of its own.
  const next = await open(home);
  expect(await next.listTools()).toEqual([]);
  expect(await callText(pipe, 'healthy__where')).toBe(where);
  await Promise.all([pipe.close(), next.close()]);
});
