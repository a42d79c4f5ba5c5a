import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { createContext } from '../../src/cli/node/context.ts';
import { type KnownServers, loadServers } from '../../src/cli/node/known-servers.ts';
import type { DoctorReport } from '../../src/cli/render-doctor.ts';
import { SERVER_KEYS } from '../../src/config/index.ts';
import { refusal, report } from '../support/cli.ts';
import { arrived, arrivedArgs, digestFiles, digestsFrom, httpDigestsFrom, useHttpDigests } from '../support/digests.ts';
import { installFormed } from '../support/giving.ts';
import { fixture, type Home, useHomes } from '../support/home.ts';
import { install } from '../support/installed-plugin.ts';
import { FORMS, type Formed } from '../support/plugin-forms.ts';
import { BASE, OVERLAY_CASES, type OverlayCase } from './support/overlay-cases.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const serveHttp = useHttpDigests();
const ID = 'poka@acme';

const CASES = Object.entries(OVERLAY_CASES);
/** One server for each key, so that each is laid over alone. */
const serverFor = (key: string): string => `for-${key.replaceAll('_', '-')}`;

/** Where what the user says stands. Gives what is given to every command. */
const LAYERS = {
  'config.toml': (home: Home, table: object): Given => {
    configure(home, table);
    return {};
  },
  'the file of a trusted project': (home: Home, table: object): Given => {
    const project = join(home.folder, 'project');
    mkdirSync(join(project, '.plugboard'), { recursive: true });
    writeFileSync(join(project, '.plugboard', 'config.toml'), stringify(table));
    configure(home, { projects: { [project]: { trust_level: 'trusted' } } });
    return { project };
  },
  '-c': (home: Home, table: object): Given => {
    configure(home, {});
    return { overrides: leaves(table, []).map(([path, value]) => `${path.join('.')}=${inline(value)}`) };
  },
} as const;
type Given = { readonly project?: string; readonly overrides?: readonly string[] };
type LayerName = keyof typeof LAYERS;
const LAYER_NAMES = Object.keys(LAYERS) as LayerName[];

const configure = (home: Home, table: object): void => {
  mkdirSync(home.path, { recursive: true, mode: 0o700 });
  writeFileSync(join(home.path, 'config.toml'), stringify(table), { mode: 0o600 });
};

/** In which table: under the name of the server, or under that of its plugin. */
const TABLES = {
  'mcp_servers.NAME': (servers: object): object => ({ mcp_servers: servers }),
  'plugins.ID.mcp_servers.NAME': (servers: object): object => ({ plugins: { [ID]: { mcp_servers: servers } } }),
} as const;

