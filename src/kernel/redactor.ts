import { BINARY_ENCODINGS, base64After, beginsPlain, type Encode, textEncodings } from './encodings.ts';
import type { Secret } from './secret.ts';

/** Takes known secrets out of text that comes from elsewhere, such as what a server prints. */
export type Redact = (text: string) => string;

/** Shorter values, and lines of values with several, would be found in ordinary words. */
const MIN_LENGTH = 4;
/** Lines of base64 that are shorter are not looked for by themselves. */
const MIN_PIECE_LENGTH = 8;
/** A form is looked for by its first characters, so many of them. */
const ANCHOR = 4;
/** Longer parts are encoded as a whole only when so much of them was met. */
const LONG = 256;
/** So much of a value gives the first characters of every form of it. */
const BEGINNING = 8;
/** How tools break lines of base64. */
const BASE64_LINES = [76, 64];

/** One thing to look for: a value, or a part of it. `piece`: as it is; `text`: in the encodings of text; `whole`: in those of bytes, too. */
type Part = { readonly label: string; readonly text: string; readonly kind: 'piece' | 'text' | 'whole' };

/** Forms that begin alike. */
type Forms = {
  /** By their length, the longest first, then by what they are: one look for each length, however many there are. */
  readonly short: ReadonlyMap<number, ReadonlyMap<string, string>>;
  readonly long: readonly LongForm[];
};

type LongForm = {
  readonly part: Part;
  readonly encode: Encode;
  /** The encoded beginning. */
  readonly start: string;
  /** All of it, made when the beginning was met: it takes room, and is hardly ever printed. */
  full: string | null;
};

/**
 * Finds each value as it is and without the blanks around it, percent-encoded in every usual manner (also as in a form), in
 * JSON (also with escapes that are not needed, and in JSON within JSON), in HTML, in base64 at any place of what was
 * encoded, and in hex; of a value of several lines also each line, in the encodings of text. Values and lines of fewer than 4
 * characters are not looked for.
 *
 * The time it takes does not depend on how many secrets there are, unless the beginning of one is met. Nothing is prepared
 * before the first text.
 *
 * @returns A function that replaces what it finds with `[secret LABEL]`. Nothing can be read back from it.
 */
export function createRedactor(secrets: Iterable<Secret>): Redact {
  const known = [...secrets];
  let search: Search | null = null;
  return (text) => {
    search ??= searchFor(known);
    return search.forms.size === 0 ? text : redactWith(text, search);
  };
}

function searchFor(secrets: readonly Secret[]): Search {
  const forms: Search['forms'] = new Map();
  const wait = (anchor: string, part: Part): void => {
    const waiting = forms.get(anchor);
    if (Array.isArray(waiting)) waiting.push(part);
    else forms.set(anchor, [part]);
  };
  for (const secret of secrets)
    for (const part of partsOf(secret)) for (const anchor of anchorsOf(part)) wait(anchor, part);
  return { forms, filter: filterOf(forms) };
}

function* partsOf(secret: Secret): Generator<Part> {
  const { label } = secret;
  const value = secret.reveal();
  for (const text of longEnough([value, value.trim()], MIN_LENGTH)) yield { label, text, kind: 'whole' };
  const lines = value.split(/\r\n|\r|\n/);
  if (lines.length > 1)
    for (const text of longEnough([...lines, ...lines.map((line) => line.trim())], MIN_LENGTH))
      yield { label, text, kind: 'text' };
  const encoded = base64After(0)(value);
  for (const length of BASE64_LINES) {
    if (encoded.length <= length) continue;
    for (let at = 0; at <= encoded.length - MIN_PIECE_LENGTH; at += length)
      yield { label, text: encoded.slice(at, at + length), kind: 'piece' };
  }
}

function longEnough(parts: readonly string[], length: number): readonly string[] {
  return [...new Set(parts)].filter((part) => part.length >= length);
}

/** The first characters of every form of a part. */
function anchorsOf({ text, kind }: Part): Iterable<string> {
  if (kind === 'piece') return [text.slice(0, ANCHOR)];
  const beginning = beginningOf(text, BEGINNING);
  const textual = beginsPlain(text, ANCHOR) ? [text.slice(0, ANCHOR)] : anchors(beginning, textEncodings(beginning));
  return kind === 'text' ? textual : new Set([...textual, ...anchors(beginning, BINARY_ENCODINGS)]);
}

