import { readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../kernel/index.ts';
import type { ScaffoldFile } from '../scaffold.ts';

/**
 * Writes the files of a scaffold into a folder that is made, or is there and empty. No file that exists is changed.
 *
 * @param dir Absolute.
 * @param makeFolder Makes a folder and those above it; must end wherever it is, with an error where it cannot.
 * @throws AppError `USAGE` when something is in the folder, or it cannot be written
 */
export async function writeScaffold(
  dir: string,
  files: readonly ScaffoldFile[],
  makeFolder: (folder: string) => Promise<void>,
): Promise<void> {
  try {
    await makeFolder(dir);
    if ((await readdir(dir)).length > 0)
      throw new AppError('USAGE', 'the folder is not empty', { where: dir, hint: 'choose another one with --dir' });
    for (const { path, text } of files) {
      await makeFolder(join(dir, dirname(path)));
      await writeFile(join(dir, path), text, { flag: 'wx' });
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new AppError('USAGE', `the folder cannot be written (${code})`, {
      where: dir,
      hint: 'choose another one with --dir',
      cause: error,
    });
  }
}
