import { readdirSync } from 'node:fs';
import { lstat, mkdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { compareFiles } from '../integrity.ts';
import type { FiledReceipt, FileRecord } from '../types.ts';
import type { PluginPaths } from './plugin-paths.ts';
import { readReceipts } from './receipts.ts';
import { surveyFiles } from './tree.ts';

/** What is to be put into the cache. */
export type CacheEntry = {
  readonly version: string;
  readonly contentSha256: string;
  readonly files: readonly FileRecord[];
};

const HASH_CHARS = 8;

/**
 * The folder in the cache for these files: the version's own, unless other files stand there. A folder that is there
 * already and has these very files in it, and no others, is used as it is; no folder is ever written to.
 */
export async function folderFor(
  { cache }: PluginPaths,
  { version, contentSha256, files }: CacheEntry,
): Promise<{ readonly folder: string; readonly isThere: boolean }> {
  const other = `${version}~${contentSha256.slice(0, HASH_CHARS)}`;
  for (let n = 0; ; n += 1) {
    const name = n === 0 ? version : n === 1 ? other : `${other}.${n}`;
    const folder = join(cache, name);
    if ((await lstat(folder).catch(() => null)) === null) return { folder, isThere: false };
    const found = compareFiles(files, await surveyFiles(folder, files));
    if (found.kind === 'intact' && found.added.length === 0) return { folder, isThere: true };
  }
}

/**
 * Moves a folder of files into the cache. To be called under the lock.
 *
 * @returns Where they are, and how to take them out again when they were not there before.
 */
export async function putIntoCache(
  paths: PluginPaths,
  content: string,
  entry: CacheEntry,
): Promise<{ readonly folder: string; readonly takeOut: () => Promise<void> }> {
  const { folder, isThere } = await folderFor(paths, entry);
  if (isThere) return { folder, takeOut: () => Promise.resolve() };
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  await rename(content, folder);
  return { folder, takeOut: () => rm(folder, { recursive: true, force: true }).catch(() => {}) };
}

/** A folder in the cache of a plugin, and the newest receipt that put it there; null for one that none is about. */
export type Cached = { readonly folder: string; readonly filed: FiledReceipt | null };

/** The folders in the cache of a plugin: those of the newest receipts first, then those that none is about. */
export function readCached(paths: PluginPaths): readonly Cached[] {
  const there = new Set(foldersIn(paths.cache));
  const known = new Map<string, FiledReceipt>();
  for (const filed of readReceipts(paths).toReversed()) {
    const { outcome, installedPath } = filed.receipt;
    const folder = outcome === 'done' && installedPath !== null ? basename(installedPath) : null;
    if (folder !== null && there.has(folder) && !known.has(folder)) known.set(folder, filed);
  }
  const others = [...there].filter((folder) => !known.has(folder)).sort(byVersion);
  return [
    ...[...known].map(([folder, filed]) => ({ folder, filed })),
    ...others.toReversed().map((folder) => ({ folder, filed: null })),
  ];
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** What people call it: a folder that no receipt is about has no other name. */
export function cachedVersion({ folder, filed }: Cached): string {
  return filed?.receipt.version ?? folder;
}

/** The versions in the cache of a plugin, each once, in the order of {@link readCached}. */
export function cachedVersions(paths: PluginPaths): readonly string[] {
  return [...new Set(readCached(paths).map(cachedVersion))];
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
}

/**
 * Removes all versions of a plugin: out of the cache at once, from the disk after that.
 *
 * @param staging Folder that the files are moved to first.
 */
export async function clearCache({ cache }: PluginPaths, staging: string): Promise<void> {
  if ((await stat(cache).catch(() => null)) === null) return;
  await rename(cache, join(staging, 'removed'));
  // The marketplace's folder goes with its last plugin.
  await rmdir(dirname(cache)).catch(() => {});
}
