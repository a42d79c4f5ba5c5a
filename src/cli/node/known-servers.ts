import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/index.ts';
import { type LoadedConfig, loadConfig } from '../../config/node/index.ts';
import type { LoadedPlugins } from '../../host/index.ts';
import { type Resolved, type ResolvedServer, resolveServers, type ServerOwner } from '../../servers/index.ts';
import { issuesOfFiles } from '../../status/index.ts';
import type { CliContext } from './context.ts';

/** Every server there is, of the configuration and of plugins, and what is known without starting any. */
export type KnownServers = Resolved & { readonly loaded: LoadedConfig; readonly plugins: LoadedPlugins };

/**
 * @param how `namesOnly`: the files of plugins are not looked at, so nothing can be said of their state.
 * @throws AppError as `loadConfig`
 */
export async function loadServers(context: CliContext, how: { readonly namesOnly?: true } = {}): Promise<KnownServers> {
  const loaded = await loadConfig(context.loadOptions);
  const plugins = await loadPlugins(context, loaded.config, how);
  const { servers, entries, parts, issues } = resolveServers({
    config: loaded.config,
    requirements: loaded.requirements,
    plugins: plugins.plugins,
    removedPlugins: plugins.removed,
    pluginIssues: plugins.issues,
    workspace: context.cwd,
  });
  return {
    servers,
    entries,
    parts,
    issues: [...issues, ...issuesOfFiles(plugins.plugins, plugins.integrity)],
    loaded,
    plugins,
  };
}

export const NO_PLUGINS: LoadedPlugins = {
  plugins: [],
  removed: [],
  issues: [],
  integrity: new Map(),
  beforeStart: () => Promise.reject(new Error('no plugins')),
};

/** A home without a folder for plugins has none, and nothing about plugins is loaded for it. */
export async function loadPlugins(
  context: CliContext,
  config: Config,
  how: { readonly namesOnly?: true },
): Promise<LoadedPlugins> {
  if (!existsSync(join(context.home, 'plugins'))) return NO_PLUGINS;
  const { pluginLoaderOf } = await import('./plugin-loader.ts');
  return pluginLoaderOf(context, how)(config);
}

/** A server that comes from a plugin. */
export type PluginServerKnown = ResolvedServer & { readonly owner: ServerOwner };

/** The server of a plugin that people know by this name; null for one of config.toml, and where there is none. */
export function ofPlugin({ servers }: Pick<KnownServers, 'servers'>, name: string): PluginServerKnown | null {
  const found = servers.find((server) => server.name === name);
  return found === undefined || found.owner === null ? null : { ...found, owner: found.owner };
}

/** The servers that plugins call by this name, whatever people know them by. */
export function calledByPlugins(
  { servers }: Pick<KnownServers, 'servers'>,
  name: string,
): readonly PluginServerKnown[] {
  return servers.flatMap((server) =>
    server.owner !== null && server.owner.server === name ? [{ ...server, owner: server.owner }] : [],
  );
}
