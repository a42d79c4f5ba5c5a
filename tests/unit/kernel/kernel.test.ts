import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  AppError,
  type ConnectionErrorReason,
  classifyMessage,
  commandLine,
  describeState,
  ERROR_CODES,
  type Issue,
  isErrorCode,
  issueLocation,
  nearest,
  nextStep,
  outcomeOf,
  printable,
  printableLine,
  type RpcResponse,
  renderIssue,
  Secret,
  type ServerState,
  shorten,
  stateLabel,
  toRpcError,
} from '../../../src/kernel/index.ts';

test('a secret shows its label and nothing else, however it is turned into text', () => {
  const secret = new Secret('TOKEN', 'hunter2-very-secret');
  const shown = [String(secret), JSON.stringify({ secret }), inspect({ deep: [secret] }, { depth: 9 })];
  expect(shown).toEqual(['[secret TOKEN]', '{"secret":"[secret TOKEN]"}', '{ deep: [ [secret TOKEN] ] }']);
  expect(inspect(secret, { showHidden: true, customInspect: false })).not.toContain('hunter2');
  expect(Object.values(secret)).toEqual(['TOKEN']);
  expect(secret.reveal()).toBe('hunter2-very-secret');
});

test('every code says what it means and what to do, in sentences, with an exit status and a JSON-RPC number', () => {
  for (const [code, facts] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^[A-Z][A-Z_]+$/);
    expect([code, facts.means, facts.fix]).toEqual([code, expect.stringMatching(/\.$/), expect.stringMatching(/\.$/)]);
    expect(facts.rpc).toBeLessThan(0);
    expect(facts.http).toBeGreaterThanOrEqual(400);
    expect([1, 2, 3, 4, 5]).toContain(facts.exit);
  }
  expect([isErrorCode('USAGE'), isErrorCode('toString'), isErrorCode(null)]).toEqual([true, false, false]);
});

test.each([
  {
    name: 'a known one',
    error: new AppError('UNKNOWN_TOOL', 'no x', { data: { tool: 'x' }, hint: 'list' }),
    want: { code: -32602, message: 'no x', data: { tool: 'x', code: 'UNKNOWN_TOOL', hint: 'list' } },
  },
  {
    name: 'any other one',
    error: new Error('secret inside'),
    want: { code: -32603, message: 'internal error', data: { code: 'INTERNAL', hint: ERROR_CODES.INTERNAL.fix } },
  },
  {
    name: 'no error at all',
    error: 'text',
    want: { code: -32603, message: 'internal error', data: { code: 'INTERNAL', hint: ERROR_CODES.INTERNAL.fix } },
  },
])('of $name an agent learns the code and what to do', ({ error, want }) => {
  expect(toRpcError(error)).toEqual(want);
});

test.each([
  { kind: 'request', value: { jsonrpc: '2.0', id: 0, method: 'm' } },
  { kind: 'request', value: { jsonrpc: '2.0', id: '', method: 'm', params: {} } },
  { kind: 'notification', value: { jsonrpc: '2.0', method: 'm' } },
  { kind: 'response', value: { jsonrpc: '2.0', id: 1, result: null } },
  { kind: 'response', value: { jsonrpc: '2.0', id: null, error: { code: 1, message: '' } } },
])('$value is a $kind, handed on as the object it is', ({ kind, value }) => {
  const classified = classifyMessage(value);
  expect(classified.kind).toBe(kind);
  expect('message' in classified && classified.message).toBe(value);
});

test.each([
  { value: null, id: null },
  { value: [], id: null },
  { value: { id: 3, method: 'm' }, id: 3 },
  { value: { jsonrpc: '2.0', id: 3 }, id: 3 },
  { value: { jsonrpc: '2.0', id: 3, method: 7 }, id: 3 },
  { value: { jsonrpc: '2.0', id: 3, method: 'm', params: [] }, id: 3 },
  { value: { jsonrpc: '2.0', id: null, method: 'm' }, id: null },
  { value: { jsonrpc: '2.0', id: {}, result: 1 }, id: null },
])('$value is no message', ({ value, id }) => {
  expect(classifyMessage(value)).toEqual({ kind: 'invalid', reason: expect.any(String), id });
});

