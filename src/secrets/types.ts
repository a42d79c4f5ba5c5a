import type { EpochMs, Secret } from '../kernel/index.ts';

/** The file of a home that holds all values. */
export const SECRETS_FILE = 'secrets.age';

/** Where the key is, in a home whose key is in a file. */
export const KEY_FILES = { identity: 'identity.txt', passphrase: 'identity.age' } as const;

/** A variable with the passphrase of the key. No program that Plugboard starts gets it. */
export const PASSPHRASE_VARIABLE = 'PLUGBOARD_SECRETS_PASSPHRASE';

/** Who may read a secret: a plugin with all of its servers, or one server of the user's own configuration. */
export type Consumer =
  | { readonly kind: 'plugin'; readonly id: string }
  | { readonly kind: 'server'; readonly name: string };

/** Which secret: the same name may have another value for another consumer. */
export type SecretRef = { readonly name: string; readonly consumer: Consumer };

/** Where a value came from. `what` is the name of a variable, or the absolute path of a file. */
export type SecretSource =
  | { readonly how: 'prompt' | 'stdin' }
  | { readonly how: 'env' | 'file'; readonly what: string };

export type SecretRecord = SecretRef & {
  readonly value: Secret;
  readonly setAt: EpochMs;
  readonly source: SecretSource;
};

/** Who keeps the key of the store: the keyring of the system, `identity.txt`, or `identity.age` under a passphrase. */
export type KeyHolder = 'keyring' | 'identity' | 'passphrase';

/** One key: `id` is made of its public half, and tells nothing of the key. */
export type KeyRef = { readonly holder: KeyHolder; readonly id: string };

/** Everything in the store. */
export type SecretDocument = {
  readonly records: readonly SecretRecord[];
  /** Keys that were replaced and may not be gone yet from where they were kept. */
  readonly retired: readonly KeyRef[];
};

/** `secrets_store`: where the key is to be kept. */
export const STORE_SETTINGS = ['auto', 'keyring', 'file'] as const;
export type StoreSetting = (typeof STORE_SETTINGS)[number];

/** What happens to the store beside what was asked, and people should be told. */
export type StoreEvent =
  /** The first secret: from now on the key is here. */
  | { readonly kind: 'key_made'; readonly holder: KeyHolder }
  | { readonly kind: 'key_moved'; readonly from: KeyHolder; readonly to: KeyHolder }
  /** `secrets.age` could not be read, and is kept under this name. */
  | { readonly kind: 'kept_aside'; readonly file: string; readonly problem: string };

/** What there is for a consumer under a name. `refused`: it is set, and for others only. */
export type SecretLookup =
  | { readonly kind: 'found'; readonly secret: Secret }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly boundTo: readonly Consumer[] };

/** Tells whether two values are equal; `node/` hands it in, since only there values are looked at. */
export type SameValue = (a: Secret, b: Secret) => boolean;
