import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '../../kernel/index.ts';
import { fromBase64, type Stanza, toBase64 } from '../age-header.ts';
import { FILE_KEY_BYTES, NO_NONCE, openChunk, sealChunk, TAG_BYTES } from './age-format.ts';
import type { Unwrap } from './age-open.ts';
import type { Wrap } from './age-seal.ts';

/**
 * The passphrase of age by Node's own scrypt. That of the library works for a second in this thread, and all that a host
 * serves would wait for it; this one works in another thread, and is done sooner.
 *
 * @see age-encryption.org/v1, "The scrypt recipient type"
 */
const TYPE = 'scrypt';
const LABEL = 'age-encryption.org/v1/scrypt';

/** What age itself uses: about a second. Base-2 logarithm. */
const WORK_FACTOR = 18;
/** What age itself takes at most. */
const MAX_WORK_FACTOR = 20;

const SALT_BYTES = 16;

const scryptAsync = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scrypt);

async function keyFor(passphrase: Secret, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  const cost = { N: 2 ** workFactor, r: 8, p: 1 };
  return scryptAsync(Buffer.from(passphrase.reveal()), Buffer.concat([Buffer.from(LABEL), salt]), 32, {
    ...cost,
    maxmem: 128 * cost.r * (cost.N + cost.p + 2),
  });
}

export function wrapPassphrase(passphrase: Secret): Wrap {
  return async (fileKey) => {
    const salt = randomBytes(SALT_BYTES);
    const key = await keyFor(passphrase, salt, WORK_FACTOR);
    return [{ args: [TYPE, toBase64(salt), String(WORK_FACTOR)], body: sealChunk(fileKey, key, NO_NONCE) }];
  };
}

export function unwrapPassphrase(passphrase: Secret): Unwrap {
  return async (stanzas) => {
    const stanza = stanzas.find(({ args }) => args[0] === TYPE);
    if (stanza === undefined) return null;
    const { salt, workFactor } = parseStanza(stanza, stanzas.length);
    const key = await keyFor(passphrase, salt, workFactor);
    try {
      return openChunk(stanza.body, key, NO_NONCE);
    } catch {
      return null;
    }
  };
}

/** @throws Error for a stanza that age would not take either: one that is not alone is one of them */
function parseStanza(
  { args, body }: Stanza,
  count: number,
): { readonly salt: Uint8Array; readonly workFactor: number } {
  const [, encoded = '', factor = ''] = args;
  const salt = fromBase64(encoded);
  const workFactor = /^[1-9]\d?$/.test(factor) ? Number(factor) : Number.POSITIVE_INFINITY;
  const isSound =
    count === 1 && args.length === 3 && workFactor <= MAX_WORK_FACTOR && body.length === FILE_KEY_BYTES + TAG_BYTES;
  if (!isSound || salt?.length !== SALT_BYTES) throw new Error('not a stanza of scrypt');
  return { salt, workFactor };
}
