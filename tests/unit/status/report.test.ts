import { describe, expect, test } from 'vitest';
import type { ServerState } from '../../../src/kernel/index.ts';
import type { PluginInput, ResolvedServer } from '../../../src/servers/index.ts';
import { renderServerLine, reportServer, requiredIssues, staticState } from '../../../src/status/index.ts';
import { USER_FILE } from '../config/read-config.ts';
import { pluginInput, pluginServer, resolveWith, setting } from '../servers/plugin-input.ts';

const ID = 'poka@acme';

function serverOf(user: string, wish: Partial<PluginInput> = {}): ResolvedServer {
  const plugins = [pluginInput(ID, [pluginServer('poka', { settings: [] })], wish)];
  const [server] = resolveWith({ plugins, user }).servers;
  if (server === undefined) throw new Error('no server');
  return server;
}

const add = `run: plugboard plugin add ${ID}`;

describe('a server of a plugin that is not started', () => {
  test.each<{ name: string; server: ResolvedServer; state: Partial<ServerState>; line: string }>([
    {
      name: 'its plugin is off',
      server: serverOf(`[plugins."${ID}"]\nenabled = false`),
      state: { kind: 'disabled', by: 'plugin' },
      line: `poka  (stdio)  DISABLED — by plugin (/home/ada/.plugboard/config.toml:2) — run: plugboard plugin enable ${ID}`,
    },
    {
      name: 'its policy turns it off',
      server: serverOf(`[plugins."${ID}".mcp_servers.poka]\nenabled = false`),
      state: { kind: 'disabled', by: 'user' },
      line: 'poka  (stdio)  DISABLED — by user (/home/ada/.plugboard/config.toml:2) — run: plugboard mcp enable poka',
    },
    {
      name: 'its files were changed',
      server: serverOf('', { standing: { kind: 'tampered', path: 'bin/x', change: 'changed' } }),
      state: { kind: 'blocked', reason: 'tampered', detail: 'bin/x' },
      line: `poka  (stdio)  BLOCKED — bin/x is not as it was installed — ${add}`,
    },
    {
      name: 'nobody agreed to it',
      server: serverOf('', { standing: { kind: 'unconsented' } }),
      state: { kind: 'blocked', reason: 'consent' },
      line: `poka  (stdio)  BLOCKED — nobody has agreed to what it runs — ${add} --version 1.0.0`,
    },
    {
      name: 'its files are gone',
      server: serverOf('', { plugin: null, standing: { kind: 'missing' } }),
      state: { kind: 'missing', plugin: ID },
      line: `poka           MISSING — its plugin ${ID} is not there any more — ${add}, or plugboard plugin remove ${ID}`,
    },
    {
      name: 'it wants a setting',
      server: resolveWith({
        plugins: [
          pluginInput(ID, [pluginServer('poka', { toml: 'command = "c"\nenv.T = "${user_config.token}"' })], {
            settings: [setting('token', { required: true })],
          }),
        ],
      }).servers[0] as ResolvedServer,
      state: { kind: 'needs_config', names: ['user_config.token'] },
      line: `poka  (stdio)  NEEDS_CONFIG — not set: user_config.token — run: plugboard plugin configure ${ID}`,
    },
    {
      name: 'it reads a variable that nobody was shown',
      server: resolveWith({
        plugins: [
          pluginInput(ID, [pluginServer('poka', { toml: 'command = "c"\nenv_vars = ["TOKEN"]' })], {
            agreedVariables: [],
          }),
        ],
      }).servers[0] as ResolvedServer,
      state: { kind: 'blocked', reason: 'consent', detail: 'TOKEN' },
      line: `poka  (stdio)  BLOCKED — nobody has agreed that it reads TOKEN — ${add}`,
    },
    {
      name: 'it is gone, and something is still laid over it',
      server: resolveWith({
        plugins: [],
        removedPlugins: [{ pluginId: ID, servers: ['poka'] }],
        user: '[mcp_servers.poka.env]\nA = "1"',
      }).servers[0] as ResolvedServer,
      state: { kind: 'missing', plugin: ID },
      line: `poka           MISSING — its plugin ${ID} is not there any more — ${add}; or take away what ${USER_FILE}:1 lays over it: plugboard config unset mcp_servers.poka`,
    },
  ])('$name', ({ server, state, line }) => {
    const found = staticState(server);
    expect(found).toMatchObject(state);
    const report = reportServer({ server, state: found, serverInfo: null, stderr: '' });
    expect(report).toMatchObject({ name: 'poka', plugin: ID, tools: 0 });
    expect(renderServerLine(report, 4)).toBe(line);
  });
});

describe('the next step for a server with problems', () => {
  const step = (toml: string, { user = '', ...wish }: Partial<PluginInput> & { user?: string } = {}): string | null => {
    const plugins = [pluginInput(ID, [pluginServer('poka', { toml })], wish)];
    const [server] = resolveWith({ plugins, user }).servers;
    if (server === undefined) throw new Error('no server');
    return reportServer({ server, state: staticState(server), serverInfo: null, stderr: '' }).nextStep;
  };
  const wrong = 'command = "node"\nurl = "https://mcp.example.com"';
  const broken = '[mcp_servers.poka]\nenv = 1';
  const theirs = `ask the maintainer of the plugin ${ID}, or turn it off: plugboard plugin disable ${ID}`;

  test.each([
    {
      name: 'in a folder that is served as it is written is that of the problem',
      got: step(wrong, { marketplaceSource: null }),
      want: 'keep one of the two',
    },
    { name: 'in the files of an installed plugin is its maintainer', got: step(wrong), want: theirs },
    {
      name: 'in a manifest that cannot be used likewise',
      got: step('command = "node"', { plugin: null, knownServers: ['poka'] }),
      want: theirs,
    },
    {
      name: "in the user's policy is that line",
      got: step('command = "node"', { user: `[plugins."${ID}".mcp_servers.poka]\nenabled_tools = "x"` }),
      want: `correct plugins."${ID}".mcp_servers.poka.enabled_tools in ${USER_FILE}:2`,
    },
    {
      name: "in the user's policy and in the bundle is the user's line",
      got: step(wrong, { user: `[plugins."${ID}".mcp_servers.poka]\nenabled_tools = "x"` }),
      want: `correct plugins."${ID}".mcp_servers.poka.enabled_tools in ${USER_FILE}:2`,
    },
  ])('$name', ({ got, want }) => expect(got).toBe(want));

  test('is to correct it where the user wrote it', () => {
    const hint = `correct mcp_servers.poka.env in ${USER_FILE}:2`;
    expect(step('command = "node"', { user: broken })).toBe(hint);
    expect(step(wrong, { user: broken })).toBe(hint);
  });
});

test('one that is required, with the consent of the user, and does not run is an error that names the plugin', () => {
  const requests = { required: true, supportsParallelToolCalls: false, approveAll: false, approveTools: [] };
  const standing = { kind: 'tampered', path: 'x', change: 'changed' } as const;
  const plugins = [pluginInput(ID, [pluginServer('poka', { requests })], { requestsAccepted: true, standing })];
  const { servers } = resolveWith({ plugins });
  const reports = servers.map((server) =>
    reportServer({ server, state: staticState(server), serverInfo: null, stderr: '' }),
  );
  expect(requiredIssues(reports)).toEqual([
    {
      code: 'UPSTREAM_REQUIRED',
      severity: 'error',
      message: 'poka is required and not connected: x is not as it was installed',
      hint: add,
      key: `plugins."${ID}"`,
      server: 'poka',
      plugin: ID,
    },
  ]);
});
