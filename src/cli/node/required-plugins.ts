import { isListedPlugin, isVouchedMarketplace } from '../../config/index.ts';
import { AppError } from '../../kernel/index.ts';
import { type Marketplace, pluginId, sourceIdentity } from '../../marketplace/index.ts';
import type { PluginDesk } from './plugin-desk.ts';
import { switchPlugin } from './plugin-switch.ts';
import { noteFailure, placeOffer, type Tally } from './upgrade-plugins.ts';

/**
 * Installs what a marketplace wants installed by default, as far as a requirements file of this machine lists it and one
 * says that marketplaces from this source may be used: what a marketplace wants is no reason by itself, nor is its name.
 *
 * @returns Ids of the others that are not installed: they are only offered. `listed`: those among them that a file lists.
 */
export async function placeRequired(
  desk: PluginDesk,
  marketplace: Marketplace,
  tally: Tally,
): Promise<{ readonly offered: readonly string[]; readonly listed: readonly string[] }> {
  const { context, loaded, plugins } = desk;
  const installed = new Set(plugins.installed().plugins.map((plugin) => plugin.pluginId));
  const missing = marketplace.entries
    .filter(({ installPolicy }) => installPolicy === 'INSTALLED_BY_DEFAULT')
    .map((entry) => ({ entry, id: pluginId(entry.name, marketplace.name) }))
    .filter(({ id }) => !installed.has(id));
  const options = { yes: false, acceptRequests: false, named: false, required: true };
  const listed = missing.filter(({ id }) => isListedPlugin(loaded.requirements, id));
  const vouched = isVouchedMarketplace(loaded.requirements, sourceIdentity(marketplace.source));
  for (const { entry, id } of vouched ? listed : []) {
    const offer = { marketplace, entry };
    try {
      await placeOffer(desk, offer, { tally, options });
      await switchPlugin(context, id, true);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      await noteFailure(desk, tally, { pluginId: id, action: 'add', offer, error });
    }
  }
  const offered = vouched ? missing.filter((one) => !listed.includes(one)) : missing;
  return { offered: offered.map(({ id }) => id), listed: vouched ? [] : listed.map(({ id }) => id) };
}
