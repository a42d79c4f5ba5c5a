import { randomBytes } from 'node:crypto';
import { type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export type ReplaceOptions = {
  /** Mode of the new file; default: that of the old one, and 0600 where there is none. */
  readonly mode?: number;
  /**
   * No two callers do this at once, as under a lock: what is written first is called `FILE.new`, so that a process that is
   * killed leaves one such file at most, and the next one takes it away.
   */
  readonly alone?: true;
};

/**
 * Replaces a file: at every moment it is the old or the new one, whole, and when this resolves it is the new one also after a
 * power cut. The owner stays where the system allows it. A symbolic link is followed, and stays.
 *
 * @throws Error of the system, and the file is untouched: on a full disk, and for a link that leads nowhere, too
 */
export async function replaceFile(
  file: string,
  content: string | Uint8Array,
  { mode, alone }: ReplaceOptions = {},
): Promise<void> {
  const target = await targetOf(file);
  const old = await stat(target).catch(() => null);
  const next = alone === true ? `${target}.new` : `${target}.${randomBytes(6).toString('hex')}.new`;
  // What a killed process left behind may have another mode, or be a link.
  if (alone === true) await rm(next, { force: true });
  try {
    await writeWhole(next, content, async (handle) => {
      const isOwned = old === null || (await keepOwner(handle, old));
      const wanted = mode ?? (old === null ? 0o600 : old.mode & 0o7777);
      // Rights of a group are for the group that the old file had.
      await handle.chmod(isOwned ? wanted : wanted & ~0o6070);
    });
    await rename(next, target);
  } catch (error) {
    await rm(next, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(target));
}

/** The file behind a link. What a link to nothing was for is not known, so nothing is put into its place. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    const link = await lstat(file).catch(() => null);
    if (link !== null) throw error;
    return file;
  }
}

/** Checks how much was written, as `writeFile` does: the system says nothing when only a part finds room. */
async function writeWhole(
  file: string,
  content: string | Uint8Array,
  prepare: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await prepare(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @returns Whether the file has the owner and the group of the old one now. */
async function keepOwner(handle: FileHandle, old: { readonly uid: number; readonly gid: number }): Promise<boolean> {
  const own = await handle.stat();
  if (own.uid === old.uid && own.gid === old.gid) return true;
  return handle.chown(old.uid, old.gid).then(
    () => true,
    () => false,
  );
}

/** Makes a name in a folder last. Not every system can, and those that cannot need not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
