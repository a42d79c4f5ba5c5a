import { createHmac, randomBytes } from 'node:crypto';
import { headerText, type Stanza, toBase64 } from '../age-header.ts';
import {
  chunksOf,
  FILE_KEY_BYTES,
  headerKey,
  KEY_BYTES,
  NO_NONCE,
  payloadKey,
  sealChunk,
  wrappingKey,
  X25519,
  x25519Key,
} from './age-format.ts';

/** Puts the key of a file into its header. */
export type Wrap = (fileKey: Uint8Array) => Promise<readonly Stanza[]> | readonly Stanza[];

/** Writes an age file. Others wait for the lock of the store meanwhile, so nothing is loaded for it. */
export async function sealAge(text: string, wrap: Wrap): Promise<Uint8Array> {
  const fileKey = randomBytes(FILE_KEY_BYTES);
  const covered = headerText(await wrap(fileKey));
  const mac = createHmac('sha256', headerKey(fileKey)).update(covered).digest();
  const salt = randomBytes(FILE_KEY_BYTES);
  const key = payloadKey(fileKey, salt);
  const chunks = [...chunksOf(Buffer.from(text), 0)].map(({ bytes, nonce }) => sealChunk(bytes, key, nonce));
  return Buffer.concat([Buffer.from(`${covered} ${toBase64(mac)}\n`), salt, ...chunks]);
}

/** @param recipient The public half of the key that is to open the file. */
export function wrapX25519(recipient: Uint8Array): Wrap {
  return (fileKey) => {
    const own = x25519Key(randomBytes(KEY_BYTES));
    const wrapping = wrappingKey(own, { share: own.publicKey, recipient });
    return [{ args: [X25519, toBase64(own.publicKey)], body: sealChunk(fileKey, wrapping, NO_NONCE) }];
  };
}
