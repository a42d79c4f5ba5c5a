/** The plugin `tools` in repositories, and installed from what a marketplace says of it. */
import { join } from 'node:path';
import type { Marketplace, Offer, PluginSource } from '../../../src/marketplace/index.ts';
import type { GitFile } from '../../support/git-server.ts';
import { plugin } from '../../support/marketplace-folder.ts';
import { NO_EVIDENCE, type Stores, YES } from '../../support/plugin-stores.ts';

const ECHO = { echo: { command: 'node', args: ['./echo.js'] } };

/** The files of the plugin `tools`, in a folder of a repository. */
export function tools(
  version: string,
  folder = '',
  more: Readonly<Record<string, GitFile>> = {},
): Readonly<Record<string, GitFile>> {
  const files = Object.entries(plugin('tools', ECHO, { version }).files).map(
    ([name, content]) => [name, JSON.stringify(content)] as const,
  );
  return Object.fromEntries([...files, ...Object.entries(more)].map(([name, file]) => [`${folder}${name}`, file]));
}

export const manifest = (source: unknown, name = 'acme'): Readonly<Record<string, GitFile>> => ({
  '.agents/plugins/marketplace.json': JSON.stringify({ name, plugins: [{ name: 'tools', source }] }),
});

/** What a local marketplace offers from this source. */
export function offer(stores: Stores, source: PluginSource): Offer {
  const marketplace: Marketplace = {
    ...{ name: 'acme', displayName: null, kind: 'configured', root: stores.folder, revision: null, issues: [] },
    manifestFile: join(stores.folder, 'marketplace.json'),
    source: { kind: 'local', path: stores.folder },
    entries: [],
  };
  const file = marketplace.manifestFile;
  const facts = {
    name: 'tools',
    version: null,
    description: null,
    category: null,
    mcpServers: undefined,
    components: {},
    file,
  };
  return { marketplace, entry: { name: 'tools', source, installPolicy: 'AVAILABLE', authPolicy: 'ON_INSTALL', facts } };
}

export async function install(
  stores: Stores,
  source: PluginSource,
): Promise<{ readonly revision: string | null; readonly files: readonly string[] }> {
  const prepared = await stores.plugins.prepare(offer(stores, source), stores.fetch);
  const { receipt } = await prepared.commit(YES, NO_EVIDENCE);
  return { revision: receipt.revision, files: receipt.files.map(({ path }) => path) };
}
