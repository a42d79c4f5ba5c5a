import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are not there, one by one. Node's own `recursive` never ends where a folder takes
 * no others and says that it is not there, as `/proc` does.
 *
 * @param folder Absolute.
 * @throws the errors of the file system; `EEXIST` when something else than a folder is in the place
 */
export async function makeFolder(folder: string, options: { readonly mode?: number } = {}): Promise<void> {
  const missing: string[] = [];
  for (let at = folder; !(await isThere(at)); at = dirname(at)) {
    missing.push(at);
    if (dirname(at) === at) break;
  }
  for (const path of missing.toReversed()) await makeOne(path, options);
  if (!(await stat(folder)).isDirectory()) throw notFolder(folder);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Another process may have made it meanwhile. */
async function makeOne(path: string, options: { readonly mode?: number }): Promise<void> {
  try {
    await mkdir(path, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function notFolder(path: string): Error {
  return Object.assign(new Error(`${path} is not a folder`), { code: 'EEXIST', path });
}
