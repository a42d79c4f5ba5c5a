import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Input } from '../../src/cli/command.ts';
import { commandsOf } from '../../src/cli/node/commands/index.ts';
import { type CliCommand, type CliContext, createContext } from '../../src/cli/node/context.ts';
import type { AddedMarketplace } from '../../src/cli/plugin-reports.ts';
import type { ListedMarketplaces, ListedPlugins } from '../../src/cli/render-plugin.ts';
import { AppError } from '../../src/kernel/index.ts';
import { type Home, useHomes } from '../support/home.ts';
import { plugin, writeFiles, writeMarketplace } from '../support/marketplace-folder.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** What a command would use at no terminal, on a machine with these requirements. */
function contextUnder(home: Home, requirements: string): CliContext {
  const systemDir = join(home.folder, 'etc');
  writeFiles(systemDir, { 'plugboard/requirements.toml': requirements });
  const context = createContext(
    { configFile: null, passphraseFile: null, overrides: [], project: null, json: true },
    { home: home.path },
  );
  const quiet = { isTty: false, colour: false, columns: 80, write: () => {} };
  const loadOptions = { ...context.loadOptions, env: home.env, projectDir: home.folder, systemDir };
  return { ...context, env: home.env, cwd: home.folder, loadOptions, out: quiet, err: quiet, interactive: false };
}

/** Runs `plugboard NAME ARGS`, each of the arguments by its name. */
async function run<T>(context: CliContext, name: string, args: Input['args'] = {}): Promise<T> {
  const command = (await commandsOf('plugin')).find((one) => one.name === name) as CliCommand<T>;
  return command.run(context, { args, rest: [], flags: new Set(['available']), values: {}, lists: {} });
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was refused',
    (error: unknown) => (error instanceof AppError ? `${error.code} ${error.where}` : String(error)),
  );
}

function market(home: Home): string {
  const byDefault = { entry: { policy: { installation: 'INSTALLED_BY_DEFAULT' } } };
  return writeMarketplace(join(home.folder, 'acme'), 'acme', {
    wanted: plugin('wanted', { w: { command: 'node' } }, byDefault),
    other: plugin('other', {}, byDefault),
    plain: plugin('plain', {}),
  });
}

const LISTED = '[plugins."wanted@acme"]\n[plugins."plain@acme"]\n';
const allowing = (folder: string): string =>
  `[marketplaces]\nrestrict_to_allowed_sources = true\nallowed_sources.a = { source = "local", path = ${JSON.stringify(folder)} }\n`;

test('the name that a marketplace gives itself installs nothing by default: it is offered, and why is said', async () => {
  const home = createHome();
  const source = market(home);
  const context = contextUnder(home, `${LISTED}${allowing(source).replace('true', 'false')}`);
  const added = await run<AddedMarketplace>(context, 'plugin marketplace add', { SOURCE: source });
  const why =
    "A requirements file lists 'wanted@acme', but none allows only certain sources of marketplaces, this one among them: so it is not installed by itself.";
  expect([added.plugins, added.offered, added.notes]).toEqual([[], ['wanted@acme', 'other@acme'], [why]]);
  const { installed } = await run<ListedPlugins>(context, 'plugin list');
  expect(installed).toEqual([]);
});

test(proves('plugins.by-default'), async () => {
  const home = createHome();
  const source = market(home);
  const context = contextUnder(home, `${LISTED}${allowing(source)}`);
  const added = await run<AddedMarketplace>(context, 'plugin marketplace add', { SOURCE: source });
  expect([added.offered, added.notes]).toEqual([['other@acme'], []]);
  expect(added.plugins).toMatchObject([
    { pluginId: 'wanted@acme', outcome: 'added', consent: { how: 'requirements' } },
  ]);
  expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).toContain('[plugins."wanted@acme"]\nenabled = true\n');
  const { installed } = await run<ListedPlugins>(context, 'plugin list');
  expect(installed.map(({ pluginId }) => pluginId)).toEqual(['wanted@acme']);
});

