import { type Origin, type PluginSettings, renderKey } from '../../config/index.ts';
import { commandLine, type Issue, nearest } from '../../kernel/index.ts';
import type { PluginInput, ResolveInput } from '../types.ts';
import { atPlace } from '../verdict-parts.ts';

/** One warning for each plugin or server that the configuration says something of, and that is not there. */
export function unknownPolicies({ config, plugins }: ResolveInput): readonly Issue[] {
  return [...config.plugins.values()].flatMap((settings) => {
    const input = plugins.find(({ pluginId }) => pluginId === settings.pluginId);
    return input === undefined ? notInstalled(settings, { config, plugins }) : noSuchServers(settings, input);
  });
}

/** What only turns a plugin off needs none, unless it may be meant for one that nothing else turns on or off. */
function notInstalled(
  { pluginId, enabled, servers, origin }: PluginSettings,
  { config, plugins }: Pick<ResolveInput, 'config' | 'plugins'>,
): readonly Issue[] {
  const onlyOff = enabled === false && servers.size === 0;
  const near = nearest(
    pluginId,
    plugins
      .map((input) => input.pluginId)
      .filter((id) => !onlyOff || (config.plugins.get(id)?.enabled ?? null) === null),
  );
  if (onlyOff && near === null) return [];
  const unset = commandLine(['plugboard', 'config', 'unset', renderKey(['plugins', pluginId])]);
  return [
    unknown({
      path: ['plugins', pluginId],
      origin,
      pluginId,
      message: 'is for a plugin that is not installed',
      hint: near === null ? `run: plugboard plugin add ${pluginId}, or ${unset}` : `did you mean '${near}'?`,
    }),
  ];
}

function noSuchServers({ pluginId, servers }: PluginSettings, { plugin, knownServers }: PluginInput): readonly Issue[] {
  const names = plugin === null ? knownServers : plugin.servers.map(({ entry }) => entry.name);
  return [...servers.values()].flatMap(({ server, origin }) => {
    if (names.includes(server)) return [];
    const near = nearest(server, names);
    return unknown({
      path: ['plugins', pluginId, 'mcp_servers', server],
      origin,
      pluginId,
      message: 'is for a server that the plugin does not have',
      hint: near === null ? `see: plugboard plugin show ${pluginId}` : `did you mean '${near}'?`,
    });
  });
}

function unknown(of: {
  readonly path: readonly string[];
  readonly origin: Origin;
  readonly pluginId: string;
  readonly message: string;
  readonly hint: string;
}): Issue {
  const key = renderKey(of.path);
  return {
    code: 'PLUGIN_POLICY_UNKNOWN',
    severity: 'warning',
    message: `${key} ${of.message}`,
    hint: of.hint,
    ...atPlace(of.origin),
    key,
    plugin: of.pluginId,
  };
}
