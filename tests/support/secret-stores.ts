import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { privateFolder } from '../../src/api/node/index.ts';
import { AppError, Secret } from '../../src/kernel/index.ts';
import { parseConsumer, type StoreEvent, type StoreSetting } from '../../src/secrets/index.ts';
import { createKey, type StoreKey } from '../../src/secrets/node/age-file.ts';
import { createSecretStore, type Keyring, type SecretStore } from '../../src/secrets/node/index.ts';
import { takeLock } from '../../src/storage/node/index.ts';

/** A keyring in memory, which can be gone, and then refuses as a real one does. */
export type TestKeyring = Keyring & { readonly keys: Map<string, StoreKey>; reachable: boolean; deletes: boolean };

export function createTestKeyring(): TestKeyring {
  const keys = new Map<string, StoreKey>();
  const ask = (): void => {
    if (!keyring.reachable) throw new AppError('SECRET_KEYRING_UNAVAILABLE', 'no keyring');
  };
  const keyring: TestKeyring = {
    keys,
    reachable: true,
    deletes: true,
    create: async () => {
      ask();
      const key = createKey();
      keys.set(key.id, key);
      return key;
    },
    get: async (id) => {
      ask();
      return keys.get(id) ?? null;
    },
    delete: async (id) => {
      ask();
      if (!keyring.deletes) throw new AppError('SECRET_KEYRING_LOCKED', 'no deleting');
      keys.delete(id);
    },
  };
  return keyring;
}

export type StoreHome = {
  readonly path: string;
  readonly keyring: TestKeyring;
  readonly events: StoreEvent[];
  /** The store as a process of its own would open it: with nothing remembered. */
  readonly store: (setting?: StoreSetting, passphrase?: string) => SecretStore;
};

/** Makes homes for secret stores, and removes them after each test. */
export function useStoreHomes(): () => StoreHome {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), 'plugboard-secrets-'));
    folders.push(folder);
    const path = join(folder, 'home');
    mkdirSync(path, { mode: 0o700 });
    const keyring = createTestKeyring();
    const events: StoreEvent[] = [];
    return {
      path,
      keyring,
      events,
      store: (setting = 'auto', passphrase) =>
        createSecretStore({
          home: path,
          setting,
          passphrase: passphrase === undefined ? null : async () => new Secret('passphrase', passphrase),
          keyring,
          takeLock,
          privateFolder,
          now: () => 1_000_000_000_000,
          onEvent: (event) => void events.push(event),
        }),
    };
  };
}

/** Stores a value under `NAME consumer`. */
export async function put(store: SecretStore, ref: string, value: string): Promise<void> {
  const [name = '', consumer = ''] = ref.split(' ');
  await store.set({
    name,
    consumers: [parseConsumer(consumer)],
    value: new Secret(name, value),
    source: { how: 'stdin' },
  });
}

/** Everything that is stored: `NAME consumer` → value. */
export async function valuesOf(store: SecretStore): Promise<Readonly<Record<string, string>>> {
  const secrets = await store.open();
  return Object.fromEntries(
    secrets
      .document()
      .records.map(({ name, consumer, value }) => [
        `${name} ${consumer.kind === 'plugin' ? consumer.id : consumer.name}`,
        value.reveal(),
      ]),
  );
}

/** The code of what is thrown. */
export async function codeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'nothing was thrown';
}
