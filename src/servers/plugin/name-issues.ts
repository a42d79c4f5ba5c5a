import type { ServerEntry } from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import { atPlace } from '../verdict-parts.ts';
import type { PluginClaim } from './claims.ts';

/** Said where a server of config.toml takes the place of a plugin's. */
export function replacedIssue({ pluginId, server, active }: PluginClaim, by: ServerEntry | null): readonly Issue[] {
  if (by === null || !active) return [];
  return [
    {
      code: 'PLUGIN_SERVER_REPLACED',
      severity: 'warning',
      message: `mcp_servers.${server} replaces the server '${server}' of the plugin ${pluginId}`,
      hint: 'rename the one in config.toml to keep both, or remove it to use that of the plugin',
      ...atPlace(by.origin),
      key: `mcp_servers.${server}`,
      server,
      plugin: pluginId,
    },
  ];
}

/** Said where plugins in use share a name, or one has a name that could be that of another. */
export function conflictIssue(group: readonly PluginClaim[], names: ReadonlyMap<PluginClaim, string>): Issue {
  const ids = group.map(({ pluginId }) => pluginId);
  const called = group.map((claim) => names.get(claim) ?? claim.server);
  const [only] = group;
  if (only !== undefined && group.length === 1)
    return {
      code: 'PLUGIN_SERVER_CONFLICT',
      severity: 'warning',
      message: `${only.pluginId} has a server named '${only.server}', which could be taken for one of another plugin; it is called ${list(called, 'and')}`,
      hint: 'ask the maintainer of the plugin for a name without `:`',
      server: names.get(only) ?? only.server,
      plugin: only.pluginId,
    };
  return {
    code: 'PLUGIN_SERVER_CONFLICT',
    severity: 'warning',
    message: `${list(ids, 'and')} each have a server named '${group[0]?.server ?? ''}'; they are called ${list(called, 'and')}`,
    hint: 'disable or remove one of the plugins to get the short name back',
  };
}

/** Words as one reads them: `a, b and c`. */
export function list(words: readonly string[], and: 'and' | 'or'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${and} ${words.at(-1)}`;
}
