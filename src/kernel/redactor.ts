/** Takes known secrets out of text that comes from elsewhere, such as what a server prints. */
export type Redact = (text: string) => string;

/** Shorter values would be found in ordinary words. */
const MIN_LENGTH = 4;

/**
 * @param secrets Value by label. Nothing can be read back from the result.
 * @returns A function that replaces every value with `[secret LABEL]`, the longest first.
 */
export function createRedactor(secrets: Iterable<readonly [label: string, value: string]>): Redact {
  const labels = new Map<string, string>();
  for (const [label, value] of secrets) {
    for (const form of [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]) {
      if (form.length >= MIN_LENGTH) labels.set(form, label);
    }
  }
  if (labels.size === 0) return (text) => text;
  const longestFirst = [...labels.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(escape).join('|'), 'g');
  return (text) => text.replaceAll(pattern, (found) => `[secret ${labels.get(found)}]`);
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}
