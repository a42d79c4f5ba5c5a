/**
 * Bech32, as the keys of age are written: a word that says what it is, `1`, the bytes five bits at a time, and a checksum
 * that finds every slip of a few letters.
 *
 * @see BIP 173
 */
const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATORS = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const CHECKSUM_LENGTH = 6;

/** @returns The bytes behind `prefix`; null for any other text. */
export function decodeBech32(prefix: string, text: string): Uint8Array | null {
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) return null;
  const lower = text.toLowerCase();
  if (!lower.startsWith(`${prefix}1`)) return null;
  const groups = [...lower.slice(prefix.length + 1)].map((letter) => LETTERS.indexOf(letter));
  if (groups.length < CHECKSUM_LENGTH || groups.includes(-1)) return null;
  if (checksum([...expand(prefix), ...groups]) !== 1) return null;
  return bytesOf(groups.slice(0, -CHECKSUM_LENGTH));
}

/** @returns `prefix`, `1` and the rest, in small letters. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = (bits.match(/.{1,5}/g) ?? []).map((group) => Number.parseInt(group.padEnd(5, '0'), 2));
  const open = Array.from({ length: CHECKSUM_LENGTH }, () => 0);
  const sum = checksum([...expand(prefix), ...groups, ...open]) ^ 1;
  const check = open.map((_, at) => (sum >>> (5 * (CHECKSUM_LENGTH - 1 - at))) & 31);
  return `${prefix}1${[...groups, ...check].map((group) => LETTERS[group]).join('')}`;
}

function expand(prefix: string): readonly number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function checksum(groups: readonly number[]): number {
  return groups.reduce((sum, group) => {
    const top = sum >>> 25;
    const next = ((sum & 0x1ffffff) << 5) ^ group;
    return GENERATORS.reduce((mixed, generator, bit) => ((top >> bit) & 1 ? mixed ^ generator : mixed), next);
  }, 1);
}

/** Five bits each to eight bits each; what is left over must be fewer than five bits, all zero. */
function bytesOf(groups: readonly number[]): Uint8Array | null {
  const bytes: number[] = [];
  let bits = 0;
  let size = 0;
  for (const group of groups) {
    bits = ((bits << 5) | group) & 0xfff;
    size += 5;
    if (size >= 8) {
      size -= 8;
      bytes.push((bits >> size) & 0xff);
    }
  }
  const rest = bits & ((1 << size) - 1);
  return size < 5 && rest === 0 ? Uint8Array.from(bytes) : null;
}
