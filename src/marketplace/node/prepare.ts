import { join } from 'node:path';
import { AppError, type Issue } from '../../kernel/index.ts';
import { contentDigest } from '../integrity.ts';
import { pluginId as idOf } from '../manifest.ts';
import { sourceJson } from '../source.ts';
import type { FetchOptions, Offer, Prepared } from '../store.ts';
import type { FiledReceipt } from '../types.ts';
import { type Cached, cachedVersion, cachedVersions, folderFor, putIntoCache, readCached } from './cache.ts';
import { writing } from './disk-errors.ts';
import { fetchPlugin } from './fetch-plugin.ts';
import { currentOf, verifyFiles } from './installed.ts';
import { type PluginPaths, pluginPaths, stagingFolder } from './plugin-paths.ts';
import type { PluginStoreOptions } from './ports.ts';
import { NOT_INSTALLED, toPrepared } from './prepared.ts';
import { type Bundle, type Origin, originOf, readBundle, versionOf } from './read-bundle.ts';
import { openStaging, type Staging } from './staging.ts';
import { plainModes, readTree, recordFiles } from './tree.ts';
import { PLUGIN_LIMITS } from './tree-limits.ts';

/** Fetches what a marketplace offers, and reads it. @see PluginStore.prepare */
export async function prepareOffer(options: PluginStoreOptions, offer: Offer, fetch: FetchOptions): Promise<Prepared> {
  const id = idOf(offer.entry.name, offer.marketplace.name);
  const paths = pluginPaths(options.home, id);
  if (paths === null) throw new AppError('PLUGIN_BAD_NAME', `\`${id}\` cannot be the name of a plugin`);
  const staging = await openStaging(options, stagingFolder(options.home), fetch.onProgress);
  try {
    return await prepareIn(staging, options, { ...offer, ...fetch, paths });
  } catch (error) {
    await staging.end();
    throw error;
  }
}

async function prepareIn(
  staging: Staging,
  options: PluginStoreOptions,
  from: Offer & FetchOptions & { readonly paths: PluginPaths },
): Promise<Prepared> {
  const { paths, marketplace, entry, onProgress, signal } = from;
  const content = join(staging.folder, 'content');
  const { files, revision, absent } = await writing(NOT_INSTALLED, async () => {
    const fetched = await fetchPlugin(options, from, { signal, onProgress, folder: staging.folder, content });
    signal.throwIfAborted();
    return { ...fetched, files: await recordFiles(fetched.entries, content) };
  });
  const origin: Origin = {
    marketplaceSource: sourceJson(marketplace.source),
    source: entry.source,
    revision,
    installPolicy: entry.installPolicy,
    authPolicy: entry.authPolicy,
    entry: entry.facts,
  };
  const bundle: Bundle = { paths, origin, content, files, contentSha256: contentDigest(files) };
  const shown = entry.source.source === 'local' ? entry.source.path : paths.pluginId;
  const cacheEntry = { ...bundle, version: versionOf(options, bundle, shown) };
  const { folder } = await folderFor(paths, cacheEntry);
  const reading = readBundle(options, bundle, { root: folder, shown });
  const issues = [...absent.map((path) => notFetched(paths.pluginId, join(folder, path))), ...reading.issues];
  const before = currentOf(paths);
  return toPrepared(
    options,
    { ...bundle, reading: { ...reading, issues } },
    {
      action: before === null || before.version === reading.version ? 'add' : 'upgrade',
      before,
      onProgress,
      readAt: { root: folder, shown },
      place: () => putIntoCache(paths, content, cacheEntry),
      end: staging.end,
    },
  );
}

function notFetched(plugin: string, file: string): Issue {
  const message = 'this is kept in another place by git, and is not fetched: a submodule, or a file of LFS';
  const hint = 'ask the maintainer to put it into the plugin itself';
  return { code: 'PLUGIN_FETCH_FAILED', severity: 'warning', message, hint, file, plugin };
}

