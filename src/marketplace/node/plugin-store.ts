import { existsSync } from 'node:fs';
import { AppError } from '../../kernel/index.ts';
import { sourceJson } from '../source.ts';
import type { Evidence, Offer, PluginStore } from '../store.ts';
import type { FiledReceipt, Receipt } from '../types.ts';
import { cachedVersions, clearCache } from './cache.ts';
import { changing } from './change-lock.ts';
import { writing } from './disk-errors.ts';
import { currentOf, glanceAtFiles, readInstalled, verifyFiles } from './installed.ts';
import { type PluginPaths, pluginPaths, stagingFolder } from './plugin-paths.ts';
import type { PluginStoreOptions } from './ports.ts';
import { prepareFromCache, prepareOffer } from './prepare.ts';
import { headOf } from './prepared.ts';
import { type Origin, originOf } from './read-bundle.ts';
import { fileReceipt, readReceipts, standingOf } from './receipts.ts';
import { openStaging } from './staging.ts';

const NOT_REMOVED = { code: 'PLUGIN_INSTALL_FAILED', text: 'the plugin could not be removed' } as const;
const NOT_RECORDED = { code: 'PLUGIN_INSTALL_FAILED', text: 'the receipt could not be written' } as const;
/** Of a receipt that puts nothing into the cache. */
const NO_FILES = {
  ...{ installedPath: null, contentSha256: null, files: [] },
  ...{ capabilitySummary: null, consent: null },
};

/** The plugins of one home. Nothing is read or made before a method is called. */
export function createPluginStore(options: PluginStoreOptions): PluginStore {
  const { home } = options;
  const at = (pluginId: string): PluginPaths | null => pluginPaths(home, pluginId);
  return {
    installed: () => readInstalled(home),
    receipts: (pluginId) => {
      const paths = at(pluginId);
      return paths === null ? [] : readReceipts(paths);
    },
    cached: (pluginId) => {
      const paths = at(pluginId);
      return paths === null ? [] : cachedVersions(paths);
    },
    verify: verifyFiles,
    glance: glanceAtFiles,
    prepare: (offer, fetch) => prepareOffer(options, offer, fetch),
    prepareCached: (pluginId, version) => prepareFromCache(options, pluginId, version),
    remove: async (pluginId) => {
      const paths = at(pluginId);
      return paths === null || ![paths.cache, paths.receipts].some((folder) => existsSync(folder))
        ? null
        : removePlugin(options, paths);
    },
    recordFailure: async (failed, evidence) => {
      const paths = at(failed.pluginId);
      if (paths === null) return;
      await changing(
        options,
        () => {},
        () => writing(NOT_RECORDED, () => fileFailure(options, paths, { ...failed, evidence })),
      );
    },
  };
}

/** First the receipt, which is the removal; then the files. What a receipt cannot be written for stays. */
async function removePlugin(options: PluginStoreOptions, paths: PluginPaths): Promise<FiledReceipt | null> {
  const staging = await openStaging(options, stagingFolder(options.home), () => {});
  try {
    return await changing(
      options,
      () => {},
      () =>
        writing(NOT_REMOVED, async () => {
          const receipt = removalOf(options, paths);
          const filed = receipt === null ? null : await fileReceipt(paths, receipt);
          await clearCache(paths, staging.folder);
          return filed;
        }),
    );
  } finally {
    await staging.end();
  }
}

/** null when it is not installed. @throws AppError `PLUGIN_RECEIPT_DAMAGED` when nothing says what was */
function removalOf(options: PluginStoreOptions, paths: PluginPaths): Receipt | null {
  const standing = standingOf(paths);
  if (standing.kind === 'none') return null;
  const last = standing.kind === 'known' ? standing.filed.receipt : readReceipts(paths).at(-1)?.receipt;
  if (last === undefined) {
    throw new AppError('PLUGIN_RECEIPT_DAMAGED', `no receipt of \`${paths.pluginId}\` can be read`, {
      where: paths.receipts,
      hint: 'install it again, then remove it',
    });
  }
  if (standing.kind === 'known' && last.action === 'remove') return null;
  return {
    ...headOf(options, paths),
    ...{ action: 'remove', outcome: 'done', version: null, previousVersion: last.version },
    ...originOf(last),
    ...NO_FILES,
    ...{ selectedMarketplaces: [], upgradedRoots: [], errors: [] },
  };
}

type Failed = Parameters<PluginStore['recordFailure']>[0] & { readonly evidence: Evidence };

/** Says of the source what is known: what was offered, else what the last receipt says. */
async function fileFailure(options: PluginStoreOptions, paths: PluginPaths, failed: Failed): Promise<void> {
  const { action, errors, offer, evidence } = failed;
  const last = readReceipts(paths).at(-1)?.receipt;
  const origin = offer === undefined ? last : offered(offer);
  if (origin === undefined) return;
  await fileReceipt(paths, {
    ...headOf(options, paths),
    ...{ action, outcome: 'failed', version: offer?.entry.facts.version ?? null },
    previousVersion: currentOf(paths)?.version ?? null,
    ...originOf(origin),
    ...NO_FILES,
    ...evidence,
    errors,
  });
}

function offered({ marketplace, entry }: Offer): Origin {
  const { source, installPolicy, authPolicy, facts } = entry;
  const marketplaceSource = sourceJson(marketplace.source);
  return { marketplaceSource, source, revision: marketplace.revision, installPolicy, authPolicy, entry: facts };
}
