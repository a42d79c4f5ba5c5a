import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';

/**
 * What reading and writing age files have in common, on what Node brings.
 *
 * @see age-encryption.org/v1
 */
export const FILE_KEY_BYTES = 16;
export const TAG_BYTES = 16;
export const KEY_BYTES = 32;
export const X25519 = 'X25519';
const X25519_LABEL = 'age-encryption.org/v1/X25519';
const CHUNK_BYTES = 64 * 1024;
const NONCE_BYTES = 12;
const CIPHER = 'chacha20-poly1305';

/** For keys that are used for one message only. */
export const NO_NONCE = new Uint8Array(NONCE_BYTES);

/** What stands before a raw X25519 key in the encodings that Node reads. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI = Buffer.from('302a300506032b656e032100', 'hex');

export function derive(
  secret: Uint8Array,
  { salt, info }: { readonly salt: Uint8Array; readonly info: string },
): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, KEY_BYTES));
}

/** The key that the MAC of a header is made with. */
export function headerKey(fileKey: Uint8Array): Uint8Array {
  return derive(fileKey, { salt: new Uint8Array(0), info: 'header' });
}

export function payloadKey(fileKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return derive(fileKey, { salt, info: 'payload' });
}

/** @throws Error when it was changed */
export function openChunk(sealed: Uint8Array, key: Uint8Array, nonce: Uint8Array): Uint8Array {
  if (sealed.length < TAG_BYTES) throw new Error('too short');
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
}

export function sealChunk(plain: Uint8Array, key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

export type Chunk = { readonly bytes: Uint8Array; readonly nonce: Uint8Array; readonly isFirst: boolean };

/** A payload in the pieces that are encrypted by themselves; `extraBytes` is what each has beside the text. */
export function* chunksOf(payload: Uint8Array, extraBytes: number): Generator<Chunk> {
  const size = CHUNK_BYTES + extraBytes;
  for (let at = 0; at === 0 || at < payload.length; at += size) {
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.writeUInt32BE(at / size, NONCE_BYTES - 5);
    nonce.writeUInt8(at + size >= payload.length ? 1 : 0, NONCE_BYTES - 1);
    yield { bytes: payload.subarray(at, at + size), nonce, isFirst: at === 0 };
  }
}

/** A key of age, as Node takes it. */
export type X25519Key = { readonly secret: KeyObject; readonly publicKey: Uint8Array };

/** @param raw 32 bytes. */
export function x25519Key(raw: Uint8Array): X25519Key {
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, raw]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return { secret, publicKey: spki.subarray(SPKI.length) };
}

/**
 * The key that wraps the key of a file, the same from both sides of an exchange.
 *
 * @param parties What one side made for this file alone, and who the file is for: both as public keys.
 * @throws Error for a point that would give zero whatever the key is
 */
export function wrappingKey(
  own: X25519Key,
  parties: { readonly share: Uint8Array; readonly recipient: Uint8Array },
): Uint8Array {
  const { share, recipient } = parties;
  const other = Buffer.compare(own.publicKey, recipient) === 0 ? share : recipient;
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, other]), format: 'der', type: 'spki' });
  const shared = diffieHellman({ privateKey: own.secret, publicKey });
  return derive(shared, { salt: Buffer.concat([share, recipient]), info: X25519_LABEL });
}
