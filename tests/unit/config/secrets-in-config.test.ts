import { expect, test } from 'vitest';
import { configFrom, serverFrom } from './read-config.ts';

const http = (lines: string): string => `[mcp_servers.x]\nurl = "https://h/mcp"\n${lines}`;

test.each(['https://ada:hunter2@h/', 'ada://ada@b:hunter2@h:99999999/x'])(
  'a URL that holds a password is known without it: %s',
  (url) => {
    const { transport, problems } = serverFrom({ user: `[mcp_servers.x]\nurl = "${url}"` });
    expect(problems.map(({ code }) => code)).toEqual(['CONFIG_WRONG_TYPE']);
    expect(transport).toMatchObject({ url: url.replace(/\/\/.*@/, '//*****@') });
  },
);

test.each([
  { url: 'https:\\\\ada:hunter2@h/', want: '*****@h/' },
  { url: 'https:/ada:hunter2@h/', want: '*****@h/' },
  { url: 'https:ada:hunter2@h/', want: '*****@h/' },
  { url: 'https://ada:hunter/2@h/', want: 'https://*****@h/' },
  { url: 'https://ada:hun ter2@x@h/', want: 'https://*****@h/' },
])('a URL that is none is shown without what stands before an @: $url', ({ url, want }) => {
  const { transport, problems } = serverFrom({ user: `[mcp_servers.x]\nurl = '${url}'` });
  expect(problems.map(({ code }) => code)).toEqual(['CONFIG_WRONG_TYPE']);
  expect(transport).toMatchObject({ url: want });
});

test('an @ in the path of a right URL stays', () => {
  expect(serverFrom({ user: '[mcp_servers.x]\nurl = "https://h/@scope/mcp"' }).transport).toMatchObject({
    url: 'https://h/@scope/mcp',
  });
});

test('no message holds a value from the file', () => {
  const user = [
    http('http_headers = { A = "hunter2\\n" }\nbearer_token = "hunter2"\nauth = "hunter2"\nroots = ["hunter2"]'),
    '[mcp_servers.y]\nurl = "https://hunter2:hunter2@h:99999999/"\nenv_http_headers = { B = "hunter2=" }',
    '[mcp_servers.z]\ncommand = "c"\nenv = { T = "$HUNTER2", U = "${env:hunter2}" }\nargs = ["$hunter2", 5]',
  ].join('\n');
  const { issues } = configFrom({ user });
  expect(issues.length).toBeGreaterThan(7);
  expect(JSON.stringify(issues).toLowerCase()).not.toContain('hunter2');
});

test('a header of Latin-1 is sent, so it is no problem', () => {
  expect(serverFrom({ user: http('http_headers = { A = "é\\t~" }') }).problems).toEqual([]);
});
