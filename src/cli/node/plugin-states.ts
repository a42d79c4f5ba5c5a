import type { Issue } from '../../kernel/index.ts';
import { reportServer, staticState } from '../../status/index.ts';
import type { PluginServerState } from '../plugin-reports.ts';
import type { CliContext } from './context.ts';
import { loadServers } from './known-servers.ts';
import { statusOfOurs } from './running.ts';

/** The servers of a plugin by name, and what is wrong with it, its files and its servers. */
export type PluginNow = { readonly servers: readonly PluginServerState[]; readonly issues: readonly Issue[] };

/** What became of a plugin: of the running host what it knows, else what is known without starting anything. */
export async function pluginNow(context: CliContext, pluginId: string): Promise<PluginNow> {
  const [known, running] = await Promise.all([loadServers(context), statusOfOurs(context)]);
  const states = new Map(running?.servers.map(({ name, state }) => [name, state]));
  const servers = known.servers.flatMap((server): readonly PluginServerState[] => {
    if (server.owner?.pluginId !== pluginId) return [];
    const state = states.get(server.name) ?? staticState(server);
    const { nextStep } = reportServer({ server, state, serverInfo: null, stderr: '' });
    return [{ name: server.owner.server, exposedAs: server.name, state, nextStep }];
  });
  return {
    servers: servers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    issues: known.issues.filter(({ plugin }) => plugin === pluginId),
  };
}
