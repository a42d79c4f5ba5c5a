import { describe, expect, test } from 'vitest';
import { addServer, removeServer, setKey, unsetKey } from '../../../src/config/edit.ts';

const TWO = `# mine
[mcp_servers.a] # first
command = "x" # program

# about b
[mcp_servers.b]
command = "y"
`;

describe('setting', () => {
  test.each([
    {
      name: 'a value where it stands, with the comment behind it',
      text: TWO,
      path: ['mcp_servers', 'a', 'command'],
      value: 'z',
      want: TWO.replace('"x"', '"z"'),
    },
    {
      name: 'a plain value, with the blanks before its comment',
      text: 'a = true  # why\n',
      path: ['a'],
      value: false,
      want: 'a = false  # why\n',
    },
    {
      name: 'a new key at the end of its section, above the comment of the next',
      text: TWO,
      path: ['mcp_servers', 'a', 'enabled'],
      value: false,
      want: TWO.replace('# program\n', '# program\nenabled = false\n'),
    },
    {
      name: 'a key in a table of the section, as a dotted key',
      text: TWO,
      path: ['mcp_servers', 'b', 'env', 'A B'],
      value: 'x"\n',
      want: `${TWO}env."A B" = "x\\"\\n"\n`,
    },
    {
      name: 'a key in a table that has a section of its own',
      text: '[mcp_servers.a.env]\n  A = "1"\n\n[b]\n',
      path: ['mcp_servers', 'a', 'env', 'B'],
      value: '2',
      want: '[mcp_servers.a.env]\n  A = "1"\n  B = "2"\n\n[b]\n',
    },
    {
      name: 'a key of a server that only has a table below it',
      text: '[mcp_servers.a.env]\nA = "1"\n',
      path: ['mcp_servers', 'a', 'command'],
      value: 'c',
      want: '[mcp_servers.a.env]\nA = "1"\n\n[mcp_servers.a]\ncommand = "c"\n',
    },
    {
      name: 'a key of a new section',
      text: TWO,
      path: ['serve', 'port'],
      value: 1,
      want: `${TWO}\n[serve]\nport = 1\n`,
    },
    {
      name: 'a key at the top, below the comment that opens the file',
      text: '# my settings\n\n# about a\n[a]\n',
      path: ['k'],
      value: 1.5,
      want: '# my settings\n\nk = 1.5\n\n# about a\n[a]\n',
    },
    {
      name: 'a key at the top, after the others',
      text: 'a = 1 # c\n\n[t]\n',
      path: ['k'],
      value: 1,
      want: 'a = 1 # c\nk = 1\n\n[t]\n',
    },
    {
      name: 'a key at the top of a file that starts with a table',
      text: '# about t\n[t]\n',
      path: ['k'],
      value: 1,
      want: 'k = 1\n\n# about t\n[t]\n',
    },
    { name: 'the first key of all', text: '', path: ['a', 'b'], value: [], want: '[a]\nb = []\n' },
    {
      name: 'a key in an inline table',
      text: '[mcp_servers]\na = { command = "x" } # c\n',
      path: ['mcp_servers', 'a', 'enabled'],
      value: false,
      want: '[mcp_servers]\na = { command = "x", enabled = false } # c\n',
    },
    {
      name: 'a key beside dotted keys',
      text: 'mcp_servers.a.command = "x"\n[t]\n',
      path: ['mcp_servers', 'a', 'enabled'],
      value: false,
      want: 'mcp_servers.a.command = "x"\nmcp_servers.a.enabled = false\n[t]\n',
    },
    {
      name: 'a list with comments in it, which move above',
      text: '[t]\n  a = [ # one\n    1, # "two"\n    # three\n  ] # four\n',
      path: ['t', 'a'],
      value: [1, 2],
      want: '[t]\n  # one\n  # "two"\n  # three\n  a = [1, 2] # four\n',
    },
    {
      name: 'a value in place of a section',
      text: '[t.a]\n# kept\nb = 1\n[c]\n',
      path: ['t', 'a'],
      value: 1,
      want: '# kept\n[c]\n\n[t]\na = 1\n',
    },
    {
      name: 'a float as a float and an integer as an integer',
      text: 'a = { f = 1.0, i = 1 }\n',
      path: ['a', 'n'],
      value: 2,
      want: 'a = { f = 1.0, i = 1, n = 2 }\n',
    },
    {
      name: 'lines of CRLF',
      text: 'a = 1\r\n[t]\r\nb = 1\r\n',
      path: ['t', 'c'],
      value: 2,
      want: 'a = 1\r\n[t]\r\nb = 1\r\nc = 2\r\n',
    },
    { name: 'no newline at the end', text: '[t]\nb = 1', path: ['t', 'c'], value: 2, want: '[t]\nb = 1\nc = 2' },
    {
      name: 'a byte order mark',
      text: '\ufeff[t]\nb = 1\n',
      path: ['a'],
      value: 2,
      want: '\ufeffa = 2\n\n[t]\nb = 1\n',
    },
    {
      name: 'prototype names',
      text: '',
      path: ['mcp_servers', '__proto__', 'constructor'],
      value: 'x',
      want: '[mcp_servers.__proto__]\nconstructor = "x"\n',
    },
  ])('$name', ({ text, path, value, want }) => expect(setKey(text, path, value)).toBe(want));

  test.each([
    { text: 'a = 1\n', path: ['a', 'b'], code: 'CONFIG_EDIT_REFUSED' },
    { text: '[[a]]\nb = 1\n', path: ['a', 'b'], code: 'CONFIG_EDIT_REFUSED' },
    { text: 'a = [1]\n', path: ['a', '0'], code: 'CONFIG_EDIT_REFUSED' },
    { text: 'a = \n', path: ['a'], code: 'CONFIG_NOT_TOML' },
  ])('is refused where it cannot be: $path in $text', ({ text, path, code }) => {
    expect(() => setKey(text, path, 1)).toThrow(expect.objectContaining({ code }));
  });
});

