import { relative, sep } from 'node:path';
import type { FSWatcher } from 'chokidar';

/** Editors write a file in several steps; this long after the last one it is told. Milliseconds. */
const QUIET_MS = 150;

/** What programs make by themselves, and nobody edits. */
const MADE =
  /(?:^|\/)(?:node_modules|\.git|\.hg|\.venv|venv|__pycache__|\.cache|\.DS_Store)(?:\/|$)|\.(?:log|pyc|tmp|swp)$|~$/;

/**
 * Calls `onChange` with the files of a bundle that were written, made or deleted, soon after the last of them, with none
 * where only the folder itself was, and once with none when the watch has begun, for what happened until then. Links are not followed.
 *
 * @param root Absolute.
 * @returns A function that ends the watch.
 */
export function watchBundle(root: string, onChange: (paths: readonly string[]) => void): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const changed = new Set<string>();
  const inBundle = (path: string): string => relative(root, path).split(sep).join('/');
  const tell = (): void => {
    const paths = [...changed].toSorted();
    changed.clear();
    onChange(paths);
  };
  const begin = async (): Promise<FSWatcher> => {
    const { watch } = await import('chokidar');
    const ignored = (path: string): boolean => MADE.test(inBundle(path));
    return watch(root, { ignoreInitial: true, followSymlinks: false, ignored })
      .on('all', (_event, path) => {
        if (inBundle(path) !== '') changed.add(inBundle(path));
        clearTimeout(timer);
        timer = setTimeout(tell, QUIET_MS);
      })
      .on('ready', tell)
      .on('error', () => {});
  };
  const watcher = begin();
  return async () => {
    await (await watcher).close();
    clearTimeout(timer);
  };
}
