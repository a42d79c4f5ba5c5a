import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/kernel/index.ts';
import { type Family, http, serverFiles, told } from './one-server.ts';
import { brief, type Read, useBundles } from './read-bundle.ts';

const bundles = useBundles();
const parse = (server: JsonObject, family?: Family): Read => bundles.parse(serverFiles(server, family));

describe('keys as other programs spell them', () => {
  test.each<{ name: string; family?: Family; server: JsonObject; want: JsonObject; issues?: readonly string[] }>([
    { name: 'headers', server: { ...http, headers: { A: 'b' } }, want: { headers: { A: 'b' } } },
    {
      name: 'headers beside http_headers',
      server: { ...http, headers: { A: 'b' }, http_headers: { C: 'd' } },
      want: { headers: { C: 'd' } },
      issues: ['warning PLUGIN_DUPLICATE_KEY mcpServers.s.headers'],
    },
    { name: 'headersHelper', server: { ...http, headersHelper: 'x' }, want: { headersHelper: 'x' } },
    ...['http', 'streamable_http', 'streamable-http', 'sse'].map((type) => ({
      name: `type ${type}`,
      server: { ...http, type },
      want: { url: http.url },
    })),
    { name: 'type stdio', server: { type: 'stdio', command: 'c' }, want: { command: 'c' } },
    {
      name: 'a type that is not known',
      server: { ...http, type: 'weird' },
      want: { url: http.url },
      issues: ['warning PLUGIN_WRONG_TYPE mcpServers.s.type'],
    },
    {
      name: 'a type that is no string',
      server: { ...http, type: 5 },
      want: { url: http.url },
      issues: ['warning PLUGIN_WRONG_TYPE mcpServers.s.type'],
    },
    {
      name: 'a type of JavaScript',
      server: { ...http, type: 'constructor' },
      want: { url: http.url },
      issues: ['warning PLUGIN_WRONG_TYPE mcpServers.s.type'],
    },
    {
      name: 'a type that contradicts',
      server: { ...http, type: 'stdio' },
      want: { url: http.url },
      issues: ['warning PLUGIN_WRONG_TYPE mcpServers.s.type'],
    },
    {
      name: 'members that are null',
      server: { ...http, headers: null, type: null },
      want: { headers: {} },
      issues: ['note PLUGIN_WRONG_TYPE mcpServers.s.headers', 'note PLUGIN_WRONG_TYPE mcpServers.s.type'],
    },
  ])('$name', ({ family, server, want, issues = [] }) => {
    const read = parse(server, family);
    expect([read.server('s').entry.transport, told(read)]).toMatchObject([want, issues]);
    expect(told(read)).toEqual(issues);
  });

  test("Claude's timeout is milliseconds for a call, and nothing elsewhere", () => {
    expect(parse({ ...http, timeout: 1500 }, 'claude').server('s').entry.toolTimeoutMs).toBe(1500);
    const read = parse({ ...http, timeout: 1500 });
    expect([read.server('s').entry.toolTimeoutSec, told(read)]).toEqual([
      null,
      ['warning CONFIG_UNKNOWN_KEY mcpServers.s.timeout'],
    ]);
  });

  test("Claude's oauth, with problems under the names of the file", () => {
    const read = parse(
      { ...http, oauth: { clientId: '', callbackPort: 99_999, callbackUrl: 5, scopes: 'a b', nope: 1 } },
      'claude',
    );
    expect(told(read)).toEqual([
      'error CONFIG_WRONG_TYPE mcpServers.s.oauth.clientId',
      'error CONFIG_WRONG_TYPE mcpServers.s.oauth.callbackPort',
      'error CONFIG_WRONG_TYPE mcpServers.s.oauth.callbackUrl',
      'warning KEY_NOT_YET_SUPPORTED mcpServers.s.oauth.scopes',
      'warning CONFIG_UNKNOWN_KEY mcpServers.s.oauth.nope',
    ]);
  });
});

