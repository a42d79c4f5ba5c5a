import { AppError, shorten } from '../kernel/index.ts';

/** What an archive may hold. Sizes in bytes. */
export type ZipLimits = {
  readonly archiveBytes: number;
  /** Everything together, unpacked. */
  readonly totalBytes: number;
  readonly files: number;
  /** Unpacked size of one file over its packed size, for files of more than 1 MiB. */
  readonly ratio: number;
};

export const ZIP_LIMITS: ZipLimits = {
  archiveBytes: 50 * 1024 * 1024,
  totalBytes: 250 * 1024 * 1024,
  files: 20_000,
  ratio: 200,
};

const RATIO_COUNTS_FROM = 1024 * 1024;
const MAX_PATH_BYTES = 1024;
const MAX_PART_BYTES = 255;

/** One entry of the list in an archive, as the archive claims it to be. */
export type ZipEntryFacts = {
  /** Slashes only; a folder ends with one. */
  readonly name: string;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly encrypted: boolean;
  /** Type and permissions as Unix has them; 0 where the archive does not say. */
  readonly mode: number;
};

/** What to write for one entry. */
export type ZipPlan = { readonly path: string; readonly kind: 'file' | 'folder'; readonly executable: boolean };

const TYPE_MASK = 0o170_000;
const TYPES: Readonly<Record<number, ZipPlan['kind'] | undefined>> = {
  0: 'file',
  0o100_000: 'file',
  0o040_000: 'folder',
};

/**
 * Decides what is written for an archive, from its list alone.
 *
 * @returns One step for each entry, in their order. Paths are relative, inside, and no two are the same on any file system.
 * @throws AppError `PLUGIN_UNSAFE_ARCHIVE` | `PLUGIN_TOO_LARGE`, for the first entry that is not to be written: then
 *   nothing of the archive is
 */
export function planZip(entries: readonly ZipEntryFacts[], limits: ZipLimits): readonly ZipPlan[] {
  if (entries.length > limits.files) throw tooLarge(`holds more than ${limits.files} files`);
  const total = entries.reduce((sum, entry) => sum + entry.unpackedBytes, 0);
  if (total > limits.totalBytes) throw tooLarge(`unpacks to more than ${megabytes(limits.totalBytes)}`);
  const taken = new Map<string, ZipPlan['kind']>();
  return entries.map((entry) => {
    const plan = planEntry(entry, limits);
    claim(taken, plan);
    return plan;
  });
}

function planEntry({ name, encrypted, mode, ...size }: ZipEntryFacts, limits: ZipLimits): ZipPlan {
  const problem = nameProblem(name);
  if (problem !== null) throw unsafe(name, problem);
  if (encrypted) throw unsafe(name, 'is encrypted');
  const isFolder = name.endsWith('/');
  const kind = TYPES[mode & TYPE_MASK];
  if (kind === undefined || (isFolder && size.unpackedBytes > 0))
    throw unsafe(name, 'is neither a file nor a folder; links and devices are not unpacked');
  if (size.unpackedBytes > RATIO_COUNTS_FROM && size.unpackedBytes > size.packedBytes * limits.ratio)
    throw tooLarge(`holds a file that unpacks to more than ${limits.ratio} times its size`);
  return {
    path: isFolder ? name.slice(0, -1) : name,
    kind: isFolder || kind === 'folder' ? 'folder' : 'file',
    executable: (mode & 0o111) !== 0,
  };
}

/** What is wrong with a name, completing "NAME …"; null when nothing is. */
function nameProblem(name: string): string | null {
  const parts = name.replace(/\/$/, '').split('/');
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) return 'is an absolute path';
  if (parts.includes('..')) return 'leads out of the archive';
  if (parts.some((part) => part === '' || part === '.')) return 'is not a plain path';
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u001f\u007f\\:]/.test(name)) return 'has a character that is not allowed in a path';
  const tooLong =
    Buffer.byteLength(name) > MAX_PATH_BYTES || parts.some((part) => Buffer.byteLength(part) > MAX_PART_BYTES);
  return tooLong ? 'is too long a path' : null;
}

/** Takes a path and the folders above it. Two spellings of one name, by case or accents, count as one. */
function claim(taken: Map<string, ZipPlan['kind']>, { path, kind }: ZipPlan): void {
  const parts = path.normalize('NFC').toLowerCase().split('/');
  parts.forEach((_, index) => {
    const key = parts.slice(0, index + 1).join('/');
    const wanted = index < parts.length - 1 ? 'folder' : kind;
    const before = taken.get(key);
    if (before !== undefined && (before === 'file' || wanted === 'file')) throw unsafe(path, 'stands in it twice');
    taken.set(key, wanted);
  });
}

/** Components of a bundle, which are never the folder that an archive was made of. */
const COMPONENTS = ['agents', 'assets', 'commands', 'hooks', 'skills'];

/**
 * The folder of an unpacked archive that holds the bundle: the only folder at its top, where there is only one and
 * nothing beside it, else the top itself.
 *
 * @param names What stands at the top. What macOS adds does not count.
 * @returns '' for the top.
 */
export function bundleFolder(names: readonly { readonly name: string; readonly isFolder: boolean }[]): string {
  const own = names.filter(({ name }) => name !== '__MACOSX' && name !== '.DS_Store');
  const [only] = own;
  if (own.length !== 1 || only?.isFolder !== true) return '';
  return only.name.startsWith('.') || COMPONENTS.includes(only.name) ? '' : only.name;
}

function unsafe(name: string, problem: string): AppError {
  return new AppError(
    'PLUGIN_UNSAFE_ARCHIVE',
    `the archive is not unpacked: ${JSON.stringify(shorten(name, 80))} ${problem}`,
  );
}

export function tooLarge(what: string): AppError {
  return new AppError('PLUGIN_TOO_LARGE', `the archive ${what}`);
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}
