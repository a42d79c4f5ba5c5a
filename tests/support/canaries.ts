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
  (word) => base64(`x${word}`),
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

/** The word as it is, and as it looks inside of base64, in each of its three positions, and in hex. */
function tracesOf(word: string): readonly string[] {
  const inBase64 = [0, 1, 2].flatMap((before) => {
    // Only what the word alone decides: the letters at both ends depend on its neighbours.
    const text = base64('\0'.repeat(before) + word).replace(/=+$/, '');
    const whole = text.slice(before === 0 ? 0 : before + 1, -1);
    return [whole, whole.replaceAll('+', '-').replaceAll('/', '_')];
  });
  const hex = Buffer.from(word).toString('hex');
  return [...new Set([word, ...inBase64, hex, hex.toUpperCase()])];
}

const TRACES = CANARIES.map(({ name, word }) => ({ name, traces: tracesOf(word) }));

/** What holds a trace of a canary: `CANARY_7 in WHERE`. */
export function leaks(seen: Iterable<readonly [where: string, text: string]>): readonly string[] {
  return [...seen].flatMap(([where, text]) =>
    TRACES.filter(({ traces }) => traces.some((trace) => text.includes(trace))).map(
      ({ name }) => `${name} in ${where}`,
    ),
  );
}
