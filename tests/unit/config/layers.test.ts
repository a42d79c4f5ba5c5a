import { describe, expect, test } from 'vitest';
import { flagLayer, mergeLayers } from '../../../src/config/layers.ts';
import { locate, plainValue } from '../../../src/config/located.ts';
import { parseLayer } from '../../../src/config/parse.ts';
import { configFrom } from './read-config.ts';

const user = (toml: string) => parseLayer(toml, '/user', 'user');
const project = (toml: string) => parseLayer(toml, '/project', 'project');

describe('two layers', () => {
  test.each([
    {
      name: 'tables merge key by key',
      low: '[mcp_servers.x]\ncommand = "a"\n[mcp_servers.x.env]\nA = "1"\nB = "1"',
      high: '[mcp_servers.x.env]\nB = "2"\nC = "2"',
      want: { mcp_servers: { x: { command: 'a', env: { A: '1', B: '2', C: '2' } } } },
    },
    { name: 'lists and scalars replace', low: 'a = [1, 2]\nb = 1', high: 'a = [3]\nb = 2', want: { a: [3], b: 2 } },
    { name: 'a table replaces a scalar', low: 'a = 1', high: 'a.b = 2', want: { a: { b: 2 } } },
    { name: 'a scalar replaces a table', low: 'a.b = 2', high: 'a = 1', want: { a: 1 } },
    {
      name: 'enabled_tools intersect and disabled_tools unite',
      low: 'mcp_servers.x = { enabled_tools = ["a", "b"], disabled_tools = ["d"] }',
      high: 'mcp_servers.x = { enabled_tools = ["b", "c"], disabled_tools = ["e", "d"] }',
      want: { mcp_servers: { x: { enabled_tools: ['b'], disabled_tools: ['d', 'e'] } } },
    },
    {
      name: 'the lists of a plugin do so, too',
      low: 'plugins."p@m".mcp_servers.x.enabled_tools = ["a"]',
      high: 'plugins."p@m".mcp_servers.x.enabled_tools = ["b"]',
      want: { plugins: { 'p@m': { mcp_servers: { x: { enabled_tools: [] } } } } },
    },
    {
      name: 'a list of tools that is no list does not lift the one below',
      low: 'mcp_servers.x.enabled_tools = ["a"]',
      high: 'mcp_servers.x.enabled_tools = "all"',
      want: { mcp_servers: { x: { enabled_tools: 'all' } } },
    },
    {
      name: 'and is not hidden by the one above, so that it is reported',
      low: 'mcp_servers.x.disabled_tools = "a"',
      high: 'mcp_servers.x.disabled_tools = ["b"]',
      want: { mcp_servers: { x: { disabled_tools: 'a' } } },
    },
  ])('$name', ({ low, high, want }) => {
    expect(plainValue(mergeLayers([user(low), project(high)]))).toEqual(want);
  });

  test('keep the origin of each value', () => {
    const merged = mergeLayers([user('a.b = 1\na.c = 1'), project('\na.c = 2')]);
    expect(locate(merged, ['a', 'b'])?.origin).toEqual({ layer: 'user', file: '/user', line: 1, column: 3 });
    expect(locate(merged, ['a', 'c'])?.origin).toEqual({ layer: 'project', file: '/project', line: 2, column: 3 });
  });
});

describe('-c', () => {
  test.each([
    { flags: ['a.b=1', 'a.c = [true]'], want: { a: { b: 1, c: [true] } } },
    { flags: ['a=1', 'a=2'], want: { a: 2 } },
    {
      flags: ['mcp_servers.x={command="c"}', 'mcp_servers.x.enabled=false'],
      want: { mcp_servers: { x: { command: 'c', enabled: false } } },
    },
    { flags: ['mcp_servers."a=b".env.T=x=y'], want: { mcp_servers: { 'a=b': { env: { T: 'x=y' } } } } },
    {
      flags: ['mcp_servers.x.enabled_tools=["a"]', 'mcp_servers.x.enabled_tools=["b"]'],
      want: { mcp_servers: { x: { enabled_tools: ['b'] } } },
    },
    { flags: ['model=o3'], want: { model: 'o3' } },
  ])('$flags', ({ flags, want }) => expect(plainValue(flagLayer(flags).table)).toEqual(want));

  test.each(['x', '=1', 'a..b=1', 'a b=1', ''])('%j is refused', (flag) => {
    expect(() => flagLayer([flag])).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  test('does not repeat what may be a secret when it is refused', () => {
    expect(() => flagLayer(['bad key.TOKEN=hunter2'])).toThrow(/^(?!.*hunter2)/);
  });

  test('lies over every file', () => {
    const config = configFrom({
      system: 'mcp_servers.x = { command = "s", tool_timeout_sec = 1 }',
      user: 'mcp_servers.x.command = "u"\nmcp_servers.x.required = true',
      project: 'mcp_servers.x.args = ["p"]',
      flags: ['mcp_servers.x.env.B="2"', 'mcp_servers.x.startup_timeout_sec=2'],
    });
    expect(config.issues).toEqual([]);
    expect(config.servers.get('x')).toMatchObject({
      required: true,
      toolTimeoutMs: 1000,
      startupTimeoutMs: 2000,
      transport: { command: 'u', args: ['p'], env: { B: '2' } },
      origin: { layer: 'user', line: 1 },
    });
  });
});
