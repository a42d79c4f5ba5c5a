import { createCipheriv, randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { Stanza as AgeStanza, Recipient } from 'age-encryption';
import type { Secret } from '../../kernel/index.ts';
import { fromBase64, type Stanza } from '../age-header.ts';
import { openChunk, type Unwrap } from './age-open.ts';

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
const FILE_KEY_BYTES = 16;
const TAG_BYTES = 16;
/** Each key is used for one message only. */
const NONCE = new Uint8Array(12);

const scryptAsync = promisify<Buffer, Buffer, number, ScryptOptions, Buffer>(scrypt);

async function keyFor(passphrase: Secret, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  const cost = { N: 2 ** workFactor, r: 8, p: 1 };
  return scryptAsync(Buffer.from(passphrase.reveal()), Buffer.concat([Buffer.from(LABEL), salt]), 32, {
    ...cost,
    maxmem: 128 * cost.r * (cost.N + cost.p + 2),
  });
}

/** @param makeStanza Of the library, which is loaded only when it is needed. */
export function passphraseRecipient(
  passphrase: Secret,
  makeStanza: (args: string[], body: Uint8Array) => AgeStanza,
): Recipient {
  return {
    wrapFileKey: async (fileKey) => {
      const salt = randomBytes(SALT_BYTES);
      const key = await keyFor(passphrase, salt, WORK_FACTOR);
      const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [makeStanza([TYPE, salt.toString('base64').replace(/=+$/, ''), String(WORK_FACTOR)], body)];
    },
  };
}

export function unwrapPassphrase(passphrase: Secret): Unwrap {
  return async (stanzas) => {
    const stanza = stanzas.find(({ args }) => args[0] === TYPE);
    if (stanza === undefined) return null;
    const { salt, workFactor } = parseStanza(stanza, stanzas.length);
    const key = await keyFor(passphrase, salt, workFactor);
    try {
      return openChunk(stanza.body, key, NONCE);
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
