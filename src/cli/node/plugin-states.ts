import type { Issue } from '../../kernel/index.ts';
import { lackingOf } from '../../servers/index.ts';
import { settingSecretName } from '../../settings/index.ts';
import { reportServer, staticState } from '../../status/index.ts';
import type { PluginServerState } from '../plugin-reports.ts';
import type { CliContext } from './context.ts';
import { loadServers } from './known-servers.ts';
import { statusOfOurs } from './running.ts';

/** The servers of a plugin by name, and what is wrong with it, its files and its servers. */
export type PluginNow = { readonly servers: readonly PluginServerState[]; readonly issues: readonly Issue[] };

/**
 * What became of a plugin: of the running host what it knows, else what is known without starting anything.
 *
 * @param missing Keys of required settings that have no value, also of those that only the secret store knows.
 */
export async function pluginNow(
  context: CliContext,
  pluginId: string,
  missing: readonly string[] = [],
): Promise<PluginNow> {
  const [known, running] = await Promise.all([loadServers(context), statusOfOurs(context)]);
  const states = new Map(running?.servers.map(({ name, state }) => [name, state]));
  const without = new Set(missing.map(settingSecretName));
  const given = { variable: () => 'any', secret: (name: string) => !without.has(name) };
  const servers = known.servers.flatMap((server): readonly PluginServerState[] => {
    if (server.owner?.pluginId !== pluginId) return [];
    const state = states.get(server.name) ?? lackingOf(server, given) ?? staticState(server);
    const { nextStep } = reportServer({ server, state, serverInfo: null, stderr: '' });
    return [{ name: server.owner.server, exposedAs: server.name, state, nextStep }];
  });
  return {
    servers: servers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    issues: known.issues.filter(({ plugin }) => plugin === pluginId),
  };
}
