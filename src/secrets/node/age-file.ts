import { createHash } from 'node:crypto';
import { Secret } from '../../kernel/index.ts';
import { KEY_STANZA } from '../age-header.ts';
import { decodeBech32 } from '../bech32.ts';
import type { KeyHolder } from '../types.ts';
import { type Opened, openAge, unwrapX25519, x25519Key } from './age-open.ts';
import { passphraseRecipient, unwrapPassphrase } from './scrypt.ts';

/** A key of the store: what age calls an identity. Its id is made of the public half. */
export type StoreKey = { readonly id: string; readonly identity: Secret };

export async function createKey(): Promise<StoreKey> {
  const { generateX25519Identity } = await import('age-encryption');
  return keyFrom(await generateX25519Identity());
}

/** @throws Error when the text is no identity of age, `AGE-SECRET-KEY-1…` */
export function keyFrom(text: string): StoreKey {
  const identity = new Secret('key of the secret store', text);
  const id = createHash('sha256').update(x25519Of(identity).publicKey).digest('hex').slice(0, 16);
  return { id, identity };
}

function x25519Of(identity: Secret): ReturnType<typeof x25519Key> {
  const raw = decodeBech32('age-secret-key-', identity.reveal());
  if (raw?.length !== 32) throw new Error('not an identity of age');
  return x25519Key(raw);
}

/** The public half, `age1…`: what others encrypt to. */
export async function recipientOf({ identity }: StoreKey): Promise<string> {
  const { identityToRecipient } = await import('age-encryption');
  return identityToRecipient(identity.reveal());
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
  const { Encrypter, Stanza } = await import('age-encryption');
  const encrypter = new Encrypter();
  encrypter.addRecipient(await recipientOf(key));
  encrypter.addRecipient({ wrapFileKey: () => [new Stanza([KEY_STANZA, holder, key.id], new Uint8Array(0))] });
  return encrypter.encrypt(text);
}

/** Takes a second, by design. */
export async function sealWithPassphrase(text: string, passphrase: Secret): Promise<Uint8Array> {
  const { Encrypter, Stanza } = await import('age-encryption');
  const encrypter = new Encrypter();
  encrypter.addRecipient(passphraseRecipient(passphrase, (args, body) => new Stanza(args, body)));
  return encrypter.encrypt(text);
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
  const text = new TextDecoder('latin1').decode(bytes);
  if (!text.trimStart().startsWith(ARMOR)) return bytes;
  const { armor } = await import('age-encryption');
  try {
    return armor.decode(text);
  } catch {
    return null;
  }
}
