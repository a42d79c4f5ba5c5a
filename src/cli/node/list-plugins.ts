import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostStatus } from '../../api/index.ts';
import { marketplaceRequirementFor, pluginsRequirementFor } from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import {
  type InstalledPlugin,
  pluginId as idOf,
  type ListedState,
  type MarketplaceListing,
  marketplaceListing,
  type Offer,
  type OfferedPlugin,
  type PluginCopy,
  type PluginListing,
  pluginListing,
  unreadableListing,
} from '../../marketplace/index.ts';
import type { Bundle } from '../../plugins/index.ts';
import { openBundle, rememberingBundle } from '../../plugins/node/index.ts';
import { issueOf } from './known-marketplaces.ts';
import type { PluginDesk } from './plugin-desk.ts';
import { isEnabled, whereEnabled } from './plugin-switch.ts';
import { readOffer } from './read-offer.ts';

/** Every installed plugin: in the order of the marketplaces, then those that none of them offers any more. */
export function listInstalled(
  desk: PluginDesk,
  installed: readonly InstalledPlugin[],
  running: HostStatus | null,
): readonly PluginListing[] {
  const offers = new Map(allOffers(desk).map((offer) => [idOf(offer.entry.name, offer.marketplace.name), offer]));
  const rank = new Map([...offers.keys()].map((id, index) => [id, index]));
  const last = offers.size;
  return installed
    .toSorted((a, b) => (rank.get(a.pluginId) ?? last) - (rank.get(b.pluginId) ?? last))
    .map((plugin) => listOne(desk, plugin, { running, offer: offers.get(plugin.pluginId) ?? null }));
}

/** One installed plugin as it is, as far as that is known without reading its files. */
export function listOne(
  desk: PluginDesk,
  installed: InstalledPlugin,
  { running, offer }: { readonly running: HostStatus | null; readonly offer: Offer | null },
): PluginListing {
  const { config } = desk.loaded;
  const { pluginId } = installed;
  return pluginListing({
    kind: 'installed',
    installed,
    offer,
    enabled: isEnabled(config, pluginId),
    state: stateOf(desk, installed, running),
    policies: config.plugins.get(pluginId) ?? null,
  });
}

/**
 * Every plugin that is offered and not installed, in the order of the marketplaces.
 *
 * @param how `inside`: also what is in those that need not be fetched.
 */
export function listAvailable(
  desk: PluginDesk,
  installed: readonly Pick<InstalledPlugin, 'pluginId'>[],
  how: { readonly inside: boolean },
): readonly PluginListing[] {
  const ids = new Set(installed.map(({ pluginId }) => pluginId));
  const offers = allOffers(desk).filter(({ marketplace, entry }) => !ids.has(idOf(entry.name, marketplace.name)));
  const open = openerFor(offers);
  return offers.map((offer) =>
    pluginListing({
      kind: 'available',
      offer,
      read: how.inside ? readOffer(desk.context.home, offer, open) : null,
      blockedBy: blockedBy(desk, offer.marketplace.name),
    }),
  );
}

/** Any number of entries may stand for one folder: it is read once. */
function openerFor(offers: readonly Offer[]): (folder: string) => Bundle {
  const folders = offers.flatMap(({ entry: { source } }) => (source.source === 'local' ? [source.path] : []));
  const [once, shared] = [new Set<string>(), new Map<string, Bundle>()];
  for (const folder of folders) {
    if (once.has(folder) && !shared.has(folder)) shared.set(folder, rememberingBundle(openBundle(folder)));
    once.add(folder);
  }
  return (folder) => shared.get(folder) ?? openBundle(folder);
}

export function allOffers({ known }: PluginDesk): readonly Offer[] {
  return known.all.flatMap(({ marketplace }) =>
    marketplace === null ? [] : marketplace.entries.map((entry) => ({ marketplace, entry })),
  );
}

/** The requirements file that keeps plugins of a marketplace from being installed. */
export function blockedBy({ known, loaded }: PluginDesk, marketplace: string): string | null {
  const refusal = known.all.find(({ name }) => name === marketplace)?.refusal ?? null;
  return pluginsRequirementFor(loaded.requirements) ?? refusal?.where ?? null;
}

