import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { AppError } from '../../kernel/index.ts';
import { replaceFile } from '../../kernel/node/index.ts';
import { readKeyNote } from '../age-header.ts';
import { documentText, EMPTY_DOCUMENT, parseDocument } from '../document.ts';
import type { KeyRef, SecretDocument } from '../types.ts';
import { openWith, type StoreKey, seal } from './age-file.ts';
import { errno, unwritable } from './identity-file.ts';
import type { Keys } from './keys.ts';
import { readUpTo } from './read-file.ts';

/** What `secrets.age` holds. `key` is null as long as there is no such file. */
export type Sealed = {
  readonly bytes: Uint8Array | null;
  readonly key: KeyRef | null;
  readonly document: SecretDocument;
};

/** Why a file cannot be read. `damaged`: no key would help. `locked`: it is whole, as far as one can tell, and its key is gone. */
export type Unsealed =
  | { readonly kind: 'ok'; readonly sealed: Sealed }
  | { readonly kind: 'damaged'; readonly problem: string }
  | { readonly kind: 'locked'; readonly key: KeyRef };

const MIB = 1024 * 1024;

/** What all secrets may have together, as the text that is encrypted: a thousand values of the largest size, and room. */
const MAX_TEXT_BYTES = 128 * MIB;
/** With what encryption adds, and for an export what it takes to write that as letters. */
const MAX_FILE_BYTES = MAX_TEXT_BYTES + MIB;
export const MAX_EXPORT_BYTES = 1.4 * MAX_FILE_BYTES;

/** A change that comes while the file is read takes its key away; after so many the file is simply not readable. */
const MOST_CHANGES = 20;

/**
 * Reads the file without a lock.
 *
 * @throws AppError what `Keys.find` throws; `SECRET_STORE_UNREADABLE`
 */
export async function readSealed(file: string, keys: Keys): Promise<Unsealed> {
  let bytes = await readBytes(file);
  for (let changes = 0; ; changes += 1) {
    const result = await unseal(bytes, keys);
    if (result.kind === 'ok' || changes === MOST_CHANGES) return result;
    const again = await readBytes(file);
    if (isSame(bytes, again)) return result;
    bytes = again;
  }
}

/** Gets the key of the file, so that it is known when the file is read. @throws AppError as {@link readSealed} */
export async function fetchKey(file: string, keys: Keys): Promise<StoreKey | null> {
  const bytes = await readBytes(file);
  const note = bytes === null ? null : readKeyNote(bytes);
  return note?.kind === 'own' ? keys.find(note.key) : null;
}

export async function unseal(bytes: Uint8Array | null, keys: Keys): Promise<Unsealed> {
  if (bytes === null) return { kind: 'ok', sealed: { bytes, key: null, document: EMPTY_DOCUMENT } };
  const note = readKeyNote(bytes);
  if (note.kind !== 'own') {
    const problem = note.kind === 'foreign' ? 'it is an age file, but not one of a secret store' : 'it is no age file';
    return { kind: 'damaged', problem };
  }
  const key = await keys.find(note.key);
  if (key === null) return { kind: 'locked', key: note.key };
  const opened = await openWith(bytes, [key]);
  if (opened.kind !== 'opened') return { kind: 'damaged', problem: 'it is not whole' };
  const document = parseDocument(Buffer.from(opened.bytes).toString('utf8'));
  if ('problem' in document)
    return { kind: 'damaged', problem: `what is in it is not understood: ${document.problem}` };
  return { kind: 'ok', sealed: { bytes, key: note.key, document } };
}

/** @throws AppError `SECRET_STORE_UNWRITABLE`, and the file is untouched */
export async function writeSealed(
  file: string,
  document: SecretDocument,
  key: { readonly holder: KeyRef['holder']; readonly key: StoreKey },
): Promise<Sealed> {
  const text = documentText(document, (secret) => secret.reveal());
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES)
    throw new AppError(
      'SECRET_STORE_UNWRITABLE',
      `all secrets together would be more than ${MAX_TEXT_BYTES / MIB} MiB`,
      {
        where: file,
        hint: 'keep large values in files, and store their paths; see: plugboard secret list',
      },
    );
  const bytes = await seal(text, key.key, key.holder);
  await replaceFile(file, bytes, { mode: 0o600, alone: true }).catch((error: unknown) => {
    throw unwritable(file, error);
  });
  return { bytes, key: { holder: key.holder, id: key.key.id }, document };
}

/**
 * Puts a file that cannot be read aside, beside itself, under a name that nothing has yet.
 *
 * @returns Where it is now.
 */
export async function keepAside(file: string, at: number): Promise<string> {
  const stamp = new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  let aside = `${file}.damaged-${stamp}`;
  for (let number = 2; existsSync(aside); number += 1) aside = `${file}.damaged-${stamp}-${number}`;
  await rename(file, aside).catch((error: unknown) => {
    throw unwritable(file, error);
  });
  return aside;
}

/**
 * @param maxBytes Of an export as text, which is longer than the store itself: {@link MAX_EXPORT_BYTES}.
 * @throws AppError `SECRET_STORE_UNREADABLE`
 */
export async function readBytes(file: string, maxBytes = MAX_FILE_BYTES): Promise<Uint8Array | null> {
  try {
    return (await readUpTo(file, maxBytes))?.bytes ?? null;
  } catch (error) {
    const code = errno(error);
    const why = code === 'ENOENT' ? 'it is a link that leads nowhere' : code === 'EFBIG' ? 'it is too large' : code;
    throw new AppError('SECRET_STORE_UNREADABLE', `the file cannot be read (${why})`, { where: file });
  }
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}
