import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../kernel/index.ts';
import { bundlePath } from '../../plugins/index.ts';
import type { FileRecord } from '../types.ts';
import { copyListedFile } from './copy-file.ts';
import { errnoOf } from './disk-errors.ts';
import { leadsOut } from './links.ts';
import { createTally, type TreeLimits } from './tree-limits.ts';

/** Something in a folder, as the folder lists it. Paths are relative, with `/`. */
export type TreeEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number; readonly executable: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  /** A device, pipe or socket. */
  | { readonly kind: 'other'; readonly path: string }
  /** Cannot be looked at; `code` is the errno name. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly code: string };

const AT_ONCE = 8;
/** Larger files are read in pieces. */
const WHOLE_BYTES = 4 * 1024 * 1024;

/** Everything below a folder, in the order of its names. Links are not followed; what is called `.git` is no part of a tree. */
export async function* walk(root: string, folder = ''): AsyncGenerator<TreeEntry> {
  const names = await readdir(join(root, folder)).catch((error: unknown) => codeOf(error));
  if (typeof names === 'string') {
    yield { kind: 'unreadable', path: folder, code: names };
    return;
  }
  const paths = names
    .filter((name) => name !== '.git')
    .toSorted()
    .map((name) => (folder === '' ? name : `${folder}/${name}`));
  const found = await eachOf(paths, (path) => look(root, path).catch((error: unknown) => unreadable(path, error)));
  for (const entry of found) {
    yield entry;
    if (entry.kind === 'folder') yield* walk(root, entry.path);
  }
}

async function look(root: string, path: string): Promise<TreeEntry> {
  const at = join(root, path);
  const facts = await lstat(at);
  if (facts.isDirectory()) return { kind: 'folder', path };
  if (facts.isFile()) return { kind: 'file', path, sizeBytes: facts.size, executable: (facts.mode & 0o111) !== 0 };
  if (facts.isSymbolicLink()) return { kind: 'link', path, target: await readlink(at) };
  return { kind: 'other', path };
}

function unreadable(path: string, error: unknown): TreeEntry {
  return { kind: 'unreadable', path, code: codeOf(error) };
}

function codeOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === null) throw error;
  return errno;
}

/** What may be installed. */
export type SafeEntry = Extract<TreeEntry, { readonly kind: 'folder' | 'file' | 'link' }>;

/**
 * Everything below a folder that is to be installed.
 *
 * @param from What the folder is, for messages.
 * @throws AppError `PLUGIN_UNSAFE_ARCHIVE` for devices and for links that lead out, `PLUGIN_TOO_LARGE`, `PLUGIN_UNREADABLE`
 */
export async function readTree(root: string, limits: TreeLimits, from: string): Promise<readonly SafeEntry[]> {
  const tally = createTally(limits, from);
  const entries: SafeEntry[] = [];
  for await (const entry of walk(root)) {
    tally(entry.kind === 'file' ? entry.sizeBytes : 0);
    entries.push(safe(entry, from));
  }
  const links = new Map(entries.flatMap((entry) => (entry.kind === 'link' ? [[entry.path, entry.target]] : [])));
  const out = [...links.keys()].find((path) => leadsOut(path, links));
  if (out !== undefined) throw unsafe(from, out, 'is a link that leads out');
  return entries;
}

function safe(entry: TreeEntry, from: string): SafeEntry {
  switch (entry.kind) {
    case 'folder':
    case 'file':
    case 'link': {
      // A name that would be a path on another system.
      const path = bundlePath(entry.path);
      if (path.kind === 'escapes') throw unsafe(from, entry.path, path.why);
      return entry;
    }
    case 'other':
      throw unsafe(from, entry.path, 'is neither a file, a folder nor a link');
    case 'unreadable':
      throw notReadable(join(from, entry.path), entry.code);
    default:
      return entry satisfies never;
  }
}

function notReadable(path: string, code: string): AppError {
  return new AppError('PLUGIN_UNREADABLE', `a file of the plugin cannot be read (${code})`, {
    where: path,
    hint: 'check that you may read it',
  });
}

export function unsafe(from: string, path: string, problem: string): AppError {
  return new AppError('PLUGIN_UNSAFE_ARCHIVE', `it is not installed: ${JSON.stringify(path)} ${problem}`, {
    where: from,
  });
}

