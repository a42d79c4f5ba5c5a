import { relative, sep } from 'node:path';
import { watch } from 'chokidar';

/** Editors write a file in several steps; this long after the last one it is told. Milliseconds. */
const QUIET_MS = 150;

/** What programs make by themselves, and nobody edits. */
const MADE =
  /(?:^|\/)(?:node_modules|\.git|\.hg|\.venv|venv|__pycache__|\.cache|\.DS_Store)(?:\/|$)|\.(?:log|pyc|tmp|swp)$|~$/;

/**
 * Calls `onChange` with the files of a bundle that were written, made or deleted, soon after the last of them, and once
 * with none when the watch has begun, for what happened until then. Links are not followed.
 *
 * @param root Absolute.
 * @returns A function that ends the watch.
 */
export function watchBundle(root: string, onChange: (paths: readonly string[]) => void): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const changed = new Set<string>();
  const inBundle = (path: string): string => relative(root, path).split(sep).join('/');
  const watcher = watch(root, {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path) => MADE.test(inBundle(path)),
  });
  const tell = (): void => {
    const paths = [...changed].toSorted();
    changed.clear();
    onChange(paths);
  };
  watcher.on('all', (_event, path) => {
    changed.add(inBundle(path));
    clearTimeout(timer);
    timer = setTimeout(tell, QUIET_MS);
  });
  watcher.on('ready', tell);
  watcher.on('error', () => {});
  return async () => {
    clearTimeout(timer);
    await watcher.close();
  };
}