describe('unsetting', () => {
  test.each([
    {
      name: 'a key, with its line',
      text: TWO,
      path: ['mcp_servers', 'a', 'command'],
      want: TWO.replace('command = "x" # program\n', ''),
    },
    { name: 'what is not there', text: TWO, path: ['mcp_servers', 'a', 'args'], want: TWO },
    { name: 'what is not there, under a value', text: 'a = 1\n', path: ['a', 'b'], want: 'a = 1\n' },
    { name: 'a key of an inline table', text: 'a = { b = 1, c = 2 }\n', path: ['a', 'b'], want: 'a = { c = 2 }\n' },
    {
      name: 'the last of some dotted keys',
      text: '[t]\na.b = 1\nc = 2\n',
      path: ['t', 'a', 'b'],
      want: '[t]\nc = 2\n',
    },
    { name: 'a list, whose comments stay', text: 'a = [\n  1, # one\n]\nb = 1\n', path: ['a'], want: '# one\nb = 1\n' },
    {
      name: 'sections with those below, whose comments stay',
      text: 'x = 1\n\n[a]\n# k\nb = 1\n\n[a.c]\n\n[d]\n',
      path: ['a'],
      want: 'x = 1\n# k\n\n[d]\n',
    },
    { name: 'arrays of tables', text: '[[a]]\nb = 1\n[[a]]\nb = 2\n[c]\n', path: ['a'], want: '[c]\n' },
  ])('$name', ({ text, path, want }) => expect(unsetKey(text, path)).toBe(want));
});

describe('servers', () => {
  test('a new one goes to the end', () => {
    const table = { command: 'c', args: ['a', '--b'], env: { A: '1' }, env_vars: ['B', { name: 'C', required: true }] };
    expect(addServer(TWO, 'docs/v1', table)).toBe(`${TWO}
[mcp_servers."docs/v1"]
command = "c"
args = [ "a", "--b" ]
env_vars = [ "B", { name = "C", required = true } ]

[mcp_servers."docs/v1".env]
A = "1"
`);
  });

  test('one that exists is replaced', () => {
    expect(addServer(TWO, 'a', { url: 'https://h/' })).toBe(
      '# mine\n\n# about b\n[mcp_servers.b]\ncommand = "y"\n\n[mcp_servers.a]\nurl = "https://h/"\n',
    );
  });

  test('one beside others in an inline table stays in it', () => {
    expect(addServer('mcp_servers = { a = { command = "x" } }\n', 'b', { command: 'y' })).toBe(
      'mcp_servers = { a = { command = "x" }, b = { command = "y" } }\n',
    );
  });

  test('removing one takes its sections and leaves every comment', () => {
    expect(removeServer(TWO, 'a')).toBe('# mine\n\n# about b\n[mcp_servers.b]\ncommand = "y"\n');
    expect(removeServer(TWO, 'b')).toBe('# mine\n[mcp_servers.a] # first\ncommand = "x" # program\n\n# about b\n');
    expect(removeServer(TWO, 'none')).toBe(TWO);
  });
});
