import {
  consentFacts,
  dataFolder,
  pluginId as idOf,
  type Offer,
  type OfferedPlugin,
  sourceJson,
} from '../../marketplace/index.ts';
import { type Bundle, capabilitySummary, parsePlugin } from '../../plugins/index.ts';
import { openBundle } from '../../plugins/node/index.ts';

/**
 * What is in a plugin that lies in its marketplace; null for one that would have to be fetched, or cannot be read. Quick:
 * the scripts that hooks run are named without their digests.
 */
export function readOffer(
  home: string,
  { marketplace, entry }: Offer,
  open: (folder: string) => Bundle = openBundle,
): OfferedPlugin | null {
  if (entry.source.source !== 'local') return null;
  const pluginId = idOf(entry.name, marketplace.name);
  const data = dataFolder(home, { name: entry.name, marketplace: marketplace.name });
  const bundle = open(entry.source.path);
  const { plugin } = parsePlugin({ bundle, entry: entry.facts, dataDir: data });
  if (plugin === null) return null;
  const facts = consentFacts({
    pluginId,
    version: plugin.version ?? 'local',
    marketplaceSource: sourceJson(marketplace.source),
    source: entry.source,
    revision: marketplace.revision,
    installPolicy: entry.installPolicy,
    authPolicy: entry.authPolicy,
    plugin,
    folders: { root: bundle.root, data },
    scriptDigest: () => null,
  });
  return { version: plugin.version, facts, capabilitySummary: capabilitySummary(plugin, pluginId) };
}