/** Down to the keys of a server: there `-c` takes a value of TOML. */
function leaves(table: object, path: readonly string[]): readonly (readonly [readonly string[], unknown])[] {
  const depth = path[0] === 'plugins' ? 5 : 3;
  if (path.length === depth) return [[path.map((key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key))), table]];
  return Object.entries(table).flatMap(([key, value]) => leaves(value as object, [...path, key]));
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, part]) => `${JSON.stringify(key)} = ${inline(part)}`)
    .join(', ')} }`;
}

const known = (home: Home, { project, overrides = [] }: Given): Promise<KnownServers> =>
  loadServers(
    createContext(
      { configFile: null, passphraseFile: null, overrides, project: project ?? home.folder, json: true },
      { home: home.path },
    ),
  );

test('there is a case for every key of a server', () => {
  expect(Object.keys(OVERLAY_CASES).toSorted()).toEqual(SERVER_KEYS.map(({ key }) => key).toSorted());
});

describe(proves('values.overlay'), () => {
  const plugin: Formed = {
    name: 'poka',
    servers: Object.fromEntries(
      CASES.map(([key, { on }]) => [
        serverFor(key),
        on === 'stdio' ? { env: BASE.env } : { url: BASE.url, headers: BASE.headers },
      ]),
    ),
  };

  /** What is seen of each case. A case that replaces the server does so only from the table of its name. */
  const seen = ({ entries, servers, issues }: KnownServers): object =>
    Object.fromEntries(
      CASES.map(([key, { seen: look }]) => {
        const name = serverFor(key);
        const entry = entries.get(name);
        const said = issues.filter(({ server }) => server === name).map(({ code }) => code);
        const owner = servers.find((server) => server.name === name)?.owner?.pluginId ?? null;
        return [key, { value: entry === undefined ? 'no such server' : look(entry), owner, said: [...new Set(said)] }];
      }),
    );

  const wanted = (table: keyof typeof TABLES): object =>
    Object.fromEntries(
      CASES.map(([key, { want, says = [], replaces }]: readonly [string, OverlayCase]) =>
        replaces === true && table === 'mcp_servers.NAME'
          ? [key, { value: want, owner: null, said: ['PLUGIN_SERVER_REPLACED'] }]
          : [key, { value: want, owner: ID, said: says }],
      ),
    );

  const written = Object.fromEntries(
    CASES.map(([key, { value, besides }]) => [serverFor(key), { [key]: value, ...besides }]),
  );

  test.each(FORMS)('each key, over servers in $form', async (form) => {
    const home = createHome();
    await installFormed(home, form, plugin);
    for (const layer of LAYER_NAMES) {
      for (const [table, wrap] of Object.entries(TABLES)) {
        const given = LAYERS[layer](home, wrap(written));
        expect({ layer, table, ...seen(await known(home, given)) }).toEqual({
          ...{ layer, table },
          ...wanted(table as keyof typeof TABLES),
        });
      }
    }
  });

  test.each(FORMS)('what a process and an address are given by it, over servers in $form', async (form) => {
    const home = createHome();
    const url = await serveHttp();
    const root = await installFormed(home, form, {
      name: 'poka',
      servers: { poka: { env: BASE.env }, web: { url, headers: BASE.headers } },
    });
    const file = join(home.folder, 'more.env');
    writeFileSync(file, 'FROM_FILE=file\n', { mode: 0o600 });
    const [script = ''] = fixture('digests').args;
    const overlay = {
      poka: {
        ...{ args: [script, 'quietly'], cwd: home.folder, env_file: file, env_vars: ['GIVEN'] },
        env: { BOTH: 'user', MINE: 'user' },
      },
      web: { http_headers: { 'X-Both': 'user' }, env_http_headers: { 'X-Given': 'GIVEN' } },
    };
    for (const layer of LAYER_NAMES) {
      const { project, overrides = [] } = LAYERS[layer](home, { mcp_servers: overlay });
      const options = [
        ...(project === undefined ? [] : ['--project', project]),
        ...overrides.flatMap((o) => ['-c', o]),
      ];
      const agent = home.pipe(['--standalone', ...options], { env: { ...home.env, GIVEN: 'given' } });
      await agent.initialize();
      const stdio = await digestsFrom(agent, 'poka');
      const env = {
        FROM_PLUGIN: 'plugin',
        BOTH: 'user',
        MINE: 'user',
        FROM_FILE: 'file',
        GIVEN: 'given',
        PLUGIN_ROOT: root,
      };
      const headers = { 'x-plugin': 'plugin', 'x-both': 'user', 'x-given': 'given' };
      expect({
        layer,
        env: arrived(stdio.env, env),
        args: arrivedArgs(stdio.args, ['quietly']),
        cwd: stdio.cwd,
        headers: arrived((await httpDigestsFrom(agent, 'web')).headers, headers),
      }).toEqual({ layer, env, args: ['quietly'], cwd: home.folder, headers });
      await agent.close();
    }
  });

  test('the table of a name counts more than that of the plugin, and both more than the plugin', async () => {
    const home = createHome();
    await install(home, ID, {
      servers: { poka: { command: 'node', args: ['server.mjs'], env: { A: 'plugin', B: 'plugin', C: 'plugin' } } },
      files: digestFiles(),
    });
    home.configure(
      { poka: { env: { C: 'name' } } },
      { plugins: { [ID]: { mcp_servers: { poka: { env: { B: 'policy', C: 'policy' } } } } } },
    );
    const agent = home.pipe();
    await agent.initialize();
    const want = { A: 'plugin', B: 'policy', C: 'name' };
    expect(arrived((await digestsFrom(agent, 'poka')).env, want)).toEqual(want);
    await agent.close();
  });

  test('no table offers a tool that another one hides, unless it widens', async () => {
    const home = createHome();
    const server = { command: 'node', args: ['server.mjs'], enabled_tools: ['digests', 'print'] };
    await install(home, ID, { servers: { poka: server }, files: digestFiles() });
    const lists = async (name: object, policy: object): Promise<unknown> => {
      home.configure({ poka: { ...name } }, { plugins: { [ID]: { mcp_servers: { poka: policy } } } });
      const entry = (await known(home, {})).entries.get('poka');
      return [entry?.enabledTools?.toSorted(), entry?.disabledTools.toSorted()];
    };
    expect(await lists({ enabled_tools: ['digests', 'fall'] }, {})).toEqual([['digests'], []]);
    expect(await lists({ enabled_tools: ['digests'] }, { enabled_tools: ['print'] })).toEqual([[], []]);
    expect(await lists({ disabled_tools: ['a'] }, { disabled_tools: ['b'] })).toEqual([
      ['digests', 'print'],
      ['a', 'b'],
    ]);
    expect(await lists({}, { enabled_tools: ['fall'], widen: true })).toEqual([['fall'], []]);
  });
});

describe('an overlay that a command writes', () => {
  const setToken = ['config', 'set', 'mcp_servers.poka.env.TOKEN', 'mine'];
  const withPoka = async (...ids: readonly string[]): Promise<Home> => {
    const home = createHome();
    for (const id of ids)
      await install(home, id, { servers: { poka: { command: 'node', args: ['server.mjs'] } }, files: digestFiles() });
    return home;
  };
  const tokenOf = async (home: Home, name = 'poka'): Promise<unknown> => {
    const transport = (await known(home, {})).entries.get(name)?.transport;
    return transport?.kind === 'stdio' ? transport.env['TOKEN'] : 'no such server';
  };

  test('is written for the server of a plugin, by its name and by that of its plugin', async () => {
    const home = await withPoka(ID);
    expect(await report(home, setToken)).toMatchObject({ changed: true, notes: [] });
    expect(await tokenOf(home)).toBe('mine');
    await report(home, ['config', 'unset', 'mcp_servers.poka']);
    await report(home, ['config', 'set', `plugins."${ID}".mcp_servers.poka.env.TOKEN`, 'policy']);
    expect(await tokenOf(home)).toBe('policy');
  });

  test('of a plugin that was removed can be changed, and turned off and on', async () => {
    const home = await withPoka(ID);
    await report(home, setToken);
    await report(home, ['plugin', 'remove', ID]);
    expect(await report(home, ['config', 'set', 'mcp_servers.poka.env.OTHER', 'x'])).toMatchObject({ notes: [] });
    expect(await report(home, ['mcp', 'disable', 'poka'])).toMatchObject({ changed: true });
    expect(await report(home, ['mcp', 'enable', 'poka'])).toMatchObject({ changed: true });
  });

  test('for what no plugin has is refused, and the next step is one that works', async () => {
    const home = await withPoka('one@acme', 'two@acme');
    expect(await refusal(home, ['config', 'set', 'mcp_servers.nobody.env.TOKEN', 'mine'])).toMatchObject({
      status: 2,
      code: 'CONFIG_NO_TRANSPORT',
      hint: 'add `command` for a program, or `url` for an HTTP server; or install the plugin that has this server',
    });
    expect(await refusal(home, ['config', 'set', 'mcp_servers."one:poca".env.TOKEN', 'mine'])).toMatchObject({
      code: 'CONFIG_NO_TRANSPORT',
      hint: expect.stringContaining('did you mean [mcp_servers."one:poka"]?'),
    });
    expect(await refusal(home, setToken)).toMatchObject({
      code: 'PLUGIN_OVERLAY_AMBIGUOUS',
      hint: expect.stringContaining('[plugins."one@acme".mcp_servers.poka.env]'),
    });
    await report(home, ['config', 'set', 'mcp_servers."one:poka".env.TOKEN', 'mine']);
    expect([await tokenOf(home, 'one:poka'), await tokenOf(home, 'two:poka')]).toEqual(['mine', undefined]);
  });
});

describe(proves('values.overlay-named'), () => {
  test('an overlay that fits two plugins is laid over none, and the lines to write are named', async () => {
    const home = createHome();
    for (const id of ['one@acme', 'two@acme'])
      await install(home, id, { servers: { poka: { command: 'node', args: ['server.mjs'] } }, files: digestFiles() });
    home.configure({ poka: { env: { TOKEN: 'whose' } } });
    const { stdout, status } = await home.finish(['doctor', '--json']);
    const { servers, checks } = JSON.parse(stdout) as DoctorReport;
    expect(servers.map(({ name, state }) => [name, state?.kind])).toEqual([
      ['one:poka', 'connected'],
      ['two:poka', 'connected'],
    ]);
    const [ambiguous] = checks.config.issues.filter(({ code }) => code === 'PLUGIN_OVERLAY_AMBIGUOUS');
    const said = JSON.stringify(ambiguous);
    for (const part of ['one@acme', 'two@acme', 'one:poka', 'two:poka']) expect(said).toContain(part);
    expect(ambiguous).toMatchObject({ file: join(home.path, 'config.toml'), line: expect.any(Number) });
    expect(status).not.toBe(2);
    const agent = home.pipe();
    await agent.initialize();
    for (const name of ['one:poka', 'two:poka'])
      expect({ name, ...arrived((await digestsFrom(agent, name)).env, { TOKEN: null }) }).toEqual({
        name,
        TOKEN: null,
      });
    await agent.close();
  });

  test('with the name that people know it by, it is laid over that one', async () => {
    const home = createHome();
    for (const id of ['one@acme', 'two@acme'])
      await install(home, id, { servers: { poka: { command: 'node', args: ['server.mjs'] } }, files: digestFiles() });
    home.configure({ 'one:poka': { env: { TOKEN: 'of one' } } });
    const entries = (await known(home, {})).entries;
    const env = (name: string): unknown => {
      const transport = entries.get(name)?.transport;
      return transport?.kind === 'stdio' ? transport.env['TOKEN'] : 'no such server';
    };
    expect([env('one:poka'), env('two:poka')]).toEqual(['of one', undefined]);
  });

  test('one that nobody ever provided is invalid, and the others run', async () => {
    const home = createHome();
    home.configure({ nobody: { env: { TOKEN: 'x' } }, echo: fixture('echo') });
    const { stdout } = await home.finish(['doctor', '--json']);
    const { servers } = JSON.parse(stdout) as DoctorReport;
    expect(servers.map(({ name, state }) => [name, state?.kind])).toEqual([
      ['echo', 'connected'],
      ['nobody', 'invalid'],
    ]);
  });
});
