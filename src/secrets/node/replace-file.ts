import { open, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file: at every moment it is the old or the new one, whole, and when this resolves it is the new one also after a
 * power cut. Readable by its owner only. A symbolic link is followed, and stays. Not for two callers at once: they share
 * the file that is written first, so that a killed process leaves one at most.
 *
 * The common package for this does not look at how much of the text was written: on a full disk it puts half a file into
 * the place of the whole one.
 *
 * @throws Error of the system, and the file is untouched
 */
export async function replaceFile(file: string, content: Uint8Array): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const next = `${target}.new`;
  // What a killed process left behind may have another mode, or be a link.
  await rm(next, { force: true });
  try {
    await writeWhole(next, content);
    await rename(next, target);
  } catch (error) {
    await rm(next, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(target));
}

async function writeWhole(file: string, content: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a name in a folder last. Not every system can, and those that cannot need not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