test('an error beside a result wins', () => {
  const error = { code: 1, message: 'm' };
  const both = { jsonrpc: '2.0', id: 1, result: {}, error } as RpcResponse;
  expect(outcomeOf(both)).toEqual({ kind: 'error', error });
});

const retry = { attempt: 1, nextRetryAt: null };
const states: readonly { state: ServerState; label: string; says: string; next: string | null }[] = [
  { state: { kind: 'connected', since: 0, toolCount: 1 }, label: 'CONNECTED', says: '1 tool', next: null },
  { state: { kind: 'connected', since: 0, toolCount: 2 }, label: 'CONNECTED', says: '2 tools', next: null },
  {
    state: { kind: 'no_tools', since: 0, because: 'server_has_none' },
    label: 'NO_TOOLS',
    says: 'the server offers none',
    next: null,
  },
  {
    state: { kind: 'no_tools', since: 0, because: 'lists_hide_all' },
    label: 'NO_TOOLS',
    says: 'enabled_tools and disabled_tools hide all of them',
    next: 'change enabled_tools or disabled_tools of mcp_servers.s',
  },
  { state: { kind: 'starting', since: 0, attempt: 1 }, label: 'STARTING', says: '', next: null },
  { state: { kind: 'starting', since: 0, attempt: 3 }, label: 'STARTING', says: 'attempt 3', next: null },
  {
    state: { kind: 'disabled', by: 'user', where: 'f:1', command: 'run: plugboard mcp enable s' },
    label: 'DISABLED',
    says: 'by user (f:1)',
    next: 'run: plugboard mcp enable s',
  },
  {
    state: { kind: 'needs_config', names: ['A', 'B'], command: 'set A, B' },
    label: 'NEEDS_CONFIG',
    says: 'not set: A, B',
    next: 'set A, B',
  },
  {
    state: { kind: 'auth_required', reason: 'refused', fix: 'check' },
    label: 'AUTH_REQUIRED',
    says: 'refused',
    next: 'check',
  },
  {
    state: { kind: 'timed_out', phase: 'initialize', afterMs: 1500, key: 'k', nextRetryAt: null },
    label: 'TIMEOUT',
    says: 'no answer to initialize within 1.5 s',
    next: 'raise k, or see its last lines on standard error (plugboard doctor shows them)',
  },
  {
    state: { kind: 'connection_error', reason: { kind: 'command_not_found', command: 'x' }, ...retry },
    label: 'CONNECTION_ERROR',
    says: 'command not found: x',
    next: 'install x, or correct mcp_servers.s.command',
  },
  {
    state: {
      kind: 'connection_error',
      reason: { kind: 'exited', exit: 'code 1', stderr: 'a\nlast words\n' },
      ...retry,
    },
    label: 'CONNECTION_ERROR',
    says: 'the process ended (code 1): last words',
    next: 'see its last lines on standard error (plugboard doctor shows them)',
  },
  {
    state: { kind: 'connection_error', reason: { kind: 'exited', exit: 'code 1', stderr: '' }, ...retry },
    label: 'CONNECTION_ERROR',
    says: 'the process ended (code 1)',
    next: 'see its last lines on standard error (plugboard doctor shows them)',
  },
  {
    state: { kind: 'connection_error', reason: { kind: 'refused', address: 'a:1' }, ...retry },
    label: 'CONNECTION_ERROR',
    says: 'connection refused: a:1',
    next: 'check mcp_servers.s.url; while a host runs, plugboard mcp restart s tries again at once',
  },
  {
    state: {
      kind: 'invalid',
      issues: [{ code: 'CONFIG_WRONG_TYPE', severity: 'error', message: 'bad', file: 'f', line: 2, hint: 'fix it' }],
    },
    label: 'INVALID',
    says: 'f:2: bad',
    next: 'fix it',
  },
  {
    state: { kind: 'blocked', reason: 'requirements', detail: '/etc/r.toml', command: 'ask' },
    label: 'BLOCKED',
    says: 'by requirements',
    next: 'ask',
  },
  {
    state: { kind: 'blocked', reason: 'tampered', detail: 'bin/x', command: 'add it' },
    label: 'BLOCKED',
    says: 'bin/x is not as it was installed',
    next: 'add it',
  },
  {
    state: { kind: 'blocked', reason: 'consent', detail: '', command: 'agree' },
    label: 'BLOCKED',
    says: 'nobody has agreed to what it runs',
    next: 'agree',
  },
];

