import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { watch } from 'chokidar';

/** Editors write a file in several steps; this long after the last one it is read. Milliseconds. */
const QUIET_MS = 100;

/**
 * Calls `onChange` soon after any of the files was written, replaced, made or deleted, and once when the watch has
 * begun, for what happened until then.
 *
 * @returns A function that ends the watch.
 */
export function watchFiles(files: readonly string[], onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watched = new Set(files);
  const watcher = watch([...new Set(files.map((file) => dirname(file)))], {
    ignoreInitial: true,
    depth: 0,
    ignored: (path, stats) => stats?.isFile() === true && !watched.has(path),
  });
  /** A file may have become a symbolic link meanwhile, or lead elsewhere: then a change there is a change, too. */
  const follow = (): void => {
    for (const target of files.map(targetOf)) {
      if (watched.has(target)) continue;
      watched.add(target);
      watcher.add(target);
    }
  };
  watcher.on('all', (_event, path) => {
    if (!watched.has(path)) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      follow();
      onChange();
    }, QUIET_MS);
  });
  watcher.on('ready', onChange);
  watcher.on('error', () => {});
  return () => {
    clearTimeout(timer);
    void watcher.close();
  };
}

function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
