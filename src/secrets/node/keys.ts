import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, type Secret } from '../../kernel/index.ts';
import { KEY_FILES, type KeyHolder, type KeyRef } from '../types.ts';
import { createKey, type StoreKey } from './age-file.ts';
import { type IdentityFile, openIdentityFile, openLockedIdentityFile } from './identity-file.ts';
import type { Keyring } from './keyring.ts';

/** The keys of a home, wherever they are kept. What was found once is remembered: a passphrase costs a second each time. */
export type Keys = {
  /** @returns null when it is not there any more. @throws AppError `SECRET_KEYRING_…`, `SECRET_IDENTITY`, `SECRET_PASSPHRASE_…` */
  readonly find: (ref: KeyRef) => Promise<StoreKey | null>;
  /** Which of the files lies there, whether or not anything was encrypted to its key yet. */
  readonly lyingReady: () => Promise<'identity' | 'passphrase' | null>;
  /** All keys in that file. @throws AppError as `find` */
  readonly inFile: (holder: keyof typeof KEY_FILES) => Promise<readonly StoreKey[]>;
  /**
   * A key to encrypt to: the last one of a file that lies ready, else a new one.
   *
   * @param fresh Makes a new one in any case.
   * @throws AppError as `find`; `SECRET_STORE_UNWRITABLE`
   */
  readonly provide: (holder: KeyHolder, how: { readonly fresh: boolean }) => Promise<StoreKey>;
  /** Takes a key away for good. @throws AppError as `provide` */
  readonly drop: (ref: KeyRef) => Promise<void>;
  /** Puts the keys that are under a passphrase under this one, those to come too. @throws AppError as `provide` */
  readonly changePassphrase: (next: Secret) => Promise<void>;
};

export type KeysOptions = {
  readonly home: string;
  readonly keyring: Keyring;
  /** Reads the passphrase; null when none was given. */
  readonly passphrase: (() => Promise<Secret>) | null;
};

export function createKeys({ home, keyring, passphrase }: KeysOptions): Keys {
  const found = new Map<string, StoreKey>();
  const lockedFile = join(home, KEY_FILES.passphrase);
  const locked = openLockedIdentityFile(lockedFile, async () => {
    if (passphrase !== null) return passphrase();
    throw new AppError('SECRET_PASSPHRASE_REQUIRED', 'the key of the secret store is under a passphrase', {
      where: lockedFile,
    });
  });
  const files: Readonly<Record<keyof typeof KEY_FILES, IdentityFile>> = {
    identity: openIdentityFile(join(home, KEY_FILES.identity)),
    passphrase: locked,
  };
  const remember = (holder: KeyHolder, key: StoreKey): StoreKey => {
    found.set(`${holder} ${key.id}`, key);
    return key;
  };
  const find: Keys['find'] = async ({ holder, id }) => {
    const known = found.get(`${holder} ${id}`);
    if (known !== undefined) return known;
    const key =
      holder === 'keyring'
        ? await keyring.get(id)
        : ((await files[holder].keys())?.find((one) => one.id === id) ?? null);
    return key === null ? null : remember(holder, key);
  };
  const provide: Keys['provide'] = async (holder, { fresh }) => {
    if (holder === 'keyring') return remember(holder, await keyring.create());
    const last = fresh ? undefined : (await files[holder].keys())?.at(-1);
    if (last !== undefined) return remember(holder, last);
    const key = createKey();
    await files[holder].add(key);
    return remember(holder, key);
  };
  return {
    find,
    lyingReady: async () => {
      if (existsSync(join(home, KEY_FILES.identity))) return 'identity';
      return existsSync(join(home, KEY_FILES.passphrase)) ? 'passphrase' : null;
    },
    inFile: async (holder) => (await files[holder].keys()) ?? [],
    provide,
    drop: async (ref) => {
      found.delete(`${ref.holder} ${ref.id}`);
      if (ref.holder === 'keyring') await keyring.delete(ref.id);
      else await files[ref.holder].remove(ref.id);
    },
    changePassphrase: locked.changePassphrase,
  };
}
