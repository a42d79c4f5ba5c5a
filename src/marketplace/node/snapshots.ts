import { readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isJsonObject } from '../../kernel/index.ts';
import { replaceFile } from '../../kernel/node/index.ts';
import type { MarketplaceSource } from '../types.ts';

/** What `snapshot.json` says of the fetched files of a marketplace. With Codex's names. */
export type Snapshot = {
  readonly source_type: 'git';
  readonly source: string;
  readonly ref_name: string | null;
  readonly sparse_paths: readonly string[];
  /** Commit. */
  readonly revision: string;
  /** Name of the folder beside this file that holds its files. */
  readonly root: string;
};

const FILE = 'snapshot.json';
const ROOT = /^[0-9a-f]{12}(?:~\d+)?$/;

/** The current snapshot in the folder of a marketplace; null where there is none that can be read. */
export function readSnapshot(folder: string): Snapshot | null {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, FILE), 'utf8'));
    return isSnapshot(value) ? value : null;
  } catch {
    return null;
  }
}

function isSnapshot(value: unknown): value is Snapshot {
  if (!isJsonObject(value)) return false;
  const { source, ref_name: ref, sparse_paths: sparse, revision, root } = value;
  return (
    typeof source === 'string' &&
    (ref === null || typeof ref === 'string') &&
    Array.isArray(sparse) &&
    sparse.every((path) => typeof path === 'string') &&
    typeof revision === 'string' &&
    typeof root === 'string' &&
    // A folder beside the file, whoever wrote it.
    ROOT.test(root)
  );
}

/** Whether a snapshot is one of this source, and not of what was configured before. */
export function isOf(snapshot: Snapshot, source: Extract<MarketplaceSource, { readonly kind: 'git' }>): boolean {
  const { source: url, ref_name: ref, sparse_paths: sparse } = snapshot;
  return url === source.url && ref === source.ref && JSON.stringify(sparse) === JSON.stringify(source.sparse);
}

/**
 * Makes fetched files the current snapshot. Until `snapshot.json` is replaced the old one holds; then its files, and
 * what killed processes have left, are moved away. To be called under the lock.
 *
 * @param content Folder with the files, in a staging folder, which is where the old ones go.
 */
export async function switchSnapshot(folder: string, content: string, facts: Omit<Snapshot, 'root'>): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const root = await freeName(folder, facts.revision.slice(0, 12), readSnapshot(folder)?.root ?? null);
  await rename(content, join(folder, root));
  const snapshot: Snapshot = { ...facts, root };
  await replaceFile(join(folder, FILE), `${JSON.stringify(snapshot, null, 2)}\n`, { mode: 0o600 });
  const others = (await readdir(folder)).filter((name) => name !== FILE && name !== root);
  for (const name of others) await rename(join(folder, name), join(dirname(content), `old-${name}`));
}

/** What stands there and is not current was left behind, and is removed. */
async function freeName(folder: string, wanted: string, current: string | null): Promise<string> {
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? wanted : `${wanted}~${n}`;
    if (name === current) continue;
    await rm(join(folder, name), { recursive: true, force: true });
    return name;
  }
}

/**
 * Removes a marketplace's snapshot: first the file that makes it one. To be called under the lock.
 *
 * @returns The folder that its files were in; null when there was none.
 */
export async function removeSnapshot(folder: string): Promise<string | null> {
  const there = await stat(folder).catch(() => null);
  if (there === null) return null;
  const snapshot = readSnapshot(folder);
  await rm(join(folder, FILE), { force: true });
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  return snapshot === null ? null : join(folder, snapshot.root);
}
