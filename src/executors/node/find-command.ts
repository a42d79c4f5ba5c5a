import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { commandCandidates } from '../command-path.ts';
import type { OpenSpec, SpawnFailure } from '../executor.ts';

export type Found = { readonly kind: 'found'; readonly file: string } | SpawnFailure;

const errno = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';

/** Checks the folder and finds the program that `spec` means, as the system would, before anything is started. */
export async function findCommand(spec: OpenSpec, platform: NodeJS.Platform): Promise<Found> {
  const folder = await stat(spec.cwd).catch(() => null);
  if (folder === null || !folder.isDirectory()) return { kind: 'cwd_not_found', cwd: spec.cwd };
  let detail: 'missing' | 'not_executable' = 'missing';
  for (const file of commandCandidates(spec, platform)) {
    try {
      const found = await stat(file);
      if (!found.isFile()) {
        detail = 'not_executable';
        continue;
      }
      await access(file, constants.X_OK);
      return { kind: 'found', file };
    } catch (error) {
      if (errno(error) === 'EACCES') detail = 'not_executable';
    }
  }
  return { kind: 'command_not_found', command: spec.command, detail };
}
