import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type HttpAgent, openHttpAgent } from '../support/agent.ts';
import { refusal, report, said } from '../support/cli.ts';
import { type Home, type Run, useHomes } from '../support/home.ts';
import { BUNDLED, bundledFiles } from '../support/installed-plugin.ts';
import { writeFiles } from '../support/marketplace-folder.ts';
import { until } from '../support/processes.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

type Dev = Run & {
  /** The folder of the plugin. */
  readonly dir: string;
  readonly agent: () => Promise<HttpAgent>;
  /** Changes a file of the plugin. */
  readonly edit: (path: string, change: (text: string) => string) => void;
  /** Waits for a line on standard output, and for nothing that was said before. */
  readonly says: (line: RegExp) => Promise<void>;
  readonly stop: () => Promise<Awaited<Run['ended']>>;
};

/** A new plugin that is served from its folder. */
async function dev(home: Home, args: readonly string[] = []): Promise<Dev> {
  const token = await said(home, ['token', 'create', 'test']);
  await said(home, ['plugin', 'new', 'word-count', '--author', 'Ada'], { cwd: home.folder, env: home.env });
  const dir = join(home.folder, 'word-count', 'plugins', 'word-count');
  const run = home.run(['plugin', 'dev', dir, ...args]);
  const endpoint = await until(() => /Endpoint +(http:\S+)/.exec(run.stdout())?.[1]);
  let from = 0;
  const says = async (line: RegExp): Promise<void> => {
    const found = await until(() => new RegExp(line.source, 'm').exec(run.stdout().slice(from)));
    from += found.index + found[0].length;
  };
  await says(/^tools: word_count__count_words$/);
  return {
    ...run,
    dir,
    says,
    agent: () => openHttpAgent(endpoint, { token, listens: true }),
    edit: (path, change) => writeFileSync(join(dir, path), change(readFileSync(join(dir, path), 'utf8'))),
    stop: () => {
      process.kill(run.pid, 'SIGINT');
      return run.ended;
    },
  };
}

test(proves('plugins.dev'), async () => {
  const home = createHome();
  const plugin = await dev(home);
  expect(plugin.stdout()).toMatch(/^What users are asked to agree to:\n\nword-count@dev 0\.1\.0\n/);
  expect(plugin.stdout()).toContain('    runs     node ./server/main.mjs\n');
  const agent = await plugin.agent();
  await agent.result('tools/list');
  expect(await agent.call('word_count__count_words', { text: 'a b c' })).toBe('{"words":3,"lines":1,"characters":5}');

  plugin.edit('server/main.mjs', (text) => text.replace('count_words: {', 'count_all: {'));
  await plugin.says(/^changed: server\/main\.mjs$/);
  await plugin.says(/^tools: word_count__count_all$/);
  await agent.next('notifications/tools/list_changed');
  const { tools } = await agent.result('tools/list');
  expect((tools as readonly { readonly name: string }[]).map(({ name }) => name)).toEqual(['word_count__count_all']);

  plugin.edit('.mcp.json', (text) => text.replace('"cwd": "."', '"cwd": ".", "env_vars": ["EXTRA"], "enabled": true'));
  await plugin.says(/^changed: \.mcp\.json$/);
  await plugin.says(/^ {2}! \+ new: server word-count: reads the variable EXTRA$/);
  await plugin.says(/^word-count +\(stdio\) +CONNECTED +1 tool$/);
  expect(await agent.call('word_count__count_all', { text: 'a' })).toBe('{"words":1,"lines":1,"characters":1}');

  await agent.close();
  expect(await plugin.stop()).toBe(0);
  await until(() => home.processes().length === 0);
  expect(existsSync(join(home.path, 'plugins', 'receipts'))).toBe(false);
  expect(readdirSync(join(home.path, 'plugins'))).toEqual(['data']);
});

test(proves('plugins.dev.half'), async () => {
  const home = createHome();
  const plugin = await dev(home);
  const agent = await plugin.agent();
  const whole = readFileSync(join(plugin.dir, '.mcp.json'), 'utf8');
  plugin.edit('.mcp.json', (text) => text.slice(0, 30));
  await until(() =>
    /\.mcp\.json:\d+:\d+: error: .*not JSON.*what was read before stays in force/.test(plugin.stderr()),
  );
  expect(await agent.call('word_count__count_words', { text: 'a b' })).toBe('{"words":2,"lines":1,"characters":3}');
  plugin.edit('.mcp.json', () => whole.replace('"command": "node"', '"command": 5'));
  await plugin.says(/^word-count +INVALID/);
  plugin.edit('.mcp.json', () => whole);
  await plugin.says(/^word-count +\(stdio\) +CONNECTED +1 tool$/);
  await agent.close();
  expect(await plugin.stop()).toBe(0);
});

