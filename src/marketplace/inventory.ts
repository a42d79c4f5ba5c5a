import type { PluginSettings } from '../config/index.ts';
import type { Issue } from '../kernel/index.ts';
import type { CapabilitySummary } from '../plugins/index.ts';
import { pluginId } from './manifest.ts';
import { sourceJson } from './source.ts';
import type { MarketplacePlace, Offer } from './store.ts';
import type {
  AuthPolicy,
  ConsentFacts,
  ConsentServer,
  InstalledPlugin,
  InstallPolicy,
  Marketplace,
  MarketplaceKind,
  MarketplaceSourceJson,
  PluginSource,
} from './types.ts';

/** What a plugin is right now. */
export type ListedState =
  | { readonly kind: 'not_installed' }
  | { readonly kind: 'enabled' }
  /** `where` is `file:line` of the key that says so, or `-c`. */
  | { readonly kind: 'disabled'; readonly where: string }
  /** A receipt says that it is installed, and its files are gone or cannot be read. */
  | { readonly kind: 'missing' }
  /** `detail` is the requirements file, or the path that was changed; null for a missing consent. */
  | {
      readonly kind: 'blocked';
      readonly reason: 'requirements' | 'tampered' | 'consent';
      readonly detail: string | null;
    };

/** What could be read of a plugin that is offered. */
export type OfferedPlugin = {
  readonly version: string | null;
  readonly facts: ConsentFacts;
  readonly capabilitySummary: CapabilitySummary;
};

/** A plugin in the cache that no receipt is about. `root` is its newest version there. */
export type PluginCopy = Pick<InstalledPlugin, 'pluginId' | 'name' | 'marketplaceName' | 'version' | 'root'>;

/** One plugin to be listed. `read` is null when it was not fetched, or cannot be read. */
export type Listed =
  | {
      readonly kind: 'available';
      readonly offer: Offer;
      readonly read: OfferedPlugin | null;
      readonly blockedBy: string | null;
    }
  | {
      readonly kind: 'installed';
      readonly installed: InstalledPlugin;
      /** null when its marketplace is gone, or does not offer it any more. */
      readonly offer: Offer | null;
      readonly enabled: boolean;
      readonly state: ListedState;
      readonly policies: PluginSettings | null;
    }
  | {
      readonly kind: 'copy';
      readonly copy: PluginCopy;
      readonly read: OfferedPlugin | null;
      readonly enabled: boolean;
      readonly state: ListedState;
      readonly policies: PluginSettings | null;
    };

/** One setting that a plugin declares. `set` is null where only the secret store knows, which is not opened for a list. */
export type ListedSetting = ConsentFacts['settings'][number] & { readonly set: boolean | null };

/** What the user laid over one server of a plugin. null: as the plugin says. */
export type ListedPolicy = {
  readonly server: string;
  readonly enabled: boolean | null;
  readonly enabledTools: readonly string[] | null;
  readonly disabledTools: readonly string[];
  readonly widen: boolean;
};

/**
 * One plugin in `plugin list --json`: the names of Codex first, in its order, then ours. What is not known of a plugin that
 * was not fetched is null, which is not the same as an empty list.
 */
export type PluginListing = {
  readonly pluginId: string;
  readonly name: string;
  readonly marketplaceName: string;
  readonly version: string | null;
  readonly installed: boolean;
  readonly enabled: boolean;
  readonly source: PluginSource;
  readonly marketplaceSource: MarketplaceSourceJson;
  readonly installPolicy: InstallPolicy;
  readonly authPolicy: AuthPolicy;
  /** `EVENT [MATCHER] COMMAND`, with the SHA-256 of scripts in the bundle. Plugboard runs none. */
  readonly hooks: readonly string[] | null;
  readonly mcpServers: readonly ConsentServer[] | null;
  readonly settings: readonly ListedSetting[] | null;
  readonly skills: readonly string[] | null;
  readonly commands: readonly string[] | null;
  readonly agents: readonly string[] | null;
  readonly apps: readonly string[] | null;
  readonly policies: readonly ListedPolicy[];
  readonly state: ListedState;
  readonly revision: string | null;
  readonly installedPath: string | null;
  readonly receipt: { readonly file: string; readonly digest: string } | null;
  readonly capabilitySummary: CapabilitySummary | null;
};

/** One plugin for `plugin list --json`. Of an installed one the receipt says what is in it. */
export function pluginListing(listed: Listed): PluginListing {
  switch (listed.kind) {
    case 'available':
      return availableListing(listed);
    case 'installed':
      return installedListing(listed);
    case 'copy':
      return copyListing(listed);
    default:
      return listed satisfies never;
  }
}

