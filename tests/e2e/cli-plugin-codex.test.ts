import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Home, useHomes } from '../support/home.ts';
import { writeFiles } from '../support/marketplace-folder.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Recorded = { readonly args: readonly string[]; readonly stdout: Json };

const RECORDED = JSON.parse(
  readFileSync(new URL('../fixtures/codex/plugin-cli-169.json', import.meta.url), 'utf8'),
) as readonly Recorded[];

/** The marketplace that was recorded with. */
function writeRecorded(folder: string): void {
  const manifest = (name: string): object => ({ name, version: '1.0.0', mcpServers: './mcp.json' });
  const here = (name: string): object => ({ source: 'local', path: `./plugins/${name}` });
  const entry = (name: string, installation = 'AVAILABLE', authentication = 'ON_INSTALL'): object => ({
    ...{ name, source: here(name), policy: { installation, authentication }, category: 'Productivity' },
  });
  const sources = {
    'p-git': { source: 'url', url: 'https://127.0.0.1:9/x.git', ref: 'main' },
    'p-gitsub': { source: 'git-subdir', url: 'https://127.0.0.1:9/x.git', path: 'plugins/a', sha: 'abc' },
    'p-npm': { source: 'npm', package: '@acme/p', version: '^1.0.0' },
  };
  const plugins = ['p-string', 'p-default', 'p-na', 'p-default-installed'];
  writeFiles(folder, {
    '.agents/plugins/marketplace.json': {
      name: 'acme',
      interface: { displayName: 'Acme Inc' },
      plugins: [
        entry('p-string'),
        entry('p-default'),
        entry('p-badmanifest'),
        entry('p-na', 'NOT_AVAILABLE', 'ON_USE'),
        entry('p-default-installed', 'INSTALLED_BY_DEFAULT', 'ON_USE'),
        ...Object.entries(sources).map(([name, source]) => ({ name, source })),
      ],
    },
    'plugins/p-badmanifest/.codex-plugin/plugin.json': '{ not json',
    ...Object.fromEntries(plugins.map((name) => [`plugins/${name}/.codex-plugin/plugin.json`, manifest(name)])),
    ...Object.fromEntries(plugins.map((name) => [`plugins/${name}/mcp.json`, { mcpServers: { s: { command: 'x' } } }])),
  });
}

const recordFolders = (home: Home, folder: string, text: string): string =>
  text.replaceAll(home.path, '/home').replaceAll(folder, '/mkt');

/** What of `wanted` is not in `got`, each as a path: values, lengths of lists, and the order of names. */
function missing(wanted: Json, got: Json | undefined, at = ''): readonly string[] {
  if (wanted === null || typeof wanted !== 'object')
    return wanted === got ? [] : [`${at}: ${JSON.stringify(wanted)}, and not ${JSON.stringify(got)}`];
  if (Array.isArray(wanted)) {
    if (!Array.isArray(got) || got.length !== wanted.length) return [`${at}: a list of ${wanted.length}`];
    return wanted.flatMap((item: Json, index) => missing(item, got[index] as Json, `${at}[${index}]`));
  }
  if (got === null || typeof got !== 'object' || Array.isArray(got)) return [`${at}: an object`];
  const [names, all] = [Object.keys(wanted), Object.keys(got)];
  const order =
    all.filter((name) => names.includes(name)).join() === names.join() ? [] : [`${at}: the order ${names.join()}`];
  return [
    ...order,
    ...names.flatMap((name) =>
      missing((wanted as Record<string, Json>)[name] ?? null, (got as Record<string, Json>)[name], `${at}.${name}`),
    ),
  ];
}

test(proves('plugins.json'), async () => {
  const home = createHome();
  const folder = join(home.folder, 'mkt');
  writeRecorded(folder);
  for (const { args, stdout } of RECORDED) {
    const run = await home.finish(args.map((word) => (word === '/mkt' ? folder : word)));
    const got = JSON.parse(recordFolders(home, folder, run.stdout)) as Json;
    expect({ args, status: run.status, missing: missing(stdout, got) }).toEqual({ args, status: 0, missing: [] });
  }
});

test.each([
  { name: 'a value', wanted: { a: 1 }, got: { a: 2 }, want: ['.a: 1, and not 2'] },
  { name: 'a name', wanted: { a: null }, got: {}, want: [': the order a', '.a: null, and not undefined'] },
  { name: 'the order', wanted: { a: 1, b: 2 }, got: { b: 2, x: 0, a: 1 }, want: [': the order a,b'] },
  { name: 'an entry', wanted: [1], got: [1, 2], want: [': a list of 1'] },
])('the comparison finds $name that differs', ({ wanted, got, want }) => {
  expect(missing(wanted, got as unknown as Json)).toEqual(expect.arrayContaining(want));
});

