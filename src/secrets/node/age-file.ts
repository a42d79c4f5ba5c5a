import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '../../kernel/index.ts';
import { KEY_STANZA } from '../age-header.ts';
import { decodeBech32, encodeBech32 } from '../bech32.ts';
import type { KeyHolder } from '../types.ts';
import { KEY_BYTES, type X25519Key, x25519Key } from './age-format.ts';
import { type Opened, openAge, unwrapX25519 } from './age-open.ts';
import { sealAge, wrapX25519 } from './age-seal.ts';
import { unwrapPassphrase, wrapPassphrase } from './scrypt.ts';

const IDENTITY = 'age-secret-key-';
const RECIPIENT = 'age';

/** A key of the store: what age calls an identity. Its id is made of the public half. */
export type StoreKey = { readonly id: string; readonly identity: Secret };

export function createKey(): StoreKey {
  return keyFrom(encodeBech32(IDENTITY, randomBytes(KEY_BYTES)).toUpperCase());
}

/** @throws Error when the text is no identity of age, `AGE-SECRET-KEY-1…` */
export function keyFrom(text: string): StoreKey {
  const identity = new Secret('key of the secret store', text);
  const id = createHash('sha256').update(x25519Of(identity).publicKey).digest('hex').slice(0, 16);
  return { id, identity };
}

function x25519Of(identity: Secret): X25519Key {
  const raw = decodeBech32(IDENTITY, identity.reveal());
  if (raw?.length !== KEY_BYTES) throw new Error('not an identity of age');
  return x25519Key(raw);
}

/** The public half, `age1…`: what others encrypt to. */
export function recipientOf({ identity }: StoreKey): string {
  return encodeBech32(RECIPIENT, x25519Of(identity).publicKey);
}

/** @returns The text, where one of the keys fits. */
export async function openWith(bytes: Uint8Array, keys: readonly StoreKey[]): Promise<Opened> {
  return openAge(bytes, unwrapX25519(keys.map(({ identity }) => x25519Of(identity))));
}

/** Takes a second, by design. */
export async function openWithPassphrase(bytes: Uint8Array, passphrase: Secret): Promise<Opened> {
  return openAge(bytes, unwrapPassphrase(passphrase));
}

/** The store's own file: encrypted to its key, and with a header that names the key. */
export async function seal(text: string, key: StoreKey, holder: KeyHolder): Promise<Uint8Array> {
  const wrap = wrapX25519(x25519Of(key.identity).publicKey);
  const note = { args: [KEY_STANZA, holder, key.id], body: new Uint8Array(0) };
  return sealAge(text, async (fileKey) => [...(await wrap(fileKey)), note]);
}

/** Takes a second, by design. */
export async function sealWithPassphrase(text: string, passphrase: Secret): Promise<Uint8Array> {
  return sealAge(text, wrapPassphrase(passphrase));
}

export async function areRecipients(texts: readonly string[]): Promise<boolean> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  try {
    for (const text of texts) encrypter.addRecipient(text);
    return true;
  } catch {
    return false;
  }
}

/** @returns An age file as text. */
export async function sealTo(text: string, recipients: readonly string[]): Promise<string> {
  const { Encrypter, armor } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  return armor.encode(await encrypter.encrypt(text));
}

const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';

/** An age file as bytes, also when it is written as text; null for a text that is cut or changed. */
export async function withoutArmor(bytes: Uint8Array): Promise<Uint8Array | null> {
  const start = Buffer.from(bytes.subarray(0, 1024)).toString('latin1');
  if (!start.trimStart().startsWith(ARMOR)) return bytes;
  const text = Buffer.from(bytes).toString('latin1');
  const { armor } = await import('age-encryption');
  try {
    return armor.decode(text);
  } catch {
    return null;
  }
}
