import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../kernel/index.ts';
import { replaceFile } from '../../kernel/node/index.ts';
import type { Bundle } from '../../plugins/index.ts';
import type { FixedFile } from '../validate-fix.ts';

/**
 * Writes corrected files into a bundle, each as a whole or not at all; mode and links stay.
 *
 * @throws AppError `PLUGIN_UNREADABLE` when a file is not any more what was corrected, or cannot be written
 */
export async function writeFixes(bundle: Bundle, files: readonly FixedFile[]): Promise<void> {
  for (const { path, before, after } of files) {
    const file = join(bundle.root, path);
    try {
      if ((await readFile(file, 'utf8')) !== before)
        throw new AppError('PLUGIN_UNREADABLE', 'the file was changed meanwhile, and is left as it is', {
          where: file,
          hint: 'run the command again',
        });
      await replaceFile(file, after);
    } catch (error) {
      if (error instanceof AppError) throw error;
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      throw new AppError('PLUGIN_UNREADABLE', `the file cannot be written (${code})`, {
        where: file,
        hint: 'check that you may write it',
        cause: error,
      });
    }
  }
}
