import type { JsonObject, JsonValue } from '../../../src/kernel/index.ts';

/** A server of these shapes; the text tells them apart. */
export const node = (text: string): JsonObject => ({ command: 'node', args: ['/srv.mjs', text] });

/** The servers of the shapes that have many kinds of them, to be declared in other ways too. */
export const SERVERS = {
  poka: {
    poka: {
      ...node('p-string'),
      cwd: '.',
      env: { POKA_BROKER_URL: 'wss://x', WORKPLUS_READ_ONLY: 'false' },
      env_vars: ['WORKPLUS_ACCESS_TOKEN'],
    },
  },
  names: {
    'weird name!': node('x'),
    'a.b/c': node('y'),
    a__b: node('z'),
    UPPER: node('u'),
    '': node('e'),
    codex_apps: node('q'),
  },
  mixed: {
    good: node('good'),
    noTransport: { env: { A: 'b' } },
    badType: { command: 5 },
    both: { command: 'node', url: 'http://x' },
    extra: { ...node('extra'), bogus: 1, description: 'd' },
    str: 'hello',
  },
  types: {
    h1: { type: 'http', url: 'http://127.0.0.1:9/mcp', headers: { A: 'b' } },
    h2: { type: 'sse', url: 'http://127.0.0.1:9/sse' },
    h3: { type: 'weird', url: 'http://127.0.0.1:9/x' },
    h4: { url: 'http://127.0.0.1:9/x', http_headers: { A: 'b' }, bearer_token_env_var: 'TOK' },
    h5: { type: 'stdio', ...node('h5') },
    h6: { type: 'streamable-http', url: 'http://127.0.0.1:9/y' },
    h7: {
      type: 'http',
      url: 'http://127.0.0.1:9/z',
      oauth: { clientId: 'cid', callbackPort: 5555, callbackUrl: 'http://localhost:5555/cb' },
    },
    h8: { type: 'http', url: 'http://127.0.0.1:9/z', auth: 'ema_auth' },
  },
  variables: {
    varsrv: {
      command: 'node',
      args: [
        '/srv.mjs',
        '${CLAUDE_PLUGIN_ROOT}/a',
        '${user_config.token}',
        '${PLUGIN_ROOT}',
        '${PLUGIN_DATA}',
        '${CODEX_PLUGIN_ROOT}',
      ],
      env: { R: '${CLAUDE_PLUGIN_ROOT}', V: '${PLUGIN_ROOT}', T: '${HOME}', U: '${user_config.token}' },
    },
  },
  lists: {
    lists: {
      ...node('x'),
      enabled_tools: ['read_thing', 'plain', 'env'],
      disabled_tools: ['env'],
      default_tools_approval_mode: 'approve',
      tools: { plain: { approval_mode: 'approve' } },
      startup_timeout_sec: 33,
      tool_timeout_sec: 44,
      required: true,
      enabled: false,
      supports_parallel_tool_calls: true,
      scopes: ['a'],
    },
  },
  envVars: {
    ev: {
      ...node('x'),
      env: { A: '1' },
      env_vars: ['X', { name: 'Y', source: 'remote' }, { name: 'Z', source: 'local' }],
    },
  },
  folders: {
    c1: { ...node('x'), cwd: 'sub' },
    c2: { ...node('x'), cwd: '../../..' },
    c3: { ...node('x'), cwd: '/scratch-tmp' },
    c4: { ...node('x'), cwd: './missing' },
    c5: { command: './bin/run.sh', args: [] },
    c6: { command: 'bin/run.sh' },
    c7: { command: './bin/run.sh', cwd: '.' },
  },
} satisfies Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
