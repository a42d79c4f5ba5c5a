import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { constants, copyFile, mkdir, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ReadEntry } from 'tar';
import { AppError } from '../../kernel/index.ts';
import { bundlePath } from '../../plugins/index.ts';
import { errnoOf } from './disk-errors.ts';
import { unsafe } from './tree.ts';
import { createTally, MAX_ARCHIVE_BYTES, type TreeLimits, tooManyBytes } from './tree-limits.ts';

export type TarballRules = {
  readonly limits: TreeLimits;
  /** What the archive is, for messages. */
  readonly from: string;
  readonly signal: AbortSignal;
};

/** How an archive begins that is compressed once more: what that unpacks to would not be counted. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b]);
/** Of a header, and of what fills up the last block of an entry. */
const BLOCK_BYTES = 512;

/**
 * Unpacks the archive of a package into a new folder, without the folder that all its files are in. Every entry is
 * judged before it is written, and links are made last, so that nothing is ever written through one. Of the
 * permissions only counts whether a file is executable. Where links lead, `readTree` judges.
 *
 * @throws AppError `PLUGIN_TOO_LARGE` | `PLUGIN_UNSAFE_ARCHIVE` | `PLUGIN_FETCH_FAILED` for what is no archive; or the
 *   errors of the file system
 */
export async function extractTarball(file: string, to: string, rules: TarballRules): Promise<void> {
  const { from, signal, limits } = rules;
  if ((await stat(file)).size > MAX_ARCHIVE_BYTES) {
    const megabytes = MAX_ARCHIVE_BYTES / 1024 / 1024;
    throw new AppError('PLUGIN_TOO_LARGE', `its archive is larger than ${megabytes} MB`, { where: from });
  }
  await mkdir(to, { recursive: true });
  const { Parser } = await import('tar');
  const parser = new Parser({ strict: true, brotli: false, zstd: false });
  const writer = createWriter(to, rules);
  const problems: unknown[] = [];
  let last = Promise.resolve();
  const inTurn = (entry: ReadEntry, act: (entry: ReadEntry) => Promise<void>): void => {
    last = last
      .then(() => (problems.length > 0 ? undefined : act(entry)))
      .catch((error: unknown) => void problems.push(error))
      .finally(() => entry.resume());
  };
  let over = false;
  parser.on('eof', () => {
    over = true;
  });
  parser.on('entry', (entry: ReadEntry) => inTurn(entry, writer.write));
  parser.on('ignoredEntry', (entry: ReadEntry) => inTurn(entry, writer.refuse));
  const ended = new Promise<void>((resolve) => {
    parser.on('end', resolve);
    parser.on('error', (error: unknown) => {
      problems.push(notAnArchive(from, error));
      parser.emit('drain');
      resolve();
    });
  });
  const drained = (): Promise<void> => new Promise((resolve) => void parser.once('drain', resolve));
  await pipeline(
    createReadStream(file),
    createGunzip(),
    async (chunks: AsyncIterable<Buffer>) => {
      const mostBytes = limits.totalBytes + limits.entries * 4 * BLOCK_BYTES;
      let bytes = 0;
      for await (const chunk of whole(chunks, GZIP_MAGIC.length)) {
        signal.throwIfAborted();
        if (bytes === 0 && chunk.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) throw notAnArchive(from);
        bytes += chunk.length;
        if (bytes > mostBytes) throw tooManyBytes(limits, from);
        // The parser would keep what follows the end, and copy it with each chunk.
        if (over) continue;
        if (!parser.write(chunk) && problems.length === 0) await drained();
        if (problems.length > 0) throw problems[0];
      }
    },
    { signal },
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    throw isDamage(error) ? notAnArchive(from, error) : error;
  });
  parser.end();
  await ended;
  await last;
  if (problems.length > 0) throw problems[0];
  await writer.makeLinks();
}

/** The chunks, the first of them of some length, if there is as much. */
async function* whole(chunks: AsyncIterable<Buffer>, least: number): AsyncGenerator<Buffer> {
  let first = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (first.length >= least) yield chunk;
    else {
      first = Buffer.concat([first, chunk]);
      if (first.length >= least) yield first;
    }
  }
  if (first.length > 0 && first.length < least) yield first;
}

function isDamage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

function notAnArchive(from: string, cause?: unknown): AppError {
  return new AppError('PLUGIN_FETCH_FAILED', 'its archive is damaged, or none', {
    where: from,
    hint: 'try again; if it stays so, tell the maintainer of the package',
    cause,
  });
}

function createWriter(
  to: string,
  { limits, from }: TarballRules,
): {
  readonly write: (entry: ReadEntry) => Promise<void>;
  readonly refuse: (entry: ReadEntry) => Promise<never>;
  readonly makeLinks: () => Promise<void>;
} {
  const tally = createTally(limits, from);
  const links = new Map<string, string>();
  const twice = (path: string) => (error: unknown) => {
    throw isInTheWay(error) ? unsafe(from, path, 'stands in it twice') : error;
  };
  const folder = (path: string): Promise<unknown> => mkdir(join(to, path), { recursive: true }).catch(twice(path));

  const write = async (entry: ReadEntry): Promise<void> => {
    tally(entry.size);
    const path = pathIn(from, entry.path);
    if (path === '' && entry.type === 'Directory') return;
    if (path === '') throw unsafe(from, entry.path, 'is not in the folder of the package');
    if (path.split('/').includes('.git')) return;
    await folder(entry.type === 'Directory' ? path : dirname(path));
    const target = join(to, path);
    switch (entry.type) {
      case 'Directory':
        return;
      case 'File':
      case 'OldFile':
      case 'ContiguousFile': {
        const executable = ((entry.mode ?? 0) & 0o111) !== 0;
        const written = createWriteStream(target, { flags: 'wx', mode: executable ? 0o755 : 0o644 });
        const closed = once(written, 'close');
        entry.pipe(written);
        await closed.catch(twice(path));
        return;
      }
      case 'Link': {
        // Of a file before it: a copy, as a link would have been.
        const original = join(to, pathIn(from, entry.linkpath ?? ''));
        const facts = await stat(original).catch(() => null);
        if (facts?.isFile() !== true) throw unsafe(from, path, 'is a link to something that is not in it');
        tally(facts.size);
        await copyFile(original, target, constants.COPYFILE_EXCL).catch(twice(path));
        return;
      }
      case 'SymbolicLink':
        if (links.has(path)) throw unsafe(from, path, 'stands in it twice');
        links.set(path, entry.linkpath ?? '');
        return;
      default:
        throw unsafe(from, entry.path, 'is neither a file, a folder nor a link');
    }
  };

  return {
    write,
    refuse: (entry) => Promise.reject(unsafe(from, entry.path, 'is neither a file, a folder nor a link')),
    makeLinks: async () => {
      for (const [path, target] of links) await symlink(target, join(to, path)).catch(twice(path));
    },
  };
}

function isInTheWay(error: unknown): boolean {
  return ['EEXIST', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '');
}

/** The path of an entry without its first folder. @throws AppError `PLUGIN_UNSAFE_ARCHIVE` for one that leads out */
function pathIn(from: string, text: string): string {
  const path = bundlePath(text);
  if (path.kind === 'escapes') throw unsafe(from, text, path.why);
  return path.path.split('/').slice(1).join('/');
}
