import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refusal, report, said } from '../support/cli.ts';
import { fixture, type Home, useHomes } from '../support/home.ts';

const createHome = useHomes();

/** A home whose config.toml is this text. */
function homeWith(text: string): { readonly home: Home; readonly file: string } {
  const home = createHome();
  const file = join(home.path, 'config.toml');
  mkdirSync(home.path, { mode: 0o700 });
  writeFileSync(file, text);
  return { home, file };
}

test.each([
  { args: ['tools', 'list'] },
  { args: ['tools', 'list', '--server', 'echo'] },
  { args: ['tools', 'show', 'echo__echo'] },
  { args: ['mcp', 'list'] },
  { args: ['mcp', 'get', 'echo'] },
  { args: ['mcp', 'enable', 'echo'] },
  { args: ['mcp', 'disable', 'echo'] },
  { args: ['mcp', 'logs', 'echo'] },
  { args: ['mcp', 'restart', 'echo'] },
  { args: ['config', 'get', 'mcp_servers.echo.command'] },
  { args: ['doctor', '--server', 'echo'] },
])('a file that is not TOML is never taken for an empty one: $args', async ({ args }) => {
  const text = '[mcp_servers.echo]\ncommand = \n';
  const { home, file } = homeWith(text);
  const { status, code, where } = await refusal(home, args);
  expect({ status, code, where }).toEqual({ status: 2, code: 'CONFIG_NOT_TOML', where: `${file}:2:11` });
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('a file that is not TOML is one error, also where the store is not opened for it, and the step before every other', async () => {
  const { home, file } = homeWith('');
  const stored = await home.finish(['secret', 'set', 'K', '--for', 'a', '--from-env', 'V'], {
    env: { ...home.env, V: 'of the store' },
  });
  expect(stored).toMatchObject({ status: 0 });
  writeFileSync(file, 'a = 1\na = 2\n');
  const entry = 'mcp_servers.a={command="cat", env={K="${secret:K}"}}';
  const { stdout } = await home.finish(['--json', 'doctor', '-c', entry]);
  type Config = { readonly issues: readonly { readonly code: string }[] };
  const { servers, checks } = JSON.parse(stdout) as { servers: { nextStep: string }[]; checks: { config: Config } };
  expect(checks.config.issues.map(({ code }) => code)).toEqual(['CONFIG_NOT_TOML']);
  expect(servers.map(({ nextStep }) => nextStep)).toEqual([
    `correct ${file}:2:1; until then the whole file is skipped`,
  ]);
});

test('a wrong entry that is turned off is shown, and does not make doctor fail', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo'), wrong: { command: 'x', url: 'http://127.0.0.1:9/', enabled: false } });
  type Config = { readonly status: string; readonly issues: readonly { readonly code: string }[] };
  const { checks } = await report<{ readonly checks: { readonly config: Config } }>(home, ['doctor']);
  expect(checks.config.status).toBe('ok');
  expect(checks.config.issues.map(({ code }) => code)).toContain('CONFIG_BOTH_TRANSPORTS');

  home.configure({ wrong: { command: 'x', url: 'http://127.0.0.1:9/' } });
  const { status, stdout } = await home.finish(['--json', 'doctor']);
  expect(status).toBe(2);
  expect((JSON.parse(stdout) as { checks: { config: Config } }).checks.config.status).toBe('error');
});

test('an entry that starts Plugboard itself is not replaced without --force', async () => {
  const { home, file } = homeWith('# mine\n[mcp_servers.pb]\ncommand = "plugboard"\nargs = ["stdio"]\n');
  expect(await refusal(home, ['mcp', 'add', 'pb', '--', 'x'])).toMatchObject({
    code: 'SERVER_EXISTS',
    where: `${file}:2`,
  });
  expect(await said(home, ['mcp', 'add', 'pb', '--force', '--', 'x'])).toContain("Replaced MCP server 'pb'.");
});

test('what an error or a state quotes cannot steer the terminal', async () => {
  const home = createHome();
  const { stderr } = await home.finish(['mcp', 'get', '\u001b]0;title\u0007']);
  expect(stderr).toContain("No MCP server named '\\x1b]0;title\\x07' found.");
  home.configure({ 'a\u001b[2K\nb': { command: 'x' } });
  const { stdout } = await home.finish(['doctor']);
  expect(stdout).toMatch(/^a\\x1b\[2K b +INVALID/);
});

test('a project folder that is not there is said', async () => {
  const home = createHome();
  const gone = join(home.folder, 'gone');
  for (const args of [['mcp', 'list'], ['stdio']])
    expect(await refusal(home, ['--project', gone, ...args])).toMatchObject({ status: 2, code: 'USAGE', where: gone });
});
