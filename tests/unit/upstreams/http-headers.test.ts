import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/kernel/index.ts';
import { type HeaderSources, type HeaderValues, resolveHeaders } from '../../../src/upstreams/http-headers.ts';
import { parseHelperOutput } from '../../../src/upstreams/http-helper.ts';

const textOf = (value: string | Secret): string => (typeof value === 'string' ? value : value.reveal());

function resolve(sources: Partial<HeaderSources>): unknown {
  const resolved = resolveHeaders({ headers: {}, helper: {}, version: '1.2.3', textOf, ...sources });
  return { ...resolved, headers: revealed(resolved.headers) };
}

function revealed(headers: HeaderValues): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, textOf(value)]));
}

const agent = { 'user-agent': 'plugboard/1.2.3' };

describe('headers of requests', () => {
  test.each([
    { name: 'nothing configured', sources: {}, headers: agent },
    {
      name: 'a secret',
      sources: { headers: { Authorization: new Secret('Authorization', 'Bearer t0ken') } },
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
      name: 'a user agent of the configuration',
      sources: { headers: { 'User-Agent': 'mine' } },
      headers: { 'User-Agent': 'mine' },
    },
  ])('$name', ({ sources, headers }) => {
    expect(resolve(sources)).toEqual({ headers, dropped: [] });
  });

  test('what the transport owns or HTTP cannot carry is dropped, by name', () => {
    const headers = {
      Accept: '*/*',
      'Content-Type': 'x',
      'MCP-Session-Id': 'x',
      'b ad': 'x',
      'x-ok': 'ok',
      'x-uni': '→',
      'x-odd': new Secret('ODD', 'a\nb'),
    };
    expect(resolve({ headers })).toEqual({
      headers: { ...agent, 'x-ok': 'ok' },
      dropped: ['Accept', 'Content-Type', 'MCP-Session-Id', 'b ad', 'x-uni', 'x-odd'],
    });
  });

  test('values do not print', () => {
    const headers = { 'x-key': 'c4nary', 'x-team': new Secret('TEAM', 'blue') };
    expect(JSON.stringify(resolveHeaders({ headers, helper: {}, version: '1', textOf }))).toBe(
      '{"headers":{"user-agent":"plugboard/1","x-key":"[secret http_headers x-key]","x-team":"[secret TEAM]"},"dropped":[]}',
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
