/** A marketplace with a plugin whose server runs, for tests of the commands. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from './home.ts';
import { BUNDLED, bundledFiles } from './installed-plugin.ts';
import { type PluginFolder, plugin, writeMarketplace } from './marketplace-folder.ts';

/** A plugin whose server runs. */
export const poka = (version = '1.0.0', more: object = {}): PluginFolder =>
  plugin('poka', { poka: { ...BUNDLED, ...more } }, { version, files: bundledFiles() });

/** Writes the marketplace `acme` of a home. Gives its folder. */
export const offer = (home: Home, plugins: Readonly<Record<string, PluginFolder>>): string =>
  writeMarketplace(join(home.folder, 'acme'), 'acme', plugins);

/** The user's file. */
export const configOf = (home: Home): string => readFileSync(join(home.path, 'config.toml'), 'utf8');
