/** Plugins in the cache of a home without receipts, as when the home of another machine or program was copied. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RemovedPlugin } from '../../src/cli/plugin-reports.ts';
import type { ListedPlugins, ShownPlugin } from '../../src/cli/render-plugin.ts';
import { report } from '../support/cli.ts';
import { fixture, type Home, useHomes } from '../support/home.ts';
import { plugin, writeFiles } from '../support/marketplace-folder.ts';

const createHome = useHomes();
const ID = 'copied@mkt';

/** A home with two versions of `copied@mkt`, the higher one behind in the order of letters. */
function copiedHome(): { readonly home: Home; readonly cache: string } {
  const home = createHome();
  home.configure({}, { plugins: { [ID]: { enabled: true } } });
  const cache = join(home.path, 'plugins', 'cache', 'mkt', 'copied');
  for (const version of ['1.9.0', '1.10.0'])
    writeFiles(join(cache, version), plugin('copied', { poka: fixture('echo') }, { version }).files);
  return { home, cache };
}

test('they are listed and shown as what nobody has agreed to, with the command that does', async () => {
  const { home, cache } = copiedHome();
  const state = { kind: 'blocked', reason: 'consent', detail: null };
  const add = `plugboard plugin add ${ID} --version 1.10.0`;
  const { installed, issues } = await report<ListedPlugins>(home, ['plugin', 'list']);
  const listed = { pluginId: ID, version: '1.10.0', state, receipt: null, installedPath: join(cache, '1.10.0') };
  expect(installed).toMatchObject([listed]);
  expect(issues).toMatchObject([
    { code: 'PLUGIN_NOT_FOUND', message: `nobody has agreed to '${ID}' 1.10.0 here`, hint: `run: ${add}` },
  ]);
  const shown = await report<ShownPlugin>(home, ['plugin', 'show', 'copied']);
  expect(shown).toMatchObject({ ...listed, cachedVersions: ['1.10.0', '1.9.0'] });
  expect(shown.servers).toMatchObject([{ name: 'poka', nextStep: `run: ${add}` }]);
  const { stdout } = await home.finish(['plugin', 'show', ID]);
  expect(stdout).toContain('State: blocked (nobody has agreed to it here)');
  expect(stdout).toContain('Nobody has agreed to the above here');
  expect((await home.finish(['plugin', 'add', ID, '--version', '1.10.0'])).status).toBe(0);
  expect((await report<ListedPlugins>(home, ['plugin', 'list'])).installed).toMatchObject([
    { pluginId: ID, state: { kind: 'enabled' } },
  ]);
});

test('they are removed with their files and what the configuration says of them', async () => {
  const { home, cache } = copiedHome();
  expect(await report<RemovedPlugin>(home, ['plugin', 'remove', 'copied'])).toMatchObject({
    ...{ pluginId: ID, wasInstalled: true, receipt: null, notes: [] },
  });
  expect(existsSync(cache)).toBe(false);
  expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).not.toContain('copied');
});
