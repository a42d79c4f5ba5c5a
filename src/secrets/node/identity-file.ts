import { rm } from 'node:fs/promises';
import { AppError, type Secret } from '../../kernel/index.ts';
import { replaceFile } from '../../kernel/node/index.ts';
import { keyFrom, openWithPassphrase, recipientOf, type StoreKey, sealWithPassphrase } from './age-file.ts';
import { readUpTo } from './read-file.ts';

/** Keys have 75 letters each. */
const MAX_BYTES = 1024 * 1024;

/**
 * A file with keys, one per line, as `age-keygen` writes it and `age -i` reads it; or the same under a passphrase, which
 * `age -i` reads too. While a key is being replaced it holds the old and the new one.
 */
export type IdentityFile = {
  /** @returns null when there is no file. @throws AppError `SECRET_IDENTITY`, and with a passphrase `SECRET_PASSPHRASE_…` */
  readonly keys: () => Promise<readonly StoreKey[] | null>;
  /** Puts a key behind those that are there. Makes the file when there is none. @throws as `keys`; `SECRET_STORE_UNWRITABLE` */
  readonly add: (key: StoreKey) => Promise<void>;
  /** Takes a key out, and the file away with the last one. @throws as `add` */
  readonly remove: (id: string) => Promise<void>;
};

/** How the text of such a file gets to the disk and back: as it is, or under a passphrase. */
type Coding = {
  readonly decode: (bytes: Uint8Array) => Promise<string>;
  readonly encode: (text: string) => Promise<Uint8Array>;
};

export function openIdentityFile(file: string): IdentityFile {
  return identityFile(file, {
    decode: async (bytes) => textOf(bytes),
    encode: async (text) => Buffer.from(text),
  });
}

type LockedIdentityFile = IdentityFile & {
  /**
   * Puts the file under another passphrase; where there is none, the one that is made will be.
   *
   * @throws as `keys`; `SECRET_STORE_UNWRITABLE`, and the file is under the old one
   */
  readonly changePassphrase: (next: Secret) => Promise<void>;
};

/** @param passphrase Asked for when it is needed; throws when there is none. */
export function openLockedIdentityFile(file: string, passphrase: () => Promise<Secret>): LockedIdentityFile {
  let current = passphrase;
  const opened = identityFile(file, {
    decode: async (bytes) => {
      const found = await openWithPassphrase(bytes, await current());
      if (found.kind === 'opened') return textOf(found.bytes);
      throw found.kind === 'no_match'
        ? new AppError('SECRET_PASSPHRASE_WRONG', 'the passphrase does not open the key', { where: file })
        : unusable(file, 'is damaged');
    },
    encode: async (text) => sealWithPassphrase(text, await current()),
  });
  return {
    ...opened,
    changePassphrase: async (next) => {
      // What is there is read with the old one.
      await opened.keys();
      const before = current;
      current = async () => next;
      await opened.rewrite().catch((error: unknown) => {
        current = before;
        throw error;
      });
    },
  };
}

/** `rewrite`: what is there, encoded anew; nothing where there is no file. */
function identityFile(file: string, coding: Coding): IdentityFile & { readonly rewrite: () => Promise<void> } {
  // Decoding may take a second, so that of a file that did not change is not done again.
  let last: { readonly bytes: Uint8Array; readonly text: string } | null = null;
  const read = async (): Promise<string | null> => {
    const bytes = await readPrivate(file);
    if (bytes === null) return null;
    if (last === null || Buffer.compare(last.bytes, bytes) !== 0) last = { bytes, text: await coding.decode(bytes) };
    return last.text;
  };
  const write = async (text: string): Promise<void> => {
    const bytes = await coding.encode(text);
    await replaceFile(file, bytes, { mode: 0o600, alone: true }).catch((error: unknown) => {
      throw unwritable(file, error);
    });
    last = { bytes, text };
  };
  return {
    keys: async () => {
      const text = await read();
      return text === null ? null : keysOf(text, file);
    },
    add: async (key) => {
      const before = (await read()) ?? '';
      const separator = before === '' || before.endsWith('\n') ? '' : '\n';
      await write(`${before}${separator}# public key: ${recipientOf(key)}\n${key.identity.reveal()}\n`);
    },
    remove: async (id) => {
      const text = await read();
      const keys = text === null ? [] : keysOf(text, file);
      const gone = keys.find((key) => key.id === id);
      if (text !== null && gone !== undefined && keys.length > 1) await write(await withoutKey(text, gone));
      else if (gone !== undefined) await removeFile(file);
      // What a killed process left behind holds the key, too.
      await removeFile(`${file}.new`);
    },
    rewrite: async () => {
      const text = await read();
      if (text !== null) await write(text);
    },
  };
}

async function removeFile(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: unknown) => {
    throw unwritable(file, error);
  });
}

/** Lines of a file without a key, and without the comment that names it. */
async function withoutKey(text: string, key: StoreKey): Promise<string> {
  const recipient = recipientOf(key);
  return text
    .split('\n')
    .filter((line) => line.trim() !== key.identity.reveal() && !(line.startsWith('#') && line.includes(recipient)))
    .join('\n');
}

function keysOf(text: string, file: string): readonly StoreKey[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (lines.length === 0) throw unusable(file, 'holds no key');
  return lines.map((line) => {
    try {
      return keyFrom(line);
    } catch {
      throw unusable(file, 'holds a line that is no key of age, AGE-SECRET-KEY-1…');
    }
  });
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

async function readPrivate(file: string): Promise<Uint8Array | null> {
  try {
    const read = await readUpTo(file, MAX_BYTES);
    // What others may read is no secret any more; a key that was seen must be replaced, and only the user knows.
    if (read !== null && process.platform !== 'win32' && (read.mode & 0o077) !== 0)
      throw new AppError('SECRET_IDENTITY', 'others may read or write the key', {
        where: file,
        hint: `run: chmod 600 ${file}`,
      });
    return read?.bytes ?? null;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = errno(error);
    throw unusable(file, code === 'ENOENT' ? 'is a link that leads nowhere' : `cannot be read (${code})`);
  }
}

function unusable(file: string, problem: string): AppError {
  return new AppError('SECRET_IDENTITY', `the file with the key ${problem}`, { where: file });
}

/** The error of every write in the store. */
export function unwritable(file: string, error: unknown): AppError {
  return new AppError('SECRET_STORE_UNWRITABLE', `the file could not be written (${errno(error)}); it is as it was`, {
    where: file,
    cause: error,
  });
}

export function errno(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}
