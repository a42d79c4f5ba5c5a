import { realpathSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { watch } from 'chokidar';

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
  const watched = new Set(files);
  const counts = (path: string): boolean =>
    watched.has(path) || folders.some((folder) => path === folder || path.startsWith(folder + sep));
  const watcher = watch([...new Set(files.map((file) => dirname(file)))], {
    ignoreInitial: true,
    depth: 0,
    ignored: (path, stats) => stats?.isFile() === true && !counts(path),
  });
  const inFolders = watch([...folders], { ignoreInitial: true, depth: 1 });
  /**
   * A file may have become a symbolic link meanwhile, or lead elsewhere: then a change there is a change, too. A folder may
   * have been made: then what is in it counts.
   */
  const follow = (): void => {
    inFolders.add([...folders]);
    for (const target of files.map(targetOf)) {
      if (watched.has(target)) continue;
      watched.add(target);
      watcher.add(target);
    }
  };
  const onEvent = (_event: string, path: string): void => {
    if (!counts(path)) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      follow();
      onChange();
    }, QUIET_MS);
  };
  const watchers = [watcher, inFolders];
  let unready = watchers.length;
  const onReady = (): void => {
    unready -= 1;
    if (unready === 0) onChange();
  };
  for (const each of watchers) {
    each.on('all', onEvent);
    each.on('ready', onReady);
    each.on('error', () => {});
  }
  return () => {
    clearTimeout(timer);
    for (const each of watchers) void each.close();
  };
}

function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