test.each(states)('$label, $says: the next step is $next', ({ state, label, says, next }) => {
  expect([stateLabel(state), describeState(state), nextStep(state, { name: 's', transport: 'stdio' })]).toEqual([
    label,
    says,
    next,
  ]);
});

test('an HTTP server is never asked for what only a process has', () => {
  const next = (state: ServerState): string | null => nextStep(state, { name: 's', transport: 'http' });
  expect(next({ kind: 'timed_out', phase: 'initialize', afterMs: 1, key: 'k', nextRetryAt: null })).toBe(
    'raise k, or check mcp_servers.s.url',
  );
  expect(
    next({ kind: 'connection_error', reason: { kind: 'protocol', detail: 'x' }, attempt: 1, nextRetryAt: null }),
  ).toBe('check that mcp_servers.s.url is an MCP endpoint');
});

const failed = (reason: ConnectionErrorReason): ServerState => ({
  kind: 'connection_error',
  reason,
  attempt: 1,
  nextRetryAt: null,
});
const restart = 'check the network; while a host runs, plugboard mcp restart s tries again at once';
const maintainer = 'ask the maintainer of the plugin p@m';
const off = 'turn it off: plugboard plugin disable p@m';
const lastLines = 'see its last lines on standard error (plugboard doctor shows them)';

describe('what a plugin declares is not for the user to correct', () => {
  test.each<{ readonly state: ServerState; readonly stdio: string; readonly http: string }>([
    {
      state: { kind: 'no_tools', since: 0, because: 'lists_hide_all' },
      stdio: 'change enabled_tools or disabled_tools of its policy in plugins."p@m"',
      http: 'change enabled_tools or disabled_tools of its policy in plugins."p@m"',
    },
    { state: { kind: 'invalid', issues: [] }, stdio: `${maintainer}, or ${off}`, http: `${maintainer}, or ${off}` },
    {
      state: { kind: 'timed_out', phase: 'initialize', afterMs: 1, key: null, nextRetryAt: null },
      stdio: lastLines,
      http: restart,
    },
    {
      state: failed({ kind: 'command_not_found', command: 'npx' }),
      stdio: `install npx, or ${maintainer}`,
      http: `install npx, or ${maintainer}`,
    },
    {
      state: failed({ kind: 'cwd_not_found', cwd: '/c' }),
      stdio: 'run: plugboard plugin add p@m',
      http: 'run: plugboard plugin add p@m',
    },
    { state: failed({ kind: 'exited', exit: 'code 1', stderr: '' }), stdio: lastLines, http: lastLines },
    { state: failed({ kind: 'protocol', detail: 'x' }), stdio: lastLines, http: maintainer },
    {
      state: failed({ kind: 'tls', detail: 'x' }),
      stdio: `check the certificate of the server, or ${maintainer}`,
      http: `check the certificate of the server, or ${maintainer}`,
    },
    { state: failed({ kind: 'refused', address: 'h' }), stdio: restart, http: restart },
  ])('$state.kind $state.reason.kind', ({ state, stdio, http }) => {
    const step = (transport: 'stdio' | 'http') => nextStep(state, { name: 's', transport, plugin: 'p@m' });
    expect([step('stdio'), step('http')]).toEqual([stdio, http]);
  });
});

