import { AppError } from '../../../kernel/index.ts';
import type { MarketplacePlace } from '../../../marketplace/index.ts';
import type { Input } from '../../command.ts';
import { exitOfChanges, type PlacedPlugin, type Upgraded, type UpgradedPlugin } from '../../plugin-reports.ts';
import { renderUpgraded, renderUpgradedMarketplaces } from '../../render-plugin-change.ts';
import type { CliCommand } from '../context.ts';
import { noSuchMarketplace, withMarketplace } from '../known-marketplaces.ts';
import {
  atPluginDesk,
  findInstalled,
  idParts,
  MARKETPLACE_OPTION,
  notInstalled,
  PLUGIN_ARGUMENT,
  type PluginDesk,
  parseSelector,
  sayErrors,
} from '../plugin-desk.ts';
import { pluginNow } from '../plugin-states.ts';
import { placeRequired } from '../required-plugins.ts';
import { reloadRunning } from '../running.ts';
import { missingNow } from '../settings/settings-now.ts';
import {
  consentFlags,
  errorOf,
  newTally,
  REQUESTS_OPTION,
  type Tally,
  upgradePlugins,
  YES_OPTION,
} from '../upgrade-plugins.ts';

export const pluginUpgrade: CliCommand<Upgraded> = {
  name: 'plugin upgrade',
  summary: 'Upgrade installed plugins to what their marketplaces offer now',
  examples: ['plugboard plugin upgrade', 'plugboard plugin upgrade sample@debug'],
  args: [{ ...PLUGIN_ARGUMENT, help: `${PLUGIN_ARGUMENT.help} (default: all)`, required: false }],
  options: [MARKETPLACE_OPTION, YES_OPTION, REQUESTS_OPTION],
  run: (context, input) =>
    atPluginDesk(context, { changes: true }, async (desk) => {
      const installed = chosen(desk, input);
      const tally = newTally([...new Set(installed.map(({ marketplaceName }) => marketplaceName))].toSorted());
      const named = input.args['PLUGIN'] !== undefined;
      await upgradePlugins(desk, installed, { tally, options: consentFlags(input), named });
      return finish(desk, tally, notFetched(desk, tally));
    }),
  render: renderUpgraded,
  exitCode: exitOfChanges,
};

/** Those that {@link marketplaceUpgrade} would fetch. */
function notFetched({ known }: PluginDesk, { selectedMarketplaces }: Tally): readonly string[] {
  const git = known.all.filter(({ place }) => place.source.kind === 'git').map(({ name }) => name);
  return git.filter((name) => selectedMarketplaces.includes(name));
}

/** The one that was named, those of a marketplace, or all. */
function chosen({ plugins }: PluginDesk, input: Input): ReturnType<PluginDesk['plugins']['installed']>['plugins'] {
  const installed = plugins.installed().plugins;
  const { marketplace } = input.values;
  if (input.args['PLUGIN'] === undefined)
    return installed.filter(({ marketplaceName }) => marketplace === undefined || marketplaceName === marketplace);
  const selector = parseSelector(input);
  const found = findInstalled(installed, selector);
  if (found === null) throw notInstalled(selector, installed);
  return [found];
}

export const marketplaceUpgrade: CliCommand<Upgraded> = {
  name: 'plugin marketplace upgrade',
  summary: 'Fetch git marketplaces again, and upgrade what was installed from them',
  examples: ['plugboard plugin marketplace upgrade', 'plugboard plugin marketplace upgrade debug'],
  args: [{ name: 'MARKETPLACE', help: 'name of the marketplace (default: all git marketplaces)', required: false }],
  options: [YES_OPTION, REQUESTS_OPTION],
  run: (context, input) => atPluginDesk(context, { changes: true }, (desk) => upgradeMarketplaces(desk, input)),
  render: renderUpgradedMarketplaces,
  exitCode: exitOfChanges,
};

