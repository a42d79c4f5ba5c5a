import { posix, win32 } from 'node:path';

/** Where a program is looked for when the environment has no PATH. */
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';
/** What Windows runs by name when the environment has no PATHEXT. */
const DEFAULT_PATHEXT = '.COM;.EXE;.BAT;.CMD';

/** What is to be found: `env` is the environment of the program to be started, not of Plugboard. */
export type CommandQuery = {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
};

/**
 * The files that a command may mean, in order. A command with a slash is one file, counted from `cwd`; a bare name is
 * looked up in PATH, whose empty and relative entries also count from `cwd`. On Windows each may lack its extension, and
 * the working folder is not searched unless PATH says so.
 */
export function commandCandidates(query: CommandQuery, platform: NodeJS.Platform): readonly string[] {
  if (query.command === '') return [];
  return platform === 'win32' ? onWindows(query) : onUnix(query);
}

function onUnix({ command, env, cwd }: CommandQuery): readonly string[] {
  if (command.includes('/')) return [posix.resolve(cwd, command)];
  const folders = (env['PATH'] ?? DEFAULT_PATH).split(':');
  return [...new Set(folders.map((folder) => posix.resolve(cwd, folder, command)))];
}

function onWindows({ command, env, cwd }: CommandQuery): readonly string[] {
  const variable = (name: string): string | undefined =>
    Object.entries(env).find(([key]) => key.toUpperCase() === name)?.[1];
  const folders = /[/\\]/.test(command) ? [''] : (variable('PATH') ?? '').split(';').filter((folder) => folder !== '');
  const extensions = (variable('PATHEXT') ?? DEFAULT_PATHEXT).split(';').filter((extension) => extension !== '');
  const named = extensions.some((extension) => command.toUpperCase().endsWith(extension.toUpperCase()));
  return folders.flatMap((folder) => {
    const file = win32.resolve(cwd, folder, command);
    return named ? [file] : extensions.map((extension) => file + extension);
  });
}
