import { createWriteStream, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import type { ValidateReport } from '../../src/cli/render-validate.ts';
import { refusal, report, said } from '../support/cli.ts';
import { type Home, useHomes } from '../support/home.ts';
import { type Files, writeFiles } from '../support/marketplace-folder.ts';
import { until } from '../support/processes.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** A bundle in the folder of a home. Commands run beside it. */
function bundle(home: Home, files: Files, name = 'p'): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } {
  writeFiles(join(home.folder, name), files);
  return { cwd: home.folder, env: home.env };
}

const MANIFEST = '.codex-plugin/plugin.json';
const SOUND: Files = {
  [MANIFEST]: { name: 'p', version: '1.0.0', mcpServers: './servers.json' },
  'servers.json': { mcpServers: { s: { command: 'node', args: ['./main.mjs'], cwd: '.' } } },
  'main.mjs': '',
};

/** Lines of the findings, of `--json`. */
async function findings(
  home: Home,
  args: readonly string[],
  how: Parameters<Home['finish']>[1],
): Promise<readonly string[]> {
  const { stdout } = await home.finish(['--json', 'plugin', 'validate', ...args], how);
  const { plugins, marketplace } = JSON.parse(stdout) as ValidateReport;
  return [...(marketplace?.findings ?? []), ...plugins.flatMap((plugin) => plugin.findings)].map(
    ({ severity, code, file, line, column, message }) => `${severity} ${file}:${line}:${column} ${message} [${code}]`,
  );
}

async function zip(home: Home, name: string, members: Readonly<Record<string, string>>): Promise<string> {
  const file = join(home.folder, name);
  const archive = new ZipFile();
  for (const [path, text] of Object.entries(members)) archive.addBuffer(Buffer.from(text), path);
  archive.end();
  await pipeline(archive.outputStream, createWriteStream(file));
  return file;
}

/** What validation leaves or has in a folder for temporary files; Node keeps its own things there too. */
function unpackedIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('plugboard-'))
    .map((name) => join(folder, name));
}

test(proves('plugins.validate'), async () => {
  const home = createHome();
  const how = bundle(home, SOUND);
  expect(await said(home, ['plugin', 'validate', 'p'], how)).toBe(
    `p/${MANIFEST}:1:1: note: author.name is missing [PLUGIN_STRICT]
p/${MANIFEST}:1:1: note: interface is missing; it is what lists of plugins show [PLUGIN_STRICT]

p 1.0.0 (codex)  Codex 0.136  Codex 0.169  Agent Plugins 1.0
plugin           loads        loads        refuses
server s         loads        loads        -

  plugin: there is no \`plugin.json\` at the top of the bundle (Agent Plugins 1.0)

Valid: 0 errors, 0 warnings, 2 notes`,
  );

  bundle(home, {
    'servers.json':
      '{\n  "mcpServers": {\n    "s": { "command": 5 },\n    "t": { "url": "https://x", "headers": {"A": "b"} }\n  }\n}\n',
  });
  const { status, stdout, stderr } = await home.finish(['plugin', 'validate', 'p'], how);
  expect([status, stderr]).toEqual([1, '']);
  expect(stdout).toContain('p/servers.json:3:23: error: mcpServers.s.command must be a string, and is a number');
  expect(stdout).toMatch(/^server s +ignores +ignores +-$/m);
  expect(stdout).toContain('  server t: `headers` is dropped; write `http_headers` (Codex 0.136, Codex 0.169)');
  expect(stdout).toMatch(/\n\nNot valid: 1 error, 0 warnings, \d notes\n$/);
});

test(proves('plugins.validate.strict'), async () => {
  const home = createHome();
  const how = bundle(home, SOUND);
  const strict = await findings(home, ['p', '--strict'], how);
  expect(strict).toEqual([
    `error p/${MANIFEST}:1:1 author.name is missing [PLUGIN_STRICT]`,
    `error p/${MANIFEST}:1:1 interface is missing; it is what lists of plugins show [PLUGIN_STRICT]`,
  ]);
  expect((await home.finish(['plugin', 'validate', 'p', '--strict'], how)).status).toBe(1);
});