function availableListing({ offer, read, blockedBy }: Extract<Listed, { readonly kind: 'available' }>): PluginListing {
  const { marketplace, entry } = offer;
  return {
    pluginId: pluginId(entry.name, marketplace.name),
    name: entry.name,
    marketplaceName: marketplace.name,
    version: read === null ? entry.facts.version : read.version,
    installed: false,
    enabled: false,
    source: entry.source,
    marketplaceSource: sourceJson(marketplace.source),
    installPolicy: entry.installPolicy,
    authPolicy: entry.authPolicy,
    ...partsOf(read?.facts ?? null, null),
    policies: [],
    state:
      blockedBy === null ? { kind: 'not_installed' } : { kind: 'blocked', reason: 'requirements', detail: blockedBy },
    // A repository or package of its own has another revision, which only fetching tells.
    revision: entry.source.source === 'local' ? marketplace.revision : null,
    installedPath: null,
    receipt: null,
    capabilitySummary: read?.capabilitySummary ?? null,
  };
}

function installedListing(listed: Extract<Listed, { readonly kind: 'installed' }>): PluginListing {
  const { installed, offer, enabled, state, policies } = listed;
  const { receipt, file, digest } = installed.filed;
  return {
    pluginId: installed.pluginId,
    name: installed.name,
    marketplaceName: installed.marketplaceName,
    version: installed.version,
    installed: true,
    enabled,
    source: offer?.entry.source ?? receipt.source,
    marketplaceSource: offer === null ? receipt.marketplaceSource : sourceJson(offer.marketplace.source),
    installPolicy: offer?.entry.installPolicy ?? receipt.installPolicy,
    authPolicy: offer?.entry.authPolicy ?? receipt.authPolicy,
    ...partsOf(receipt.consent?.facts ?? null, listed),
    policies: policiesOf(policies),
    state,
    revision: receipt.revision,
    installedPath: installed.root,
    receipt: { file, digest },
    capabilitySummary: receipt.capabilitySummary,
  };
}

/** Where it came from is not known: it is where it lies. */
function copyListing(listed: Extract<Listed, { readonly kind: 'copy' }>): PluginListing {
  const { copy, read, enabled, state, policies } = listed;
  const { root, ...id } = copy;
  return {
    ...id,
    ...{ installed: true, enabled },
    source: { source: 'local', path: root },
    marketplaceSource: { sourceType: 'local', source: root },
    ...{ installPolicy: 'AVAILABLE', authPolicy: 'ON_INSTALL' },
    ...partsOf(read?.facts ?? null, listed),
    policies: policiesOf(policies),
    ...{ state, revision: null, installedPath: root, receipt: null },
    capabilitySummary: read?.capabilitySummary ?? null,
  };
}

type Parts = Pick<PluginListing, 'hooks' | 'mcpServers' | 'settings' | 'skills' | 'commands' | 'agents' | 'apps'>;

/** `installed`: what is known of its values; null for a plugin that is not installed, of which none counts. */
function partsOf(facts: ConsentFacts | null, installed: Exclude<Listed, { readonly kind: 'available' }> | null): Parts {
  const isSet = ({ key, sensitive }: ConsentFacts['settings'][number]): boolean | null => {
    if (installed === null) return false;
    return sensitive ? null : (installed.policies?.values.has(key) ?? false);
  };
  return {
    hooks: facts?.hooks ?? null,
    mcpServers: facts?.servers ?? null,
    settings: facts?.settings.map((setting) => ({ ...setting, set: isSet(setting) })) ?? null,
    skills: facts?.skills ?? null,
    commands: facts?.commands ?? null,
    agents: facts?.agents ?? null,
    apps: facts?.apps ?? null,
  };
}

function policiesOf(settings: PluginSettings | null): readonly ListedPolicy[] {
  return [...(settings?.servers.values() ?? [])].map(({ server, enabled, enabledTools, disabledTools, widen }) => ({
    ...{ server, enabled, enabledTools, disabledTools, widen },
  }));
}

/** One marketplace in `plugin marketplace list --json`: the names of Codex first, in its order, then ours. */
export type MarketplaceListing = {
  readonly name: string;
  readonly root: string;
  readonly marketplaceSource: MarketplaceSourceJson;
  readonly kind: MarketplaceKind;
  readonly ref: string | null;
  readonly revision: string | null;
  readonly displayName: string | null;
  /** null when it cannot be read. */
  readonly pluginCount: number | null;
  /** The requirements file that does not allow it. */
  readonly blockedBy: string | null;
  readonly issues: readonly Issue[];
};

/** One marketplace for `plugin marketplace list --json`. */
export function marketplaceListing(marketplace: Marketplace, blockedBy: string | null): MarketplaceListing {
  const { name, root, source, kind, revision, displayName, entries, issues } = marketplace;
  return {
    ...{ name, root, marketplaceSource: sourceJson(source), kind, ref: refOf(source), revision, displayName },
    ...{ pluginCount: entries.length, blockedBy, issues },
  };
}

/** A marketplace that cannot be read; `issues` says why. `root` is where it should be. */
export function unreadableListing(
  { name, kind, source }: MarketplacePlace,
  root: string,
  { blockedBy, issues }: Pick<MarketplaceListing, 'blockedBy' | 'issues'>,
): MarketplaceListing {
  return {
    ...{ name, root, marketplaceSource: sourceJson(source), kind, ref: refOf(source), revision: null },
    ...{ displayName: null, pluginCount: null, blockedBy, issues },
  };
}

function refOf(source: Marketplace['source']): string | null {
  return source.kind === 'git' ? source.ref : null;
}
