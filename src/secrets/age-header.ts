import { Buffer } from 'node:buffer';
import { keyRefOf } from './document.ts';
import type { KeyRef } from './types.ts';

/** One way to get at the key of a file: for one recipient, or by a passphrase. */
export type Stanza = { readonly args: readonly string[]; readonly body: Uint8Array };

export type AgeHeader = {
  readonly stanzas: readonly Stanza[];
  /** What the MAC is over: everything to the end of `---`. */
  readonly covered: Uint8Array;
  readonly mac: Uint8Array;
  readonly payload: Uint8Array;
};

/** A header has some hundred bytes; one for many recipients some thousand. */
const MAX_HEADER_BYTES = 64 * 1024;
const VERSION_LINE = 'age-encryption.org/v1';
const FULL_LINE = 64;
const MAC_BYTES = 32;

/**
 * The header of an age file, as strict as the specification demands: there is one way to write each.
 *
 * @returns null for anything else.
 * @see age-encryption.org/v1, "Header"
 */
export function parseAgeHeader(bytes: Uint8Array): AgeHeader | null {
  const text = Buffer.from(bytes.subarray(0, MAX_HEADER_BYTES)).toString('latin1');
  const [, head = '', macText = ''] = /^([^\0]*?\n)--- ([A-Za-z0-9+/]{43})\n/.exec(text) ?? [];
  const mac = fromBase64(macText);
  const [version, ...lines] = head.split('\n').slice(0, -1);
  const stanzas = version === VERSION_LINE ? parseStanzas(lines) : null;
  if (stanzas === null || mac?.length !== MAC_BYTES) return null;
  return {
    stanzas,
    covered: bytes.subarray(0, head.length + '---'.length),
    mac,
    payload: bytes.subarray(head.length + '--- '.length + macText.length + 1),
  };
}

function parseStanzas(lines: readonly string[]): readonly Stanza[] | null {
  const stanzas: Stanza[] = [];
  for (let at = 0; at < lines.length; ) {
    const [arrow, ...args] = (lines[at] ?? '').split(' ');
    let end = at + 1;
    while (lines[end]?.length === FULL_LINE) end += 1;
    const body = fromBase64(lines.slice(at + 1, end + 1).join(''));
    // The last line of a body is a short one.
    const isWhole = (lines[end]?.length ?? FULL_LINE) < FULL_LINE;
    if (arrow !== '->' || args.length === 0 || !args.every(isArgument) || body === null || !isWhole) return null;
    stanzas.push({ args, body });
    at = end + 1;
  }
  return stanzas.length === 0 ? null : stanzas;
}

function isArgument(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

/** What the MAC is over, for these stanzas: what {@link parseAgeHeader} reads. */
export function headerText(stanzas: readonly Stanza[]): string {
  const lines = stanzas.flatMap(({ args, body }) => {
    const text = toBase64(body);
    // The last line of a body is a short one, and may be empty.
    const count = Math.floor(text.length / FULL_LINE) + 1;
    const rows = Array.from({ length: count }, (_, row) => text.slice(row * FULL_LINE, (row + 1) * FULL_LINE));
    return [`-> ${args.join(' ')}`, ...rows];
  });
  return [VERSION_LINE, ...lines, '---'].join('\n');
}

/** Base64 without padding. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** Base64 without padding, and with no bits to spare; null for other text. */
export function fromBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64');
  return toBase64(bytes) === text ? bytes : null;
}

/**
 * What a header says about the key before anything is decrypted. Beside the recipient the store's own file has a stanza that
 * names its key: who keeps it, and its id. Programs that read age files pass over stanzas they do not know. The MAC of the
 * header covers it, and is checked when the file is opened.
 */
export type KeyNote =
  | { readonly kind: 'own'; readonly key: KeyRef }
  /** An age file that is not the store of a home. */
  | { readonly kind: 'foreign'; readonly underPassphrase: boolean }
  | { readonly kind: 'damaged' };

/** What the stanza begins with; the holder and the id follow. */
export const KEY_STANZA = 'plugboard-key';

export function readKeyNote(bytes: Uint8Array): KeyNote {
  const header = parseAgeHeader(bytes);
  if (header === null) return { kind: 'damaged' };
  const [, holder, id] = header.stanzas.find(({ args }) => args[0] === KEY_STANZA)?.args ?? [];
  const key = keyRefOf(holder, id);
  if (key !== null) return { kind: 'own', key };
  return { kind: 'foreign', underPassphrase: header.stanzas.some(({ args }) => args[0] === 'scrypt') };
}
