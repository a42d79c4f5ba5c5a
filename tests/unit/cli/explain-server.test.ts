import { describe, expect, test } from 'vitest';
import { explainServer } from '../../../src/cli/explain-server.ts';
import { renderExplained } from '../../../src/cli/render-config.ts';
import type { Explained } from '../../../src/config/index.ts';
import { flagLayer } from '../../../src/config/layers.ts';
import { parseLayer } from '../../../src/config/parse.ts';
import { USER_FILE } from '../config/read-config.ts';
import { pluginInput, pluginServer, resolveWith } from '../servers/plugin-input.ts';

const ID = 'poka@acme';
const PLUGIN_FILE = '/cache/poka.json';
const poka = (id = ID) =>
  pluginInput(id, [
    pluginServer('poka', {
      toml: 'command = "node"\nenv = { TOKEN = "plugin", OWN = "1" }\nenabled_tools = ["a", "b"]',
    }),
  ]);

type Case = {
  readonly key: string;
  readonly user?: string;
  readonly flags?: readonly string[];
  readonly plugins?: readonly ReturnType<typeof poka>[];
  readonly showValues?: boolean;
};

function explained({ key, user = '', flags = [], plugins = [poka()], showValues = true }: Case) {
  const { servers, parts } = resolveWith({ plugins, user, flags });
  const layers = [parseLayer(user, USER_FILE, 'user'), flagLayer(flags)];
  return explainServer({ servers, parts, layers }, key, { showValues });
}

/** Who says what, from high to low: `*` for what counts. */
const rows = (of: Case) =>
  explained(of)?.layers.map(({ wins, layer, line, value }) => [wins ? '*' : '', layer, line, value]);

describe('a key of a plugin server', () => {
  const user = `[plugins."${ID}".mcp_servers.poka]\nenv.TOKEN = "policy"\nenabled_tools = ["a"]\n[mcp_servers.poka.env]\nTOKEN = "name"`;

  test.each([
    {
      name: 'is what the plugin says, where nobody else says anything',
      of: { key: 'mcp_servers.poka.env.TOKEN' },
      want: { value: 'plugin', rows: [['*', 'plugin', null, 'plugin']] },
    },
    {
      name: 'has its layers in order',
      of: { key: 'mcp_servers.poka.env.TOKEN', user, flags: ['mcp_servers.poka.env.TOKEN="flag"'] },
      want: {
        value: 'flag',
        rows: [
          ['*', 'flag', null, 'flag'],
          ['', 'user', 5, 'name'],
          ['', 'user', 2, 'policy'],
          ['', 'plugin', null, 'plugin'],
        ],
      },
    },
    {
      name: 'is the same by the settings of the plugin',
      of: { key: `plugins."${ID}".mcp_servers.poka.env.TOKEN`, user },
      want: {
        value: 'name',
        rows: [
          ['*', 'user', 5, 'name'],
          ['', 'user', 2, 'policy'],
          ['', 'plugin', null, 'plugin'],
        ],
      },
    },
    {
      name: 'that is a list of tools is what all have',
      of: { key: 'mcp_servers.poka.enabled_tools', user },
      want: {
        value: ['a'],
        rows: [
          ['*', 'user', 3, ['a']],
          ['*', 'plugin', null, ['a', 'b']],
        ],
      },
    },
    {
      name: 'that nobody sets has its default',
      of: { key: 'mcp_servers.poka.sharing' },
      want: { value: 'auto', rows: [['*', 'built_in', null, 'auto']] },
    },
  ])('$name', ({ of, want }) => {
    expect({ value: explained(of)?.value, rows: rows(of) }).toEqual(want);
  });

  test('hides values unless they are asked for', () => {
    const of = { key: 'mcp_servers.poka.env.TOKEN', user, showValues: false };
    expect(explained(of)?.value).toBe('*****');
    const text = renderExplained(explained(of) as Explained);
    expect(text).toContain(`plugin  ${PLUGIN_FILE}`);
    for (const value of ['name', 'policy']) expect(text).not.toContain(`"${value}"`);
  });

  test('of one that config.toml replaces is not explained by the plugin', () => {
    expect(explained({ key: 'mcp_servers.poka.command', user: '[mcp_servers.poka]\ncommand = "c"' })).toBeNull();
    expect(explained({ key: 'mcp_servers.other.command' })).toBeNull();
    expect(explained({ key: 'serve.port' })).toBeNull();
  });

  test('of a name that several plugins have is explained for one that is meant', () => {
    const plugins = [poka('one@acme'), poka('two@acme')];
    const both = '[mcp_servers.poka.env]\nTOKEN = "x"';
    expect(explained({ key: 'mcp_servers.poka.env.TOKEN', user: both, plugins })).toBeNull();
    const one = { key: 'mcp_servers."one:poka".env.TOKEN', user: both, plugins };
    expect(rows(one)).toEqual([['*', 'plugin', null, 'plugin']]);
  });
});
