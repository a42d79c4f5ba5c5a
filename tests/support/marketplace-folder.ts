/** Folders that are marketplaces and plugins, written for one test. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Text is written as it is, everything else as JSON. */
export type Files = Readonly<Record<string, unknown>>;

export function writeFiles(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
  }
}

/** One plugin: its files, and what the marketplace says of it besides name and source. */
export type PluginFolder = { readonly files: Files; readonly entry?: Readonly<Record<string, unknown>> };

/** A plugin of Codex's family with these servers. */
export function plugin(
  name: string,
  servers: Readonly<Record<string, unknown>>,
  more: {
    readonly version?: string;
    readonly manifest?: Readonly<Record<string, unknown>>;
    readonly entry?: PluginFolder['entry'];
    readonly files?: Files;
  } = {},
): PluginFolder {
  return {
    files: {
      '.codex-plugin/plugin.json': {
        name,
        version: more.version ?? '1.0.0',
        description: `The plugin ${name}`,
        mcpServers: './.mcp.json',
        ...more.manifest,
      },
      '.mcp.json': { mcpServers: servers },
      ...more.files,
    },
    ...(more.entry === undefined ? {} : { entry: more.entry }),
  };
}

/** Writes a marketplace with these plugins below `plugins/`, in the place of what was there. Gives its folder. */
export function writeMarketplace(
  folder: string,
  name: string,
  plugins: Readonly<Record<string, PluginFolder>>,
): string {
  rmSync(join(folder, 'plugins'), { recursive: true, force: true });
  writeFiles(folder, {
    '.agents/plugins/marketplace.json': {
      name,
      plugins: Object.entries(plugins).map(([id, { entry }]) => ({
        name: id,
        source: { source: 'local', path: `./plugins/${id}` },
        ...entry,
      })),
    },
  });
  for (const [id, { files }] of Object.entries(plugins)) writeFiles(join(folder, 'plugins', id), files);
  return folder;
}
