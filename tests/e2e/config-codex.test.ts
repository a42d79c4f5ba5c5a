import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import type { Issue } from '../../src/kernel/index.ts';
import { fixture, type Home, useHomes } from '../support/home.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

type Listed = {
  readonly name: string;
  readonly state: { readonly kind: string; readonly issues: readonly Issue[] } | null;
};

function configText(home: Home, text: string): string {
  mkdirSync(home.path, { recursive: true, mode: 0o700 });
  const file = join(home.path, 'config.toml');
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

/** `plugboard ARGS --json`. */
async function report<T>(home: Home, ...args: readonly string[]): Promise<T> {
  const { stdout, stderr } = await home.finish([...args, '--json'], { cwd: home.folder });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

type Row = {
  readonly kind: 'stdio' | 'http' | 'bare';
  readonly lines: string;
  /** What Codex 0.169 does with a file that holds it: it loads, or refuses the whole file. */
  readonly codex: 'loads' | 'refuses';
  /** Only where Plugboard does not do the same. */
  readonly here?: 'runs' | 'invalid';
};

const stdio = (codex: Row['codex'], ...lines: readonly string[]): readonly Row[] =>
  lines.map((text) => ({ kind: 'stdio', lines: text, codex }));
const http = (codex: Row['codex'], ...lines: readonly string[]): readonly Row[] =>
  lines.map((text) => ({ kind: 'http', lines: text, codex }));

/** What the released Codex 0.169 does with each, as measured. */
const MEASURED: readonly Row[] = [
  ...stdio(
    'refuses',
    'url = "https://h/mcp"',
    'bearer_token = "x"',
    'bearer_token_env_var = "X"',
    'http_headers = { A = "b" }',
    'env_http_headers = { A = "B" }',
    'http_headers_helper = "h"',
    'oauth = {}',
    'oauth_resource = "r"',
    'auth = "oauth"',
    'env_vars = [{ name = "A", source = "cloud" }]',
    'env_vars = [{ name = "A", extra = 1 }]',
    'env_vars = [{ source = "local" }]',
    'env = { A = 1 }',
    'startup_timeout_sec = -1',
    'tool_timeout_sec = -1',
    'default_tools_approval_mode = "never"',
    'tools.x.enabled = true',
    'tools.x.output_token_limit = "x"',
    'startup_readiness = "x"',
    'omit_tools_from = ["x"]',
    'omit_tools_from = "direct"',
    'tool_input_schema_max_bytes = 0',
  ),
  ...stdio(
    'loads',
    'scopes = ["a"]',
    'env_vars = [{ name = "A", source = "remote" }]',
    'env_vars = [{ name = "A", source = "remote" }]\nenvironment_id = "remote"',
    'startup_timeout_sec = 5\nstartup_timeout_ms = 9000',
    'startup_timeout_sec = 0',
    'default_tools_approval_mode = "writes"',
    'tools.x.output_token_limit = 9',
    'startup_readiness = "catalog"',
    'tool_input_schema_max_bytes = 100',
    'environment_id = "remote"',
    'environment_id = ""',
    'cwd = "sub/folder"',
    'enabled_tools = []',
  ),
  ...http(
    'refuses',
    'args = ["a"]',
    'env = { A = "b" }',
    'env_vars = ["A"]',
    'cwd = "/"',
    'bearer_token = "x"',
    'http_headers_helper = ""',
    'auth = "none"',
    'oauth = { client_secret = "x" }',
    'oauth = { client_id = "c", client_secret = "" }',
    'oauth = { client_id = "c", token_endpoint_auth_method = "client_secret_post" }',
    'oauth = { client_id = "c", client_secret = "s", token_endpoint_auth_method = "bogus" }',
    'oauth = { callback_url = "http://x", callback_port = 99999 }',
    'oauth = { authorization_server_issuer = "x" }',
    'http_headers = { A = 1 }',
    'environment_id = "remote"\nhttp_headers_helper = "./h.sh"',
  ),
  ...http(
    'loads',
    'http_headers_helper = "./h.sh"',
    'auth = "oauth"',
    'auth = "chatgpt"',
    'auth = "ema_auth"',
    'oauth = { client_id = "c", client_secret = "s" }',
    'oauth = { callback_url = "http://x", callback_port = 5555 }',
    'oauth = { callback_port = 0 }',
    'environment_id = "remote"\nenv_http_headers = { A = "B" }',
  ),
  { kind: 'bare', lines: '', codex: 'refuses' },
  { kind: 'bare', lines: 'env = { A = "b" }', codex: 'refuses' },
  // With no transport it is invalid as well, and silenced.
  { kind: 'bare', lines: 'enabled = false', codex: 'refuses', here: 'runs' },
  // An unknown key is a warning anywhere but beside a safety key.
  { kind: 'http', lines: 'oauth = { client_id = "x", bogus = 1 }', codex: 'refuses', here: 'runs' },
  // These fail in Codex, or are left out, when the server starts.
  { kind: 'http', lines: 'bearer_token_env_var = ""', codex: 'loads', here: 'invalid' },
  { kind: 'http', lines: 'http_headers = { "bad header" = "x" }', codex: 'loads', here: 'invalid' },
];

/** The same for names of servers. */
const NAMES: readonly { readonly name: string; readonly here: 'runs' | 'invalid' }[] = [
  { name: 'codex_apps', here: 'runs' },
  { name: 'a__b', here: 'runs' },
  { name: 'bad name!', here: 'invalid' },
  { name: '', here: 'invalid' },
];

const TRANSPORT: Readonly<Record<Row['kind'], string>> = {
  stdio: 'command = "node"\n',
  http: 'url = "https://h.example/mcp"\n',
  bare: '',
};

describe(proves('config.codex-keys'), () => {
  test('what Codex takes is taken; what makes it refuse the file makes that server invalid, and no other', async () => {
    const home = createHome();
    const rows = MEASURED.map((row, index) => ({ ...row, name: `r${String(index).padStart(2, '0')}` }));
    const tables = [
      ...rows.map(({ name, kind, lines }) => `[mcp_servers.${name}]\n${TRANSPORT[kind]}${lines}\n`),
      ...NAMES.map(({ name }) => `[mcp_servers.${JSON.stringify(name)}]\n${TRANSPORT.stdio}`),
    ];
    configText(home, tables.join('\n'));
    const listed = await report<readonly Listed[]>(home, 'mcp', 'list');
    const found = new Map(listed.map(({ name, state }) => [name, state?.kind === 'invalid' ? 'invalid' : 'runs']));
    expect(found.size).toBe(tables.length);
    expect(rows.map(({ name, kind, lines }) => [kind, lines, found.get(name)])).toEqual(
      rows.map(({ kind, lines, codex, here }) => [kind, lines, here ?? (codex === 'loads' ? 'runs' : 'invalid')]),
    );
    expect(NAMES.map(({ name }) => ({ name, here: found.get(name) }))).toEqual(NAMES);
    for (const { name, state } of listed.filter((one) => one.state?.kind === 'invalid')) {
      const placed = { severity: 'error', server: name, line: expect.any(Number), column: expect.any(Number) };
      expect(state?.issues).toEqual(state?.issues.map(() => expect.objectContaining(placed)));
      expect(state?.issues).not.toEqual([]);
    }
  });

  test.each([
    { toml: 'mcp_oauth_callback_port = 0', errors: [] },
    { toml: 'mcp_oauth_callback_port = 70000', errors: ['mcp_oauth_callback_port'] },
    { toml: 'mcp_oauth_callback_url = "bad"', errors: [] },
    { toml: 'mcp_oauth_credentials_store = "memory"', errors: ['mcp_oauth_credentials_store'] },
    { toml: 'mcp_oauth_credentials_store = "auto"', errors: [] },
    { toml: 'mcp_optional_startup_grace_ms = -1', errors: ['mcp_optional_startup_grace_ms'] },
    { toml: 'mcp_enterprise_managed_auth.idp.z = 1', errors: [] },
  ])('beside servers, which run all the same: $toml', async ({ toml, errors }) => {
    const home = createHome();
    const file = configText(home, `${toml}\n${stringify({ mcp_servers: { x: fixture('echo') } })}`);
    const { servers, checks } = await report<{
      readonly servers: readonly Listed[];
      readonly checks: { readonly config: { readonly issues: readonly Issue[] } };
    }>(home, 'doctor');
    expect(servers.map(({ name, state }) => [name, state?.kind])).toEqual([['x', 'connected']]);
    const wrong = checks.config.issues.filter(({ severity }) => severity === 'error');
    expect(wrong.map((issue) => [issue.file, issue.line, issue.key])).toEqual(errors.map((key) => [file, 1, key]));
  });

  test('each key has the meaning and the default it has in Codex', async () => {
    const home = createHome();
    configText(home, ALL_KEYS);
    expect(await report(home, 'mcp', 'get', 'program', '--show-values')).toMatchObject({
      enabled: true,
      transport: {
        type: 'stdio',
        command: 'run',
        args: ['-a'],
        env: { A: '1' },
        env_vars: ['B', 'C', { name: 'D', source: 'remote' }],
        cwd: 'sub',
      },
      enabled_tools: ['x', 'y'],
      disabled_tools: ['y'],
      startup_timeout_sec: 2.5,
      tool_timeout_sec: 7.5,
      required: true,
      supports_parallel_tool_calls: true,
    });
    expect(await report(home, 'mcp', 'get', 'address', '--show-values')).toMatchObject({
      enabled: false,
      transport: {
        type: 'streamable_http',
        url: 'https://h.example/mcp',
        bearer_token_env_var: 'T',
        http_headers: { 'X-A': '1' },
        env_http_headers: { 'X-B': 'B' },
        http_headers_helper: './h.sh',
      },
      startup_timeout_sec: 3,
    });
    expect(await report(home, 'mcp', 'get', 'plain')).toMatchObject({
      enabled: true,
      disabled_reason: null,
      transport: { type: 'stdio', command: 'run', args: [], env: null, env_vars: [], cwd: null },
      enabled_tools: null,
      disabled_tools: null,
      startup_timeout_sec: null,
      tool_timeout_sec: null,
      required: false,
      supports_parallel_tool_calls: false,
    });
    for (const [key, value] of [
      ['startup_timeout_sec', 30],
      ['tool_timeout_sec', 300],
      ['startup_readiness', 'catalog'],
    ]) {
      expect(await report(home, 'config', 'get', `mcp_servers.plain.${key}`)).toMatchObject({ value });
    }
  });

  test('what concerns Codex alone makes no noise', async () => {
    const home = createHome();
    const file = configText(home, `${OF_CODEX}\n${stringify({ mcp_servers: { x: fixture('echo') } })}`);
    const folder = join(home.folder, 'home', '.codex');
    mkdirSync(folder);
    writeFileSync(join(folder, 'config.toml'), `new_key_of_a_newer_codex = 1\n${OF_CODEX}`);
    for (const path of [file, join(folder, 'config.toml')]) {
      const { checks } = await report<{ readonly checks: { readonly config: object } }>(
        home,
        'doctor',
        '--config',
        path,
      );
      expect(checks.config).toEqual({ status: 'ok', issues: [] });
    }
  });
});

const ALL_KEYS = `[mcp_servers.program]
command = "run"
args = ["-a"]
env = { A = "1" }
env_vars = ["B", { name = "C" }, { name = "D", source = "remote" }]
cwd = "sub"
enabled = true
required = true
enabled_tools = ["x", "y"]
disabled_tools = ["y"]
startup_timeout_sec = 2.5
startup_timeout_ms = 9000
tool_timeout_sec = 7.5
supports_parallel_tool_calls = true
name = "legacy"

[mcp_servers.address]
url = "https://h.example/mcp"
bearer_token_env_var = "T"
http_headers = { X-A = "1" }
env_http_headers = { X-B = "B" }
http_headers_helper = "./h.sh"
startup_timeout_ms = 3000
enabled = false

[mcp_servers.plain]
command = "run"
`;

const OF_CODEX = `model = "gpt-5-codex"
model_provider = "azure"
model_reasoning_effort = "high"
model_reasoning_summary = "detailed"
model_verbosity = "low"
model_context_window = 272000
approval_policy = "on-request"
sandbox_mode = "workspace-write"
file_opener = "vscode"
hide_agent_reasoning = true
notify = ["notify-send", "Codex"]
profile = "deep"
project_doc_max_bytes = 65536
project_doc_fallback_filenames = ["CLAUDE.md"]
web_search = "live"
personality = "friendly"
cli_auth_credentials_store = "file"
check_for_update_on_startup = false
experimental_use_unified_exec_tool = true
experimental_instructions_file = "x.md"

[sandbox_workspace_write]
network_access = true
writable_roots = ["/tmp"]

[shell_environment_policy]
inherit = "core"
exclude = ["AWS_*"]
set = { CI = "1" }

[model_providers.azure]
name = "Azure"
base_url = "https://x.openai.azure.com/openai"
env_key = "AZURE_KEY"
query_params = { api-version = "2025-04-01-preview" }
http_headers = { X-A = "b" }

[profiles.deep]
model = "o3"
approval_policy = "never"

[tui]
notifications = ["agent-turn-complete"]
theme = "dark"

[history]
persistence = "none"

[features]
unified_exec = true
multi_agent = { enabled = true }
shell_snapshot = true

[otel]
environment = "prod"
exporter = { otlp-http = { endpoint = "https://o.example", protocol = "binary" } }

[notice]
hide_full_access_warning = true

[notice.model_migrations]
"gpt-5" = "gpt-5-codex"

[tools]
view_image = true

[agents]
max_threads = 4

[apps._default]
enabled = false

[[skills.config]]
path = "/s"
enabled = false

[projects."/home/ada/app"]
trust_level = "trusted"
`;