describe('a server with problems stays, with their places', () => {
  test.each<{ name: string; server: JsonObject; want: readonly string[] }>([
    { name: 'no transport', server: { env: { A: 'b' } }, want: ['error CONFIG_NO_TRANSPORT mcpServers.s@10:5'] },
    {
      name: 'turned off, and no transport',
      server: { enabled: false },
      want: ['error CONFIG_NO_TRANSPORT mcpServers.s@10:5'],
    },
    {
      name: 'arguments that are no array',
      server: { command: 'c', args: 'x' },
      want: ['error CONFIG_WRONG_TYPE mcpServers.s.args@12:15'],
    },
    {
      name: 'an argument that is null',
      server: { command: 'c', args: [null] },
      want: ['error CONFIG_WRONG_TYPE mcpServers.s.args.0@13:9'],
    },
    {
      name: 'a header that cannot be sent',
      server: { ...http, headers: { 'a b': 'c' } },
      want: ['error CONFIG_WRONG_TYPE mcpServers.s.headers."a b"@13:9'],
    },
    {
      name: 'a sign-in of the company',
      server: { ...http, auth: 'ema_auth' },
      want: ['error CONFIG_WRONG_TYPE mcpServers.s.auth@12:15'],
    },
    {
      name: 'a token in the file',
      server: { ...http, bearer_token: 'x' },
      want: ['error CONFIG_LITERAL_TOKEN mcpServers.s.bearer_token@12:7'],
    },
    {
      name: 'a misspelt safety key',
      server: { command: 'c', disabled: true },
      want: ['error CONFIG_NEAR_MISS mcpServers.s.disabled@12:7'],
    },
    {
      name: 'a password in the address',
      server: { url: 'https://u:p@h/' },
      want: ['error CONFIG_WRONG_TYPE mcpServers.s.url@11:14'],
    },
  ])('$name', ({ server, want }) => {
    const read = parse(server);
    expect([brief(read.issues), brief(read.server('s').entry.problems)]).toEqual([want, want]);
    expect(read.issues.every((issue) => issue.server === 's' && issue.file === 'ROOT/.codex-plugin/plugin.json')).toBe(
      true,
    );
  });

  test('words are those of JSON', () => {
    expect(parse({ command: 'c', env: [], args: {} }).issues.map(({ message }) => message)).toEqual([
      'mcpServers.s.env must be an object, and is an array',
      'mcpServers.s.args must be an array, and is an object',
    ]);
  });

  test('advice is in JSON', () => {
    const { issues } = parse({ command: 'c', disabled: true });
    expect(issues.map(({ hint }) => hint)).toEqual(['write `"enabled": false` to turn the server off']);
  });

  test('one that starts Plugboard itself is left out, and said to be', () => {
    const read = bundles.parse({
      '.codex-plugin/plugin.json': {
        name: 'p',
        mcpServers: { s: { command: 'plugboard', args: ['stdio'] }, t: { command: 'c' } },
      },
    });
    expect([read.sure().servers.map(({ entry }) => entry.name), told(read)]).toEqual([
      ['t'],
      ['warning CONFIG_SELF_REFERENCE mcpServers.s'],
    ]);
  });

  test('a server with hundreds of keys is refused without looking at them all', () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`enabled_tool${index}`, true]));
    const { entry } = parse({ command: 'c', ...many }).server('s');
    expect(entry.problems[0]).toMatchObject({
      code: 'PLUGIN_TOO_LARGE',
      message: 'mcpServers.s has 5001 keys, and a server has no more than 64',
    });
  });
});

