import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseGitUrl } from '../../config/index.ts';
import { AppError } from '../../kernel/index.ts';
import { folderNameProblem } from '../../plugins/index.ts';
import { MANIFEST_PATHS, parseMarketplace } from '../manifest.ts';
import type { FetchOptions, MarketplacePlace, MarketplaceStore, PreparedMarketplace } from '../store.ts';
import type { Marketplace, MarketplaceSource } from '../types.ts';
import { changing } from './change-lock.ts';
import { writing } from './disk-errors.ts';
import { fetchGit, remoteRevision } from './git.ts';
import type { StoreOptions } from './ports.ts';
import { isOf, readSnapshot, removeSnapshot, switchSnapshot } from './snapshots.ts';
import { openStaging, type Staging } from './staging.ts';
import { MARKETPLACE_LIMITS } from './tree-limits.ts';

type GitSource = Extract<MarketplaceSource, { readonly kind: 'git' }>;
type Unnamed = Omit<MarketplacePlace, 'name'>;

const NOT_WRITTEN = {
  code: 'PLUGIN_INSTALL_FAILED',
  text: 'the files of the marketplace could not be written',
} as const;

/** The marketplaces of one home. Nothing is read or made before a method is called. */
export function createMarketplaceStore(options: StoreOptions): MarketplaceStore {
  const base = join(options.home, 'marketplaces');
  const open = (place: MarketplacePlace): Marketplace => {
    const { source } = place;
    return source.kind === 'local'
      ? named(place, readManifest(options, place, { root: source.path, revision: null }))
      : openSnapshot(options, { ...place, source }, join(base, place.name));
  };
  return {
    open,
    prepare: async (place, fetch) => {
      const { source } = place;
      if (source.kind === 'git') return prepareGit(options, { ...place, source }, fetch);
      const marketplace = readManifest(options, place, { root: source.path, revision: null });
      return {
        marketplace,
        before: null,
        commit: () => Promise.resolve(marketplace),
        discard: () => Promise.resolve(),
      };
    },
    latestRevision: async (source, fetch) => {
      if (source.kind === 'local') return null;
      options.privateFolder(options.home);
      return remoteRevision(options, source, fetch);
    },
    remove: async (name) => {
      const folder = join(base, name);
      if (folderNameProblem(name, 'name') !== null || !existsSync(folder)) return null;
      const text = 'the files of the marketplace could not be removed';
      return changing(
        options,
        () => {},
        () => writing({ ...NOT_WRITTEN, text }, () => removeSnapshot(folder)),
      );
    },
  };
}

/**
 * Reads the manifest in a folder: the one that was named, else the first of the known ones.
 *
 * @param at `shown`: the folder or address that stands for it in messages and in the result, where it is not yet there.
 */
function readManifest(
  { openBundle }: StoreOptions,
  { kind, source, manifest }: Unnamed,
  at: { readonly root: string; readonly shown?: string; readonly revision: string | null },
): Marketplace {
  const { root, shown = root, revision } = at;
  const bundle = openBundle(root);
  for (const path of manifest === null ? MANIFEST_PATHS : [manifest]) {
    const found = bundle.read(path);
    if (found.kind === 'absent') continue;
    const file = isAddress(shown) ? `${shown}/${path}` : join(shown, path);
    if (found.kind === 'text') return parseMarketplace(found.text, { file, root: shown, kind, source, revision });
    const message = `the manifest of the marketplace cannot be read: ${found.reason}`;
    throw new AppError('MARKETPLACE_INVALID', message, { where: file, hint: found.hint });
  }
  throw new AppError('MARKETPLACE_INVALID', 'marketplace root does not contain a supported manifest', {
    where: shown,
    hint:
      manifest === null
        ? `looked for ${MANIFEST_PATHS.join(', ')}; \`--manifest\` names another`
        : `\`${manifest}\` is not there; name a file by its path below the root, or leave \`--manifest\` out`,
  });
}

const isAddress = (text: string): boolean => parseGitUrl(text).kind === 'git';

/** A marketplace that calls itself something else now would give its plugins other names than those they are known by. */
function named({ name }: MarketplacePlace, marketplace: Marketplace): Marketplace {
  if (marketplace.name === name) return marketplace;
  const message = `the marketplace \`${name}\` now calls itself \`${marketplace.name}\``;
  throw new AppError('MARKETPLACE_INVALID', message, {
    where: marketplace.manifestFile,
    hint: `remove \`${name}\`, and add it again under its new name`,
  });
}

function openSnapshot(
  options: StoreOptions,
  place: MarketplacePlace & { readonly source: GitSource },
  folder: string,
): Marketplace {
  const snapshot = readSnapshot(folder);
  if (snapshot === null || !isOf(snapshot, place.source)) {
    const what = snapshot === null ? 'is not there' : 'is of another source than the one that is configured';
    throw new AppError('MARKETPLACE_INVALID', `the snapshot of the marketplace \`${place.name}\` ${what}`, {
      where: folder,
      hint: `fetch it with \`plugboard plugin marketplace upgrade ${place.name}\``,
    });
  }
  const { revision } = snapshot;
  try {
    return named(place, readManifest(options, place, { root: join(folder, snapshot.root), revision }));
  } catch (error) {
    // Another process may have put a newer one in its place meanwhile.
    const now = readSnapshot(folder);
    if (now === null || now.root === snapshot.root) throw error;
    return openSnapshot(options, place, folder);
  }
}

async function prepareGit(
  options: StoreOptions,
  place: Unnamed & { readonly source: GitSource },
  fetch: FetchOptions,
): Promise<PreparedMarketplace> {
  const staging = await openStaging(options, join(options.home, 'marketplaces', '.staging'), fetch.onProgress);
  try {
    return await fetchSnapshot(options, place, { ...fetch, staging });
  } catch (error) {
    await staging.end();
    throw error;
  }
}

async function fetchSnapshot(
  options: StoreOptions,
  place: Unnamed & { readonly source: GitSource },
  fetch: FetchOptions & { readonly staging: Staging },
): Promise<PreparedMarketplace> {
  const { staging, onProgress } = fetch;
  const { url, ref, sparse } = place.source;
  const content = join(staging.folder, 'content');
  const request = { url, ref, sha: null, subdir: null, sparse: withManifests(sparse, place.manifest) };
  const into = { ...fetch, folder: staging.folder, content, limits: MARKETPLACE_LIMITS };
  const { revision } = await writing(NOT_WRITTEN, () => fetchGit(options, request, into));
  const { name } = readManifest(options, place, { root: content, shown: url, revision });
  const folder = join(options.home, 'marketplaces', name);
  const shown = join(folder, revision.slice(0, 12));
  const facts = { source_type: 'git', source: url, ref_name: ref, sparse_paths: sparse, revision } as const;
  return {
    marketplace: readManifest(options, place, { root: content, shown, revision }),
    before: readSnapshot(folder)?.revision ?? null,
    commit: async () => {
      await changing(options, onProgress, () => writing(NOT_WRITTEN, () => switchSnapshot(folder, content, facts)));
      await staging.end();
      return openSnapshot(options, { ...place, name }, folder);
    },
    discard: staging.end,
  };
}

/** The manifest comes with the folders that were asked for. */
function withManifests(sparse: readonly string[], manifest: string | null): readonly string[] {
  return sparse.length === 0 ? [] : [...sparse, ...(manifest === null ? MANIFEST_PATHS : [manifest])];
}
