import { expect, test } from 'vitest';
import { listedServer, type ServerFacts, shownServer } from '../../../src/cli/server-json.ts';
import { configOf, FILE, factsOf } from './read-entries.ts';

const MASKED = { showValues: false };
const SHOWN = { showValues: true };
const WRITTEN_IN_LINE_1 = { origin: { layer: 'user', file: FILE, line: 1 }, plugin: null, state: null };

/** What `codex mcp list --json` of Codex 0.169 prints for these entries, member by member. */
const CODEX = [
  {
    toml: '[mcp_servers.httpsrv]\nurl = "http://127.0.0.1:9/mcp"\nbearer_token_env_var = "MY_TOK"\n',
    printed: {
      name: 'httpsrv',
      enabled: true,
      disabled_reason: null,
      transport: {
        type: 'streamable_http',
        url: 'http://127.0.0.1:9/mcp',
        bearer_token_env_var: 'MY_TOK',
        http_headers: null,
        env_http_headers: null,
        http_headers_helper: null,
      },
      startup_timeout_sec: null,
      tool_timeout_sec: null,
      auth_status: 'bearer_token',
    },
  },
  {
    toml: '[mcp_servers.probe]\ncommand = "node"\nargs = ["/scratch/srv.mjs", "--flag"]\nenv = { A = "1", B = "two" }\n',
    printed: {
      name: 'probe',
      enabled: true,
      disabled_reason: null,
      transport: {
        type: 'stdio',
        command: 'node',
        args: ['/scratch/srv.mjs', '--flag'],
        env: { A: '1', B: 'two' },
        env_vars: [],
        cwd: null,
      },
      startup_timeout_sec: null,
      tool_timeout_sec: null,
      auth_status: 'unsupported',
    },
  },
];

test.each(CODEX)('with values shown, $printed.name is as Codex prints it, then ours', ({ toml, printed }) => {
  const [facts] = factsOf(toml);
  const listed = listedServer(facts as ServerFacts, SHOWN);
  expect(listed).toEqual({ ...printed, ...WRITTEN_IN_LINE_1 });
  expect(Object.keys(listed)).toEqual([...Object.keys(printed), 'origin', 'plugin', 'state']);
  expect(Object.keys(listed.transport ?? {})).toEqual(Object.keys(printed.transport));
});

test.each([
  {
    name: 'values of env',
    keys: 'command = "x"\nenv = { TOKEN = "canary" }',
    want: { env: { TOKEN: '*****' } },
  },
  {
    name: 'values of http_headers, but not the variables of env_http_headers',
    keys: 'url = "http://127.0.0.1:9/"\nhttp_headers = { X-Key = "canary" }\nenv_http_headers = { X-Env = "NAME" }',
    want: { http_headers: { 'X-Key': '*****' }, env_http_headers: { 'X-Env': 'NAME' } },
  },
])('masked: $name', ({ keys, want }) => {
  const [facts] = factsOf(`[mcp_servers.a]\n${keys}\n`);
  const listed = listedServer(facts as ServerFacts, MASKED);
  expect(listed.transport).toMatchObject(want);
  expect(JSON.stringify(listed)).not.toContain('canary');
});

test('names in env_vars are plain where they can be, as Codex has them', () => {
  const [facts] = factsOf(
    '[mcp_servers.a]\ncommand = "x"\nenv_vars = ["A", { name = "B" }, { name = "C", required = true }, { name = "D", source = "remote" }]\n',
  );
  expect(listedServer(facts as ServerFacts, MASKED).transport?.['env_vars']).toEqual([
    'A',
    'B',
    { name: 'C', source: 'local', required: true },
    { name: 'D', source: 'remote' },
  ]);
});

test.each([
  { keys: 'command = "x"', want: 'unsupported' },
  { keys: 'url = "http://127.0.0.1:9/"', want: 'unknown' },
  { keys: 'url = "http://127.0.0.1:9/"\nbearer_token_env_var = "T"', want: 'bearer_token' },
  { keys: 'url = "http://127.0.0.1:9/"\nhttp_headers = { authorization = "x" }', want: 'bearer_token' },
  { keys: 'url = "http://127.0.0.1:9/"\nenv_http_headers = { Authorization = "T" }', want: 'bearer_token' },
  { keys: 'url = "http://127.0.0.1:9/"\nhttp_headers = { X-Key = "x" }', want: 'unknown' },
  { keys: 'args = ["x"]', want: 'unknown' },
])('auth_status is $want for: $keys', ({ keys, want }) => {
  const [facts] = factsOf(`[mcp_servers.a]\n${keys}\n`);
  expect(listedServer(facts as ServerFacts, MASKED).auth_status).toBe(want);
});

test('a server that a requirements file blocks counts as disabled, with the reason Codex gives', () => {
  const [facts] = factsOf('[mcp_servers.a]\ncommand = "x"\n');
  const blocked = { ...(facts as ServerFacts), blockedBy: 'requirements (/etc/codex/requirements.toml)' };
  expect(listedServer(blocked, MASKED)).toMatchObject({
    enabled: false,
    disabled_reason: 'requirements (/etc/codex/requirements.toml)',
  });
});

test('mcp get has the members of Codex in their order, then ours, and the issues of this server alone', () => {
  const toml = '[mcp_servers.a]\ncommand = "x"\ncolour = 1\n[mcp_servers.b]\nurl = "http://127.0.0.1:9/"\ncolour = 1\n';
  const [a] = factsOf(toml);
  const shown = shownServer(a as ServerFacts, { ...MASKED, issues: configOf(toml).issues });
  expect(Object.keys(shown).slice(0, 8)).toEqual([
    'name',
    'enabled',
    'disabled_reason',
    'transport',
    'enabled_tools',
    'disabled_tools',
    'startup_timeout_sec',
    'tool_timeout_sec',
  ]);
  expect(shown.issues.map(({ key }) => key)).toEqual(['mcp_servers.a.colour']);
});