describe('what a plugin asks for is not in force', () => {
  test('requests are taken out of the entry, and said in one note', () => {
    const read = parse({
      command: 'c',
      required: true,
      supports_parallel_tool_calls: true,
      default_tools_approval_mode: 'approve',
      tools: {
        b: { approval_mode: 'approve' },
        a: { approval_mode: 'approve', output_token_limit: 5 },
        c: { approval_mode: 'prompt' },
      },
    });
    const { entry, requests } = read.server('s');
    expect([entry.required, entry.supportsParallelToolCalls, entry.toolNames, requests]).toEqual([
      false,
      false,
      ['b', 'a', 'c'],
      { required: true, supportsParallelToolCalls: true, approveAll: true, approveTools: ['a', 'b'] },
    ]);
    expect(told(read)).toEqual([
      'note PLUGIN_REQUEST',
      'warning KEY_NOT_YET_SUPPORTED mcpServers.s.tools.a.output_token_limit',
      'warning KEY_NOT_YET_SUPPORTED mcpServers.s.tools.c.approval_mode',
    ]);
    expect(read.issues[0]?.message).toBe(
      'it asks for what is not in force until you accept it. s: to be required: agents are told when it does not start, to run every tool beside other calls, to run every tool without your approval, to run its tool `a` without your approval, to run its tool `b` without your approval',
    );
  });

  test.each<{ server: JsonObject; issues: readonly string[] }>([
    {
      server: { required: false, supports_parallel_tool_calls: false, default_tools_approval_mode: 'auto' },
      issues: [],
    },
    { server: { required: 'yes' }, issues: ['error CONFIG_WRONG_TYPE mcpServers.s.required'] },
    {
      server: { default_tools_approval_mode: 'Approve' },
      issues: ['error CONFIG_WRONG_TYPE mcpServers.s.default_tools_approval_mode'],
    },
  ])('$server asks for nothing', ({ server, issues }) => {
    const read = parse({ command: 'c', ...server });
    expect([read.server('s').requests, told(read)]).toEqual([
      { required: false, supportsParallelToolCalls: false, approveAll: false, approveTools: [] },
      issues,
    ]);
  });

  test('a plugin may turn its own server off, and narrow its tools', () => {
    const { entry } = parse({ command: 'c', enabled: false, enabled_tools: ['a'], disabled_tools: ['b'] }).server('s');
    expect([entry.enabled, entry.enabledOrigin.layer, entry.enabledTools, entry.disabledTools]).toEqual([
      false,
      'plugin',
      ['a'],
      ['b'],
    ]);
  });
});

describe('how a server knows who is asking', () => {
  test.each<{ name: string; family?: Family; server: JsonObject; want: string }>([
    { name: 'a program', server: { command: 'c' }, want: 'none' },
    { name: 'a program with variables of the user', server: { command: 'c', env_vars: ['T'] }, want: 'service_token' },
    {
      name: 'a program with a secret setting',
      server: { command: 'c', env: { T: '${user_config.token}' } },
      want: 'service_token',
    },
    {
      name: 'a program with another setting',
      server: { command: 'c', env: { T: '${user_config.key}' } },
      want: 'none',
    },
    {
      name: 'a program of Claude with a variable',
      family: 'claude',
      server: { command: 'c', env: { T: '${TOKEN}' } },
      want: 'service_token',
    },
    { name: 'an address elsewhere', server: http, want: 'user_oauth' },
    { name: 'an address here', server: { url: 'http://localhost:1/' }, want: 'none' },
    {
      name: 'an address here with a sign-in',
      server: { url: 'http://127.0.0.1:1/', oauth: { client_id: 'x' } },
      want: 'user_oauth',
    },
    { name: 'a token', server: { ...http, bearer_token_env_var: 'T' }, want: 'service_token' },
    { name: 'a header from a variable', server: { ...http, env_http_headers: { A: 'B' } }, want: 'service_token' },
    { name: 'a helper', server: { ...http, headersHelper: 'h' }, want: 'service_token' },
    {
      name: 'a header that says who it is',
      server: { ...http, headers: { authorization: 'x' } },
      want: 'service_token',
    },
    {
      name: 'a header with a secret setting',
      server: { ...http, headers: { 'X-Key': '${user_config.token}' } },
      want: 'service_token',
    },
    { name: 'another header', server: { ...http, headers: { 'X-Team': 'x' } }, want: 'user_oauth' },
  ])('$name', ({ family, server, want }) => {
    const found = parse(server, family).server('s');
    expect([found.authModel, found.authModelDeclared]).toEqual([want, false]);
  });

  test('what it says itself counts, and its kinds of data are kept', () => {
    const read = parse({ command: 'c', auth_model: 'scoped_credential', data_classes: ['customer', 'public'] });
    const { authModel, authModelDeclared, dataClasses } = read.server('s');
    expect([authModel, authModelDeclared, dataClasses, read.issues]).toEqual([
      'scoped_credential',
      true,
      ['customer', 'public'],
      [],
    ]);
  });

  test('what is said wrongly is left out with a warning, and the server runs', () => {
    const read = parse({ command: 'c', auth_model: 'magic', data_classes: 'customer' });
    const { authModelDeclared, dataClasses, entry } = read.server('s');
    expect([authModelDeclared, dataClasses, entry.problems, told(read)]).toEqual([
      false,
      [],
      [],
      ['warning PLUGIN_WRONG_TYPE mcpServers.s.auth_model', 'warning PLUGIN_WRONG_TYPE mcpServers.s.data_classes'],
    ]);
  });
});
