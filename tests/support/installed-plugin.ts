/** Plugins that are installed in the home of a test, by the store itself: what runs them is what is tested. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fixture, type Home } from './home.ts';
import { type PluginFolder, plugin, writeMarketplace } from './marketplace-folder.ts';
import { openStores, type Stores } from './plugin-stores.ts';

/** A server of a plugin that lies in its bundle, as the echo server behaves. */
export const BUNDLED = { command: process.execPath, args: ['server.mjs'] };

/** The files that make {@link BUNDLED} a server. */
export function bundledFiles(name = 'echo'): Readonly<Record<string, string>> {
  const [file = ''] = fixture(name).args;
  return { 'server.mjs': `import ${JSON.stringify(pathToFileURL(file).href)};\n` };
}

type More = Parameters<typeof plugin>[2];

/** Installs `NAME@MARKETPLACE` with these servers, as `plugboard plugin add --yes` would. Gives its folder in the cache. */
export async function install(
  home: Home,
  id: string,
  { servers, ...more }: { readonly servers: Readonly<Record<string, unknown>> } & More,
): Promise<string> {
  const [name = '', marketplace = ''] = id.split('@');
  const folder: PluginFolder = plugin(name, servers, { ...more, files: { ...bundledFiles(), ...more?.files } });
  const root = writeMarketplace(join(home.folder, 'markets', id), marketplace, { [name]: folder });
  const { receipt } = await storesOf(home).add(root, name);
  return receipt.installedPath ?? '';
}

/** The stores of a home. */
export function storesOf(home: Home): Stores {
  return openStores(home.folder, { home: home.path });
}
