import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import { type AgeHeader, fromBase64, parseAgeHeader, type Stanza } from '../age-header.ts';

/**
 * Opens age files with what Node brings. The library of age, which writes them, takes longer to load and to open its first
 * file than everything else that a command does.
 *
 * @see age-encryption.org/v1
 */
const FILE_KEY_BYTES = 16;
const TAG_BYTES = 16;
const CHUNK_BYTES = 64 * 1024;
const NONCE_BYTES = 12;
const CIPHER = 'chacha20-poly1305';
const X25519 = 'X25519';
const X25519_LABEL = 'age-encryption.org/v1/X25519';
const KEY_BYTES = 32;

/** What stands before a raw X25519 key in the encodings that Node reads. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI = Buffer.from('302a300506032b656e032100', 'hex');

/** `no_match`: the key is not one that the file was encrypted to. `damaged`: it is, and the file is not whole. */
export type Opened =
  | { readonly kind: 'opened'; readonly bytes: Uint8Array }
  | { readonly kind: 'no_match' }
  | { readonly kind: 'damaged' };

/** Gets the key of a file out of its header; null when there is none for it. @throws Error for a header that is wrong */
export type Unwrap = (stanzas: readonly Stanza[]) => Promise<Uint8Array | null> | Uint8Array | null;

export async function openAge(bytes: Uint8Array, unwrap: Unwrap): Promise<Opened> {
  const header = parseAgeHeader(bytes);
  if (header === null) return { kind: 'damaged' };
  try {
    const fileKey = await unwrap(header.stanzas);
    if (fileKey === null) return { kind: 'no_match' };
    if (!isIntact(header, fileKey)) return { kind: 'damaged' };
    return { kind: 'opened', bytes: openPayload(header.payload, fileKey) };
  } catch {
    return { kind: 'damaged' };
  }
}

function isIntact({ covered, mac }: AgeHeader, fileKey: Uint8Array): boolean {
  const key = derive(fileKey, { salt: Buffer.alloc(0), info: 'header' });
  return timingSafeEqual(createHmac('sha256', key).update(covered).digest(), mac);
}

/** @throws Error when a chunk was changed, or one is missing or too many */
function openPayload(payload: Uint8Array, fileKey: Uint8Array): Uint8Array {
  const salt = payload.subarray(0, FILE_KEY_BYTES);
  const key = derive(fileKey, { salt, info: 'payload' });
  const sealed = payload.subarray(FILE_KEY_BYTES);
  const chunks: Uint8Array[] = [];
  const size = CHUNK_BYTES + TAG_BYTES;
  for (let at = 0; at === 0 || at < sealed.length; at += size) {
    const isLast = at + size >= sealed.length;
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.writeUInt32BE(at / size, NONCE_BYTES - 5);
    nonce.writeUInt8(isLast ? 1 : 0, NONCE_BYTES - 1);
    const chunk = openChunk(sealed.subarray(at, at + size), key, nonce);
    if (chunk.length === 0 && at > 0) throw new Error('an empty chunk at the end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws Error when it was changed */
export function openChunk(sealed: Uint8Array, key: Uint8Array, nonce: Uint8Array): Uint8Array {
  if (sealed.length < TAG_BYTES) throw new Error('too short');
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
}

/** A key of age, as Node takes it. */
export type X25519Key = { readonly secret: KeyObject; readonly publicKey: Uint8Array };

/** @param raw 32 bytes. */
export function x25519Key(raw: Uint8Array): X25519Key {
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, raw]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return { secret, publicKey: spki.subarray(SPKI.length) };
}

/** The keys are tried on every stanza for such a key. */
export function unwrapX25519(keys: readonly X25519Key[]): Unwrap {
  return (stanzas) => {
    const shares = stanzas.filter(({ args }) => args[0] === X25519).map(parseShare);
    for (const share of shares) {
      for (const key of keys) {
        const fileKey = unwrapShare(share, key);
        if (fileKey !== null) return fileKey;
      }
    }
    return null;
  };
}

type Share = { readonly publicKey: Uint8Array; readonly body: Uint8Array };

function parseShare({ args, body }: Stanza): Share {
  const publicKey = fromBase64(args[1] ?? '');
  if (args.length !== 2 || publicKey?.length !== KEY_BYTES || body.length !== FILE_KEY_BYTES + TAG_BYTES)
    throw new Error('not a stanza of X25519');
  return { publicKey, body };
}

function unwrapShare({ publicKey, body }: Share, key: X25519Key): Uint8Array | null {
  const spki = Buffer.concat([SPKI, publicKey]);
  // Throws for a point that would give zero whatever the key is.
  const shared = diffieHellman({
    privateKey: key.secret,
    publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
  });
  const salt = Buffer.concat([publicKey, key.publicKey]);
  try {
    return openChunk(body, derive(shared, { salt, info: X25519_LABEL }), Buffer.alloc(NONCE_BYTES));
  } catch {
    return null;
  }
}

function derive(secret: Uint8Array, { salt, info }: { readonly salt: Uint8Array; readonly info: string }): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, KEY_BYTES));
}
