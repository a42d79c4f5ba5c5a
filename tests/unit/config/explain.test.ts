import { expect, test } from 'vitest';
import { explain, get } from '../../../src/config/explain.ts';
import { flagLayer } from '../../../src/config/layers.ts';
import { parseLayer } from '../../../src/config/parse.ts';

const loaded = {
  layers: [
    parseLayer(
      'mcp_servers.x.enabled_tools = ["a", "b"]\nmcp_servers.x.tool_timeout_sec = 5\n',
      '/etc/plugboard/config.toml',
      'system',
    ),
    parseLayer(
      '[mcp_servers.x]\ncommand = "c"\nenabled_tools = ["b", "c"]\n[mcp_servers.x.env]\nTOKEN = "hunter2"\n',
      '/u/config.toml',
      'user',
    ),
    flagLayer(['mcp_servers.x.env.MODE=fast', 'mcp_servers.x.tool_timeout_sec=7']),
  ],
};
const at = (layer: 'system' | 'user', line: number, column: number) => ({
  layer,
  file: layer === 'system' ? '/etc/plugboard/config.toml' : '/u/config.toml',
  line,
  column,
});
const nowhere = { file: null, line: null, column: null };

test('explains which layer of several wins, down to the default', () => {
  expect(explain(loaded, 'mcp_servers.x.tool_timeout_sec')).toEqual({
    key: 'mcp_servers.x.tool_timeout_sec',
    value: 7,
    rule: 'replace',
    layers: [
      { layer: 'flag', ...nowhere, value: 7, wins: true },
      { ...at('system', 2, 15), value: 5, wins: false },
      { layer: 'built_in', ...nowhere, value: 300, wins: false },
    ],
    doc: 'Seconds a call may take.',
  });
});

test('explains a list that layers put together', () => {
  expect(explain(loaded, 'mcp_servers.x.enabled_tools')).toMatchObject({
    value: ['b'],
    rule: 'intersect',
    layers: [
      { ...at('user', 3, 1), value: ['b', 'c'], wins: true },
      { ...at('system', 1, 15), value: ['a', 'b'], wins: true },
    ],
  });
});

test('explains a policy that widens what lower layers offer', () => {
  const policy = (lines: string): string => `[plugins."p@m".mcp_servers.s]\n${lines}`;
  const widened = {
    layers: [
      parseLayer(policy('enabled_tools = ["a"]'), '/etc/plugboard/config.toml', 'system'),
      parseLayer(policy('widen = true\nenabled_tools = ["b"]'), '/u/config.toml', 'user'),
    ],
  };
  expect(explain(widened, 'plugins."p@m".mcp_servers.s.enabled_tools')).toMatchObject({
    value: ['b'],
    layers: [
      { ...at('user', 3, 1), value: ['b'], wins: true },
      { ...at('system', 2, 1), value: ['a'], wins: false },
    ],
  });
});

test('explains a table, with literal values of the environment masked unless asked for', () => {
  expect(explain(loaded, 'mcp_servers.x.env')).toMatchObject({
    value: { TOKEN: '*****', MODE: '*****' },
    rule: 'merge',
    layers: [
      { layer: 'flag', value: { MODE: '*****' }, wins: true },
      { ...at('user', 4, 16), value: { TOKEN: '*****' }, wins: true },
      { layer: 'built_in', value: {}, wins: false },
    ],
  });
  expect(get(loaded, 'mcp_servers.x.env.TOKEN')).toBe('*****');
  expect(get(loaded, 'mcp_servers.x.env.TOKEN', { showValues: true })).toBe('hunter2');
  expect(JSON.stringify(explain(loaded, 'mcp_servers'))).not.toContain('hunter2');
});

test('masks what stands under a key that nobody knows, since it may be a misspelt one that holds a secret', () => {
  const text = `model = "hunter2"
[model_providers.p]
experimental_bearer_token = "hunter2"
[features]
other_switch = true
[mcp_servers.x]
url = "https://ada:hunter2@h/"
http_header = { Authorization = "hunter2" }
bearer_tokn = "hunter2"
oauth = { client_secret = "hunter2", client_secrt = "hunter2" }
roots = [{ uri = "file:///a", nam = "hunter2" }]
`;
  const file = { layers: [parseLayer(text, '/u/config.toml', 'user')] };
  const value = {
    url: 'https://*****@h/',
    http_header: { Authorization: '*****' },
    bearer_tokn: '*****',
    oauth: { client_secret: '*****', client_secrt: '*****' },
    roots: [{ uri: 'file:///a', nam: '*****' }],
  };
  expect(get(file, 'mcp_servers.x')).toEqual(value);
  expect(get(file, 'model')).toBe('*****');
  expect(get(file, 'model_providers')).toEqual({ p: { experimental_bearer_token: '*****' } });
  expect(get(file, 'features.other_switch')).toBe(true);
  expect(get(file, 'mcp_servers.x.url', { showValues: true })).toBe('https://ada:hunter2@h/');
});

test('masks all that may be a password in an address that is none', () => {
  const file = { layers: [parseLayer("mcp_servers.x.url = 'https:/ada:hunter2@h/'", '/u/config.toml', 'user')] };
  expect(get(file, 'mcp_servers')).toEqual({ x: { url: '*****@h/' } });
  expect(get(file, 'mcp_servers.x.url')).toBe('*****@h/');
});

test('a default is the value where no layer has one, and without a default there is none', () => {
  expect(get(loaded, 'serve.port')).toBe(7450);
  expect(get(loaded, 'mcp_servers.x.enabled')).toBe(true);
  expect(get(loaded, 'mcp_servers.x.cwd')).toBeUndefined();
  expect(get(loaded, 'mcp_servers.y')).toBeUndefined();
});

test('what is no key is refused', () => {
  expect(() => get(loaded, 'a..b')).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test.each([
  { key: '__proto__', says: '__proto__ is not a key that is known', hint: 'the keys are in docs/config.md' },
  { key: 'nope', says: 'nope is not a key that is known', hint: 'the keys are in docs/config.md' },
  {
    key: 'mcp_servers.x.comand',
    says: 'mcp_servers.x.comand is not a key that is known',
    hint: 'did you mean `mcp_servers.x.command`?',
  },
  { key: 'serv.port', says: 'serv is not a key that is known', hint: 'did you mean `serve`?' },
])('$key, which nobody knows and no layer has, is refused with what may have been meant', ({ key, says, hint }) => {
  expect(() => explain({ layers: [] }, key)).toThrow(
    expect.objectContaining({ code: 'NOT_FOUND', message: says, hint }) as Error,
  );
});

test('a key that is not known and that a layer has is explained', () => {
  const layers = [parseLayer('nope = 1', '/u/config.toml')];
  expect(explain({ layers }, 'nope')).toMatchObject({ value: '*****', doc: null });
});
