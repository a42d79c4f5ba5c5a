/**
 * secrets/node: the secret store of a home on the disk, and the key to it, in the keyring of the system or in a file.
 *
 * The only place besides the roads out of the process where a secret is looked at. What it needs of the world beyond
 * files, a lock and the running of a program, is handed in. Opened by `host`, `cli`, tests and bench.
 */
export { createKeyring, type Keyring, type KeyringOptions } from './keyring.ts';
export { readUpTo } from './read-file.ts';
export type { NewSecret, SecretStore, SecretStoreOptions, Secrets } from './secret-store.ts';
export { createSecretStore } from './store.ts';
