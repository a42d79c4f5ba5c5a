import type { EpochMs, Secret } from '../../kernel/index.ts';
import type { ImportPlan } from '../changes.ts';
import type {
  Consumer,
  KeyHolder,
  SecretDocument,
  SecretLookup,
  SecretRef,
  SecretSource,
  StoreEvent,
  StoreSetting,
} from '../types.ts';
import type { Keyring } from './keyring.ts';
import type { TakeLock } from './lock.ts';

export type SecretStoreOptions = {
  /** Absolute folder of the home. */
  readonly home: string;
  readonly setting: StoreSetting;
  /** Reads the passphrase, once it is needed; null when none was given. */
  readonly passphrase: (() => Promise<Secret>) | null;
  readonly keyring: Keyring;
  readonly takeLock: TakeLock;
  /** Makes a folder that only this user can enter. @throws AppError `HOME_NOT_PRIVATE`, `HOME_UNUSABLE` */
  readonly privateFolder: (folder: string) => void;
  readonly now: () => EpochMs;
  readonly onEvent: (event: StoreEvent) => void;
};

/** Secrets as they were when they were last read. Answers at once, and never with what another consumer was given. */
export type Secrets = {
  readonly get: (name: string, consumer: Consumer) => SecretLookup;
  /** What is set for this consumer, sorted. */
  readonly names: (consumer: Consumer) => readonly string[];
  readonly document: () => SecretDocument;
  /** Who keeps the key; null as long as nothing was ever stored. */
  readonly holder: () => KeyHolder | null;
  /**
   * Reads again.
   *
   * @returns What is new, gone, or has another value.
   * @throws AppError as {@link SecretStore.open}; what was read before then stays
   */
  readonly refresh: () => Promise<readonly SecretRef[]>;
};

/** The secrets of a home. Nothing is read before it is asked for; every change is on the disk when it resolves. */
export type SecretStore = {
  /** `secrets.age`, which may not exist: to be watched. */
  readonly file: string;
  /**
   * Reads everything. Where the key is not where the setting wants it, it is moved there.
   *
   * @throws AppError `SECRET_KEYRING_UNAVAILABLE` | `SECRET_KEYRING_LOCKED` | `SECRET_KEY_MISSING` | `SECRET_IDENTITY` |
   *   `SECRET_PASSPHRASE_REQUIRED` | `SECRET_PASSPHRASE_WRONG` | `SECRET_STORE_DAMAGED` | `SECRET_STORE_UNREADABLE` |
   *   `HOME_NOT_PRIVATE` | `HOME_UNUSABLE` | when the key moves also `SECRET_STORE_BUSY`, `SECRET_STORE_UNWRITABLE`
   */
  readonly open: () => Promise<Secrets>;
  /** Stores one value for each of the consumers. A file that is damaged is kept aside first. @throws AppError as `open` */
  readonly set: (secret: NewSecret) => Promise<{ readonly replaced: readonly SecretRef[] }>;
  /** @param consumer null for all. @throws AppError as `open` */
  readonly unset: (name: string, consumer: Consumer | null) => Promise<readonly SecretRef[]>;
  /** @returns An age file as text, for these recipients. @throws AppError as `open`; `SECRET_RECIPIENT` */
  readonly exportTo: (recipients: readonly string[]) => Promise<{ readonly text: string; readonly count: number }>;
  /** Takes over what an export, or an older copy of `secrets.age`, holds. @throws AppError as `open`; `SECRET_IMPORT` */
  readonly importFrom: (source: ImportSource) => Promise<Omit<ImportPlan, 'document'>>;
  /** Encrypts everything to a new key and does away with the old one. @throws AppError as `open`; `USAGE` */
  readonly rotate: (how: RotateOptions) => Promise<{ readonly holder: KeyHolder; readonly count: number }>;
};

export type NewSecret = {
  readonly name: string;
  readonly consumers: readonly Consumer[];
  readonly value: Secret;
  readonly source: SecretSource;
};

export type ImportSource = {
  readonly file: string;
  /** Absolute paths of files with keys; without one, the keys of this home are tried. */
  readonly identityFiles: readonly string[];
  /** Whether the file counts where the store has another value. */
  readonly replace: boolean;
};

/** `newPassphrase`: the new key is under this one. `dropPassphrase`: it is in a file as it is. */
export type RotateOptions = { readonly newPassphrase: Secret | null; readonly dropPassphrase: boolean };
