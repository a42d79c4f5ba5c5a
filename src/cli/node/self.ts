import { realpathSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The file that starts this program. */
export function programFile(): string {
  return fileURLToPath(new URL('../../../bin/plugboard.js', import.meta.url));
}

/**
 * How a person calls this program from here: `plugboard` when PATH leads to it, else `node …/plugboard.js`. Under
 * `npm start` the Node is the project's own, which the person's shell reaches by `npx`.
 */
export function programWords(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  const self = real(programFile());
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .some((folder) => folder !== '' && real(join(folder, 'plugboard')) === self);
  const node = env['npm_lifecycle_event'] === undefined ? 'node' : 'npx node';
  return onPath ? 'plugboard' : `${node} ${relative(cwd, programFile()) || programFile()}`;
}

function real(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    return null;
  }
}

/**
 * The words with which another program starts this one: `plugboard` where PATH leads to it and to this Node, else both
 * by their absolute paths.
 */
export function launchWords(env: Readonly<Record<string, string | undefined>>, cwd: string): readonly string[] {
  const node = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => (folder === '' ? null : real(join(folder, 'node'))))
    .find((file) => file !== null);
  const usual = programWords(env, cwd) === 'plugboard' && node === real(process.execPath);
  return usual ? ['plugboard'] : [process.execPath, programFile()];
}
