import { get } from '../../config/index.ts';
import { type LoadedConfig, loadConfig } from '../../config/node/index.ts';
import { silentLog } from '../../kernel/index.ts';
import { systemClock } from '../../kernel/node/index.ts';
import { STORE_SETTINGS, type StoreEvent, type StoreSetting } from '../../secrets/index.ts';
import type { KeyringOptions, SecretStore } from '../../secrets/node/index.ts';
import { eventNote } from '../render-secrets.ts';
import type { CliContext } from './context.ts';
import type { Passphrase } from './passphrase.ts';
import { brokenFile } from './user-config.ts';

/** How long the keyring may take to be unlocked by a person, and how long where nobody can be asked. Milliseconds. */
const DIALOG_MS = 60_000;
export const NOBODY_MS = 700;

/** The secret store of this home with what a command needs beside it. */
export type OpenedStore = {
  readonly store: SecretStore;
  readonly loaded: LoadedConfig;
  /** What people should know beside what they asked for, one line each. */
  readonly notes: readonly string[];
  readonly note: (line: string) => void;
};

/**
 * Runs `use` with the secret store of this home.
 *
 * @throws AppError `CONFIG_…` when the configuration cannot say where secrets are kept; what the store and `use` throw
 */
export async function withSecretStore<T>(context: CliContext, use: (opened: OpenedStore) => Promise<T>): Promise<T> {
  const { createLocalExecutor } = await import('../../executors/node/index.ts');
  const loaded = await loadConfig(context.loadOptions);
  const notes: string[] = [];
  const note = (line: string): void => void notes.push(line);
  const passphrase = await context.passphrase();
  const executor = createLocalExecutor({ log: silentLog });
  const store = await buildSecretStore(context, {
    loaded,
    passphrase,
    runProgram: executor.runProgram,
    waitMs: context.interactive ? DIALOG_MS : NOBODY_MS,
    onWait: () => {
      if (context.interactive)
        context.err.write(`Waiting ${DIALOG_MS / 1000} s for the keyring to be unlocked, in its own dialog.\n`);
    },
    onEvent: (event) => note(eventNote(event)),
  });
  try {
    const result = await use({ store, loaded, notes, note });
    if (context.globals.passphraseFile !== null && passphrase?.wasRead() !== true)
      note('--passphrase-file was not needed: the key is not under a passphrase');
    return result;
  } finally {
    await executor.close();
  }
}

export type StoreParts = {
  readonly loaded: LoadedConfig;
  readonly passphrase: Passphrase | null;
  readonly runProgram: KeyringOptions['runProgram'];
  /** How long the keyring may take. Milliseconds. */
  readonly waitMs: number;
  readonly onWait: () => void;
  readonly onEvent: (event: StoreEvent) => void;
};

/** The secret store of this home. Nothing of it is read yet. @throws AppError `CONFIG_…` as {@link withSecretStore} */
export async function buildSecretStore(
  { home, env }: Pick<CliContext, 'home' | 'env'>,
  { loaded, passphrase, runProgram, waitMs, onWait, onEvent }: StoreParts,
): Promise<SecretStore> {
  const setting = storeSetting(loaded);
  const [{ createSecretStore, createKeyring }, { takeLock }, { privateFolder }] = await Promise.all([
    import('../../secrets/node/index.ts'),
    import('../../storage/node/index.ts'),
    import('../../api/node/index.ts'),
  ]);
  return createSecretStore({
    home,
    setting,
    passphrase: passphrase?.read ?? null,
    keyring: createKeyring({ runProgram, env, waitMs, onWait }),
    takeLock,
    privateFolder,
    now: systemClock.now,
    onEvent,
  });
}

/** Where the key is to be kept. A file that cannot be read might say that the key never leaves the keyring, so nothing is assumed in its place. */
export function storeSetting(loaded: LoadedConfig): StoreSetting {
  const wrong = loaded.config.issues.find(({ key, severity }) => key === 'secrets_store' && severity === 'error');
  const broken = brokenFile(wrong === undefined ? loaded.brokenFiles : [wrong]);
  if (broken !== null) throw broken;
  const value = get(loaded, 'secrets_store');
  return STORE_SETTINGS.find((setting) => setting === value) ?? 'auto';
}
