import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/kernel/index.ts';
import { type HeaderSources, type HeaderValues, resolveHeaders } from '../../../src/upstreams/http-headers.ts';
import { parseHelperOutput } from '../../../src/upstreams/http-helper.ts';

const variables: Readonly<Record<string, string>> = { TOKEN: 't0ken', TEAM: ' blue ', BLANK: '  ', ODD: 'a\nb' };

function resolve(sources: Partial<HeaderSources>): unknown {
  const resolved = resolveHeaders({
    bearerTokenEnvVar: null,
    headers: {},
    envHeaders: {},
    helper: {},
    env: (name) => variables[name],
    version: '1.2.3',
    ...sources,
  });
  return resolved.kind === 'ready' ? { ...resolved, headers: revealed(resolved.headers) } : resolved;
}

function revealed(headers: HeaderValues): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
  );
}

const agent = { 'user-agent': 'plugboard/1.2.3' };

describe('headers of requests', () => {
  test.each([
    { name: 'nothing configured', sources: {}, headers: agent },
    {
      name: 'a bearer token',
      sources: { bearerTokenEnvVar: 'TOKEN' },
      headers: { ...agent, Authorization: 'Bearer t0ken' },
    },
    {
      name: 'the bearer token beats http_headers, in any case',
      sources: { bearerTokenEnvVar: 'TOKEN', headers: { AUTHORIZATION: 'Basic x' } },
      headers: { ...agent, Authorization: 'Bearer t0ken' },
    },
    {
      name: 'http_headers may hold Authorization',
      sources: { headers: { authorization: 'Basic x' } },
      headers: { ...agent, authorization: 'Basic x' },
    },
    {
      name: 'http_headers beats the helper, in any case',
      sources: { headers: { 'X-Team': 'red' }, helper: { 'x-team': 'green', 'x-other': 'o' } },
      headers: { ...agent, 'X-Team': 'red', 'x-other': 'o' },
    },
    {
      name: 'env_http_headers beats http_headers',
      sources: { headers: { 'X-Team': 'red' }, envHeaders: { 'x-team': 'TEAM' } },
      headers: { ...agent, 'x-team': 'blue' },
    },
    {
      name: 'a variable that is unset or blank leaves its header out',
      sources: { envHeaders: { 'x-a': 'UNSET', 'x-b': 'BLANK', 'x-c': 'TEAM' } },
      headers: { ...agent, 'x-c': 'blue' },
    },
    {
      name: 'a user agent of the configuration',
      sources: { headers: { 'User-Agent': 'mine' } },
      headers: { 'User-Agent': 'mine' },
    },
  ])('$name', ({ sources, headers }) => {
    expect(resolve(sources)).toEqual({ kind: 'ready', headers, dropped: [] });
  });

  test.each(['UNSET', 'BLANK'])('a bearer token whose variable is %s is missing', (name) => {
    expect(resolve({ bearerTokenEnvVar: name })).toEqual({ kind: 'missing', names: [name] });
  });

  test('what the transport owns or HTTP cannot carry is dropped, by name', () => {
    const headers = {
      Accept: '*/*',
      'Content-Type': 'x',
      'MCP-Session-Id': 'x',
      'b ad': 'x',
      'x-ok': 'ok',
      'x-uni': '→',
    };
    expect(resolve({ headers, envHeaders: { 'x-odd': 'ODD' } })).toEqual({
      kind: 'ready',
      headers: { ...agent, 'x-ok': 'ok' },
      dropped: ['Accept', 'Content-Type', 'MCP-Session-Id', 'b ad', 'x-uni', 'x-odd'],
    });
  });

  test('values do not print', () => {
    const resolved = resolveHeaders({
      bearerTokenEnvVar: 'TOKEN',
      headers: { 'x-key': 'c4nary' },
      envHeaders: { 'x-team': 'TEAM' },
      helper: {},
      env: (name) => variables[name],
      version: '1',
    });
    expect(JSON.stringify(resolved)).toBe(
      '{"kind":"ready","headers":{"user-agent":"plugboard/1","x-key":"[secret http_headers x-key]",' +
        '"x-team":"[secret env_http_headers x-team]","Authorization":"[secret bearer_token_env_var Authorization]"},"dropped":[]}',
    );
  });
});

describe('what a helper printed', () => {
  test('an object of strings', () => {
    const output = parseHelperOutput(' {"Authorization": "Bearer x", "x-b": ""}\n');
    expect(output.kind === 'headers' && revealed(output.headers)).toEqual({ Authorization: 'Bearer x', 'x-b': '' });
  });

  test.each([
    { name: 'nothing', stdout: ' \n', problem: 'printed nothing' },
    { name: 'text', stdout: 'Bearer c4nary', problem: 'printed something that is not JSON' },
    { name: 'a list', stdout: '["c4nary"]', problem: 'must print a JSON object, header name to value' },
    { name: 'a string', stdout: '"c4nary"', problem: 'must print a JSON object, header name to value' },
    { name: 'a number as value', stdout: '{"x-a": 1}', problem: 'x-a: the value must be a string' },
    { name: 'a header of ours', stdout: '{"Content-Length": "1"}', problem: 'Content-Length: not a header it may set' },
    { name: 'a line break', stdout: '{"x-a": "c4nary\\r\\nx-b: 1"}', problem: 'x-a: not a header it may set' },
    { name: 'a value as name', stdout: '{"Bearer c4nary": "x"}', problem: 'a header: not a header it may set' },
  ])('$name is a problem that repeats no value', ({ stdout, problem }) => {
    expect(parseHelperOutput(stdout)).toEqual({ kind: 'bad', problem });
  });
});
