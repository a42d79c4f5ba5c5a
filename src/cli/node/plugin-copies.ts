import { join } from 'node:path';
import { parsePluginId } from '../../config/index.ts';
import { type InstalledPlugin, pluginId as idOf, type PluginCopy } from '../../marketplace/index.ts';
import { ambiguous, type PluginDesk, type Selector } from './plugin-desk.ts';

/** Plugins that the configuration names and that lie in the cache, without a receipt: those of a copied home. */
export function pluginCopies(
  { context, loaded, plugins }: Pick<PluginDesk, 'context' | 'loaded' | 'plugins'>,
  installed: readonly InstalledPlugin[],
): readonly PluginCopy[] {
  const ids = new Set(installed.map(({ pluginId }) => pluginId));
  return [...loaded.config.plugins.keys()].flatMap((pluginId): readonly PluginCopy[] => {
    const id = parsePluginId(pluginId);
    const [version] = ids.has(pluginId) || id === null ? [] : plugins.cached(pluginId);
    if (id === null || version === undefined) return [];
    const { name, marketplace } = id;
    const root = join(context.home, 'plugins', 'cache', marketplace, name, version);
    return [{ pluginId, name, marketplaceName: marketplace, version, root }];
  });
}

/**
 * The one of them that a selector names; null when there is none.
 *
 * @throws AppError `PLUGIN_AMBIGUOUS`
 */
export function findCopy(copies: readonly PluginCopy[], { name, marketplace }: Selector): PluginCopy | null {
  const found = copies.filter(
    (copy) => copy.name === name && (marketplace === null || copy.marketplaceName === marketplace),
  );
  if (found.length > 1)
    throw ambiguous(
      name,
      found.map((copy) => idOf(copy.name, copy.marketplaceName)),
    );
  return found[0] ?? null;
}
