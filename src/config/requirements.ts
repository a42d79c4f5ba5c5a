import { isAbsolute } from 'node:path';
import { parseGitUrl } from './git-url.ts';
import {
  damaged,
  type Identity,
  identityAllows,
  parseIdentities,
  type RequirementsOwner,
  refuseOthers,
  type Where,
  wholePattern,
} from './identity.ts';
import { type Located, type LocatedTable, renderKey } from './located.ts';
import type { AllowedSource, MarketplaceRequirements } from './marketplace-requirements.ts';
import { parseLayer } from './parse.ts';
import { parsePluginId } from './plugin-id.ts';
import * as read from './read.ts';
import type { HttpTransport, StdioTransport } from './types.ts';

/** One requirements file. */
export type Requirements = {
  readonly file: string;
  /** The servers of config.toml that may run; null when the file leaves them open. */
  readonly servers: ReadonlyMap<string, Identity> | null;
  /** The plugins it lists, by id: these may be installed by default, from marketplaces that a file vouches for. */
  readonly plugins: ReadonlyMap<string, ReadonlyMap<string, Identity>>;
  /** The marketplaces that may be used; null when the file leaves them open. */
  readonly marketplaces: MarketplaceRequirements | null;
  /** True for `features.plugins = false`: no plugin may be used. */
  readonly pluginsOff: boolean;
};

/**
 * Reads a requirements file.
 *
 * @throws AppError `CONFIG_SYSTEM_DAMAGED` when it is not TOML, or asks for what cannot be enforced: to run without a
 *   limit that an administrator has set is worse than not to run.
 */
export function parseRequirements(text: string, file: string, owner: RequirementsOwner): Requirements {
  const layer = parseLayer(text, file, 'system');
  const [broken] = layer.issues;
  if (broken !== undefined) {
    const place = { layer: 'system', file, line: broken.line ?? null, column: broken.column ?? null } as const;
    throw damaged(place, broken.message);
  }
  const { entries } = layer.table;
  for (const [key, value] of entries) checkTopKey(key, value, owner);
  const [servers, plugins, marketplaces] = ['mcp_servers', 'plugins', 'marketplaces'].map((key) => entries.get(key));
  return {
    file,
    servers: servers === undefined ? null : parseIdentities(servers, { key: 'mcp_servers', owner }),
    plugins: plugins === undefined ? new Map() : parsePlugins(plugins, owner),
    marketplaces: marketplaces === undefined ? null : parseMarketplaces(marketplaces, { key: 'marketplaces', owner }),
    pluginsOff: parsePluginsOff(entries.get('features')),
  };
}

/** The file that keeps a server of config.toml from running, or null when all allow it. */
export function requirementFor(
  requirements: readonly Requirements[],
  name: string,
  transport: StdioTransport | HttpTransport | null,
): string | null {
  const against = requirements.find(({ servers }) => {
    if (servers === null) return false;
    const identity = servers.get(name);
    return identity === undefined || transport === null || !identityAllows(identity, transport, 'config');
  });
  return against?.file ?? null;
}

/**
 * The file that keeps a server of a plugin from running, or null when all allow it. A file that says of one server of a
 * plugin what it must be leaves no others.
 *
 * @param spellings The transport in every way it may be written; one that is allowed is enough.
 */
export function pluginServerRequirementFor(
  requirements: readonly Requirements[],
  { pluginId, server }: { readonly pluginId: string; readonly server: string },
  spellings: readonly (StdioTransport | HttpTransport)[],
): string | null {
  const against = requirements.find(({ plugins }) => {
    if ([...plugins.values()].every((servers) => servers.size === 0)) return false;
    const identity = plugins.get(pluginId)?.get(server);
    return identity === undefined || !spellings.some((transport) => identityAllows(identity, transport, 'plugin'));
  });
  return against?.file ?? null;
}

/** The file that turns plugins off, or null when none does. */
export function pluginsRequirementFor(requirements: readonly Requirements[]): string | null {
  return requirements.find(({ pluginsOff }) => pluginsOff)?.file ?? null;
}

/**
 * True for a plugin that a requirements file names: it may be installed and enabled without being asked for, if its
 * marketplace is vouched for. @see isVouchedMarketplace
 */
export function isListedPlugin(requirements: readonly Requirements[], pluginId: string): boolean {
  return requirements.some(({ plugins }) => plugins.has(pluginId));
}