/** The files are glanced at only: `plugin show`, `doctor` and each start read what is in them. */
function stateOf({ loaded, plugins }: PluginDesk, installed: InstalledPlugin, running: HostStatus | null): ListedState {
  const { config, requirements } = loaded;
  const { pluginId, root, filed, marketplaceName } = installed;
  const { sourceType, source } = filed.receipt.marketplaceSource;
  const ref = config.marketplaces.get(marketplaceName)?.ref ?? null;
  const file =
    pluginsRequirementFor(requirements) ?? marketplaceRequirementFor(requirements, { sourceType, source, ref });
  if (file !== null) return { kind: 'blocked', reason: 'requirements', detail: file };
  if (!existsSync(root)) return { kind: 'missing' };
  const differs = plugins.glance(installed);
  if (differs !== null) return { kind: 'blocked', reason: 'tampered', detail: differs };
  if (!isEnabled(config, pluginId)) return { kind: 'disabled', where: whereEnabled(config, pluginId) ?? 'built-in' };
  return blockedNow(running, pluginId) ?? { kind: 'enabled' };
}

/** What the running host found when it last looked at the files. */
function blockedNow(running: HostStatus | null, id: string): ListedState | null {
  for (const { plugin, state } of running?.servers ?? []) {
    if (plugin !== id || state?.kind !== 'blocked') continue;
    if (state.reason === 'tampered') return { kind: 'blocked', reason: 'tampered', detail: state.detail };
    if (state.reason === 'consent') return { kind: 'blocked', reason: 'consent', detail: null };
  }
  return null;
}

/** A plugin in the cache that nobody agreed to here. `read`: what is in it, where that was looked at. */
export function listCopy({ loaded }: PluginDesk, copy: PluginCopy, read: OfferedPlugin | null = null): PluginListing {
  const { config, requirements } = loaded;
  const { pluginId } = copy;
  const enabled = isEnabled(config, pluginId);
  const file = pluginsRequirementFor(requirements);
  const state = (): ListedState => {
    if (file !== null) return { kind: 'blocked', reason: 'requirements', detail: file };
    if (!enabled) return { kind: 'disabled', where: whereEnabled(config, pluginId) ?? 'built-in' };
    return { kind: 'blocked', reason: 'consent', detail: null };
  };
  return pluginListing({
    ...{ kind: 'copy', copy, read, enabled, state: state() },
    policies: config.plugins.get(pluginId) ?? null,
  });
}

/** Plugins that the configuration turns on, and that nobody has installed here. */
export function namedOnly(
  { loaded }: PluginDesk,
  installed: readonly InstalledPlugin[],
  copies: readonly PluginCopy[],
): readonly Issue[] {
  const ids = new Set(installed.map(({ pluginId }) => pluginId));
  const versions = new Map(copies.map(({ pluginId, version }) => [pluginId, version]));
  return [...loaded.config.plugins.values()].flatMap(({ pluginId, enabled, enabledOrigin }): readonly Issue[] => {
    if (enabled !== true || ids.has(pluginId)) return [];
    const { file, line, column } = enabledOrigin;
    return [
      {
        code: 'PLUGIN_NOT_FOUND',
        severity: 'warning',
        ...whatIsMissing(pluginId, versions.get(pluginId) ?? null),
        plugin: pluginId,
        ...(file === null ? {} : { file }),
        ...(line === null ? {} : { line }),
        ...(column === null ? {} : { column }),
      },
    ];
  });
}

function whatIsMissing(pluginId: string, version: string | null): Required<Pick<Issue, 'message' | 'hint'>> {
  const add = `run: plugboard plugin add ${pluginId}`;
  return version === null
    ? { message: `'${pluginId}' is enabled here, and not installed`, hint: add }
    : { message: `nobody has agreed to '${pluginId}' ${version} here`, hint: `${add} --version ${version}` };
}

/** Every marketplace, those that cannot be read too. */
export function listMarketplaces({ context, known }: PluginDesk): readonly MarketplaceListing[] {
  return known.all.map(({ place, marketplace, failure, refusal }) => {
    const blocked = refusal?.where ?? null;
    if (marketplace !== null) return marketplaceListing(marketplace, blocked);
    const { source, name } = place;
    const root = source.kind === 'local' ? source.path : join(context.home, 'marketplaces', name);
    return unreadableListing(place, root, { blockedBy: blocked, issues: failure === null ? [] : [issueOf(failure)] });
  });
}
