import { type Issue, renderIssue } from '../../../kernel/index.ts';
import {
  consentDigest,
  type FiledReceipt,
  type InstalledPlugin,
  type ListedState,
  pluginListing,
} from '../../../marketplace/index.ts';
import { capabilitySummary } from '../../../plugins/index.ts';
import type { Input } from '../../command.ts';
import {
  type ListedMarketplaces,
  type ListedPlugins,
  renderMarketplaces,
  renderPlugin,
  renderPlugins,
  type ShownPlugin,
  type ShownReceipt,
} from '../../render-plugin.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { noSuchMarketplace } from '../known-marketplaces.ts';
import {
  allOffers,
  blockedBy,
  listAvailable,
  listInstalled,
  listMarketplaces,
  listOne,
  namedOnly,
} from '../list-plugins.ts';
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
import { pluginNow, statusOfRunning } from '../plugin-states.ts';

export const pluginList: CliCommand<ListedPlugins> = {
  name: 'plugin list',
  summary: 'List plugins: those that are installed, and those that marketplaces offer',
  examples: [
    'plugboard plugin list',
    'plugboard plugin list --marketplace debug',
    'plugboard plugin list --json',
    'plugboard plugin list --available --json',
  ],
  args: [],
  options: [
    { ...MARKETPLACE_OPTION, help: 'only the plugins of this marketplace' },
    { name: 'available', help: 'with --json: also those that are not installed' },
  ],
  run: (context, input) => atPluginDesk(context, { changes: false }, (desk) => listPlugins(desk, input)),
  render: (report, { out }) => renderPlugins(report, out.isTty ? out.columns : undefined),
  exitCode: () => 0,
};

async function listPlugins(all: PluginDesk, input: Input): Promise<ListedPlugins> {
  const { context } = all;
  const { plugins, issues } = all.plugins.installed();
  const { marketplace } = input.values;
  const desk = marketplace === undefined ? all : narrowed(all, marketplace, plugins);
  const installed = plugins.filter(
    ({ marketplaceName }) => marketplace === undefined || marketplaceName === marketplace,
  );
  const running = installed.length === 0 ? null : await statusOfRunning(context);
  const { json } = context.globals;
  const report: ListedPlugins = {
    schemaVersion: 1,
    installed: listInstalled(desk, installed, running),
    available: input.flags.has('available') || !json ? listAvailable(desk, installed, { inside: json }) : [],
    marketplaces: listMarketplaces(desk),
    issues: [...desk.known.issues, ...issues, ...namedOnly(all, plugins)],
  };
  sayIssues(context, report.issues);
  return report;
}

/** @throws AppError `MARKETPLACE_NOT_FOUND` for a name that neither a marketplace nor an installed plugin has */
function narrowed(desk: PluginDesk, name: string, installed: readonly InstalledPlugin[]): PluginDesk {
  const all = desk.known.all.filter((one) => one.name === name);
  if (all.length === 0 && !installed.some(({ marketplaceName }) => marketplaceName === name))
    throw noSuchMarketplace(
      name,
      desk.known.all.map((one) => one.name),
    );
  return { ...desk, known: { all, issues: desk.known.issues } };
}

export const marketplaceList: CliCommand<ListedMarketplaces> = {
  name: 'plugin marketplace list',
  summary: 'List the marketplaces that count: those that were added, your own and that of the repository',
  args: [],
  options: [],
  run: (context) =>
    atPluginDesk(context, { changes: false }, async (desk) => {
      sayIssues(context, desk.known.issues);
      return { schemaVersion: 1, marketplaces: listMarketplaces(desk), issues: desk.known.issues };
    }),
  render: (report, { out }) => renderMarketplaces(report, out.isTty ? out.columns : undefined),
  exitCode: () => 0,
};

/** `--json` has them in its report. */
function sayIssues({ err, globals }: CliContext, issues: readonly Issue[]): void {
  if (!globals.json) for (const issue of issues) err.write(`plugboard: ${renderIssue(issue)}\n`);
}

export const pluginShow: CliCommand<ShownPlugin> = {
  name: 'plugin show',
  summary: 'Show all that is known of a plugin: what it runs and contacts, its servers, its receipts',
  examples: ['plugboard plugin show sample@debug', 'plugboard plugin show sample --json'],
  args: [PLUGIN_ARGUMENT],
  options: [MARKETPLACE_OPTION],
  run: (context, input) =>
    atPluginDesk(context, { changes: false }, async (desk) => {
      const selector = parseSelector(input);
      const found = findInstalled(desk.plugins.installed().plugins, selector);
      return found === null ? showOffer(desk, selector) : showInstalled(desk, found);
    }),
  render: renderPlugin,
  exitCode: () => 0,
};

async function showInstalled(desk: PluginDesk, installed: InstalledPlugin): Promise<ShownPlugin> {
  const { context, plugins } = desk;
  const { pluginId, filed } = installed;
  const offer =
    allOffers(desk).find(({ entry, marketplace }) => `${entry.name}@${marketplace.name}` === pluginId) ?? null;
  const listing = listOne(desk, installed, { running: null, offer });
  const [integrity, now] = await Promise.all([plugins.verify(installed), pluginNow(context, pluginId)]);
  const tampered: ListedState | null =
    integrity.kind === 'tampered' && listing.state.kind !== 'missing'
      ? { kind: 'blocked', reason: 'tampered', detail: integrity.path }
      : null;
  return {
    schemaVersion: 1,
    ...listing,
    state: tampered ?? listing.state,
    consent: filed.receipt.consent,
    servers: now.servers,
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
    consent: { digest: consentDigest(facts), facts },
    servers: [],
    receipts: desk.plugins.receipts(pluginId).map(shownReceipt),
    cachedVersions: [],
    issues,
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
