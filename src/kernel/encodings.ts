import { Buffer } from 'node:buffer';

/** How a value looks in an encoding. What it gives for the beginning of a value is the beginning of what it gives for all. */
export type Encode = (value: string) => string;

/** Characters that look the same in every encoding of text. */
const PLAIN = /^[A-Za-z0-9_.-]*$/;

/** What is kept as it is, beside letters, digits and `_.-`. */
const KEPT_IN_ADDRESSES = [
  // JavaScript, RFC 3986, Python, forms, PHP and older Python, Go's path segments, whole addresses.
  ...["!*'()~", '~', '~/', '*', '', '/', '$&+=:@~', ";,/?:@&=+$#!~*'()"],
];

/** What is written as `\uXXXX`, beside what has to be. */
const HEX_IN_JSON = [
  // JavaScript, Go, Ruby on Rails, PHP, .NET.
  ...['', '&<>\u2028\u2029', "&<>'", `"&'<>`, `"&'+<>\``],
];

/** How both quotes are written in HTML and XML. */
const QUOTES_IN_HTML = ['"', '&quot;', '&#34;', '&#x22;'];
const APOSTROPHES_IN_HTML = ["'", '&#39;', '&#x27;', '&#039;', '&apos;'];

/** The ways in which a text is commonly written, as far as they make a difference for this one, itself among them. */
export function textEncodings(text: string): readonly Encode[] {
  const same: Encode = (value) => value;
  return PLAIN.test(text) ? [same] : [same, ...addressEncodings(text), ...jsonEncodings(text), ...htmlEncodings(text)];
}

/** True where every encoding of text begins with so many characters of the text itself. */
export function beginsPlain(text: string, length: number): boolean {
  return PLAIN.test(text.slice(0, length));
}

/** Base64 at any place of what is encoded, and hex. */
export const BINARY_ENCODINGS: readonly Encode[] = [
  ...([0, 1, 2] as const).map(base64After).flatMap((encode) => [encode, forAddresses(encode)]),
  (value) => Buffer.from(value).toString('hex'),
  (value) => Buffer.from(value).toString('hex').toUpperCase(),
];

/** Base64 with so many bytes before the value: only what the value alone decides. */
export function base64After(bytes: 0 | 1 | 2): Encode {
  return (value) => {
    const encoded = Buffer.concat([Buffer.alloc(bytes), Buffer.from(value)]);
    return encoded.toString('base64').slice(bytes === 0 ? 0 : bytes + 1, Math.floor((encoded.length * 4) / 3));
  };
}

function forAddresses(encode: Encode): Encode {
  return (value) => encode(value).replaceAll('+', '-').replaceAll('/', '_');
}

/** Of these sets of characters, what of them is in the text; each once. */
function presentIn(text: string, sets: readonly string[]): readonly string[] {
  return [...new Set(sets.map((set) => [...set].filter((character) => text.includes(character)).join('')))];
}

function addressEncodings(text: string): readonly Encode[] {
  const blanks = text.includes(' ') ? ['%20', '+'] : ['%20'];
  return presentIn(text, KEPT_IN_ADDRESSES).flatMap((kept) =>
    blanks.flatMap((blank) => [inAddress(kept, blank, 'upper'), inAddress(kept, blank, 'lower')]),
  );
}

function inAddress(kept: string, blank: string, digits: 'upper' | 'lower'): Encode {
  const written = (character: string): string => {
    if (character === ' ') return blank;
    if (kept.includes(character)) return character;
    const hex = Buffer.from(character).toString('hex').replaceAll(/../g, '%$&');
    return digits === 'upper' ? hex.toUpperCase() : hex;
  };
  return (value) => value.replaceAll(/[^A-Za-z0-9_.-]/gu, written);
}

type JsonStyle = {
  readonly hexed: string;
  /** Whether everything beyond ASCII is written as `\uXXXX`. */
  readonly ascii: boolean;
  /** Whether `/` is written as `\/`. */
  readonly slashes: boolean;
  readonly digits: 'upper' | 'lower';
};

/** In JSON, and in JSON within JSON. */
function jsonEncodings(text: string): readonly Encode[] {
  const asciis = hasBeyondAscii(text) ? [false, true] : [false];
  const slashes = text.includes('/') ? [false, true] : [false];
  const styles = presentIn(text, HEX_IN_JSON).flatMap((hexed) =>
    asciis.flatMap((ascii) =>
      slashes.flatMap((slash) =>
        (['lower', 'upper'] as const).map((digits): JsonStyle => ({ hexed, ascii, slashes: slash, digits })),
      ),
    ),
  );
  return styles.flatMap((style) => {
    const once = inJson(style);
    const twice: Encode = (value) => JSON.stringify(once(value)).slice(1, -1);
    return style.slashes ? [once, twice, (value) => once(once(value))] : [once, twice];
  });
}

function inJson({ hexed, ascii, slashes, digits }: JsonStyle): Encode {
  const unitOf = (unit: string): string => {
    const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${digits === 'upper' ? hex.toUpperCase() : hex}`;
  };
  const written = (token: string): string => {
    if (token.startsWith('\\u')) return digits === 'upper' ? `\\u${token.slice(2).toUpperCase()}` : token;
    if (token === '\\"') return hexed.includes('"') ? unitOf('"') : token;
    if (token.startsWith('\\')) return token;
    if (token === '/') return slashes ? '\\/' : token;
    return hexed.includes(token) || (ascii && token > '\x7f') ? unitOf(token) : token;
  };
  return (value) =>
    JSON.stringify(value)
      .slice(1, -1)
      .replaceAll(/\\u[0-9a-f]{4}|\\.|[^A-Za-z0-9_.-]/g, written);
}

function hasBeyondAscii(text: string): boolean {
  return /[^\0-\x7f]/.test(text);
}

function htmlEncodings(text: string): readonly Encode[] {
  if (!/[&<>"'/=`]/.test(text)) return [];
  const quotes = text.includes('"') ? QUOTES_IN_HTML : ['"'];
  const apostrophes = text.includes("'") ? APOSTROPHES_IN_HTML : ["'"];
  const marks = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return [
    ...quotes.flatMap((quote) => apostrophes.map((apostrophe) => inHtml({ ...marks, '"': quote, "'": apostrophe }))),
    // As Mustache does.
    inHtml({ ...marks, '"': '&quot;', "'": '&#39;', '/': '&#x2F;', '=': '&#x3D;', '`': '&#x60;' }),
  ];
}

function inHtml(entities: Readonly<Record<string, string>>): Encode {
  return (value) => value.replaceAll(/[&<>"'/=`]/g, (character) => entities[character] ?? character);
}
