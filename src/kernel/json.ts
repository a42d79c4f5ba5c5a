/** JSON as it comes off the wire. Objects are kept by reference and never rebuilt on the way through. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** True for a plain JSON object: not null, not an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is nested more than `levels` deep. JSON.parse reads any depth, JSON.stringify writes some thousands. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(part, levels - 1));
}

/** Digits in a row, or an exponent, that a JavaScript number may not hold. */
const MAY_BE_LOST = /\d{16}|\d[eE]\+?\d{3}/;

type ExactJson = {
  readonly parse: (
    text: string,
    revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown;
  readonly rawJSON: (source: string) => unknown;
};

/**
 * Parses a message that is to be passed on. A number that JavaScript would round, such as a 64-bit id or the maximum of a
 * schema, becomes an object that `JSON.stringify` writes as it was read. Texts without long numbers cost nothing more.
 *
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  if (!MAY_BE_LOST.test(text)) return JSON.parse(text);
  const exact = JSON as unknown as ExactJson;
  try {
    return exact.parse(text, (_key, value, { source }) =>
      typeof value === 'number' && source !== undefined && !Number.isSafeInteger(value) && String(value) !== source
        ? exact.rawJSON(source)
        : value,
    );
  } catch (error) {
    // Nested too deeply to be walked, or not JSON at all.
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
}

/** JSON in which the order of an object's keys does not matter. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
