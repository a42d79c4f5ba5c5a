import { expect, test } from 'vitest';
import { localCaller } from '../../../src/kernel/index.ts';
import { admit } from '../../../src/policy/index.ts';

test.each([
  { name: 'no lists allow every tool', enabled: null, disabled: [], tool: 'a', want: { kind: 'allow' } },
  { name: 'an enabled one', enabled: ['a'], disabled: [], tool: 'a', want: { kind: 'allow' } },
  {
    name: 'one that is not among the enabled',
    enabled: ['a'],
    disabled: [],
    tool: 'b',
    want: { kind: 'deny', rule: 'mcp_servers.s.enabled_tools' },
  },
  {
    name: 'an empty list enables none',
    enabled: [],
    disabled: [],
    tool: 'a',
    want: { kind: 'deny', rule: 'mcp_servers.s.enabled_tools' },
  },
  {
    name: 'a disabled one',
    enabled: null,
    disabled: ['a'],
    tool: 'a',
    want: { kind: 'deny', rule: 'mcp_servers.s.disabled_tools' },
  },
  {
    name: 'one that is both is disabled',
    enabled: ['a'],
    disabled: ['a'],
    tool: 'a',
    want: { kind: 'deny', rule: 'mcp_servers.s.disabled_tools' },
  },
  { name: 'names are compared as they are', enabled: null, disabled: ['a-b'], tool: 'a_b', want: { kind: 'allow' } },
  { name: 'what is about no tool', enabled: [], disabled: ['a'], tool: null, want: { kind: 'allow' } },
])('$name', ({ enabled, disabled, tool, want }) => {
  const server = { name: 's', owner: null, enabledTools: enabled, disabledTools: disabled };
  expect(admit({ caller: localCaller(), server, tool })).toEqual(want);
});

test('a rule for a server of a plugin is named by its policy', () => {
  const owner = { pluginId: 'p@m', server: 's', root: '/r', dataDir: '/d' };
  const server = { name: 'p:s', owner, enabledTools: null, disabledTools: ['a'] };
  expect(admit({ caller: localCaller(), server, tool: 'a' })).toEqual({
    kind: 'deny',
    rule: 'plugins."p@m".mcp_servers.s.disabled_tools',
  });
});