test('a marketplace: every plugin in it, one at its top, and those that are elsewhere by name', async () => {
  const home = createHome();
  const how = bundle(home, {
    '.agents/plugins/marketplace.json': {
      name: 'acme',
      plugins: [
        { name: 'good', source: './plugins/good' },
        { name: 'misnamed', source: './plugins/other' },
        { name: 'broken', source: './plugins/broken' },
        { name: 'far', source: { source: 'npm', package: '@acme/far' } },
        { name: 'odd', source: { source: 'weird' } },
      ],
    },
    [MANIFEST]: { name: 'top', version: '1.0.0' },
  });
  bundle(
    home,
    { ...SOUND, [MANIFEST]: { name: 'good', version: '1.0.0', mcpServers: './servers.json' } },
    'p/plugins/good',
  );
  bundle(home, SOUND, 'p/plugins/other');
  bundle(home, { [MANIFEST]: '{ nope' }, 'p/plugins/broken');
  const { status, stdout } = await home.finish(['--json', 'plugin', 'validate', 'p'], how);
  const found = JSON.parse(stdout) as ValidateReport;
  expect(status).toBe(1);
  expect(found.marketplace).toMatchObject({ name: 'acme', elsewhere: ['far'] });
  expect(found.marketplace?.findings.map(({ code, plugin }) => [code, plugin])).toEqual([
    ['MARKETPLACE_ENTRY_INVALID', 'odd@acme'],
  ]);
  expect(found.plugins.map(({ path, name }) => [path, name])).toEqual([
    ['p/plugins/good', 'good'],
    ['p/plugins/other', 'p'],
    ['p/plugins/broken', null],
    ['p', 'top'],
  ]);
  expect(
    found.plugins.map((plugin) =>
      plugin.findings.filter(({ severity }) => severity === 'error').map(({ code }) => code),
    ),
  ).toEqual([[], ['PLUGIN_NAME_MISMATCH'], ['PLUGIN_NOT_JSON'], []]);
});

test('the manifest of a marketplace that cannot be used is a finding', async () => {
  const home = createHome();
  const how = bundle(home, { '.agents/plugins/marketplace.json': '{ "name": "acme", "plugins": 5 }' });
  expect(await findings(home, ['p'], how)).toEqual([
    expect.stringMatching(
      /^error p\/\.agents\/plugins\/marketplace\.json:1:30.* the manifest of the marketplace cannot be used: `plugins` must be an array/,
    ) as string,
  ]);
});

test(proves('plugins.validate.zip'), async () => {
  const home = createHome();
  const how = bundle(home, SOUND);
  const folder = await findings(home, ['p'], how);
  const files = Object.fromEntries(
    Object.keys(SOUND).map((path) => [`p-1.0/${path}`, readFileSync(join(home.folder, 'p', path), 'utf8')]),
  );
  await zip(home, 'p.zip', files);
  const temporary = join(home.folder, 'tmp');
  mkdirSync(temporary);
  const inTemporary = { ...how, env: { ...home.env, TMPDIR: temporary } };
  const packed = await findings(home, ['p.zip'], inTemporary);
  expect(packed).toEqual(folder.map((line) => line.replace(' p/', ' p.zip/p-1.0/')));

  const evil = await zip(home, 'evil.zip', { 'aa/evil.txt': 'x' });
  writeFileSync(evil, readFileSync(evil, 'latin1').replaceAll('aa/evil.txt', '../evil.txt'), 'latin1');
  expect(await refusal(home, ['plugin', 'validate', 'evil.zip'], inTemporary)).toMatchObject({
    status: 1,
    code: 'PLUGIN_UNSAFE_ARCHIVE',
    message: 'the archive is not unpacked: "../evil.txt" leads out of the archive',
    where: evil,
  });
  expect(await refusal(home, ['plugin', 'validate', 'p/main.mjs'], inTemporary)).toMatchObject({
    status: 1,
    code: 'PLUGIN_UNREADABLE',
  });
  expect(await refusal(home, ['plugin', 'validate', 'p.zip', '--fix'], inTemporary)).toMatchObject({
    status: 2,
    code: 'USAGE',
  });
  expect(unpackedIn(temporary)).toEqual([]);
  expect(readdirSync(home.folder).toSorted()).toEqual(['evil.zip', 'home', 'p', 'p.zip', 'tmp']);
});

test('Ctrl-C while an archive is unpacked leaves nothing behind', async () => {
  const home = createHome();
  const temporary = join(home.folder, 'tmp');
  mkdirSync(temporary);
  const members = Array.from({ length: 3_000 }, (_, index) => [`files/${index}.txt`, `${index}`] as const);
  await zip(home, 'big.zip', Object.fromEntries(members));
  const running = home.run(['plugin', 'validate', 'big.zip'], {
    cwd: home.folder,
    env: { ...home.env, TMPDIR: temporary },
  });
  await until(() => unpackedIn(temporary).some((folder) => readdirSync(folder).length > 0));
  process.kill(running.pid, 'SIGINT');
  expect(await running.ended).toBe('SIGINT');
  expect(unpackedIn(temporary)).toEqual([]);
});

