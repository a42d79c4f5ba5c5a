import { createWriteStream } from 'node:fs';
import { mkdir, open as openFile, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Entry, ZipFile } from 'yauzl';
import { AppError } from '../../kernel/index.ts';
import { bundleFolder, megabytes, planZip, tooLarge, ZIP_LIMITS, type ZipEntryFacts, type ZipLimits } from '../zip.ts';

export type ZipOptions = { readonly limits?: ZipLimits; readonly signal?: AbortSignal };

/**
 * Unpacks the archive of a bundle into an empty folder. Every entry is judged before the first is written; owners,
 * times and permissions of the archive do not count, but that a file is executable.
 *
 * @param into Exists already. On failure it may hold a part; the caller removes it.
 * @returns The folder of the bundle: `into`, or the only folder at the top of the archive.
 * @throws The reason of the signal when it is aborted; AppError `PLUGIN_UNREADABLE` | `PLUGIN_UNSAFE_ARCHIVE` | `PLUGIN_TOO_LARGE`
 */
export async function extractZip(file: string, into: string, how: ZipOptions = {}): Promise<string> {
  try {
    await extract(file, into, how);
  } catch (error) {
    how.signal?.throwIfAborted();
    if (error instanceof AppError) throw new AppError(error.code, error.message, { where: file, hint: error.hint });
    if (!(await beginsAsZip(file)))
      throw new AppError('PLUGIN_UNREADABLE', 'this is a file, and no zip archive', {
        where: file,
        hint: 'give the folder of the plugin, or a zip file of it',
        cause: error,
      });
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('PLUGIN_UNREADABLE', `the archive cannot be unpacked: ${reason}`, {
      where: file,
      hint: 'give a folder, or a zip file that other programs can open',
      cause: error,
    });
  }
  const names = await readdir(into, { withFileTypes: true });
  return join(into, bundleFolder(names.map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))));
}

async function beginsAsZip(file: string): Promise<boolean> {
  const handle = await openFile(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.toString('latin1') === 'PK';
  } finally {
    await handle.close();
  }
}

async function extract(file: string, into: string, { limits = ZIP_LIMITS, signal }: ZipOptions): Promise<void> {
  if ((await stat(file)).size > limits.archiveBytes) throw tooLarge(`has more than ${megabytes(limits.archiveBytes)}`);
  const zip = await openZip(file);
  try {
    const entries = await readEntries(zip, limits);
    const plan = planZip(entries.map(factsOf), limits);
    for (const [index, { path, kind, executable }] of plan.entries()) {
      signal?.throwIfAborted();
      const target = join(into, path);
      const entry = entries[index];
      await mkdir(kind === 'folder' ? target : dirname(target), { recursive: true, mode: 0o700 });
      if (kind === 'folder' || entry === undefined) continue;
      const written = createWriteStream(target, { flags: 'wx', mode: executable ? 0o700 : 0o600 });
      await pipeline(await contentOf(zip, entry), written, signal === undefined ? {} : { signal });
    }
  } finally {
    zip.close();
  }
}

/** Names stay bytes here, so that a bad one is told apart from a damaged archive. */
async function openZip(file: string): Promise<ZipFile> {
  const { open } = await import('yauzl');
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true };
  return new Promise((resolve, reject) => {
    open(file, options, (error, zip) => (error === null ? resolve(zip) : reject(error)));
  });
}

function readEntries(zip: ZipFile, limits: ZipLimits): Promise<readonly Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('error', reject);
    zip.on('end', () => resolve(entries));
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      if (entries.length > limits.files) reject(tooLarge(`holds more than ${limits.files} files`));
      else zip.readEntry();
    });
    zip.readEntry();
  });
}

/** Bytes of the entry, checked against the size it claims. */
function contentOf(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error === null ? resolve(stream) : reject(error)));
  });
}

function factsOf(entry: Entry): ZipEntryFacts {
  return {
    name: nameOf(entry),
    packedBytes: entry.compressedSize,
    unpackedBytes: entry.uncompressedSize,
    encrypted: entry.isEncrypted(),
    mode: entry.externalFileAttributes >>> 16,
  };
}

/** UTF-8 as nearly every program writes it, marked or not; archives of Windows may have backslashes. */
function nameOf(entry: Entry): string {
  const bytes = entry.fileName as unknown as Buffer;
  return bytes.toString('utf8').replaceAll('\\', '/');
}
