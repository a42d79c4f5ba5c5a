import { keyRefOf } from './document.ts';
import type { KeyRef } from './types.ts';

/**
 * What the header of an age file says about the key, read before anything is decrypted. Beside the recipient the store's
 * own file has a stanza that names its key: who keeps it, and its id. Programs that read age files pass over stanzas they do
 * not know. The MAC of the header covers it, and is checked when the file is opened.
 */
export type Header =
  | { readonly kind: 'own'; readonly key: KeyRef }
  /** An age file that is not the store of a home. */
  | { readonly kind: 'foreign'; readonly underPassphrase: boolean }
  | { readonly kind: 'damaged' };

const VERSION_LINE = 'age-encryption.org/v1\n';

/** A header has some hundred bytes; those for many recipients some thousand. */
const MAX_HEADER_BYTES = 64 * 1024;

/** What the stanza begins with; the holder and the id follow. */
export const KEY_STANZA = 'plugboard-key';

export function readHeader(bytes: Uint8Array): Header {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, MAX_HEADER_BYTES));
  const end = text.indexOf('\n--- ');
  if (!text.startsWith(VERSION_LINE) || end === -1) return { kind: 'damaged' };
  const stanzas = text
    .slice(0, end)
    .split('\n')
    .filter((line) => line.startsWith('-> '))
    .map((line) => line.split(' ').slice(1));
  const [, holder, id] = stanzas.find(([type]) => type === KEY_STANZA) ?? [];
  const key = keyRefOf(holder, id);
  if (key !== null) return { kind: 'own', key };
  return { kind: 'foreign', underPassphrase: stanzas.some(([type]) => type === 'scrypt') };
}
