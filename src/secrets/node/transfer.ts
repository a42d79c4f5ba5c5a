import { AppError } from '../../kernel/index.ts';
import { readKeyNote } from '../age-header.ts';
import { documentText, parseDocument } from '../document.ts';
import type { SecretDocument, SecretRecord } from '../types.ts';
import { valueProblem } from '../value.ts';
import { areRecipients, openWith, type StoreKey, sealTo, withoutArmor } from './age-file.ts';
import { openIdentityFile } from './identity-file.ts';
import type { Keys } from './keys.ts';
import { fetchKey, MAX_EXPORT_BYTES, readBytes, unseal } from './sealed-file.ts';
import type { ImportSource } from './secret-store.ts';

/**
 * @throws AppError `SECRET_RECIPIENT`, which does not repeat what was given: it may be a key.
 */
export async function checkRecipients(recipients: readonly string[]): Promise<void> {
  if (await areRecipients(recipients)) return;
  throw new AppError(
    'SECRET_RECIPIENT',
    recipients.some((recipient) => recipient.toUpperCase().startsWith('AGE-SECRET-KEY'))
      ? 'that is the key of a recipient, and belongs to nobody but its owner'
      : 'that is no recipient of age',
  );
}

/** Everything as an age file for these recipients, as text. */
export async function writeExport(document: SecretDocument, recipients: readonly string[]): Promise<string> {
  return sealTo(
    documentText({ ...document, retired: [] }, (secret) => secret.reveal()),
    recipients,
  );
}

/** The keys of a home, and the file that says which of them is in use. */
type StoreKeys = { readonly keys: Keys; readonly file: string };

/**
 * What an export, or an older copy of `secrets.age`, holds.
 *
 * @throws AppError `SECRET_IMPORT`, `SECRET_IDENTITY`, and what `Keys.find` throws
 */
export async function readExport(source: ImportSource, home: StoreKeys): Promise<readonly SecretRecord[]> {
  const records = await openExport(source, home);
  const wrong = records.findIndex(({ value }) => valueProblem(value.reveal()) !== null);
  if (wrong === -1) return records;
  const problem = valueProblem(records[wrong]?.value.reveal() ?? '');
  throw refused(source.file, `the value of entry ${wrong + 1} ${problem}`);
}

async function openExport({ file, identityFiles }: ImportSource, home: StoreKeys): Promise<readonly SecretRecord[]> {
  const read = await readBytes(file, MAX_EXPORT_BYTES);
  if (read === null) throw refused(file, 'there is no such file');
  const bytes = await withoutArmor(read);
  const header = bytes === null ? { kind: 'damaged' as const } : readKeyNote(bytes);
  if (bytes === null || header.kind === 'damaged') throw refused(file, 'it is no age file, or is not whole');
  if (identityFiles.length > 0) return withIdentities(file, bytes, identityFiles);
  if (header.kind === 'foreign') {
    const opened = header.underPassphrase ? null : await openWith(bytes, await keysOfHome(home));
    if (opened?.kind === 'opened') return recordsOf(file, opened.bytes);
    const how = header.underPassphrase ? 'it is under a passphrase' : 'it is not encrypted to a key of this home';
    throw refused(file, how, 'name the file with its key: --identity FILE');
  }
  const unsealed = await unseal(bytes, home.keys);
  if (unsealed.kind === 'ok') return unsealed.sealed.document.records;
  if (unsealed.kind === 'damaged') throw refused(file, unsealed.problem);
  throw refused(file, 'the key it was encrypted to is not here any more', 'name a file with that key: --identity FILE');
}

/** The key in use, and all that lie in files. A passphrase is worked through only where that may be the key in use. */
async function keysOfHome({ file, keys }: StoreKeys): Promise<readonly StoreKey[]> {
  const inUse = await fetchKey(file, keys);
  const lying = await keys.inFile('identity');
  if (inUse !== null) return [inUse, ...lying];
  return lying.length > 0 ? lying : keys.inFile('passphrase');
}

async function withIdentities(
  file: string,
  bytes: Uint8Array,
  paths: readonly string[],
): Promise<readonly SecretRecord[]> {
  const identities = (await Promise.all(paths.map(identitiesOf))).flat();
  const opened = await openWith(bytes, identities);
  if (opened.kind !== 'opened')
    throw refused(file, opened.kind === 'no_match' ? 'none of the keys opens it' : 'it is not whole');
  return recordsOf(file, opened.bytes);
}

function recordsOf(file: string, bytes: Uint8Array): readonly SecretRecord[] {
  const document = parseDocument(Buffer.from(bytes).toString('utf8'));
  if ('problem' in document) throw refused(file, `it is no export of secrets: ${document.problem}`);
  return document.records;
}

async function identitiesOf(path: string): Promise<readonly StoreKey[]> {
  const keys = await openIdentityFile(path).keys();
  if (keys === null) throw new AppError('SECRET_IDENTITY', 'there is no such file', { where: path });
  return keys;
}

function refused(file: string, problem: string, hint?: string): AppError {
  return new AppError('SECRET_IMPORT', `nothing was imported: ${problem}`, {
    where: file,
    ...(hint === undefined ? {} : { hint }),
  });
}
