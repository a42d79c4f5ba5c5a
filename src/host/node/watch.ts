import { existsSync, realpathSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';

/** Editors write a file in several steps; this long after the last one it is read. Milliseconds. */
const QUIET_MS = 100;

/** What to watch. All absolute; what is not there yet is waited for. */
export type Watched = {
  readonly files: readonly string[];
  /** Everything in them counts, and in the folders directly in them. */
  readonly folders: readonly string[];
};

/**
 * Calls `onChange` soon after anything watched was written, replaced, made or deleted, and once when the watch has begun,
 * for what happened until then.
 *
 * @returns A function that ends the watch.
 */
export function watchFiles({ files, folders }: Watched, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const watched = new Set(files);
  const counts = (path: string): boolean =>
    watched.has(path) || folders.some((folder) => path === folder || path.startsWith(folder + sep));
  const roots = new Set(files.map((file) => dirname(file)));
  const watcher = watch([...roots], {
    ignoreInitial: true,
    depth: 0,
    ignored: (path, stats) => stats?.isFile() === true && !counts(path),
  });
  /** By folder: the place that is watched for it, the folder itself or the last part of the way to it that is there. */
  const places = new Map<string, Place>();
  const soon = (): void => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(check, QUIET_MS);
  };
  const onAll = (each: FSWatcher): FSWatcher =>
    each
      .on('all', (_event, path) => (counts(path) ? soon() : undefined))
      .on('ready', soon)
      .on('error', () => {});
  function check(): void {
    if (closed) return;
    followFiles();
    // What was made since the last look may have been filled before it was watched.
    if (followFolders()) soon();
    onChange();
  }
  /** @returns whether another place is watched than before */
  function followFolders(): boolean {
    let moved = false;
    for (const folder of folders) {
      const missing = firstMissing(folder);
      const at = missing === null ? folder : dirname(missing);
      if (missing !== null) watched.add(missing);
      const before = places.get(folder);
      if (before?.at === at) continue;
      moved = true;
      void before?.own?.close();
      // A folder with watched files in it is watched already.
      const own = missing !== null && roots.has(at) ? null : onAll(watchFolder(at, missing === null ? 1 : 0));
      places.set(folder, { at, own });
    }
    return moved;
  }
  /** A file may have become a symbolic link meanwhile, or lead elsewhere: then a change there is a change, too. */
  function followFiles(): void {
    for (const target of files.map(targetOf)) {
      if (watched.has(target)) continue;
      watched.add(target);
      watcher.add(target);
    }
  }
  onAll(watcher);
  followFolders();
  return () => {
    closed = true;
    clearTimeout(timer);
    void watcher.close();
    for (const { own } of places.values()) void own?.close();
  };
}

type Place = { readonly at: string; readonly own: FSWatcher | null };

function watchFolder(folder: string, depth: 0 | 1): FSWatcher {
  return watch(folder, { ignoreInitial: true, depth });
}

/** The first part of a path that is not there; null when all of it is. */
function firstMissing(path: string): string | null {
  if (existsSync(path)) return null;
  const above = dirname(path);
  return above === path ? path : (firstMissing(above) ?? path);
}

function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
