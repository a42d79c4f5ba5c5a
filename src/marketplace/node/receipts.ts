import { hash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Issue } from '../../kernel/index.ts';
import { installs, parseReceipt, receiptName, receiptNumber } from '../receipt.ts';
import type { FiledReceipt, Receipt } from '../types.ts';
import { errnoOf } from './disk-errors.ts';
import type { PluginPaths } from './plugin-paths.ts';

/** What the receipts of a plugin say is installed. */
export type Standing =
  | { readonly kind: 'none' }
  /** The newest receipt of a change that was made; it may be a removal. */
  | { readonly kind: 'known'; readonly filed: FiledReceipt }
  | { readonly kind: 'damaged'; readonly issue: Issue };

type ReadReceipt = Exclude<Standing, { readonly kind: 'none' }>;

const TEMPORARY = '.tmp';

/** Numbers of the receipts in a folder, newest first. */
function numbersIn(folder: string): readonly number[] {
  try {
    return numbersOf(readdirSync(folder));
  } catch {
    return [];
  }
}

function numbersOf(names: readonly string[]): readonly number[] {
  return names.flatMap((name) => receiptNumber(name) ?? []).toSorted((a, b) => b - a);
}

function readReceipt({ receipts, pluginId }: PluginPaths, number: number): ReadReceipt {
  const file = join(receipts, receiptName(number));
  try {
    const bytes = readFileSync(file);
    const parsed = parseReceipt(bytes.toString('utf8'), file);
    if (parsed.kind === 'damaged') return damaged(pluginId, parsed.issue);
    const { receipt } = parsed;
    if (receipt.pluginId === pluginId)
      return { kind: 'known', filed: { receipt, file, digest: hash('sha256', bytes) } };
    return damaged(pluginId, issueAt(file, 'it is that of another plugin'));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    return damaged(pluginId, issueAt(file, errno));
  }
}

function issueAt(file: string, reason: string): Issue {
  const message = `a receipt cannot be read, so what it installed is not known: ${reason}`;
  return { code: 'PLUGIN_RECEIPT_DAMAGED', severity: 'error', message, file };
}

function damaged(pluginId: string, issue: Issue): ReadReceipt {
  const hint = `install it again with \`plugboard plugin add ${pluginId}\``;
  return { kind: 'damaged', issue: { ...issue, hint, plugin: pluginId } };
}

/**
 * What is installed, by the newest receipt of a change that was made. When the newest cannot be read, nobody knows: an
 * older one may be about what was removed since.
 */
export function standingOf(paths: PluginPaths): Standing {
  for (const number of numbersIn(paths.receipts)) {
    const read = readReceipt(paths, number);
    if (read.kind === 'damaged') return read;
    if (read.filed.receipt.outcome === 'done') return read;
  }
  return { kind: 'none' };
}

/** The newest receipt that put the plugin into the cache; null when none can be read. */
export function lastInstall(paths: PluginPaths): FiledReceipt | null {
  for (const number of numbersIn(paths.receipts)) {
    const read = readReceipt(paths, number);
    if (read.kind === 'known' && installs(read.filed)) return read.filed;
  }
  return null;
}

/** All receipts of a plugin that can be read, oldest first. */
export function readReceipts(paths: PluginPaths): readonly FiledReceipt[] {
  return numbersIn(paths.receipts)
    .toReversed()
    .map((number) => readReceipt(paths, number))
    .flatMap((read) => (read.kind === 'known' ? [read.filed] : []));
}

/**
 * Files a receipt under the next number. It is there whole or not at all, also after a crash of the machine, and never in
 * the place of another one. To be called under the lock.
 *
 * @throws the errors of the file system
 */
export async function fileReceipt({ receipts: folder }: PluginPaths, receipt: Receipt): Promise<FiledReceipt> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await readdir(folder);
  for (const name of names) if (name.endsWith(TEMPORARY)) await rm(join(folder, name), { force: true });
  const bytes = Buffer.from(`${JSON.stringify(receipt, null, 2)}\n`);
  const temporary = join(folder, `${randomBytes(6).toString('hex')}${TEMPORARY}`);
  try {
    await writeThrough(temporary, bytes);
    const file = await claim(folder, temporary, (numbersOf(names)[0] ?? 0) + 1);
    await syncFolder(folder);
    return { receipt, file, digest: hash('sha256', bytes) };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeThrough(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives a file the first number that is free from `number` on. */
async function claim(folder: string, temporary: string, number: number): Promise<string> {
  const file = join(folder, receiptName(number));
  try {
    await link(temporary, file);
    return file;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return claim(folder, temporary, number + 1);
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK'].includes(errnoOf(error) ?? '')) throw error;
  }
  // A file system without hard links: the lock alone keeps others away.
  if ((await stat(file).catch(() => null)) !== null) return claim(folder, temporary, number + 1);
  await rename(temporary, file);
  return file;
}

/** Writes down that a file is in a folder. Where folders cannot be opened there is nothing to do. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