function anchors(beginning: string, encodings: readonly Encode[]): Set<string> {
  return new Set(encodings.map((encode) => encode(beginning).slice(0, ANCHOR)));
}

/** Not with half of a letter at its end. */
function beginningOf(text: string, length: number): string {
  const beginning = text.slice(0, length);
  return beginning.isWellFormed() ? beginning : beginning.slice(0, -1);
}

/** Encodes what waits, as far as it begins with the anchor. */
function prepare(waiting: readonly Part[], anchor: string): Forms {
  const short = new Map<number, Map<string, string>>();
  const long: LongForm[] = [];
  for (const part of waiting) {
    const { label, text } = part;
    const isLong = text.length > LONG;
    const start = isLong ? beginningOf(text, LONG) : text;
    for (const encode of encodingsOf(part)) {
      const encoded = encode(start);
      if (!encoded.startsWith(anchor)) continue;
      if (isLong) long.push({ part, encode, start: encoded, full: null });
      else short.set(encoded.length, (short.get(encoded.length) ?? new Map<string, string>()).set(encoded, label));
    }
  }
  return { short: new Map([...short].sort(([a], [b]) => b - a)), long };
}

function encodingsOf({ text, kind }: Part): readonly Encode[] {
  switch (kind) {
    case 'piece':
      return [(value) => value];
    case 'text':
      return textEncodings(text);
    case 'whole':
      return [...textEncodings(text), ...BINARY_ENCODINGS];
    default:
      return kind satisfies never;
  }
}

type Search = {
  /** By their beginning. Those that were not met yet, which are most, are not encoded. */
  readonly forms: Map<string, Part[] | Forms>;
  readonly filter: Uint8Array;
};

/** Where 1 stands, an anchor may begin: most places of a text are passed over without a look into the table. */
function filterOf(forms: Search['forms']): Uint8Array {
  const filter = new Uint8Array(2 ** Math.min(20, Math.max(12, Math.ceil(Math.log2(forms.size * 16)))));
  for (const anchor of forms.keys()) filter[hashAt(anchor, 0) & (filter.length - 1)] = 1;
  return filter;
}

function hashAt(text: string, at: number): number {
  const bits =
    text.charCodeAt(at) ^
    (text.charCodeAt(at + 1) << 8) ^
    (text.charCodeAt(at + 2) << 16) ^
    (text.charCodeAt(at + 3) << 24);
  return Math.imul(bits, 0x9e3779b1) >>> 12;
}

function redactWith(text: string, { forms, filter }: Search): string {
  const mask = filter.length - 1;
  const last = text.length - ANCHOR;
  const kept: string[] = [];
  let from = 0;
  for (let at = 0; at <= last; at += 1) {
    if (filter[hashAt(text, at) & mask] === 0) continue;
    const anchor = text.slice(at, at + ANCHOR);
    const known = forms.get(anchor);
    if (known === undefined) continue;
    const alike = Array.isArray(known) ? prepare(known, anchor) : known;
    if (alike !== known) forms.set(anchor, alike);
    const found = longestAt(text, at, alike);
    if (found === null) continue;
    kept.push(text.slice(from, at), `[secret ${found.label}]`);
    from = at + found.length;
    at = from - 1;
  }
  return from === 0 ? text : [...kept, text.slice(from)].join('');
}

function longestAt(text: string, at: number, { short, long }: Forms): Found | null {
  let longest: Found | null = null;
  for (const form of long) {
    if (!text.startsWith(form.start, at)) continue;
    const full = (form.full ??= form.encode(form.part.text));
    if (full.length > (longest?.length ?? 0) && text.startsWith(full, at))
      longest = { label: form.part.label, length: full.length };
  }
  if (longest !== null) return longest;
  for (const [length, alike] of short) {
    const label = alike.get(text.slice(at, at + length));
    if (label !== undefined) return { label, length };
  }
  return null;
}

type Found = { readonly label: string; readonly length: number };