test('a source that is not allowed is refused before anything is fetched, and what was there is shown as blocked', async () => {
  const home = createHome();
  const source = market(home);
  const open = contextUnder(home, '');
  await run(open, 'plugin marketplace add', { SOURCE: source });
  await run(open, 'plugin add', { PLUGIN: 'plain@acme' });
  const closed = contextUnder(home, '[marketplaces]\nrestrict_to_allowed_sources = true\n');
  const file = join(home.folder, 'etc', 'plugboard', 'requirements.toml');
  const blocked = `MARKETPLACE_NOT_ALLOWED ${file}`;
  // Nothing listens there: it would be another error if it were asked.
  for (const other of [source, 'https://127.0.0.1:9/m.git'])
    expect(await codeOf(run(closed, 'plugin marketplace add', { SOURCE: other }))).toBe(blocked);
  expect(await codeOf(run(closed, 'plugin add', { PLUGIN: 'other@acme' }))).toBe(blocked);
  const { marketplaces } = await run<ListedMarketplaces>(closed, 'plugin marketplace list');
  expect(marketplaces).toMatchObject([{ name: 'acme', blockedBy: file }]);
  const { installed, available } = await run<ListedPlugins>(closed, 'plugin list');
  const state = { kind: 'blocked', reason: 'requirements', detail: file };
  expect(installed).toMatchObject([{ pluginId: 'plain@acme', state }]);
  expect(available.map((one) => one.state)).toEqual([state, state]);
});

test('a name that only a marketplace has that is not allowed is blocked, by the file that says so', async () => {
  const home = createHome();
  const open = contextUnder(home, '');
  const other = writeMarketplace(join(home.folder, 'free'), 'free', { own: plugin('own', {}) });
  for (const source of [market(home), other]) await run(open, 'plugin marketplace add', { SOURCE: source });
  const allowed = `[marketplaces.allowed_sources.free]\nsource = "local"\npath = ${JSON.stringify(other)}\n`;
  const context = contextUnder(home, `[marketplaces]\nrestrict_to_allowed_sources = true\n${allowed}`);
  const file = join(home.folder, 'etc', 'plugboard', 'requirements.toml');
  expect(await codeOf(run(context, 'plugin add', { PLUGIN: 'plain' }))).toBe(`MARKETPLACE_NOT_ALLOWED ${file}`);
  expect(await codeOf(run(context, 'plugin add', { PLUGIN: 'nobody' }))).toBe('PLUGIN_NOT_FOUND undefined');
  expect(await run(context, 'plugin add', { PLUGIN: 'own' })).toMatchObject({ pluginId: 'own@free' });
});

test('where plugins are turned off nothing is added, and what is there can be removed', async () => {
  const home = createHome();
  const open = contextUnder(home, '');
  await run(open, 'plugin marketplace add', { SOURCE: market(home) });
  await run(open, 'plugin add', { PLUGIN: 'plain@acme' });
  const off = contextUnder(home, 'features.plugins = false\n');
  const file = join(home.folder, 'etc', 'plugboard', 'requirements.toml');
  for (const [name, args] of [
    ['plugin add', { PLUGIN: 'other@acme' }],
    ['plugin upgrade', {}],
    ['plugin enable', { PLUGIN: 'plain' }],
    ['plugin marketplace add', { SOURCE: './acme' }],
  ] as const)
    expect(await codeOf(run(off, name, args))).toBe(`PLUGIN_BLOCKED ${file}`);
  await run(off, 'plugin disable', { PLUGIN: 'plain' });
  expect(await run(off, 'plugin remove', { PLUGIN: 'plain' })).toMatchObject({ wasInstalled: true });
  expect(existsSync(join(home.path, 'plugins', 'cache', 'acme', 'plain'))).toBe(false);
});