test(proves('plugins.inventory'), async () => {
  const home = createHome();
  const folder = join(home.folder, 'mkt');
  writeFiles(folder, {
    '.agents/plugins/marketplace.json': {
      name: 'acme',
      plugins: [{ name: 'full', source: './full', policy: { authentication: 'ON_USE' } }],
    },
    'full/.codex-plugin/plugin.json': {
      name: 'full',
      version: '1.2.0',
      description: 'Everything at once',
      interface: { displayName: 'Full' },
      mcpServers: {
        files: { command: 'npx', args: ['-y', 'files@latest'], env_vars: ['FILES_TOKEN'], env: { MODE: 'x' } },
        web: { url: 'https://web.example.com/mcp', bearer_token_env_var: 'WEB_TOKEN', enabled_tools: ['read'] },
      },
      hooks: { PostToolUse: [{ matcher: 'Write', hooks: [{ type: 'command', command: './hook.sh' }] }] },
      skills: './skills/',
      user_config: { region: { type: 'string', title: 'Region' } },
    },
    'full/hook.sh': 'true\n',
    'full/skills/greet/SKILL.md': '---\nname: greet\n---\n',
  });
  await home.finish(['plugin', 'marketplace', 'add', folder]);
  await home.finish(['plugin', 'add', 'full']);
  writeFiles(home.path, {
    'config.toml': `${readFileSync(join(home.path, 'config.toml'), 'utf8')}
[plugins."full@acme".mcp_servers.web]
disabled_tools = ["write"]
`,
  });
  const shown = JSON.parse((await home.finish(['plugin', 'show', 'full', '--json'])).stdout) as Record<string, Json>;
  const { installed } = JSON.parse((await home.finish(['plugin', 'list', '--json'])).stdout) as {
    readonly installed: readonly Record<string, Json>[];
  };
  const [listed] = installed;
  expect(listed).toMatchObject({
    pluginId: 'full@acme',
    version: '1.2.0',
    authPolicy: 'ON_USE',
    hooks: [expect.stringMatching(/^PostToolUse \[Write\] \.\/hook\.sh \(hook\.sh sha256 [0-9a-f]{64}\)$/)],
    mcpServers: [
      {
        ...{ name: 'files', transport: 'stdio', command: ['npx', '-y', 'files@latest'], host: null, runs: 'local' },
        ...{ unpinned: 'npx -y files@latest', envNames: ['FILES_TOKEN'], setsEnv: ['MODE'], dataClasses: [] },
      },
      {
        ...{ name: 'web', transport: 'http', command: null, host: 'web.example.com:443', runs: 'remote' },
        ...{ envNames: ['WEB_TOKEN'], authModel: 'service_token', enabledTools: ['read'] },
      },
    ],
    settings: [{ key: 'region', sensitive: false, required: false, set: false }],
    skills: ['greet'],
    policies: [{ server: 'web', enabled: null, enabledTools: null, disabledTools: ['write'], widen: false }],
    state: { kind: 'enabled' },
    installedPath: join(home.path, 'plugins', 'cache', 'acme', 'full', '1.2.0'),
    receipt: { file: join(home.path, 'plugins', 'receipts', 'full@acme', '0001.json') },
    capabilitySummary: {
      config_name: 'full@acme',
      display_name: 'Full',
      description: 'Everything at once',
      has_skills: true,
      mcp_server_names: ['files', 'web'],
      app_connector_ids: [],
    },
  });
  expect(shown).toMatchObject({
    ...listed,
    consent: { digest: expect.stringMatching(/^[0-9a-f]{64}$/), how: 'no_terminal', requestsAccepted: false },
    servers: [{ name: 'files' }, { name: 'web' }],
    receipts: [{ action: 'add', outcome: 'done', version: '1.2.0' }],
    cachedVersions: ['1.2.0'],
    issues: [],
  });
});

test('what is not installed is shown as it would be asked about', async () => {
  const home = createHome();
  const folder = join(home.folder, 'mkt');
  writeRecorded(folder);
  await home.finish(['plugin', 'marketplace', 'add', folder]);
  const { status, stdout } = await home.finish(['plugin', 'show', 'p-string@acme']);
  expect(status).toBe(0);
  expect(stdout).toContain('It brings 1 MCP server:\n  s (stdio, local)\n    runs     x\n');
  expect(stdout).toMatch(/To install it, you would be asked to agree to the above \([0-9a-f]{12}\)\./);
});
