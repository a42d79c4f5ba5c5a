import { describe, expect, test } from 'vitest';
import { parseNewServer } from '../../../src/cli/add-server.ts';
import type { Input } from '../../../src/cli/command.ts';
import { AppError } from '../../../src/kernel/index.ts';

type Given = {
  readonly rest?: string[];
  readonly values?: Input['values'];
  readonly lists?: Input['lists'];
  readonly flags?: string[];
};

function input({ rest = [], values = {}, lists = {}, flags = [] }: Given): Input {
  return { args: { NAME: 'a' }, rest, values, lists, flags: new Set(flags) };
}

const parse = (given: Given) => parseNewServer(input(given), '/srv');

describe('what is written', () => {
  test.each([
    { name: 'a command', given: { rest: ['x'] }, want: { command: 'x' } },
    {
      name: 'a command with arguments, its own options included',
      given: { rest: ['npx', '-y', '--', 'server'] },
      want: { command: 'npx', args: ['-y', '--', 'server'] },
    },
    {
      name: 'variables: a value may hold = and be empty',
      given: { rest: ['x'], lists: { env: ['A=1=2', 'B='], 'env-var': ['C', 'D'] } },
      want: { command: 'x', env: { A: '1=2', B: '' }, env_vars: ['C', 'D'] },
    },
    {
      name: 'a relative folder, made absolute',
      given: { rest: ['x'], values: { cwd: 'sub' } },
      want: { command: 'x', cwd: '/srv/sub' },
    },
    {
      name: "a folder in the user's home, as it is",
      given: { rest: ['x'], values: { cwd: '~/notes' } },
      want: { command: 'x', cwd: '~/notes' },
    },
    {
      name: 'a file with variables, made absolute',
      given: { rest: ['x'], values: { 'env-file': 'x.env' } },
      want: { command: 'x', env_file: '/srv/x.env' },
    },
    {
      name: "a file in the user's home, as it is",
      given: { rest: ['x'], values: { 'env-file': '~/x.env' } },
      want: { command: 'x', env_file: '~/x.env' },
    },
    {
      name: 'an address with everything',
      given: {
        values: {
          url: 'https://a.test/mcp',
          'bearer-token-env-var': 'T',
          'startup-timeout': '0.5',
          'tool-timeout': '60',
        },
        lists: { header: ['X-A=b=c'], 'env-header': ['X-B=NAME'] },
        flags: ['disabled'],
      },
      want: {
        url: 'https://a.test/mcp',
        bearer_token_env_var: 'T',
        http_headers: { 'X-A': 'b=c' },
        env_http_headers: { 'X-B': 'NAME' },
        startup_timeout_sec: 0.5,
        tool_timeout_sec: 60,
        enabled: false,
      },
    },
  ])('$name', ({ given, want }) => expect(parse(given)).toEqual({ name: 'a', table: want, notes: [] }));
});

describe('what is refused', () => {
  test.each([
    { name: 'neither', given: {}, want: 'a server needs --url URL, or a command after --' },
    { name: 'both', given: { rest: ['x'], values: { url: 'u' } }, want: "'--url' cannot be used with a command" },
    {
      name: 'a variable without =',
      given: { rest: ['x'], lists: { env: ['canary'] } },
      want: "'--env': environment entries must be in KEY=VALUE form",
    },
    {
      name: 'a variable without a name',
      given: { rest: ['x'], lists: { env: ['=canary'] } },
      want: "'--env': environment entries must be in KEY=VALUE form",
    },
    {
      name: 'variables for an address',
      given: { values: { url: 'u' }, lists: { env: ['A=1'] } },
      want: "'--env' is only for servers that are started by a command",
    },
    {
      name: 'a file with variables for an address',
      given: { values: { url: 'u', 'env-file': 'x.env' } },
      want: "'--env-file' is only for servers that are started by a command",
    },
    {
      name: 'headers for a command',
      given: { rest: ['x'], lists: { header: ['A=1'] } },
      want: "'--header' is only for servers with --url",
    },
    {
      name: 'a time-out that is no number',
      given: { rest: ['x'], values: { 'tool-timeout': '1m' } },
      want: "'--tool-timeout' must be a number of seconds, not '1m'",
    },
  ])('$name', ({ given, want }) => {
    expect(() => parse(given)).toThrow(new AppError('USAGE', want, { hint: 'see: plugboard mcp add --help' }));
  });
});

test('a value that looks like a secret gets a note with the line that stores it, and not the value', () => {
  const { notes } = parse({ rest: ['x'], lists: { env: ['API_KEY=canary', 'LOG_LEVEL=info', 'db_password=canary'] } });
  expect(notes).toEqual([
    'API_KEY looks like a secret, and its value is in the file now; to keep it out: plugboard secret set API_KEY --for a, and --env-var API_KEY here',
    'db_password looks like a secret, and its value is in the file now; to keep it out: plugboard secret set db_password --for a, and --env-var db_password here',
  ]);
  expect(parse({ values: { url: 'u' }, lists: { header: ['X-Api-Key=canary', 'X-Team=a'] } }).notes).toEqual([
    'the header X-Api-Key looks like a secret, and its value is in the file now; to keep it out: plugboard secret set X_API_KEY --for a, and --env-header X-Api-Key=X_API_KEY here',
  ]);
});

test('a reference is no secret', () => {
  const lists = { env: ['API_KEY=${secret:api}'] };
  expect(parse({ rest: ['x'], lists })).toEqual({
    name: 'a',
    table: { command: 'x', env: { API_KEY: '${secret:api}' } },
    notes: [],
  });
  expect(parse({ values: { url: 'u' }, lists: { header: ['Authorization=Bearer ${env:T}'] } }).notes).toEqual([]);
});
