import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, type Secret } from '../../kernel/index.ts';
import { changedRefs, lookUp, planImport, refOf, withoutSecret, withRecords } from '../changes.ts';
import { planHolder } from '../holder.ts';
import { isSameConsumer, isSameRef } from '../names.ts';
import {
  KEY_FILES,
  type KeyHolder,
  type KeyRef,
  type SameValue,
  SECRETS_FILE,
  type SecretDocument,
  type SecretRecord,
} from '../types.ts';
import type { StoreKey } from './age-file.ts';
import { createKeys, type Keys } from './keys.ts';
import { whileLocked } from './lock.ts';
import { fetchKey, keepAside, readSealed, type Sealed, type Unsealed, writeSealed } from './sealed-file.ts';
import type { SecretStore, SecretStoreOptions, Secrets } from './secret-store.ts';
import { checkRecipients, readExport, writeExport } from './transfer.ts';

type Options = SecretStoreOptions & { readonly file: string; readonly keys: Keys };

/** How a change is made beside what it changes. */
type ChangeOptions = {
  /** Goes on with an empty store where the file is damaged. */
  readonly startAnew?: boolean;
  /** Takes a new key. */
  readonly freshKey?: boolean;
  /** Where the key is to be, whatever the setting says. */
  readonly holder?: KeyHolder | null;
  /** What the key is to be under. */
  readonly newPassphrase?: Secret | null;
};

/** The secrets of a home, for one process. */
export function createSecretStore(given: SecretStoreOptions): SecretStore {
  const options: Options = { ...given, file: join(given.home, SECRETS_FILE), keys: createKeys(given) };
  const { file, setting } = options;
  return {
    file,
    open: async () => openSecrets(options),
    set: async ({ name, consumers, value, source }) => {
      const records = consumers.map(
        (consumer): SecretRecord => ({ name, consumer, value, source, setAt: given.now() }),
      );
      const { before } = await change(options, (document) => withRecords(document, records), { startAnew: true });
      const replaced = before.records.filter((old) => records.some((record) => isSameRef(record, old)));
      return { replaced: replaced.map(refOf) };
    },
    unset: async (name, consumer) => {
      const { before } = await change(options, (document) => {
        const { document: next, removed } = withoutSecret(document, name, consumer);
        return removed.length === 0 ? document : next;
      });
      return withoutSecret(before, name, consumer).removed;
    },
    exportTo: async (recipients) => {
      await checkRecipients(recipients);
      const document = (await openSecrets(options)).document();
      return { text: await writeExport(document, recipients), count: document.records.length };
    },
    importFrom: async (source) => {
      const incoming = await readExport(source, options);
      const how = { replace: source.replace, same: sameValue };
      const { before } = await change(options, (document) => planImport(document, incoming, how).document, {
        startAnew: true,
      });
      const { document: _, ...report } = planImport(before, incoming, how);
      return report;
    },
    rotate: async ({ newPassphrase, dropPassphrase }) => {
      if (setting === 'keyring' && (newPassphrase !== null || dropPassphrase))
        throw new AppError('USAGE', 'with `secrets_store = "keyring"` there is no passphrase');
      const holder = newPassphrase === null ? (dropPassphrase ? 'identity' : null) : 'passphrase';
      const { after } = await change(options, refuseEmpty(file), { freshKey: true, holder, newPassphrase });
      if (after.key === null) throw new Error('a store without a key after a rotation');
      return { holder: after.key.holder, count: after.document.records.length };
    },
  };
}

const sameValue: SameValue = (a, b) => a.reveal() === b.reveal();

/** There is no key to rotate before there is a first secret. */
function refuseEmpty(file: string): (document: SecretDocument, sealed: Sealed) => SecretDocument {
  return (document, { key }) => {
    if (key !== null) return document;
    throw new AppError('SECRET_NOT_FOUND', 'nothing is stored yet', { where: file });
  };
}

async function openSecrets(options: Options): Promise<Secrets> {
  let sealed = await load(options);
  return {
    get: (name, consumer) => lookUp(sealed.document, name, consumer),
    names: (consumer) =>
      sealed.document.records.filter((record) => isSameConsumer(record.consumer, consumer)).map(({ name }) => name),
    document: () => sealed.document,
    holder: () => sealed.key?.holder ?? null,
    refresh: async () => {
      const before = sealed.document;
      sealed = await load(options);
      return changedRefs(before, sealed.document, sameValue);
    },
  };
}

async function load(options: Options): Promise<Sealed> {
  // Reading makes no home, and trusts none that others can change.
  if (existsSync(options.home)) options.privateFolder(options.home);
  const sealed = settled(await readSealed(options.file, options.keys), options);
  if (sealed.key === null || wantedHolder(options, sealed.key.holder) === sealed.key.holder) return sealed;
  const { after } = await change(options, (document) => document);
  return after;
}

function wantedHolder({ setting, passphrase }: Options, current: KeyHolder | null): KeyHolder | 'any' {
  return planHolder({ setting, hasPassphrase: passphrase !== null, current });
}

