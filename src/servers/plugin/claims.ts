import {
  type Config,
  locate,
  type Origin,
  type PluginSettings,
  type ServerEntry,
  type ServerPolicy,
} from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import type { PluginServer } from '../../plugins/index.ts';
import type { PluginInput, ServerOwner } from '../types.ts';
import { namesMeaning } from './names.ts';

/** One server of a plugin with what the user says of it. */
export type PluginClaim = {
  readonly input: PluginInput;
  readonly pluginId: string;
  /** What the plugin calls it. */
  readonly server: string;
  /** null for one that is only known by name. */
  readonly declared: PluginServer | null;
  readonly policy: ServerPolicy | null;
  /** Whether the plugin is in use: turned on, and agreed to. */
  readonly active: boolean;
  /** Where the plugin is turned off; null when it is on. */
  readonly pluginOff: PluginOff | null;
  /** Errors in what the user says of it. */
  readonly problems: readonly Issue[];
};

export type PluginOff = { readonly origin: Origin; readonly by: 'settings' | 'feature' };

/** Every server of every plugin, by plugin id and then in the plugin's order. */
export function claimsOf(plugins: readonly PluginInput[], config: Config): readonly PluginClaim[] {
  return plugins
    .toSorted((a, b) => (a.pluginId < b.pluginId ? -1 : 1))
    .flatMap((input) => claimsOfPlugin(input, config));
}

function claimsOfPlugin(input: PluginInput, config: Config): readonly PluginClaim[] {
  const { pluginId, plugin, standing } = input;
  const settings = config.plugins.get(pluginId) ?? null;
  const pluginOff = offOf(settings, config);
  const declared = new Map(plugin?.servers.map((server) => [server.entry.name, server]));
  const names = plugin === null ? input.knownServers : [...declared.keys()];
  return names.map((server) => {
    const policy = settings?.servers.get(server) ?? null;
    return {
      input,
      pluginId,
      server,
      declared: declared.get(server) ?? null,
      policy,
      active: pluginOff === null && standing.kind !== 'unconsented',
      pluginOff,
      problems: [
        ...(settings?.problems ?? []),
        ...((settings?.enabled ?? null) === null ? config.pluginsEnabledByDefault.problems : []),
        ...(policy?.problems ?? []),
      ],
    };
  });
}

function offOf(settings: PluginSettings | null, config: Config): PluginOff | null {
  if (config.pluginsOff !== null) return { origin: config.pluginsOff, by: 'feature' };
  const { enabled, origin } = config.pluginsEnabledByDefault;
  if (settings !== null && settings.enabled !== null)
    return settings.enabled ? null : { origin: settings.enabledOrigin, by: 'settings' };
  return enabled ? null : { origin, by: 'settings' };
}

/**
 * Whether a server of a plugin is on, whatever is said of the plugin as a whole: by an entry of config.toml that is laid over
 * it, by its policy, else as the plugin says. `origin`: where.
 */
export function pluginServerSwitch(
  config: Config,
  {
    name,
    owner,
    declared,
  }: {
    /** The name that people know it by. */
    readonly name: string;
    readonly owner: Pick<ServerOwner, 'pluginId' | 'server'>;
    readonly declared: Pick<ServerEntry, 'enabled' | 'enabledOrigin'> | null;
  },
): { readonly enabled: boolean; readonly origin: Origin | null } {
  for (const wanted of new Set([...namesMeaning(owner), name].reverse())) {
    const overlay = config.overlays.get(wanted);
    const entry = config.servers.get(wanted);
    if (overlay === undefined || entry === undefined || locate(overlay.table, ['enabled']) === undefined) continue;
    // Under what the plugin calls it, several may be meant, and then nothing is turned on.
    if (wanted !== name && entry.enabled) continue;
    return { enabled: entry.enabled, origin: entry.enabledOrigin };
  }
  const policy = config.plugins.get(owner.pluginId)?.servers.get(owner.server);
  if (policy !== undefined && policy.enabled !== null) return { enabled: policy.enabled, origin: policy.enabledOrigin };
  return { enabled: declared?.enabled ?? true, origin: declared?.enabledOrigin ?? null };
}
