import { posix } from 'node:path';

/** Where a program is looked for when the environment has no PATH. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * The files that a command may mean, in order, on Unix: a command with a slash is one file, counted from `cwd`; a bare
 * name is looked up in `path`, whose empty and relative entries also count from `cwd`.
 *
 * @param path The PATH of the program to be started, not of Plugboard.
 */
export function commandCandidates(command: string, path: string | undefined, cwd: string): readonly string[] {
  if (command === '') return [];
  if (command.includes('/')) return [posix.resolve(cwd, command)];
  const folders = (path ?? DEFAULT_PATH).split(':');
  return [...new Set(folders.map((folder) => posix.resolve(cwd, folder, command)))];
}
