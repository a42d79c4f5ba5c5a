import type { CapabilitySummary, Plugin } from './types.ts';

/**
 * What a plugin brings, in Codex's names and order. Servers that cannot run because of how they are declared are not
 * among its names.
 *
 * @param pluginId `name@marketplace`.
 */
export function capabilitySummary(plugin: Plugin, pluginId: string): CapabilitySummary {
  return {
    config_name: pluginId,
    display_name: plugin.displayName ?? plugin.name,
    description: plugin.description,
    has_skills: plugin.skills.length > 0,
    mcp_server_names: plugin.servers
      .filter(({ entry }) => entry.problems.length === 0)
      .map(({ entry }) => entry.name)
      .toSorted(),
    app_connector_ids: plugin.apps,
  };
}

/** The variables that every process of a plugin is given. Both folders are absolute. */
export function pluginEnv(
  plugin: Plugin,
  { root, dataDir }: { readonly root: string; readonly dataDir: string },
): Readonly<Record<string, string>> {
  const env = { PLUGIN_ROOT: root, PLUGIN_DATA: dataDir };
  return plugin.family === 'claude' ? { ...env, CLAUDE_PLUGIN_ROOT: root, CLAUDE_PLUGIN_DATA: dataDir } : env;
}

/** Names of the servers that do not start as they are declared: with problems, or with nothing to run or reach. */
export function invalidServers({ servers }: Plugin): readonly string[] {
  return servers.flatMap(({ entry }) => (entry.problems.length > 0 || entry.transport === null ? [entry.name] : []));
}