test(proves('plugins.validate.sarif'), async () => {
  const home = createHome();
  const how = bundle(home, { ...SOUND, 'servers.json': '{' }, 'with blank');
  const { status, stdout, stderr } = await home.finish(['plugin', 'validate', 'with blank', '--sarif'], how);
  expect([status, stderr]).toEqual([1, '']);
  const { version, runs } = JSON.parse(stdout) as {
    version: string;
    runs: readonly { results: readonly unknown[]; originalUriBaseIds: unknown }[];
  };
  expect([version, runs[0]?.originalUriBaseIds]).toEqual(['2.1.0', { SRCROOT: { uri: `file://${home.folder}/` } }]);
  expect(runs[0]?.results).toContainEqual({
    ruleId: 'PLUGIN_NOT_JSON',
    ruleIndex: expect.any(Number) as number,
    level: 'error',
    message: { text: expect.stringContaining('the file ends too early') as string },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'with%20blank/servers.json', uriBaseId: 'SRCROOT' },
          region: { startLine: 1, startColumn: 2 },
        },
      },
    ],
  });
  expect(await refusal(home, ['plugin', 'validate', 'with blank', '--sarif'], how)).toMatchObject({
    status: 2,
    code: 'USAGE',
  });
});

test(proves('plugins.validate.fix'), async () => {
  const home = createHome();
  const servers = '{\n\t"mcp_servers": {\n\t\t"s": { "url": "https://x", "headers": { "A": "b" } }\n\t}\n}\n';
  const how = bundle(home, {
    [MANIFEST]: { name: 'p', version: '1.0.0', mcpServers: 'servers.json' },
    'servers.json': servers,
  });
  const once = await report<ValidateReport>(home, ['plugin', 'validate', 'p', '--fix'], how);
  expect(once.fixed).toEqual([
    { file: `p/${MANIFEST}`, line: 4, message: '`./` goes in front of the path in `mcpServers`' },
    { file: 'p/servers.json', line: 2, message: '`mcp_servers` is renamed to `mcpServers`' },
    { file: 'p/servers.json', line: 3, message: '`headers` is renamed to `http_headers`' },
  ]);
  expect(readFileSync(join(home.folder, 'p/servers.json'), 'utf8')).toBe(
    servers.replace('mcp_servers', 'mcpServers').replace('headers', 'http_headers'),
  );
  expect(await said(home, ['plugin', 'validate', 'p', '--fix'], how)).toMatch(/^There is nothing to fix by itself\.\n/);
});

test('--fix says in which file it changes nothing, and why', async () => {
  const home = createHome();
  const servers = '{\n  "mcp_servers": { "s": { "command": "x" },\n    "s": { "command": "y" } }\n}\n';
  const how = bundle(home, { [MANIFEST]: { name: 'p', version: '1.0.0' }, '.mcp.json': servers });
  const { fixed, unfixed } = await report<ValidateReport>(home, ['plugin', 'validate', 'p', '--fix'], how);
  const message = 'mcp_servers.s stands twice in one object; the last one counts';
  expect([fixed, unfixed]).toEqual([[], [{ file: 'p/.mcp.json', line: 3, message }]]);
  expect(await said(home, ['plugin', 'validate', 'p', '--fix'], how)).toMatch(
    `not fixed p/.mcp.json:3: ${message}; correct that, and run it again\n`,
  );
  expect(readFileSync(join(home.folder, 'p/.mcp.json'), 'utf8')).toBe(servers);
});

test('what is not there, and what is no bundle', async () => {
  const home = createHome();
  mkdirSync(join(home.folder, 'empty'), { recursive: true });
  const how = { cwd: home.folder, env: home.env };
  expect(await refusal(home, ['plugin', 'validate', 'nowhere'], how)).toMatchObject({
    status: 1,
    code: 'NOT_FOUND',
    where: join(home.folder, 'nowhere'),
  });
  writeFileSync(join(home.folder, 'plugin.json'), '{"name": "p"}');
  expect(await refusal(home, ['plugin', 'validate', 'plugin.json'], how)).toMatchObject({
    code: 'PLUGIN_UNREADABLE',
    message: 'this is a file, and no zip archive',
    hint: 'give the folder of the plugin, or a zip file of it',
  });
  const empty = await home.finish(['--json', 'plugin', 'validate', 'empty'], how);
  expect(empty.status).toBe(1);
  expect((JSON.parse(empty.stdout) as ValidateReport).plugins[0]).toMatchObject({ path: 'empty', name: null });
  expect(statSync(join(home.folder, 'empty')).isDirectory()).toBe(true);
});
