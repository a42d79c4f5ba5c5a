import { isListedPlugin } from '../../config/index.ts';
import { AppError } from '../../kernel/index.ts';
import { type Marketplace, pluginId } from '../../marketplace/index.ts';
import type { PluginDesk } from './plugin-desk.ts';
import { switchPlugin } from './plugin-switch.ts';
import { noteFailure, placeOffer, type Tally } from './upgrade-plugins.ts';

/**
 * Installs what a marketplace wants installed by default, as far as a requirements file of this machine lists it: what a
 * marketplace wants is no reason by itself.
 *
 * @returns Ids of the others that are not installed: they are only offered.
 */
export async function placeRequired(
  desk: PluginDesk,
  marketplace: Marketplace,
  tally: Tally,
): Promise<readonly string[]> {
  const { context, loaded, plugins } = desk;
  const installed = new Set(plugins.installed().plugins.map((plugin) => plugin.pluginId));
  const missing = marketplace.entries
    .filter(({ installPolicy }) => installPolicy === 'INSTALLED_BY_DEFAULT')
    .map((entry) => ({ entry, id: pluginId(entry.name, marketplace.name) }))
    .filter(({ id }) => !installed.has(id));
  const options = { yes: false, acceptRequests: false, named: false, required: true };
  for (const { entry, id } of missing.filter((one) => isListedPlugin(loaded.requirements, one.id))) {
    const offer = { marketplace, entry };
    try {
      await placeOffer(desk, offer, { tally, options });
      await switchPlugin(context, id, true);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      await noteFailure(desk, tally, { pluginId: id, action: 'add', offer, error });
    }
  }
  return missing.flatMap(({ id }) => (isListedPlugin(loaded.requirements, id) ? [] : [id]));
}