/**
 * Reads, changes and writes under the lock of the store. What is written is on the disk before the old key is gone, and
 * names the old key until it is: whenever the process is killed, the file opens, and no key stays behind for ever.
 *
 * @param edit Gives the document back as it is where there is nothing to write.
 */
async function change(
  options: Options,
  edit: (document: SecretDocument, sealed: Sealed) => SecretDocument,
  how: ChangeOptions = {},
): Promise<{ readonly before: SecretDocument; readonly after: Sealed }> {
  const { home, file, keys, takeLock, privateFolder } = options;
  const run = join(home, 'run');
  privateFolder(home);
  privateFolder(run);
  // What takes long, such as unlocking the keyring, is done before others have to wait.
  await fetchKey(file, keys);
  return whileLocked(join(run, 'secrets.lock'), takeLock, async () => {
    const sealed = await readForChange(options, how);
    const document = edit(sealed.document, sealed);
    const wasUnderPassphrase = sealed.key?.holder === 'passphrase';
    if (!wasUnderPassphrase) await changePassphrase(keys, how);
    const next = await keyFor(options, sealed, how);
    if (document === sealed.document && (next.kind === 'same' || sealed.key === null))
      return { before: sealed.document, after: sealed };
    const left = await dropRetired(keys, document.retired, next.key.id);
    const replaced = next.kind === 'same' || sealed.key === null ? [] : [sealed.key];
    const after = await writeSealed(file, { ...document, retired: [...left, ...replaced] }, next);
    // Last: as long as the old file may be the one that is there, the old passphrase opens it.
    if (wasUnderPassphrase) await changePassphrase(keys, how);
    await dropRetired(keys, replaced, next.key.id);
    tell(options, sealed.key, next.holder);
    return { before: sealed.document, after };
  });
}

async function changePassphrase(keys: Keys, { newPassphrase = null }: ChangeOptions): Promise<void> {
  if (newPassphrase !== null) await keys.changePassphrase(newPassphrase);
}

function tell({ onEvent }: Options, before: KeyRef | null, holder: KeyHolder): void {
  if (before === null) onEvent({ kind: 'key_made', holder });
  else if (before.holder !== holder) onEvent({ kind: 'key_moved', from: before.holder, to: holder });
}

async function readForChange(options: Options, { startAnew = false }: ChangeOptions): Promise<Sealed> {
  const { file, keys, now, onEvent } = options;
  const read = await readSealed(file, keys);
  if (read.kind !== 'damaged' || !startAnew) return settled(read, options);
  const aside = await keepAside(file, now());
  onEvent({ kind: 'kept_aside', file: aside, problem: read.problem });
  return settled(await readSealed(file, keys), options);
}

type NextKey = { readonly kind: 'same' | 'other'; readonly holder: KeyHolder; readonly key: StoreKey };

async function keyFor(options: Options, { key }: Sealed, how: ChangeOptions): Promise<NextKey> {
  const { keys, file } = options;
  const { freshKey = false, holder = null } = how;
  const wanted = holder ?? wantedHolder(options, key?.holder ?? (await keys.lyingReady()));
  if (key !== null && wanted === key.holder && !freshKey) {
    const known = await keys.find(key);
    if (known === null) throw keyMissing(key, file);
    return { kind: 'same', holder: key.holder, key: known };
  }
  if (wanted !== 'any') return { kind: 'other', holder: wanted, key: await keys.provide(wanted, { fresh: freshKey }) };
  try {
    return { kind: 'other', holder: 'keyring', key: await keys.provide('keyring', { fresh: true }) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { kind: 'other', holder: 'identity', key: await keys.provide('identity', { fresh: false }) };
  }
}

/** @returns Those that could not be taken away now. */
async function dropRetired(keys: Keys, retired: readonly KeyRef[], inUse: string): Promise<readonly KeyRef[]> {
  const left: KeyRef[] = [];
  for (const ref of retired) {
    if (ref.id === inUse) continue;
    await keys.drop(ref).catch(() => left.push(ref));
  }
  return left;
}

function settled(read: Unsealed, { file }: Pick<Options, 'file'>): Sealed {
  switch (read.kind) {
    case 'ok':
      return read.sealed;
    case 'locked':
      throw keyMissing(read.key, file);
    case 'damaged':
      throw new AppError('SECRET_STORE_DAMAGED', `the secrets cannot be read: ${read.problem}`, {
        where: file,
        hint: 'bring back a copy of the file, or set the secrets again: the damaged file is then kept beside the new one',
      });
    default:
      return read satisfies never;
  }
}

function keyMissing({ holder, id }: KeyRef, file: string): AppError {
  const place = holder === 'keyring' ? `the keyring, as \`key-${id}\` of the service \`plugboard\`` : KEY_FILES[holder];
  return new AppError('SECRET_KEY_MISSING', `the key of the secrets is not in ${place} any more`, {
    where: file,
    hint: 'bring the key back, or move the file away and set the secrets again',
  });
}
