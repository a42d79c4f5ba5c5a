import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { privateFolder } from '../../src/api/node/index.ts';
import { loadConfig } from '../../src/config/node/index.ts';
import { createLocalExecutor } from '../../src/executors/node/index.ts';
import { createHost, createPluginLoader, type LocalHost } from '../../src/host/node/index.ts';
import { silentLog } from '../../src/kernel/index.ts';
import { systemClock } from '../../src/kernel/node/index.ts';
import { eventually } from '../support/eventually.ts';
import { type Home, useHomes } from '../support/home.ts';
import { BUNDLED, install, storesOf } from '../support/installed-plugin.ts';
import { writeFiles } from '../support/marketplace-folder.ts';
import { noSecrets } from '../support/no-secrets.ts';
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
    secrets: noSecrets(home.path),
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

test('a headers helper that was changed since is not run again, and blocks the plugin', async () => {
  const home = createHome();
  home.configure({});
  let helper = '';
  const marks = ['as-installed', 'changed'].map((name) => join(home.folder, name));
  const script = (mark = ''): string => `touch ${mark}\necho '{"X-Token":"t"}'\n`;
  const server = createServer((_request, response) => {
    writeFileSync(helper, script(marks[1]));
    response.writeHead(401).end();
  }).listen(0, '127.0.0.1');
  open.push({ close: async () => void server.close() });
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  const root = await install(home, ID, {
    servers: { api: { url, http_headers_helper: 'sh ./helper.sh' } },
    files: { 'helper.sh': script(marks[0]) },
  });
  helper = join(root, 'helper.sh');
  const host = await hostUnder(home, own, '');
  await eventually(() => expect(host.servers()[0]?.report.state?.kind).toBe('blocked'));
  expect(host.servers().map(({ report }) => report.state)).toEqual([
    { kind: 'blocked', reason: 'tampered', detail: 'helper.sh', command: `run: plugboard plugin add ${ID}` },
  ]);
  expect(marks.map((mark) => existsSync(mark))).toEqual([true, false]);
});