/** Reads a version that is in the cache. @see PluginStore.prepareCached */
export async function prepareFromCache(options: PluginStoreOptions, id: string, version: string): Promise<Prepared> {
  const paths = pluginPaths(options.home, id);
  const candidates = paths === null ? [] : findCached(paths, version);
  if (paths === null || candidates.length === 0) throw notCached(id, version, paths);
  const found = await firstIntact(paths, version, candidates);
  const root = join(paths.cache, found.folder);
  const bundle = found.filed === null ? await unknownBundle(paths, root) : knownBundle(paths, root, found.filed);
  const reading = readBundle(options, bundle, { root, shown: root });
  const before = currentOf(paths);
  const prepared = await toPrepared(
    options,
    { ...bundle, reading },
    {
      action: before === null ? 'add' : 'rollback',
      before,
      onProgress: () => {},
      readAt: { root, shown: root },
      place: async () => {
        if (found.filed === null) await plainModes(await readTree(root, PLUGIN_LIMITS, root), root);
        return { folder: root, takeOut: () => Promise.resolve() };
      },
      end: () => Promise.resolve(),
    },
  );
  return { ...prepared, unchanged: prepared.unchanged && before?.root === root };
}

/** The folders of a version, newest first. One with the name of a folder is asked about by that name. */
function findCached(paths: PluginPaths, version: string): readonly Cached[] {
  return readCached(paths).filter((cached) => cached.folder === version || cachedVersion(cached) === version);
}

/**
 * The newest that is still what it was: a damaged one does not stand in the way of another.
 *
 * @throws AppError `PLUGIN_TAMPERED` when all are damaged
 */
async function firstIntact(paths: PluginPaths, version: string, candidates: readonly Cached[]): Promise<Cached> {
  const { pluginId, name, marketplaceName, data } = paths;
  const damages: AppError[] = [];
  for (const cached of candidates) {
    const { filed } = cached;
    if (filed === null) return cached;
    const root = join(paths.cache, cached.folder);
    const integrity = await verifyFiles({ pluginId, name, marketplaceName, version, root, dataDir: data, filed });
    if (integrity.kind === 'intact') return cached;
    const what = integrity.change === 'removed' ? 'is gone' : 'is not as it was installed';
    const others = cachedVersions(paths).filter((other) => other !== cachedVersion(cached));
    const instead = others.length === 0 ? '' : `, or go back to another version: ${others.join(', ')}`;
    damages.push(
      new AppError('PLUGIN_TAMPERED', `\`${integrity.path}\` of \`${pluginId}\` ${cachedVersion(cached)} ${what}`, {
        where: join(root, integrity.path),
        hint: `install it from its marketplace with \`plugboard plugin add ${pluginId}\`${instead}`,
      }),
    );
  }
  throw damages[0] ?? notCached(pluginId, version, paths);
}

function notCached(id: string, version: string, paths: PluginPaths | null): AppError {
  const there = paths === null ? [] : cachedVersions(paths);
  return new AppError('PLUGIN_NOT_FOUND', `the version \`${version}\` of \`${id}\` is not in the cache`, {
    hint:
      there.length === 0
        ? 'nothing of it is in the cache: add it from its marketplace'
        : `there are: ${there.join(', ')}`,
  });
}

/** What was installed before, and is still what it was. */
function knownBundle(paths: PluginPaths, root: string, { receipt }: FiledReceipt): Bundle {
  const { files, contentSha256 } = receipt;
  return {
    ...{ paths, origin: originOf(receipt), content: root, files },
    contentSha256: contentSha256 ?? contentDigest(files),
  };
}

/** A folder that no receipt is about, as in a home that another program filled: where it came from is not known. */
async function unknownBundle(paths: PluginPaths, root: string): Promise<Bundle> {
  const files = await recordFiles(await readTree(root, PLUGIN_LIMITS, root), root);
  const origin: Origin = {
    marketplaceSource: { sourceType: 'local', source: root },
    source: { source: 'local', path: root },
    revision: null,
    installPolicy: 'AVAILABLE',
    authPolicy: 'ON_INSTALL',
    entry: null,
  };
  return { paths, origin, content: root, files, contentSha256: contentDigest(files) };
}
