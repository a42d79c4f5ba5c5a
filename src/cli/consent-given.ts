import { type KeyPath, type LocatedTable, read, renderKey, scanReferences } from '../config/index.ts';
import { commandLine, printableLine } from '../kernel/index.ts';
import type { MarketplaceSourceJson } from '../marketplace/index.ts';

/** What an entry of the user gives to one server of a plugin. */
export type LaidGift = {
  /** What the plugin calls the server. */
  readonly server: string;
  /** The entry: `mcp_servers.github`. */
  readonly key: string;
  /** Whether the entry names the plugin with its marketplace, and not just a server. */
  readonly byId: boolean;
  /** Whether another plugin in use has a server of that name, so that the entry is laid over neither. */
  readonly shared: boolean;
  /** Never empty: `env TOKEN`, `the variable GH_TOKEN`. */
  readonly gifts: readonly string[];
};

/**
 * What a plugin gets beside what it declares, since the user stored it or wrote it down before: names, never values. It is
 * about the user's files, and so is no part of what the receipt says was agreed to.
 */
export type Given = {
  readonly laid: readonly LaidGift[];
  /** Names of secrets that are stored for the plugin; null when the store does not open without asking anybody. */
  readonly stored: readonly string[] | null;
  /** Keys of settings that the configuration gives a value. */
  readonly settings: readonly string[];
  /** Where the last plugin of this id came from, if that was elsewhere: what is there was meant for that one. */
  readonly otherSource: MarketplaceSourceJson | null;
};

/** Whether a plugin would get something that was not meant for it, as far as anybody can tell: then somebody has to agree. */
export function handsOver({ laid, stored, settings, otherSource }: Given): boolean {
  if (laid.some(({ byId }) => !byId)) return true;
  return otherSource !== null && (laid.length > 0 || stored === null || stored.length > 0 || settings.length > 0);
}

/** What of a table is given to the server that it is laid over, and is not only a limit or a habit. */
export function giftsOf(table: LocatedTable): readonly string[] {
  return [...table.entries].flatMap(([key, value]): readonly string[] => {
    const names = value.kind === 'table' ? [...value.entries.keys()] : [];
    const texts = read.texts(value, [key]);
    switch (key) {
      case 'env':
        return names.map((name) => `env ${name}`);
      case 'http_headers':
      case 'env_http_headers':
        return names.map((name) => `the header ${name}`);
      case 'env_vars':
        return texts.filter(({ path }) => path.at(-1) !== 'source').map(({ node }) => `the variable ${node.value}`);
      case 'bearer_token_env_var':
        return texts.map(({ node }) => `the token in ${node.value}`);
      case 'env_file':
      case 'client_key_file':
        return texts.map(() => `the file of ${key}`);
      case 'args':
      case 'http_headers_helper':
        return [key];
      default: {
        const refers = texts.some(({ node }) =>
          scanReferences(node.value, 'canonical').some(({ kind }) => ['env', 'secret', 'provided'].includes(kind)),
        );
        return refers || key === 'url' ? [key] : [];
      }
    }
  });
}

/** The same for a table with its place in the configuration; null when it gives nothing. */
export function giftOf(
  of: { readonly pluginId: string; readonly server: string; readonly shared: boolean },
  { path, table }: { readonly path: KeyPath; readonly table: LocatedTable },
): LaidGift | null {
  const gifts = giftsOf(table);
  if (gifts.length === 0) return null;
  const byId = path[0] === 'plugins' || path[1] === `${of.pluginId}:${of.server}`;
  return { server: of.server, key: renderKey(path), byId, shared: !byId && of.shared, gifts };
}

/** One line for each, for people; empty when it gets nothing. */
export function givenLines(pluginId: string, { laid, stored, settings, otherSource }: Given): readonly string[] {
  const values = [
    ...(stored === null ? [`what is stored for ${pluginId}, if anything is: the secret store does not open here`] : []),
    ...(stored === null || stored.length === 0 ? [] : [`what is stored for ${pluginId}: ${stored.join(', ')}`]),
    ...(settings.length === 0 ? [] : [`what your configuration sets for ${pluginId}: ${settings.join(', ')}`]),
  ].map((text) => `It gets ${text}`);
  const gets = [...laid.map(laidLine), ...values];
  if (gets.length === 0) return [];
  const meant =
    otherSource === null
      ? []
      : [
          `That was meant for the ${pluginId} of another marketplace: ${otherSource.source} (${otherSource.sourceType})`,
        ];
  return [...gets, ...meant].map((line) => printableLine(line.charAt(0).toUpperCase() + line.slice(1)));
}

/** One sentence. */
export function laidLine({ server, key, shared, gifts }: LaidGift): string {
  const gives = shared ? 'would give' : 'gives';
  const when = shared ? ', once no other plugin in use has a server of that name' : '';
  return `your configuration ${gives} its server ${server}: ${gifts.join(', ')} (${key}${when})`;
}

/** Commands that take away what a plugin would get by its id. */
export function takeAwayCommands(pluginId: string, { stored, settings, laid }: Given): readonly string[] {
  const keys = [
    ...(settings.length === 0 ? [] : [renderKey(['plugins', pluginId, 'user_config'])]),
    ...laid.filter(({ byId }) => byId).map(({ key }) => key),
  ];
  return [
    ...(stored ?? []).map((name) => commandLine(['plugboard', 'secret', 'unset', name, '--for', pluginId])),
    ...keys.map((key) => commandLine(['plugboard', 'config', 'unset', key])),
  ];
}
