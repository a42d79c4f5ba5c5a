import { createHash } from 'node:crypto';
import type { Decrypter as AgeDecrypter } from 'age-encryption';
import { Secret } from '../../kernel/index.ts';
import { KEY_STANZA } from '../header.ts';
import type { KeyRef } from '../types.ts';
import { passphraseIdentity, passphraseRecipient } from './scrypt.ts';

/** Loads the library of age, which takes as long as Node to start, while something else is waited for. */
export function preloadAge(): void {
  void import('age-encryption').catch(() => {});
}

/** A key of the store: what age calls an identity, with what follows from it. */
export type StoreKey = { readonly id: string; readonly recipient: string; readonly identity: Secret };

export async function createKey(): Promise<StoreKey> {
  const { generateX25519Identity } = await import('age-encryption');
  return keyFrom(await generateX25519Identity());
}

/** @throws Error when the text is no identity of age */
export async function keyFrom(identity: string): Promise<StoreKey> {
  const { identityToRecipient } = await import('age-encryption');
  const recipient = await identityToRecipient(identity);
  const id = createHash('sha256').update(recipient).digest('hex').slice(0, 16);
  return { id, recipient, identity: new Secret('key of the secret store', identity) };
}

/** `no_match`: the key is not one that the file was encrypted to. `damaged`: it is, and the file is not whole. */
export type Opened =
  | { readonly kind: 'opened'; readonly text: string }
  | { readonly kind: 'no_match' }
  | { readonly kind: 'damaged' };

export async function openWith(bytes: Uint8Array, identities: readonly Secret[]): Promise<Opened> {
  return open(bytes, (decrypter) => {
    for (const identity of identities) decrypter.addIdentity(identity.reveal());
  });
}

/** Takes a second, by design. */
export async function openWithPassphrase(bytes: Uint8Array, passphrase: Secret): Promise<Opened> {
  return open(bytes, (decrypter) => decrypter.addIdentity(passphraseIdentity(passphrase)));
}

async function open(bytes: Uint8Array, addKeys: (decrypter: AgeDecrypter) => void): Promise<Opened> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  addKeys(decrypter);
  // Keys are tried in order: one that is reached after ours tells that none of them fitted.
  let noMatch = false;
  decrypter.addIdentity({
    unwrapFileKey: () => {
      noMatch = true;
      return null;
    },
  });
  try {
    return { kind: 'opened', text: await decrypter.decrypt(bytes, 'text') };
  } catch {
    return noMatch ? { kind: 'no_match' } : { kind: 'damaged' };
  }
}

/** The store's own file: encrypted to its key, and with a header that names the key. */
export async function seal(text: string, key: StoreKey, holder: KeyRef['holder']): Promise<Uint8Array> {
  const { Encrypter, Stanza } = await import('age-encryption');
  const encrypter = new Encrypter();
  encrypter.addRecipient(key.recipient);
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
  const { armor } = await import('age-encryption');
  const text = new TextDecoder('latin1').decode(bytes);
  if (!text.trimStart().startsWith(ARMOR)) return bytes;
  try {
    return armor.decode(text);
  } catch {
    return null;
  }
}
