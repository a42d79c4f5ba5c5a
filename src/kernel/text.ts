/** Edit distance with transpositions, capped: returns `limit + 1` as soon as it is known to be larger than `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return Math.min(previous[b.length] ?? 0, limit + 1);
}

/** The known word that `word` most likely meant, or null. Case, `-` and `_` do not count. */
export function nearest(word: string, known: Iterable<string>): string | null {
  const normal = (text: string): string => text.toLowerCase().replaceAll(/[-_\s]/g, '');
  const wanted = normal(word);
  const limit = wanted.length <= 4 ? 1 : 2;
  let best: { readonly word: string; readonly distance: number } | null = null;
  for (const candidate of known) {
    const d = distance(wanted, normal(candidate), limit);
    if (d <= limit && (best === null || d < best.distance)) best = { word: candidate, distance: d };
  }
  return best?.word ?? null;
}

/** What a terminal acts on or does not show; of the joiners, those that hold an emoji together are shown. */
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]|(?!(?<=\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?)\u200d\p{Extended_Pictographic})\p{Cf}/gu;

/**
 * Text from outside, safe to print on a terminal: control characters (but newline and tab), line breaks of Unicode, and
 * what is not seen or turns the direction of what follows, so that it reads as something else, become `\xNN`, `\uNNNN` or
 * `\u{NNNNN}`.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    const digits = (character.codePointAt(0) ?? 0).toString(16);
    if (digits.length > 4) return `\\u{${digits}}`;
    return digits.length > 2 ? `\\u${digits.padStart(4, '0')}` : `\\x${digits.padStart(2, '0')}`;
  });
}

/** Text from outside as one line, safe to print on a terminal: each run of line breaks is a blank. */
export function printableLine(text: string): string {
  return printable(text.replaceAll(/\s*[\r\n]\s*/g, ' '));
}

/** At most `max` UTF-16 units of `text`, with a mark where it was cut. */
export function shorten(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

/** A command as one line for people: a word that holds blanks or quotes, or nothing, stands in quotes. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => (/^[^\s'"]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