test('what asks nobody again is said so; a folder that was moved away is to be put back', async () => {
  const home = createHome();
  const plugin = await dev(home);
  plugin.edit('.codex-plugin/plugin.json', (text) => text.replace('"0.1.0"', '"0.2.0"'));
  await plugin.says(/^users would not be asked again about:$/);
  await plugin.says(/^ {4}~ changed: version: 0\.2\.0/);
  renameSync(plugin.dir, `${plugin.dir}-away`);
  await plugin.says(/^word-count +INVALID — .*the folder of the plugin is not there any more — put it back, or end/);
  expect(await plugin.stop()).toBe(0);
  expect(plugin.stdout()).not.toMatch(/changed: (?:,|$)|plugin add|asked again about what/m);
});

test('with --json one line says where it is; nothing else of the home is served, and its host is left alone', async () => {
  const home = createHome();
  home.configure({ other: { command: 'no-such-program' } });
  const host = await home.host();
  await said(home, ['plugin', 'new', 'word-count'], { cwd: home.folder, env: home.env });
  const run = home.run(['--json', 'plugin', 'dev', join(home.folder, 'word-count', 'plugins', 'word-count')]);
  const { endpoint, servers } = JSON.parse(await until(() => /^.*\n/.exec(run.stdout())?.[0])) as {
    readonly endpoint: string;
    readonly servers: readonly { readonly name: string }[];
  };
  expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/mcp$/);
  expect(servers.map(({ name }) => name)).toEqual(['word-count']);
  expect((await home.status())?.pid).toBe(host.pid);
  process.kill(run.pid, 'SIGTERM');
  expect(await run.ended).toBe(0);
});

test('a plugin with settings is configured by its folder, as it says, and starts with the values', async () => {
  const home = createHome();
  const settings = { token: { type: 'string', sensitive: true, required: true }, region: { type: 'string' } };
  const env = { TOKEN: '${user_config.token}', REGION: '${user_config.region}' };
  const dir = join(home.folder, 'my plugins', 'poka');
  writeFiles(dir, {
    ...bundledFiles(),
    '.codex-plugin/plugin.json': JSON.stringify({ name: 'poka', version: '1.0.0', user_config: settings }),
    '.mcp.json': JSON.stringify({ mcpServers: { poka: { ...BUNDLED, env } } }),
  });
  const run = home.run(['plugin', 'dev', dir]);
  const step = await until(() => /run: plugboard (plugin configure '.*')/.exec(run.stdout())?.[1]);
  expect(step).toBe(`plugin configure '${dir}'`);
  const refused = await home.finish(['plugin', 'configure', dir]);
  expect(refused.stderr).toContain(`  plugboard plugin configure '${dir}' --stdin token`);
  const given = { env: { ...home.env, TOKEN: 'abc' } };
  expect(
    await report(home, ['plugin', 'configure', dir, '--from-env', 'token', '--set', 'region=eu'], given),
  ).toMatchObject({
    ...{ pluginId: 'poka@dev', stored: ['token', 'region'], missing: [], restarts: [] },
    command: `plugboard plugin configure '${dir}'`,
  });
  await until(() => /^poka +\(stdio\) +CONNECTED/m.test(run.stdout()));
  expect(await report(home, ['plugin', 'configure', './poka'], { cwd: dirname(dir) })).toMatchObject({
    settings: [
      { key: 'token', from: 'secret' },
      { key: 'region', from: 'config' },
    ],
  });
  expect(await refusal(home, ['plugin', 'configure', `${dir}-not`])).toMatchObject({ code: 'NOT_FOUND' });
  expect(await refusal(home, ['plugin', 'configure', dir, '-m', 'acme'])).toMatchObject({ code: 'USAGE' });
  process.kill(run.pid, 'SIGINT');
  expect(await run.ended).toBe(0);
});

test('a folder that is not there, and that of a marketplace', async () => {
  const home = createHome();
  await said(home, ['plugin', 'new', 'word-count'], { cwd: home.folder, env: home.env });
  expect(await refusal(home, ['plugin', 'dev', join(home.folder, 'nowhere')])).toMatchObject({
    status: 1,
    code: 'NOT_FOUND',
  });
  writeFileSync(join(home.folder, 'a-file'), '');
  expect(await refusal(home, ['plugin', 'dev', join(home.folder, 'a-file')])).toMatchObject({
    code: 'NOT_FOUND',
    message: 'this is a file, and no folder',
  });
  expect(await refusal(home, ['plugin', 'dev', join(home.folder, 'word-count')])).toMatchObject({
    status: 1,
    code: 'PLUGIN_MANIFEST_INVALID',
    message: 'this is the folder of a marketplace',
  });
});
