import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExplainedServer } from '../../src/cli/explain-server.ts';
import { configCommands } from '../../src/cli/node/commands/config.ts';
import { createContext } from '../../src/cli/node/context.ts';
import { type Home, useHomes } from '../support/home.ts';
import { BUNDLED, install } from '../support/installed-plugin.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const ID = 'poka@acme';

/** What a command of the CLI reports of a key. */
async function report(
  command: 'config explain' | 'config get',
  { home, key, overrides = [] }: { readonly home: Home; readonly key: string; readonly overrides?: readonly string[] },
): Promise<ExplainedServer> {
  const [found] = configCommands.filter(({ name }) => name === command);
  const place = { configFile: null, passphraseFile: null, overrides, project: home.folder, json: true };
  const context = createContext(place, { home: home.path });
  const input = { args: { KEY: key }, flags: new Set(['show-values']), values: {}, lists: {} };
  return (await found?.run(context, input as never)) as ExplainedServer;
}

test(`${proves('config.explain')}: of a plugin's server, from its own file to -c`, async () => {
  const home = createHome();
  const root = await install(home, ID, { servers: { poka: { ...BUNDLED, env: { TOKEN: 'plugin' } } } });
  home.configure(
    { poka: { env: { TOKEN: 'name' } } },
    { plugins: { [ID]: { mcp_servers: { poka: { env: { TOKEN: 'policy' } } } } } },
  );
  const key = 'mcp_servers.poka.env.TOKEN';
  const { value, layers } = await report('config explain', { home, key, overrides: [`${key}="flag"`] });
  const config = join(home.path, 'config.toml');
  expect({ value, layers: layers.map((at) => [at.wins, at.layer, at.table, at.file, at.value]) }).toEqual({
    value: 'flag',
    layers: [
      [true, 'flag', 'mcp_servers.poka', null, 'flag'],
      [false, 'user', 'mcp_servers.poka', config, 'name'],
      [false, 'user', `plugins."${ID}".mcp_servers.poka`, config, 'policy'],
      [false, 'plugin', null, expect.stringContaining(root), 'plugin'],
    ],
  });
  expect(layers.map(({ line }) => line)).toEqual([null, expect.any(Number), expect.any(Number), expect.any(Number)]);
  expect((await report('config get', { home, key: 'mcp_servers.poka.command' })).value).toBe(BUNDLED.command);
});
