import {
  consentDigest,
  type FiledReceipt,
  type InstalledPlugin,
  pluginId as idOf,
  type ListedSetting,
  type ListedState,
  type PluginCopy,
  pluginListing,
} from '../../../marketplace/index.ts';
import { capabilitySummary, invalidServers } from '../../../plugins/index.ts';
import { renderPlugin, type ShownPlugin, type ShownReceipt } from '../../render-plugin.ts';
import { missingSettings } from '../../settings/setting-states.ts';
import type { CliCommand } from '../context.ts';
import { allOffers, blockedBy, listCopy, listOne } from '../list-plugins.ts';
import { findCopy, pluginCopies } from '../plugin-copies.ts';
import {
  atPluginDesk,
  findInstalled,
  MARKETPLACE_OPTION,
  PLUGIN_ARGUMENT,
  type PluginDesk,
  parseSelector,
  type Selector,
} from '../plugin-desk.ts';
import { lookAtOffer } from '../plugin-offers.ts';
import { pluginNow } from '../plugin-states.ts';
import { settingsNow } from '../settings/settings-now.ts';

export const pluginShow: CliCommand<ShownPlugin> = {
  name: 'plugin show',
  summary: 'Show all that is known of a plugin: what it runs and contacts, its servers, its receipts',
  examples: ['plugboard plugin show sample@debug', 'plugboard plugin show sample --json'],
  args: [PLUGIN_ARGUMENT],
  options: [MARKETPLACE_OPTION],
  run: (context, input) =>
    atPluginDesk(context, { changes: false }, async (desk) => {
      const selector = parseSelector(input);
      const installed = desk.plugins.installed().plugins;
      const found = findInstalled(installed, selector);
      if (found !== null) return showInstalled(desk, found);
      const copy = findCopy(pluginCopies(desk, installed), selector);
      return copy === null ? showOffer(desk, selector) : showCopy(desk, copy);
    }),
  render: (plugin, { out }) => renderPlugin(plugin, out.isTty ? out.columns : undefined),
  exitCode: () => 0,
};

async function showInstalled(desk: PluginDesk, installed: InstalledPlugin): Promise<ShownPlugin> {
  const { context, plugins } = desk;
  const { pluginId, filed } = installed;
  const offer =
    allOffers(desk).find(({ entry, marketplace }) => idOf(entry.name, marketplace.name) === pluginId) ?? null;
  const listing = listOne(desk, installed, { running: null, offer });
  const [integrity, settingStates] = await Promise.all([plugins.verify(installed), settingsNow(context, pluginId)]);
  const now = await pluginNow(context, pluginId, missingSettings(settingStates ?? []));
  const isSet = ({ key, set }: ListedSetting): boolean | null =>
    settingStates === null ? set : (settingStates.find((state) => state.key === key)?.set ?? null);
  const tampered: ListedState | null =
    integrity.kind === 'tampered' && listing.state.kind !== 'missing'
      ? { kind: 'blocked', reason: 'tampered', detail: integrity.path }
      : null;
  return {
    schemaVersion: 1,
    ...listing,
    settings: listing.settings?.map((setting) => ({ ...setting, set: isSet(setting) })) ?? null,
    settingStates,
    state: tampered ?? listing.state,
    consent: filed.receipt.consent,
    servers: now.servers,
    invalidServers: now.servers.filter(({ state }) => state?.kind === 'invalid').map(({ name }) => name),
    receipts: plugins.receipts(pluginId).map(shownReceipt),
    cachedVersions: plugins.cached(pluginId),
    issues: now.issues,
  };
}

/** It is fetched and read as for an installation, and nothing of it stays. */
async function showOffer(desk: PluginDesk, selector: Selector): Promise<ShownPlugin> {
  const offer = lookAtOffer(desk, selector);
  const prepared = await desk.fetching((how) => desk.plugins.prepare(offer, how));
  await prepared.discard();
  const { pluginId, version, plugin, facts, issues } = prepared;
  const listing = pluginListing({
    kind: 'available',
    offer,
    read: { version, facts, capabilitySummary: capabilitySummary(plugin, pluginId) },
    blockedBy: blockedBy(desk, offer.marketplace.name),
  });
  return {
    schemaVersion: 1,
    ...listing,
    settingStates: null,
    consent: { digest: consentDigest(facts), facts },
    servers: [],
    invalidServers: invalidServers(plugin),
    receipts: desk.plugins.receipts(pluginId).map(shownReceipt),
    cachedVersions: [],
    issues,
  };
}

/** One in the cache that nobody agreed to: what would be asked, and what became of its servers. */
async function showCopy(desk: PluginDesk, copy: PluginCopy): Promise<ShownPlugin> {
  const { context, plugins } = desk;
  const { pluginId } = copy;
  const prepared = await plugins.prepareCached(pluginId, copy.version);
  await prepared.discard();
  const { version, plugin, facts } = prepared;
  const now = await pluginNow(context, pluginId);
  const read = { version, facts, capabilitySummary: capabilitySummary(plugin, pluginId) };
  return {
    schemaVersion: 1,
    ...listCopy(desk, copy, read),
    settingStates: null,
    consent: { digest: consentDigest(facts), facts },
    servers: now.servers,
    invalidServers: invalidServers(plugin),
    receipts: plugins.receipts(pluginId).map(shownReceipt),
    cachedVersions: plugins.cached(pluginId),
    issues: now.issues,
  };
}

function shownReceipt({ receipt, file, digest }: FiledReceipt): ShownReceipt {
  const { action, outcome, at, by, version, previousVersion, revision, contentSha256, consent, errors } = receipt;
  return {
    ...{ file, digest, action, outcome, at, by, version, previousVersion, revision, contentSha256 },
    consentDigest: consent?.digest ?? null,
    errors,
  };
}
