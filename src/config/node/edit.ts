import { lstat, mkdir, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../kernel/index.ts';
import { replaceFile } from '../../kernel/node/index.ts';
import { setKey } from '../edit.ts';
import { parseLayer } from '../parse.ts';
import type { Origin } from '../types.ts';
import { readText, realPath, unreadable } from './files.ts';
import { isOneOf, type LoadOptions, readSystemLayer, trustOf } from './load.ts';

/** Takes a lock between processes: a function that gives it back, or null while another process holds it. */
export type TakeLock = (lockFile: string) => (() => void) | null;

export type EditPlace = {
  /** The file to change; it need not exist. A symbolic link is followed, and stays. */
  readonly file: string;
  /** The lock for a file, by the path without symbolic links. Its folder is made when missing. */
  readonly lockFor: (target: string) => string;
  readonly takeLock: TakeLock;
};

const LOCK_WAIT_MS = 10_000;
const LOCK_RETRY_MS = 15;

/**
 * Changes a configuration file. The file is at every moment the old or the new one, whoever else edits at the same time
 * and whenever the process is killed; its mode and owner stay. A new file is readable by its owner alone.
 *
 * @param edit Old text to new text; '' stands for a file that does not exist. What it throws goes to the caller.
 * @returns False when the text stayed the same, and nothing was written.
 * @throws AppError `CONFIG_UNREADABLE`, or `CONFIG_EDIT_REFUSED` when the file cannot be written or another process keeps
 *   the lock for 10 s. The file is then untouched.
 */
export async function editFile(place: EditPlace, edit: (text: string) => string): Promise<boolean> {
  const target = await targetOf(place.file);
  const lock = place.lockFor(target);
  const giveBack = await mkdir(dirname(lock), { recursive: true, mode: 0o700 })
    .then(() => waitForLock(lock, place.takeLock))
    .catch((error: unknown) => {
      throw notWritten(place.file, error);
    });
  try {
    const before = await readText(target);
    if (before.kind === 'unreadable') throw unreadable(place.file, before);
    const old = before.kind === 'absent' ? '' : before.text;
    const text = located(place.file, () => edit(old));
    if (text === old) return false;
    await replace(target, text).catch((error: unknown) => {
      throw notWritten(place.file, error);
    });
    return true;
  } finally {
    giveBack();
  }
}

/**
 * Marks a folder as trusted in a file of the user layer, so that the folder's own config files are read. Every key there
 * that names the folder says so afterwards.
 *
 * @throws AppError `NOT_FOUND` when there is no such folder, `CONFIG_EDIT_REFUSED` when the system's file says otherwise;
 *   else as {@link editFile}. The file is then untouched.
 */
export async function trustProject(place: EditPlace, dir: string, options: LoadOptions): Promise<boolean> {
  const facts = await stat(dir).catch(() => null);
  if (facts?.isDirectory() !== true)
    throw new AppError('NOT_FOUND', `no such folder: ${dir}`, { hint: 'name a folder that exists' });
  const path = await realPath(dir);
  const dirs = [resolve(dir), path];
  const system = await readSystemLayer(options);
  let no: { readonly origin: Origin } | undefined;
  const changed = await editFile(place, (text) => {
    const own = trustOf([parseLayer(text, place.file)]).filter(({ key }) => isOneOf(key, dirs));
    const keys = new Set([path, ...own.map(({ key }) => key)]);
    const next = [...keys].reduce((edited, key) => setKey(edited, ['projects', key, 'trust_level'], 'trusted'), text);
    const layers = [...(system === null ? [] : [system]), parseLayer(next, place.file)];
    no = trustOf(layers).find(({ key, level }) => isOneOf(key, dirs) && level !== 'trusted');
    return no === undefined ? next : text;
  });
  if (no !== undefined) throw distrusted(no.origin);
  return changed;
}

function distrusted({ file, line }: Origin): AppError {
  return new AppError('CONFIG_EDIT_REFUSED', 'the folder is not trusted by what is written here; nothing was changed', {
    where: [file, line].filter((part) => part !== null).join(':'),
    hint: 'ask whoever may change this file',
  });
}

async function waitForLock(file: string, takeLock: TakeLock): Promise<() => void> {
  const until = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    const giveBack = takeLock(file);
    if (giveBack !== null) return giveBack;
    if (Date.now() > until) {
      throw new AppError('CONFIG_EDIT_REFUSED', 'another process has been editing the configuration for 10 s', {
        where: file,
        hint: 'try again when it has finished',
      });
    }
    await sleep(LOCK_RETRY_MS);
  }
}

/** The path without symbolic links, also when nothing is there yet. */
async function targetOf(file: string): Promise<string> {
  let path = resolve(file);
  for (let hops = 0; hops < 40; hops += 1) {
    path = join(await realPath(dirname(path)), basename(path));
    const link = await lstat(path).catch(() => null);
    if (link?.isSymbolicLink() !== true) return path;
    path = resolve(dirname(path), await readlink(path));
  }
  throw unreadable(file, {
    reason: 'its symbolic links lead in a circle',
    hint: 'make the link lead to a file',
  });
}

async function replace(target: string, text: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await replaceFile(target, text);
}

/** Errors of an edit know the line; here they get the file. */
function located(file: string, edit: () => string): string {
  try {
    return edit();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const where = [file, error.where].filter((part) => part !== undefined).join(':');
    throw new AppError(error.code, error.message, { where, hint: error.hint });
  }
}

function notWritten(file: string, error: unknown): unknown {
  if (error instanceof AppError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
  return new AppError('CONFIG_EDIT_REFUSED', `the file could not be written (${code})`, {
    where: file,
    hint: 'check that you may write the file and its folder, and that the disk is not full',
    cause: error,
  });
}
