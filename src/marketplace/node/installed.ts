import { lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Issue } from '../../kernel/index.ts';
import { compareFiles } from '../integrity.ts';
import { installedFrom, removedFrom } from '../receipt.ts';
import type { PluginStore } from '../store.ts';
import type { FiledReceipt, FileRecord, InstalledPlugin, Integrity, RemovedPlugin } from '../types.ts';
import { type PluginPaths, pluginPaths, receiptsFolder } from './plugin-paths.ts';
import { lastInstall, standingOf } from './receipts.ts';
import { surveyFiles } from './tree.ts';

/** What is installed in a home, and was once, by the receipts. @see PluginStore.installed */
export function readInstalled(home: string): ReturnType<PluginStore['installed']> {
  const plugins: InstalledPlugin[] = [];
  const removed: RemovedPlugin[] = [];
  const issues: Issue[] = [];
  for (const id of idsIn(receiptsFolder(home))) {
    const paths = pluginPaths(home, id);
    const standing = paths === null ? null : standingOf(paths);
    if (paths === null || standing === null) continue;
    if (standing.kind === 'damaged') issues.push(standing.issue);
    const plugin = standing.kind === 'known' ? pluginOf(paths, standing.filed) : null;
    if (plugin === null) {
      const once = standing.kind === 'known' ? removedFrom(standing.filed, () => lastInstall(paths)) : null;
      if (once !== null) removed.push(once);
      continue;
    }
    plugins.push(plugin);
    if (!isFolder(plugin.root)) issues.push(gone(plugin));
  }
  return { plugins, removed, issues };
}

/** What is installed of one plugin; null when nothing is, or nobody knows. */
export function currentOf(paths: PluginPaths): InstalledPlugin | null {
  const standing = standingOf(paths);
  return standing.kind === 'known' ? pluginOf(paths, standing.filed) : null;
}

/**
 * The folder is where the cache of this home has it: a home that was moved goes on, and a receipt cannot name a folder
 * elsewhere.
 */
function pluginOf(paths: PluginPaths, filed: FiledReceipt): InstalledPlugin | null {
  const plugin = installedFrom([filed], paths.data);
  return plugin === null ? null : { ...plugin, root: join(paths.cache, basename(plugin.root)) };
}

/** Holds the files of an installed plugin against its receipt. A file that cannot be read counts as changed. */
export async function verifyFiles({ root, filed }: InstalledPlugin): Promise<Integrity> {
  const { files } = filed.receipt;
  return compareFiles(files, await surveyFiles(root, files));
}

/** Holds what a folder says of the files of an installed plugin against its receipt. @see PluginStore.glance */
export function glanceAtFiles({ root, filed }: InstalledPlugin): string | null {
  const isLink = lstatSync(root, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return filed.receipt.files.find((file) => isLink || !looksLike(file, join(root, file.path)))?.path ?? null;
}

function looksLike({ kind, executable, sizeBytes }: FileRecord, path: string): boolean {
  try {
    const now = lstatSync(path);
    if (kind === 'link') return now.isSymbolicLink();
    return now.isFile() && now.size === sizeBytes && ((now.mode & 0o111) !== 0) === executable;
  } catch {
    return false;
  }
}

function idsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function gone({ pluginId, root }: InstalledPlugin): Issue {
  return {
    code: 'PLUGIN_FILES_MISSING',
    severity: 'error',
    message: `the files of \`${pluginId}\` are gone`,
    hint: `install it again with \`plugboard plugin add ${pluginId}\``,
    file: root,
    plugin: pluginId,
  };
}
