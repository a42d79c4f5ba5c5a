import { Buffer } from 'node:buffer';
import type { Secret } from './secret.ts';

/** Takes known secrets out of text that comes from elsewhere, such as what a server prints. */
export type Redact = (text: string) => string;

/** Shorter values would be found in ordinary words. */
const MIN_LENGTH = 4;
/** Shorter lines of a value with several are not looked for by themselves. */
const MIN_LINE_LENGTH = 8;
/** A form is looked for by its first characters, so many of them. */
const ANCHOR = 4;
/** Longer parts are encoded when their beginning is met. */
const LONG = 256;
/** So much of a value gives the first characters of every form of it. */
const BEGINNING = 8;
/** How tools break lines of base64. */
const BASE64_LINES = [76, 64];

/** How a value looks in an encoding. What it gives for the beginning of a value is the beginning of what it gives for all. */
type Encode = (value: string) => string;

/** One thing to look for: a value, or a part of it, in an encoding. */
type Form = { readonly label: string; readonly part: string; readonly encode: Encode };

/** Forms that begin alike. */
type Forms = {
  /** By their length, the longest first, then by what they are: one look for each length, however many there are. */
  short: Map<number, Map<string, string>>;
  /** Made when their beginning was seen: they take room, and are hardly ever printed. */
  readonly long: { readonly form: Form; full: string | null }[];
};

const raw: Encode = (value) => value;
const uri: Encode = (value) => encodeURIComponent(value.toWellFormed());
/** As the fields of a form are sent. */
const field: Encode = (value) => new URLSearchParams({ '': value }).toString().slice(1);
const lowerCase =
  (encode: Encode): Encode =>
  (value) =>
    encode(value).replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
const json: Encode = (value) => JSON.stringify(value).slice(1, -1);
const ascii: Encode = (value) =>
  json(value).replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
const upperAscii: Encode = (value) =>
  ascii(value).replaceAll(/\\u[0-9a-f]{4}/g, (escape) => `\\u${escape.slice(2).toUpperCase()}`);
const hex: Encode = (value) => Buffer.from(value).toString('hex');

/** Base64 with so many bytes before the value: only what the value alone decides. */
function base64After(bytes: 0 | 1 | 2): Encode {
  return (value) => {
    const encoded = Buffer.concat([Buffer.alloc(bytes), Buffer.from(value)]);
    return encoded.toString('base64').slice(bytes === 0 ? 0 : bytes + 1, Math.floor((encoded.length * 4) / 3));
  };
}

const forUrls =
  (encode: Encode): Encode =>
  (value) =>
    encode(value).replaceAll('+', '-').replaceAll('/', '_');

const TEXTUAL: readonly Encode[] = [
  raw,
  ...[uri, (value: string) => uri(value).replaceAll('%20', '+'), field].flatMap((encode) => [
    encode,
    lowerCase(encode),
  ]),
  ...[json, ascii, upperAscii].flatMap((encode) => [encode, (value: string) => json(encode(value))]),
];
const OF_LINES: readonly Encode[] = [raw, uri, field, json, (value) => json(json(value))];
const BINARY: readonly Encode[] = [
  ...([0, 1, 2] as const).map(base64After).flatMap((encode) => [encode, forUrls(encode)]),
  hex,
  (value) => hex(value).toUpperCase(),
];

/**
 * Finds each value as it is and without the blanks around it, percent-encoded (also as in a form), in JSON (also with
 * every letter beyond ASCII escaped, and in JSON within JSON), in base64 at any place of what was encoded, and in hex; of a
 * value of several lines also each line of 8 characters or more. Values of fewer than 4 characters are not looked for.
 *
 * The time it takes does not depend on how many secrets there are, unless the beginning of one is met.
 *
 * @returns A function that replaces what it finds with `[secret LABEL]`. Nothing can be read back from it.
 */
export function createRedactor(secrets: Iterable<Secret>): Redact {
  const forms = new Map<string, Forms>();
  for (const secret of secrets) for (const form of formsOf(secret)) add(forms, form);
  for (const bucket of forms.values()) bucket.short = new Map([...bucket.short].sort(([a], [b]) => b - a));
  if (forms.size === 0) return (text) => text;
  const filter = filterOf(forms);
  return (text) => redactWith(text, { forms, filter });
}

function add(forms: Map<string, Forms>, form: Form): void {
  const { label, part, encode } = form;
  const full = part.length > LONG ? null : encode(part);
  const anchor = (full ?? encode(beginningOf(part))).slice(0, ANCHOR);
  const bucket: Forms = forms.get(anchor) ?? { short: new Map(), long: [] };
  forms.set(anchor, bucket);
  if (full === null) return void bucket.long.push({ form, full });
  const alike = bucket.short.get(full.length) ?? new Map<string, string>();
  bucket.short.set(full.length, alike.set(full, label));
}

function* formsOf(secret: Secret): Generator<Form> {
  const { label } = secret;
  const value = secret.reveal();
  const form = (part: string, encode: Encode): Form => ({ label, part, encode });
  for (const part of longEnough([value, value.trim()], MIN_LENGTH))
    for (const encode of [...textual(part, TEXTUAL), ...BINARY]) yield form(part, encode);
  const lines = value.split(/\r\n|\r|\n/);
  if (lines.length > 1)
    for (const line of longEnough([...lines, ...lines.map((text) => text.trim())], MIN_LINE_LENGTH))
      for (const encode of textual(line, OF_LINES)) yield form(line, encode);
  const encoded = base64After(0)(value);
  for (const length of BASE64_LINES) {
    const pieces = encoded.match(new RegExp(`.{1,${length}}`, 'g')) ?? [];
    if (pieces.length > 1) for (const piece of longEnough(pieces, MIN_LINE_LENGTH)) yield form(piece, raw);
  }
}

function longEnough(parts: readonly string[], length: number): readonly string[] {
  return [...new Set(parts)].filter((part) => part.length >= length);
}

/** Of these encodings those in which a text looks different. */
function textual(text: string, encodings: readonly Encode[]): readonly Encode[] {
  return /^[A-Za-z0-9_.-]*$/.test(text) ? [raw] : encodings;
}

/** Not with half of a letter at its end. */
function beginningOf(text: string): string {
  const beginning = text.slice(0, BEGINNING);
  return beginning.isWellFormed() ? beginning : beginning.slice(0, -1);
}

type Search = { readonly forms: ReadonlyMap<string, Forms>; readonly filter: Uint8Array };

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
    const bucket = forms.get(text.slice(at, at + ANCHOR));
    const found = bucket === undefined ? null : longestAt(text, at, bucket);
    if (found === null) continue;
    kept.push(text.slice(from, at), `[secret ${found.label}]`);
    from = at + found.length;
    at = from - 1;
  }
  return from === 0 ? text : [...kept, text.slice(from)].join('');
}

function longestAt(text: string, at: number, { short, long }: Forms): Found | null {
  let longest: Found | null = null;
  for (const entry of long) {
    const full = (entry.full ??= entry.form.encode(entry.form.part));
    if (full.length > (longest?.length ?? 0) && text.startsWith(full, at))
      longest = { label: entry.form.label, length: full.length };
  }
  if (longest !== null) return longest;
  for (const [length, alike] of short) {
    const label = alike.get(text.slice(at, at + length));
    if (label !== undefined) return { label, length };
  }
  return null;
}

type Found = { readonly label: string; readonly length: number };
