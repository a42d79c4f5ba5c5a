/** Secrets of odd shapes, each around a word of its own, and a search for that word in everything that can be seen. */
export type Canary = { readonly name: string; readonly word: string; readonly value: string };

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const SHAPES: readonly ((word: string) => string)[] = [
  (word) => word,
  (word) => `ghp_${word}`,
  (word) => `-${word}`,
  (word) => `--value=${word}`,
  (word) => `  ${word}  `,
  (word) => `\t${word}\t`,
  (word) => `first\n${word}\nlast`,
  (word) => `first\r\n${word}\r\nlast`,
  (word) => `\n\n${word}\n\n\n`,
  (word) => `'${word}'`,
  (word) => `"${word}"`,
  (word) => `it's "${word}"`,
  (word) => `C:\\${word}\\n\\u0041`,
  (word) => `$(echo ${word})`,
  (word) => `\${env:${word}} $${word} %${word}%`,
  (word) => `\`${word}\``,
  (word) => `'; echo ${word} #`,
  (word) => `%s%n%d ${word}`,
  (word) => `<script>${word}</script>`,
  (word) => `{"token": "${word}", "__proto__": {"x": 1}}`,
  (word) => `"${word}\\u0000"`,
  (word) => `https://user:${word}@127.0.0.1/?q=${word}#${word}`,
  (word) => encodeURIComponent(`ü ${word}/?`),
  (word) => base64(word),
  // Short, and of letters that nothing else here is made of.
  (word) => `ǂ${word.slice(4, 6)}ǂ`,
  (word) => Buffer.from(`xy${word}`).toString('base64url'),
  (word) => Buffer.from(word).toString('hex'),
  (word) => `ключ-${word}-鍵-🔑`,
  (word) => `\u202e${word}\u202c`,
  (word) => `e\u0301${word}\u200b\u2028\u2029`,
  (word) => `\u001b[31m${word}\u001b[0m`,
  (word) => `\u0001${word}\u007f`,
  (word) => `${word}${'x'.repeat(64 * 1024 - 200)}${word}`,
  (word) => `-----BEGIN PRIVATE KEY-----\n${base64(word.repeat(9))}\n-----END PRIVATE KEY-----`,
  (word) => `eyJhbGciOiJIUzI1NiJ9.${base64(`{"sub":"${word}"}`)}.${word}`,
  (word) => `TOKEN=${word}`,
  (word) => `secrets_store = "${word}"\n[mcp_servers.${word}]`,
  (word) => `AGE-SECRET-KEY-1${word}`,
  (word) => `[secret ${word}]`,
  (word) => `.*+?^(${word})|[${word}]\\`,
];

/** Forty of them. */
export const CANARIES: readonly Canary[] = SHAPES.map((shape, index) => {
  const word = `Cnry${index + 10}Qz${(index + 1) * 7919}Wv`;
  return { name: `CANARY_${index}`, word, value: shape(word) };
});

/** Shorter texts are met by chance in the encodings that mix letters. */
const MIN_LENGTH = 8;

/** A text as it looks inside of base64, in each of its three positions: only the letters that it alone decides. */
function inBase64(text: string): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = base64('\0'.repeat(before) + text).replace(/=+$/, '');
    const own = whole.slice(before === 0 ? 0 : before + 1, -1);
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function escaped(text: string, which: RegExp): string {
  return text.replaceAll(which, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Percent-encoded as by PHP, Go and Python: all but a few signs. */
const strict = (text: string, kept: string): string =>
  [...encodeURIComponent(text).replaceAll(/[!*'()~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)]
    .join('')
    .replaceAll(/%(2F|7E|20)/g, (escape, code: string) => {
      const sign = { '2F': '/', '7E': '~', '20': ' ' }[code] ?? '';
      return kept.includes(sign) ? (sign === ' ' ? '+' : sign) : escape;
    });

const inHtml = (text: string, quote: string, apostrophe: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', quote)
    .replaceAll("'", apostrophe);

const HTML_QUOTES = [
  ['"', "'"],
  ['&quot;', '&#39;'],
  ['&quot;', '&#x27;'],
  ['&#34;', '&#39;'],
  ['&quot;', '&#039;'],
] as const;

/** Every way in which a text is commonly written. */
function encodingsOf(text: string): readonly string[] {
  const url = encodeURIComponent(text);
  const form = new URLSearchParams([['', text]]).toString().slice(1);
  const hex = Buffer.from(text).toString('hex');
  const units = [escaped(text, /[^]/g), escaped(text, /[^ -~]/g)];
  const json = inJson(text);
  const jsons = [json, escaped(json, /[&<>]/g), escaped(json, /[&<>']/g), json.replaceAll('/', '\\/')];
  const addresses = [url, form, ...['', '/', '~', '~/', ' ', '~ '].map((kept) => strict(text, kept))];
  const html = HTML_QUOTES.map(([quote, apostrophe]) => inHtml(text, quote, apostrophe));
  const readable = [text, encodeURI(text), ...addresses, ...jsons, ...jsons.map(inJson), ...html, ...units];
  const cased = [
    ...readable,
    ...[...addresses, ...jsons, ...units].map((one) => one.replaceAll(/(?<=%|\\u)[0-9a-f]+/gi, flipCase)),
  ];
  return text.length < MIN_LENGTH ? cased : [...cased, ...inBase64(text), hex, hex.toUpperCase()];
}

function flipCase(digits: string): string {
  return digits === digits.toUpperCase() ? digits.toLowerCase() : digits.toUpperCase();
}

/** The word, and each line of a value that is long enough to be known by, in every encoding. */
function tracesOf({ word, value }: Canary): readonly string[] {
  const lines = value.split(/[\r\n]+/).map((line) => line.trim());
  const known = lines.filter((line) => line.length < 1000 && (line.length >= MIN_LENGTH || line.startsWith('ǂ')));
  const whole = value.length < 1000 ? [value.trim()] : [];
  const texts = new Set([word, ...known.filter((line) => !COMMON.has(line)), ...whole]);
  return [...new Set([...texts].flatMap(encodingsOf))];
}

/** Lines that many a value has. */
const COMMON = new Set(['-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----']);

const TRACES = CANARIES.map((canary) => ({ name: canary.name, traces: tracesOf(canary) }));

/** Names of the canaries that a text shows, as they are or in an encoding. */
export function findLeaks(text: string): readonly string[] {
  return TRACES.filter(({ traces }) => traces.some((trace) => text.includes(trace))).map(({ name }) => name);
}

/** What holds a trace of a canary: `CANARY_7 in WHERE`. */
export function leaks(seen: Iterable<readonly [where: string, text: string]>): readonly string[] {
  // Command lines are seen many times.
  const places = new Map([...seen].map(([where, text]) => [text, where]));
  return [...places].flatMap(([text, where]) => findLeaks(text).map((name) => `${name} in ${where}`));
}