function checkTopKey(key: string, value: Located, owner: RequirementsOwner): void {
  if (['mcp_servers', 'plugins', 'marketplaces'].includes(key)) return;
  if (key === 'features') {
    const others = value.kind === 'table' ? [...value.entries.keys()].filter((name) => name !== 'plugins') : [key];
    if (owner === 'codex' || others.length === 0) return;
    throw damaged(value.origin, 'this version can enforce nothing under features but features.plugins');
  }
  // A newer Codex may bind MCP servers in ways that are not known here; its model and sandbox are its own business.
  if (owner === 'codex' && !key.startsWith('mcp')) return;
  throw damaged(value.origin, `this version cannot enforce ${renderKey([key])}`);
}

function parsePluginsOff(features: Located | undefined): boolean {
  const flag = features?.kind === 'table' ? features.entries.get('plugins') : undefined;
  if (flag === undefined) return false;
  if (flag.kind === 'scalar' && typeof flag.value === 'boolean') return !flag.value;
  throw damaged(flag.at, 'features.plugins must be true or false');
}

function parsePlugins(node: Located, owner: RequirementsOwner): Requirements['plugins'] {
  if (node.kind !== 'table') throw damaged(node.at, 'plugins must be a table');
  return new Map(
    [...node.entries].map(([pluginId, plugin]) => {
      const key = renderKey(['plugins', pluginId]);
      if (plugin.kind !== 'table') throw damaged(plugin.at, `${key} must be a table`);
      if (owner === 'plugboard' && parsePluginId(pluginId) === null)
        throw damaged(plugin.origin, `${key} is not the id of a plugin, NAME@MARKETPLACE`);
      refuseOthers(plugin, ['mcp_servers'], { key, owner });
      const servers = plugin.entries.get('mcp_servers');
      const where = { key: `${key}.mcp_servers`, owner };
      return [pluginId, servers === undefined ? new Map() : parseIdentities(servers, where)] as const;
    }),
  );
}

function parseMarketplaces(node: Located, { key, owner }: Where): MarketplaceRequirements {
  if (node.kind !== 'table') throw damaged(node.at, `${key} must be a table`);
  refuseOthers(node, ['restrict_to_allowed_sources', 'allowed_sources'], { key, owner });
  const restrict = node.entries.get('restrict_to_allowed_sources');
  if (restrict !== undefined && read.boolean(node, 'restrict_to_allowed_sources') === undefined)
    throw damaged(restrict.at, `${key}.restrict_to_allowed_sources must be true or false`);
  const allowed = node.entries.get('allowed_sources');
  if (allowed !== undefined && allowed.kind !== 'table')
    throw damaged(allowed.at, `${key}.allowed_sources must be a table`);
  return {
    restrict: read.boolean(node, 'restrict_to_allowed_sources') ?? false,
    allowed: [...(allowed?.entries ?? [])].map(([name, source]) =>
      parseSource(source, { key: `${key}.allowed_sources.${renderKey([name])}`, owner }),
    ),
  };
}

function parseSource(node: Located, { key, owner }: Where): AllowedSource {
  if (node.kind !== 'table') throw damaged(node.at, `${key} must be a table`);
  const source = read.text(node, 'source');
  const needed = (name: string): string => {
    const text = read.text(node, name);
    if (text === undefined) throw damaged(node.origin, `${key} needs \`${name}\`, a string`);
    return text;
  };
  switch (source) {
    case 'git':
      refuseOthers(node, ['source', 'url', 'ref'], { key, owner });
      return {
        source,
        url: gitUrl(needed('url'), node, { key, owner }),
        ref: node.entries.has('ref') ? needed('ref') : null,
      };
    case 'host_pattern':
      refuseOthers(node, ['source', 'host_pattern'], { key, owner });
      return { source, pattern: wholePattern(needed('host_pattern'), node.origin, `${key}.host_pattern`) };
    case 'local': {
      refuseOthers(node, ['source', 'path'], { key, owner });
      const path = needed('path');
      if (!isAbsolute(path)) throw damaged(node.origin, `${key}.path must be absolute`);
      return { source, path };
    }
    default:
      throw damaged(node.origin, `${key}.source must be one of "git", "host_pattern", "local"`);
  }
}

/** An address that git would not get matches nothing: in a file of ours that is a mistake. */
function gitUrl(url: string, { origin }: LocatedTable, { key, owner }: Where): string {
  const parsed = parseGitUrl(url);
  if (owner === 'plugboard' && parsed.kind === 'refused') throw damaged(origin, `${key}.url ${parsed.reason}`);
  return url;
}