async function upgradeMarketplaces(desk: PluginDesk, input: Input): Promise<Upgraded> {
  const places = gitPlaces(desk, input.args['MARKETPLACE']);
  const tally = newTally(places.map(({ name }) => name));
  const options = consentFlags(input);
  let now = desk;
  for (const place of places) {
    if (tally.stopped) break;
    try {
      now = await fetchAgain(now, place, tally);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      tally.errors.push({ marketplaceName: place.name, pluginId: null, ...errorOf(error) });
      continue;
    }
    const from = now.plugins.installed().plugins.filter(({ marketplaceName }) => marketplaceName === place.name);
    await upgradePlugins(now, from, { tally, options, named: false });
    const marketplace = now.known.all.find(({ name }) => name === place.name)?.marketplace ?? null;
    if (marketplace !== null && !tally.stopped) await placeRequired(now, marketplace, tally);
  }
  return finish(desk, tally, []);
}

/** @throws AppError `MARKETPLACE_NOT_FOUND`, `MARKETPLACE_NOT_GIT` */
function gitPlaces({ known }: PluginDesk, name: string | undefined): readonly MarketplacePlace[] {
  const places = known.all.map(({ place }) => place);
  if (name === undefined) return places.filter(({ kind, source }) => kind === 'configured' && source.kind === 'git');
  const place = places.find((one) => one.name === name);
  if (place === undefined)
    throw noSuchMarketplace(
      name,
      places.map((one) => one.name),
    );
  if (place.source.kind === 'git') return [place];
  throw new AppError('MARKETPLACE_NOT_GIT', `marketplace '${name}' is not configured as a Git marketplace`);
}

/**
 * Puts a new snapshot in place, where the repository has moved on or there is none.
 *
 * @returns The desk with what the marketplace offers now.
 */
async function fetchAgain(desk: PluginDesk, place: MarketplacePlace, tally: Tally): Promise<PluginDesk> {
  const found = desk.known.all.find(({ name }) => name === place.name);
  if (found !== undefined && found.refusal !== null) throw found.refusal;
  const latest = await desk.fetching((how) => desk.marketplaces.latestRevision(place.source, how));
  const current = found?.marketplace ?? null;
  if (current !== null && current.revision === latest) return desk;
  const { source, kind, manifest } = place;
  const prepared = await desk.fetching((how) => desk.marketplaces.prepare({ source, kind, manifest }, how));
  try {
    if (prepared.marketplace.name !== place.name) throw renamed(place.name, prepared.marketplace.name);
    const marketplace = await prepared.commit();
    tally.upgradedRoots.push(marketplace.root);
    return { ...desk, known: withMarketplace(desk.known, marketplace) };
  } finally {
    await prepared.discard();
  }
}

/** Under another name its plugins would be others than those that are installed. */
function renamed(before: string, now: string): AppError {
  return new AppError('MARKETPLACE_INVALID', `marketplace '${before}' calls itself '${now}' now`, {
    hint: `remove '${before}', and add it again under its new name`,
  });
}

async function finish({ context }: PluginDesk, tally: Tally, notFetchedNow: readonly string[]): Promise<Upgraded> {
  if (tally.plugins.some(isChanged)) await reloadRunning(context);
  sayErrors(context, tally.errors);
  const { selectedMarketplaces, upgradedRoots, errors } = tally;
  const plugins: UpgradedPlugin[] = [];
  for (const plugin of tally.plugins) {
    const { pluginId } = plugin;
    const missingSettings = isChanged(plugin) ? await missingNow(context, pluginId) : [];
    const servers = isChanged(plugin) ? (await pluginNow(context, pluginId, missingSettings)).servers : [];
    plugins.push({ ...plugin, servers, missingSettings });
  }
  const skipped = tally.skipped.map(({ pluginId, filed }) => ({
    ...idParts(pluginId),
    marketplaceSource: filed.receipt.marketplaceSource,
  }));
  return { schemaVersion: 1, selectedMarketplaces, upgradedRoots, errors, plugins, skipped, notFetched: notFetchedNow };
}

const isChanged = ({ outcome }: PlacedPlugin): boolean => outcome !== 'unchanged' && outcome !== 'declined';
