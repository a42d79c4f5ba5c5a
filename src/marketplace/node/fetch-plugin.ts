import { readFile, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { AppError } from '../../kernel/index.ts';
import type { FetchOptions, Offer } from '../store.ts';
import { fetchGit } from './git.ts';
import { fetchNpm } from './npm.ts';
import type { StoreOptions } from './ports.ts';
import { copyTree, plainModes, readTree, type SafeEntry } from './tree.ts';
import { PLUGIN_LIMITS } from './tree-limits.ts';

/** The files of a plugin in a staging folder, judged: nothing in them leads out, and they are within the limits. */
export type Fetched = {
  readonly entries: readonly SafeEntry[];
  /** Commit, or version and integrity of a package; null for a folder that is under no version control. */
  readonly revision: string | null;
  /** Paths of what belongs there and was not fetched: submodules, and files that git keeps elsewhere (LFS). */
  readonly absent: readonly string[];
};

/**
 * Brings the files of a plugin into `content`, from wherever the marketplace says they are.
 *
 * @param into `folder` is an empty staging folder, and `content` a folder in it that is not there yet.
 * @throws AppError `PLUGIN_*`
 */
export async function fetchPlugin(
  tools: StoreOptions,
  offer: Offer,
  into: FetchOptions & { readonly folder: string; readonly content: string },
): Promise<Fetched> {
  const { source, name } = offer.entry;
  const place = { ...into, limits: PLUGIN_LIMITS };
  const { revision, submodules } = await fetchFrom(tools, offer, place);
  const from = source.source === 'local' ? source.path : name;
  const entries = await readTree(into.content, PLUGIN_LIMITS, from);
  await plainModes(entries, into.content);
  return { entries, revision, absent: [...submodules, ...(await findPointers(entries, into.content))] };
}

/** Sizes of the small files that stand for large ones. @see git-lfs, docs/spec.md */
const POINTER_BYTES = { least: 120, most: 1024 };
const POINTER_START = 'version https://git-lfs.github.com/spec/v1\n';

async function findPointers(entries: readonly SafeEntry[], content: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'file' || entry.sizeBytes < POINTER_BYTES.least || entry.sizeBytes > POINTER_BYTES.most)
      continue;
    const text = await readFile(join(content, entry.path), 'latin1');
    if (text.startsWith(POINTER_START)) found.push(entry.path);
  }
  return found;
}

type Place = FetchOptions & {
  readonly folder: string;
  readonly content: string;
  readonly limits: typeof PLUGIN_LIMITS;
};

type From = { readonly revision: string | null; readonly submodules: readonly string[] };

async function fetchFrom(tools: StoreOptions, { marketplace, entry }: Offer, place: Place): Promise<From> {
  const { source } = entry;
  const whole = { subdir: null, sparse: [] };
  switch (source.source) {
    case 'local':
      await copyFolder({ root: marketplace.root, path: source.path }, place);
      return { revision: marketplace.revision, submodules: [] };
    case 'git':
      return fetchGit(tools, { ...whole, ...gitPlace(source) }, place);
    case 'git-subdir':
      return fetchGit(tools, { ...whole, ...gitPlace(source), subdir: source.path }, place);
    case 'npm':
      return { revision: await fetchNpm(tools, source, place), submodules: [] };
    default:
      return source satisfies never;
  }
}

function gitPlace({ url, ref, sha }: { readonly url: string; readonly ref?: string; readonly sha?: string }): {
  readonly url: string;
  readonly ref: string | null;
  readonly sha: string | null;
} {
  return { url, ref: ref ?? null, sha: sha ?? null };
}

/** Copies a folder of a marketplace. With links resolved it must still be in the marketplace. */
async function copyFolder(from: { readonly root: string; readonly path: string }, place: Place): Promise<void> {
  const [root, folder] = await Promise.all([realFolder(from.root), realFolder(from.path)]);
  const inside = relative(root, folder);
  if (inside === '..' || inside.startsWith(`..${sep}`) || resolve(root, inside) !== folder) {
    throw new AppError('PLUGIN_PATH_ESCAPES', 'the folder of the plugin leads out of its marketplace', {
      where: from.path,
      hint: 'put the folder itself into the marketplace, not a link to it',
    });
  }
  const entries = await readTree(folder, place.limits, from.path);
  const count = entries.filter(({ kind }) => kind !== 'folder').length;
  if (count > 0) place.onProgress(`copying ${count} ${count === 1 ? 'file' : 'files'}`);
  await copyTree(entries, folder, place.content);
}

async function realFolder(path: string): Promise<string> {
  return realpath(path).catch((cause: unknown) => {
    throw new AppError('PLUGIN_PATH_MISSING', 'the folder is not there', {
      where: path,
      hint: 'check the entry of the marketplace, or upgrade the marketplace',
      cause,
    });
  });
}
