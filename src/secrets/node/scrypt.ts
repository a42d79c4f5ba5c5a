import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { Identity, Recipient, Stanza } from 'age-encryption';
import type { Secret } from '../../kernel/index.ts';

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
const CIPHER = 'chacha20-poly1305';

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
  makeStanza: (args: string[], body: Uint8Array) => Stanza,
): Recipient {
  return {
    wrapFileKey: async (fileKey) => {
      const salt = randomBytes(SALT_BYTES);
      const cipher = createCipheriv(CIPHER, await keyFor(passphrase, salt, WORK_FACTOR), NONCE, {
        authTagLength: TAG_BYTES,
      });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [makeStanza([TYPE, base64(salt), String(WORK_FACTOR)], body)];
    },
  };
}

export function passphraseIdentity(passphrase: Secret): Identity {
  return {
    unwrapFileKey: async ([stanza, ...others]) => {
      if (stanza?.args[0] !== TYPE) return null;
      const { salt, workFactor } = parseStanza(stanza, others.length);
      const decipher = createDecipheriv(CIPHER, await keyFor(passphrase, salt, workFactor), NONCE, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAuthTag(stanza.body.subarray(FILE_KEY_BYTES));
      try {
        return Buffer.concat([decipher.update(stanza.body.subarray(0, FILE_KEY_BYTES)), decipher.final()]);
      } catch {
        return null;
      }
    },
  };
}

/** @throws Error for a stanza that age would not take either */
function parseStanza(
  { args, body }: Stanza,
  others: number,
): { readonly salt: Uint8Array; readonly workFactor: number } {
  const [, encoded = '', factor = ''] = args;
  const salt = Buffer.from(encoded, 'base64');
  const workFactor = /^[1-9]\d?$/.test(factor) ? Number(factor) : Number.POSITIVE_INFINITY;
  const isSound =
    others === 0 &&
    args.length === 3 &&
    salt.length === SALT_BYTES &&
    base64(salt) === encoded &&
    workFactor <= MAX_WORK_FACTOR &&
    body.length === FILE_KEY_BYTES + TAG_BYTES;
  if (!isSound) throw new Error('not a stanza of scrypt');
  return { salt, workFactor };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
