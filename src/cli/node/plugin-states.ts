import type { Issue, ServerState } from '../../kernel/index.ts';
import type { ResolvedServer } from '../../servers/index.ts';
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
  const servers = known.servers.flatMap((server): readonly PluginServerState[] => {
    if (server.owner?.pluginId !== pluginId) return [];
    const state = states.get(server.name) ?? needsSettings(server, missing) ?? staticState(server);
    const { nextStep } = reportServer({ server, state, serverInfo: null, stderr: '' });
    return [{ name: server.owner.server, exposedAs: server.name, state, nextStep }];
  });
  return {
    servers: servers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    issues: known.issues.filter(({ plugin }) => plugin === pluginId),
  };
}

/** A server that would start, as far as the configuration knows, and wants settings that are not there. */
function needsSettings({ owner, verdict, sources }: ResolvedServer, missing: readonly string[]): ServerState | null {
  if (owner === null || (verdict.kind !== 'startable' && verdict.kind !== 'needs_config')) return null;
  const known = verdict.kind === 'needs_config' ? verdict.names : [];
  const wanted = missing.filter((key) => Object.hasOwn(sources.settings, key)).map(settingSecretName);
  if (wanted.length === 0) return null;
  const command =
    verdict.kind === 'needs_config' ? verdict.command : `run: plugboard plugin configure ${owner.pluginId}`;
  return { kind: 'needs_config', names: [...new Set([...known, ...wanted])].toSorted(), command };
}
