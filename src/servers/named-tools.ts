import { type KeyPath, type Origin, renderKey } from '../config/index.ts';
import { type Issue, nearest } from '../kernel/index.ts';
import type { NamedTool, ResolvedServer } from './types.ts';
import { atPlace } from './verdict-parts.ts';

type Lists = {
  readonly enabledTools: readonly string[] | null;
  readonly disabledTools: readonly string[];
  readonly toolNames: readonly string[];
  readonly origin: Origin;
};

/** Every tool that the lists and tables under `path` name. */
export function namedToolsOf(path: KeyPath, lists: Lists): readonly NamedTool[] {
  const { origin } = lists;
  const listed = (key: string, tools: readonly string[]): readonly NamedTool[] =>
    tools.map((tool) => ({ tool, key: renderKey([...path, key]), origin }));
  return [
    ...listed('enabled_tools', lists.enabledTools ?? []),
    ...listed('disabled_tools', lists.disabledTools),
    ...lists.toolNames.map((tool) => ({ tool, key: renderKey([...path, 'tools', tool]), origin })),
  ];
}

/**
 * One warning for each tool that is named somewhere and that the server does not offer.
 *
 * @param offered Raw names of all its tools, hidden ones included.
 */
export function unknownTools(server: ResolvedServer, offered: readonly string[]): readonly Issue[] {
  return server.namedTools.flatMap(({ tool, key, origin }) => {
    if (offered.includes(tool)) return [];
    const near = nearest(tool, offered);
    return {
      code: 'PLUGIN_POLICY_UNKNOWN',
      severity: 'warning',
      message: `${key} names the tool '${tool}', and ${server.name} offers none of that name`,
      hint: near === null ? `see: plugboard tools list --server ${server.name}` : `did you mean '${near}'?`,
      ...atPlace(origin),
      key,
      server: server.name,
      ...(server.owner === null ? {} : { plugin: server.owner.pluginId }),
    } as const;
  });
}
