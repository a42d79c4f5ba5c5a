import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { privateFolder } from '../../src/api/node/index.ts';
import { loadConfig } from '../../src/config/node/index.ts';
import { createLocalExecutor } from '../../src/executors/node/index.ts';
import { createHost, createPluginLoader, type LocalHost } from '../../src/host/node/index.ts';
import { silentLog } from '../../src/kernel/index.ts';
import { systemClock } from '../../src/kernel/node/index.ts';
import { type Home, useHomes } from '../support/home.ts';
import { BUNDLED, install, storesOf } from '../support/installed-plugin.ts';
import { writeFiles } from '../support/marketplace-folder.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const ID = 'poka@acme';

const open: { readonly close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** A host of this home in this process, on a machine with these requirements. */
async function hostUnder(home: Home, file: string, requirements: string): Promise<LocalHost> {
  const systemDir = join(home.folder, 'etc');
  writeFiles(systemDir, { [file]: requirements });
  const options = { home: home.path, overrides: [], env: home.env, systemDir };
  const host = await createHost({
    home: home.path,
    version: 'test',
    load: () => loadConfig(options),
    plugins: createPluginLoader({ home: home.path, openStore: async () => storesOf(home).plugins, privateFolder }),
    workspace: home.folder,
    env: home.env,
    executor: createLocalExecutor({ log: silentLog }),
    facts: { get: () => null, set: () => {} },
    clock: systemClock,
    log: silentLog,
  });
  open.push(host);
  await host.settled();
  return host;
}

const own = 'plugboard/requirements.toml';
const codex = 'codex/requirements.toml';

test.each([
  { name: 'plugins are off', file: own, toml: 'features.plugins = false', poka: 'blocked', other: 'blocked' },
  {
    name: 'plugins are off for Codex',
    file: codex,
    toml: '[features]\nplugins = false',
    poka: 'blocked',
    other: 'blocked',
  },
  {
    name: 'only one server is listed, with its arguments',
    file: codex,
    toml: `[plugins."${ID}".mcp_servers.poka.identity]\ncommand = { executable = { match = "regex", expression = ".*node.*" }, args = ["server.mjs"] }`,
    poka: 'connected',
    other: 'blocked',
  },
  {
    name: 'one server is listed with other arguments',
    file: own,
    toml: `[plugins."${ID}".mcp_servers.poka.identity]\ncommand = { match = "prefix", value = "/" }\nargs = ["other.mjs"]`,
    poka: 'blocked',
    other: 'blocked',
  },
  {
    name: 'its marketplace is not allowed',
    file: own,
    toml: '[marketplaces]\nrestrict_to_allowed_sources = true\nallowed_sources.a = { source = "local", path = "/elsewhere" }',
    poka: 'blocked',
    other: 'blocked',
  },
])(`${proves('plugins.requirements')}: $name`, async ({ file, toml, poka, other }) => {
  const home = createHome();
  home.configure({});
  await install(home, ID, { servers: { poka: BUNDLED, other: BUNDLED } });
  const host = await hostUnder(home, file, toml);
  const reports = host.servers().map(({ report }) => report);
  expect(reports.map(({ name, plugin, state }) => [name, plugin, state?.kind])).toEqual([
    ['other', ID, other],
    ['poka', ID, poka],
  ]);
  const requirements = join(home.folder, 'etc', file);
  expect(reports.filter(({ state }) => state?.kind === 'blocked').map(({ state }) => state)).toEqual(
    [other, poka]
      .filter((kind) => kind === 'blocked')
      .map(() => ({
        kind: 'blocked',
        reason: 'requirements',
        detail: requirements,
        command: `ask the administrator of ${requirements}`,
      })),
  );
});

test('its marketplace is allowed: it runs', async () => {
  const home = createHome();
  home.configure({});
  await install(home, ID, { servers: { poka: BUNDLED } });
  const path = JSON.stringify(join(home.folder, 'markets', ID));
  const toml = `[marketplaces]\nrestrict_to_allowed_sources = true\nallowed_sources.a = { source = "local", path = ${path} }`;
  const host = await hostUnder(home, own, toml);
  expect(host.servers().map(({ report }) => report.state?.kind)).toEqual(['connected']);
});
