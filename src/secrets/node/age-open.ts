import { createHmac, timingSafeEqual } from 'node:crypto';
import { type AgeHeader, fromBase64, parseAgeHeader, type Stanza } from '../age-header.ts';
import {
  chunksOf,
  FILE_KEY_BYTES,
  headerKey,
  KEY_BYTES,
  NO_NONCE,
  openChunk,
  payloadKey,
  TAG_BYTES,
  wrappingKey,
  X25519,
  type X25519Key,
} from './age-format.ts';

/**
 * Opens age files. The library of age takes longer to load and to open its first file than everything else that a command
 * does.
 *
 * `no_match`: the key is not one that the file was encrypted to. `damaged`: it is, and the file is not whole.
 */
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
  return timingSafeEqual(createHmac('sha256', headerKey(fileKey)).update(covered).digest(), mac);
}

/** @throws Error when a chunk was changed, or one is missing or too many */
function openPayload(payload: Uint8Array, fileKey: Uint8Array): Uint8Array {
  const key = payloadKey(fileKey, payload.subarray(0, FILE_KEY_BYTES));
  const chunks: Uint8Array[] = [];
  for (const { bytes, nonce, isFirst } of chunksOf(payload.subarray(FILE_KEY_BYTES), TAG_BYTES)) {
    const chunk = openChunk(bytes, key, nonce);
    if (chunk.length === 0 && !isFirst) throw new Error('an empty chunk at the end');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
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
  const wrapping = wrappingKey(key, { share: publicKey, recipient: key.publicKey });
  try {
    return openChunk(body, wrapping, NO_NONCE);
  } catch {
    return null;
  }
}
