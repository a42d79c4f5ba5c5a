import { describe, expect, test } from 'vitest';
import {
  isUnchanged,
  linkKeysOf,
  linkTable,
  movedTable,
  planMove,
  readCodexServers,
  serverTables,
  withLink,
} from '../../../src/cli/codex-link.ts';
import { parseLayer } from '../../../src/config/index.ts';

const read = (toml: string) => readCodexServers(parseLayer(toml, '/home/u/.codex/config.toml'), '/home/u');

test.each([
  { name: 'none', toml: '', want: null },
  { name: 'by name', toml: '[mcp_servers.plugboard]\ncommand = "plugboard"\nargs = ["stdio"]\n', want: 'plugboard' },
  {
    name: 'by path, whatever it is called',
    toml: '[mcp_servers.a]\ncommand = "x"\n[mcp_servers.pb]\ncommand = "/n/node"\nargs = ["/p/bin/plugboard.js", "stdio"]\n',
    want: 'pb',
  },
  { name: 'a server that has only the name', toml: '[mcp_servers.plugboard]\ncommand = "x"\n', want: null },
])('the entry that starts Plugboard: $name', ({ toml, want }) => expect(read(toml).linkName).toBe(want));

test('what moves is enabled, right and not there yet; the rest stays, and it is said why', () => {
  const codex = read(`
[mcp_servers.good]
command = "x"
[mcp_servers.off]
command = "x"
enabled = false
[mcp_servers.wrong]
command = "x"
url = "http://127.0.0.1:9/"
[mcp_servers.taken]
command = "x"
[mcp_servers.plugboard]
command = "plugboard"
args = ["stdio"]
`);
  expect(planMove(codex, new Set(['taken']), new Set(['off']))).toEqual([
    { name: 'good', action: 'move', why: '' },
    { name: 'off', action: 'keep', why: 'disabled there' },
    { name: 'wrong', action: 'keep', why: 'its entry has problems' },
    { name: 'taken', action: 'keep', why: 'Plugboard has a server of this name' },
  ]);
});

test('what an earlier run moved is disabled in Codex and in Plugboard', () => {
  const codex = read('[mcp_servers.a]\ncommand = "x"\nenabled = false\n[mcp_servers.b]\ncommand = "x"\n');
  const names = new Set(['a', 'b']);
  expect(planMove(codex, names, names)).toEqual([
    { name: 'a', action: 'moved', why: '' },
    { name: 'b', action: 'keep', why: 'Plugboard has a server of this name' },
  ]);
});

const NOT_YET = 'which Plugboard does not act on yet';
const SIGNED_IN = 'Codex may be signed in to it, and Plugboard cannot sign in yet';

test.each([
  {
    entry: 'command = "x"\ndefault_tools_approval_mode = "prompt"',
    why: `uses default_tools_approval_mode, ${NOT_YET}`,
  },
  { entry: 'command = "x"\ndefault_tools_approval_mode = "auto"', why: '' },
  {
    entry: 'command = "x"\ntools.rm.approval_mode = "prompt"',
    why: `uses tools.rm.approval_mode, ${NOT_YET}`,
  },
  { entry: 'command = "x"\nenvironment_id = "box"', why: `uses environment_id, ${NOT_YET}` },
  { entry: 'command = "x"\nsandboxed = true', why: 'uses sandboxed, which Plugboard does not know' },
  { entry: 'url = "https://h/mcp"\nbearer_token_env_var = "T"\nscopes = ["s"]', why: `uses scopes, ${NOT_YET}` },
  { entry: 'url = "https://h/mcp"', why: SIGNED_IN },
  { entry: 'url = "https://h/mcp"\nhttp_headers.X-Team = "blue"', why: SIGNED_IN },
  { entry: 'url = "https://h/mcp"\nhttp_headers.authorization = "x"', why: '' },
  { entry: 'url = "https://h/mcp"\nenv_http_headers.Authorization = "T"', why: '' },
  { entry: 'url = "https://h/mcp"\nbearer_token_env_var = "T"', why: '' },
  { entry: 'url = "https://h/mcp"\nhttp_headers_helper = "x"', why: '' },
])('what Plugboard would do otherwise than Codex stays there: $entry', ({ entry, why }) => {
  const codex = read(`[mcp_servers."a.b"]\n${entry}\n`);
  expect(planMove(codex, new Set(), new Set())).toEqual([{ name: 'a.b', action: why === '' ? 'move' : 'keep', why }]);
});

test.each([
  {
    name: 'a new entry',
    text: '# mine\n',
    want: '# mine\n\n[mcp_servers.p]\ncommand = "new"\nargs = [ "stdio" ]\n\n[mcp_servers.p.env]\nPLUGBOARD_HOME = "/h"\n',
  },
  {
    name: 'an entry with keys of the user',
    text: '[mcp_servers.p] # here\ncommand = "old"\nargs = ["stdio"] # same\nenv_vars = ["A"]\ntool_timeout_sec = 9\nenv.B = "1"\n',
    want: '[mcp_servers.p] # here\ncommand = "new"\nargs = ["stdio"] # same\ntool_timeout_sec = 9\nenv.B = "1"\nenv.PLUGBOARD_HOME = "/h"\n',
  },
])('the entry for Codex gets our keys and keeps the others: $name', ({ text, want }) => {
  const link = { command: 'new', args: ['stdio'], env: { PLUGBOARD_HOME: '/h' } };
  const linked = withLink(text, 'p', link);
  expect(linked).toBe(want);
  expect(withLink(linked, 'p', link)).toBe(want);
  const before = serverTables(parseLayer(text, 'config.toml'))['p'];
  if (before !== undefined)
    expect(serverTables(parseLayer(withLink(linked, 'p', linkKeysOf(before)), 'config.toml'))['p']).toEqual(before);
});

describe('the entry for Codex', () => {
  const base = { command: 'plugboard', args: ['stdio'] };
  test.each([
    { name: 'plain', facts: { home: null, envNames: [] }, want: base },
    {
      name: 'with a home of its own',
      facts: { home: '/h', envNames: [] },
      want: { ...base, env: { PLUGBOARD_HOME: '/h' } },
    },
    { name: 'with variables', facts: { home: null, envNames: ['A'] }, want: { ...base, env_vars: ['A'] } },
  ])('$name', ({ facts, want }) => expect(linkTable({ ...base, ...facts })).toEqual(want));
});

test('a moved entry keeps every key but enabled', () => {
  const { tables } = read(
    '[mcp_servers.a]\ncommand = "x"\nenabled = true\nscopes = ["s"]\nenv.A = "1"\ntools.t.approval_mode = "prompt"\n',
  );
  expect(movedTable(tables['a'] ?? {})).toEqual({
    command: 'x',
    scopes: ['s'],
    env: { A: '1' },
    tools: { t: { approval_mode: 'prompt' } },
  });
});

test.each([
  { own: { command: 'x' }, codex: { command: 'x', enabled: false }, want: true },
  { own: { command: 'x', enabled: false }, codex: { command: 'x', enabled: false }, want: true },
  { own: { command: 'y' }, codex: { command: 'x', enabled: false }, want: false },
  { own: undefined, codex: { command: 'x' }, want: false },
  { own: { command: 'x' }, codex: undefined, want: false },
])('Plugboard has $own, Codex $codex: unchanged is $want', ({ own, codex, want }) => {
  expect(isUnchanged(own, codex)).toBe(want);
});