test.each([
  { word: 'enabeld', known: ['enabled', 'env'], want: 'enabled' },
  { word: 'ENABLED_TOOL', known: ['enabled_tools'], want: 'enabled_tools' },
  { word: 'enabled-tools', known: ['enabled_tools'], want: 'enabled_tools' },
  { word: 'ulr', known: ['url', 'env'], want: 'url' },
  { word: 'something', known: ['else'], want: null },
  { word: 'abc', known: [], want: null },
])('the known word nearest to $word is $want', ({ word, known, want }) => {
  expect(nearest(word, known)).toBe(want);
});

test('text from outside cannot steer a terminal', () => {
  expect(printableLine('a \r\n  b\u001b[2K\nc')).toBe('a b\\x1b[2K c');
  expect(printable('\u001b[31mred\u0007\ttab\nline\r\u009b1m')).toBe('\\x1b[31mred\\x07\ttab\nline\\x0d\\x9b1m');
  expect(printable('sh -c \u202e"tpircs"\u2069')).toBe('sh -c \\u202e"tpircs"\\u2069');
  expect(printable('a\u200bb\u00adc\u061cd\ufeffe\u2028f\u2029g\u200eh\u{e0041}')).toBe(
    'a\\u200bb\\xadc\\u061cd\\ufeffe\\u2028f\\u2029g\\u200eh\\u{e0041}',
  );
  expect(printable('👩‍💻 👩🏽‍🚀 ❤️‍🔥 ñ')).toBe('👩‍💻 👩🏽‍🚀 ❤️‍🔥 ñ');
  expect(printable('a\u200db 👩\u200d.')).toBe('a\\u200db 👩\\u200d.');
  expect([shorten('abcdef', 4), shorten('abcd', 4)]).toEqual(['abc…', 'abcd']);
});

test('a command as one line shows where its words end', () => {
  expect(commandLine(['npx', '-y', 'x@1', '--a=b'])).toBe('npx -y x@1 --a=b');
  expect(commandLine(['sh', '-c', "echo 'a b'", '', 'c"d'])).toBe("sh -c 'echo '\\''a b'\\''' '' 'c\"d'");
  expect(commandLine([])).toBe('');
});

test.each([
  { issue: { code: 'USAGE', severity: 'note', message: 'm' }, at: undefined, text: 'note: m [USAGE]' },
  {
    issue: { code: 'USAGE', severity: 'error', message: 'm', file: 'f', line: 1, column: 2, hint: 'do' },
    at: 'f:1:2',
    text: 'f:1:2: error: m (do) [USAGE]',
  },
  {
    issue: { code: 'USAGE', severity: 'note', message: 'a\u001b[2K\nb' },
    at: undefined,
    text: 'note: a\\x1b[2K b [USAGE]',
  },
  { issue: { code: 'USAGE', severity: 'warning', message: 'm', file: 'f' }, at: 'f', text: 'f: warning: m [USAGE]' },
  {
    issue: { code: 'USAGE', severity: 'error', message: 'must be a string', file: 'f', plugin: 'p@m', server: 'poka' },
    at: 'f',
    text: 'f: error: plugin p@m, server poka: must be a string [USAGE]',
  },
  {
    issue: { code: 'USAGE', severity: 'error', message: 'plugins."p@m".x is odd', plugin: 'p@m', server: 'poka' },
    at: undefined,
    text: 'error: server poka: plugins."p@m".x is odd [USAGE]',
  },
  {
    issue: { code: 'USAGE', severity: 'error', message: 'poka is odd', server: 'docs' },
    at: undefined,
    text: 'error: poka is odd [USAGE]',
  },
] as const satisfies readonly { issue: Issue; at: string | undefined; text: string }[])(
  'an issue reads: $text',
  ({ issue, at, text }) => {
    expect([issueLocation(issue), renderIssue(issue)]).toEqual([at, text]);
  },
);
