/** A marketplace with a plugin that wants settings of every kind, and the plugin installed from it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'vitest';
import { said } from './cli.ts';
import type { Home } from './home.ts';
import { BUNDLED, bundledFiles } from './installed-plugin.ts';
import { plugin, writeMarketplace } from './marketplace-folder.ts';

/** Of every kind. `slow` has a pattern that is allowed, and never ends with the wrong text. */
export const SETTINGS = {
  token: {
    title: 'Access token',
    description: 'A personal access token; create one under Account → Tokens.',
    sensitive: true,
    required: true,
    min: 8,
  },
  region: { title: 'Region', description: 'Where your boards are kept.', enum: ['eu', 'us', 'ap'], required: true },
  port: { type: 'number', title: 'Port', min: 1, max: 65535, default: 8080 },
  folders: { type: 'directory', title: 'Folders', description: 'Folders that it may read.', multiple: true },
  cert: { type: 'file', title: 'Certificate' },
  verbose: { type: 'boolean', title: 'Verbose log' },
  label: { title: '<b>Label</b> & "more"', pattern: '[a-z]+' },
  scopes: { title: 'Scopes', multiple: true, enum: ['read', 'write', 'admin'] },
  keys: { title: 'Extra keys', sensitive: true, multiple: true },
};

export type Declared = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Offers the plugin `poka` in the marketplace `acme` of a home, with these settings. */
export function offerSettings(
  home: Home,
  settings: Declared,
  more: { readonly version?: string; readonly env?: Readonly<Record<string, string>>; readonly entry?: object } = {},
): void {
  const { version = '1.0.0', env = {} } = more;
  const poka = plugin(
    'poka',
    { poka: { ...BUNDLED, env } },
    {
      version,
      files: bundledFiles(),
      manifest: { user_config: settings, interface: { displayName: 'Poka Boards' } },
      ...(more.entry === undefined ? {} : { entry: { ...more.entry } }),
    },
  );
  writeMarketplace(join(home.folder, 'acme'), 'acme', { poka });
}

/** Installs {@link offerSettings}. */
export async function addSettings(
  home: Home,
  ...offer: readonly [Declared, Parameters<typeof offerSettings>[2]?]
): Promise<void> {
  offerSettings(home, ...offer);
  await said(home, ['plugin', 'marketplace', 'add', join(home.folder, 'acme')]);
  const added = await home.finish(['plugin', 'add', 'poka', '--yes']);
  expect(added).toMatchObject({ status: 0, stderr: '' });
}

/** What config.toml holds from the table of the plugin on. */
export function settingsText(home: Home): string {
  const text = readFileSync(join(home.path, 'config.toml'), 'utf8');
  return text.slice(text.indexOf('[plugins."poka@acme"]'));
}

export type Configured = {
  readonly stored: readonly string[];
  readonly removed: readonly string[];
  readonly missing: readonly string[];
  readonly settings: readonly { readonly key: string; readonly set: boolean | null; readonly from: string }[];
  readonly restarts: readonly string[];
  readonly notes: readonly string[];
};

/** `plugin configure poka --json`: where the value of each setting comes from. Whatever the exit status. */
export async function origins(home: Home): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await home.finish(['--json', 'plugin', 'configure', 'poka']);
  const { settings } = JSON.parse(stdout) as Configured;
  return Object.fromEntries(settings.map(({ key, from }) => [key, from]));
}

/** What a terminal showed, as a person reads it. */
export const plain = (shown: string): string => stripVTControlCharacters(shown).replaceAll('\r', '');