/**
 * Copies entries of one folder into another that is new, links as links.
 *
 * @param from With links resolved.
 * @throws AppError `PLUGIN_UNSAFE_ARCHIVE` where something else has been put in the place of a file since it was listed,
 *   `PLUGIN_UNREADABLE`; the errors of the file system
 */
export async function copyTree(entries: readonly SafeEntry[], from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  // A folder comes before what is in it.
  for (const { kind, path } of entries) if (kind === 'folder') await mkdir(join(to, path));
  await eachOf(entries, async (entry) => {
    if (entry.kind === 'file') await copyOne(entry, from, to);
    else if (entry.kind === 'link') await symlink(entry.target, join(to, entry.path));
  });
}

async function copyOne(entry: Extract<SafeEntry, { readonly kind: 'file' }>, from: string, to: string): Promise<void> {
  const { path } = entry;
  const copied = await copyListedFile(join(from, path), join(to, path), entry);
  switch (copied.kind) {
    case 'copied':
      return;
    case 'exchanged':
      throw unsafe(from, path, 'was exchanged while it was copied');
    case 'unreadable':
      throw notReadable(join(from, path), copied.code);
    default:
      return copied satisfies never;
  }
}

/** Takes away every permission that is not plain: nothing runs as somebody else, nothing is writable by others. */
export async function plainModes(entries: readonly SafeEntry[], root: string): Promise<void> {
  await eachOf(entries, async (entry) => {
    if (entry.kind === 'folder') await chmod(join(root, entry.path), 0o755);
    else if (entry.kind === 'file') await chmod(join(root, entry.path), entry.executable ? 0o755 : 0o644);
  });
}

/** The record of every file and link, with the SHA-256 of its content. @throws the errors of the file system */
export async function recordFiles(entries: readonly SafeEntry[], root: string): Promise<readonly FileRecord[]> {
  const files = entries.filter((entry) => entry.kind !== 'folder');
  return eachOf(files, (entry) => recordOf(entry, root));
}

/**
 * The files of a tree as they are now. What cannot be read, and what is no file, has the hash ''; so has everything where a
 * link is in the place of the tree, as what that leads to may be exchanged at any moment.
 *
 * @param records Of other files only the name counts: they are not read.
 */
export async function surveyFiles(root: string, records: readonly FileRecord[]): Promise<readonly FileRecord[]> {
  const facts = await lstat(root).catch(() => null);
  if (facts?.isSymbolicLink() === true) return records.map((record) => ({ ...record, sha256: '' }));
  const known = new Map(records.map((record) => [record.path, record]));
  const found: TreeEntry[] = [];
  for await (const entry of walk(root)) if (entry.kind !== 'folder') found.push(entry);
  const absent = found.length === 1 && found[0]?.kind === 'unreadable' && found[0].path === '';
  return absent ? [] : eachOf(found, (entry) => surveyOne(entry, root, known));
}

async function surveyOne(entry: TreeEntry, root: string, known: ReadonlyMap<string, FileRecord>): Promise<FileRecord> {
  const { path } = entry;
  const nothing: FileRecord = { path, kind: 'file', sha256: '', executable: false, sizeBytes: 0 };
  if (entry.kind !== 'file' && entry.kind !== 'link') return nothing;
  const was = known.get(path);
  if (was === undefined || (entry.kind === 'file' && was.sizeBytes !== entry.sizeBytes))
    return { ...nothing, kind: entry.kind };
  return recordOf(entry, root).catch(() => nothing);
}

async function recordOf(
  entry: Extract<TreeEntry, { readonly kind: 'file' | 'link' }>,
  root: string,
): Promise<FileRecord> {
  const { path } = entry;
  if (entry.kind === 'link') {
    const sizeBytes = Buffer.byteLength(entry.target);
    return { path, kind: 'link', sha256: hash('sha256', entry.target), executable: false, sizeBytes };
  }
  const { executable, sizeBytes } = entry;
  return { path, kind: 'file', sha256: await hashFile(join(root, path), sizeBytes), executable, sizeBytes };
}

async function hashFile(file: string, sizeBytes: number): Promise<string> {
  if (sizeBytes <= WHOLE_BYTES) return hash('sha256', await readFile(file));
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}

/** Runs `act` for each, some at once. Gives the results in order. The first failure ends it, once what has begun is over. */
async function eachOf<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failures.length > 0) return;
      results[index] = await act(item);
    }
  };
  const worker = (): Promise<void> => work().catch((error: unknown) => void failures.push(error));
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
