import type { Config, Origin, PluginSettings, ServerEntry, ServerPolicy } from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import type { PluginServer } from '../plugins/index.ts';
import type { PluginInput, ServerOwner } from './types.ts';

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
 * An entry as it is with the policy of the user: lists of tools that are offered intersect unless `widen` is set, those
 * that are not offered unite. What the plugin asks for is in force only where the user accepted it.
 */
export function withPolicy({ declared, policy, input }: PluginClaim): ServerEntry | null {
  if (declared === null) return null;
  const { entry, requests } = declared;
  const accepted = input.requestsAccepted;
  const entryWithRequests = {
    ...entry,
    required: accepted && requests.required,
    supportsParallelToolCalls: accepted && requests.supportsParallelToolCalls,
  };
  if (policy === null) return entryWithRequests;
  return {
    ...entryWithRequests,
    enabled: policy.enabled ?? entry.enabled,
    enabledOrigin: policy.enabled === null ? entry.enabledOrigin : policy.enabledOrigin,
    enabledTools: enabledTools(entry.enabledTools, policy),
    disabledTools: [...new Set([...entry.disabledTools, ...policy.disabledTools])],
  };
}

function enabledTools(ofPlugin: readonly string[] | null, policy: ServerPolicy): readonly string[] | null {
  const { enabledTools: ofUser, widen } = policy;
  if (ofUser === null) return ofPlugin;
  return ofPlugin === null || widen ? ofUser : ofUser.filter((tool) => ofPlugin.includes(tool));
}

/**
 * Whether a server of a plugin is on, whatever is said of the plugin as a whole: by an entry of config.toml that only
 * turns it off, by its policy, else as the plugin says. `origin`: where.
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
  const named = [owner.server, name].flatMap((wanted) => config.servers.get(wanted) ?? []);
  const turnedOff = named.find(({ transport, enabled }) => transport === null && !enabled);
  if (turnedOff !== undefined) return { enabled: false, origin: turnedOff.enabledOrigin };
  const policy = config.plugins.get(owner.pluginId)?.servers.get(owner.server);
  if (policy !== undefined && policy.enabled !== null) return { enabled: policy.enabled, origin: policy.enabledOrigin };
  return { enabled: declared?.enabled ?? true, origin: declared?.enabledOrigin ?? null };
}
