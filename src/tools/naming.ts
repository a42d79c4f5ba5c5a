import { createHash } from 'node:crypto';

/** A tool or prompt by the name its server gave it. */
export type RawName = { readonly server: string; readonly name: string };

/**
 * Longest exposed name by default: an agent that shows this endpoint as `mcp__plugboard__NAME` stays within the
 * 64 characters that models accept.
 */
export const NAME_LIMIT = 48;

const HASH_LENGTH = 12;

/**
 * The names under which tools (or prompts) of several servers appear together: `<server>__<tool>`, every character
 * outside `[A-Za-z0-9_]` as `_`. Where two would be equal both get a hash of their raw names, as does one that is too
 * long, or that looks like what another became this way. A name depends on the set of raw names only, never on their
 * order.
 *
 * @returns Exposed names in the order of `raw`; all different, each at most `limit` characters.
 */
export function exposeNames(raw: readonly RawName[], limit: number = NAME_LIMIT): readonly string[] {
  const plain = raw.map((name) => safe(`${name.server}__${name.name}`));
  const count = new Map<string, number>();
  for (const name of plain) count.set(name, (count.get(name) ?? 0) + 1);
  const hashed = new Map<number, string>();
  const hash = (name: RawName, index: number): void => {
    hashed.set(index, `${(plain[index] ?? '').slice(0, limit - HASH_LENGTH - 1)}_${hashOf(name)}`);
  };
  const isUnclear = (wanted: string): boolean => wanted.length > limit || count.get(wanted) !== 1;
  for (const [index, name] of raw.entries()) if (isUnclear(plain[index] ?? '')) hash(name, index);
  for (let known = -1; known !== hashed.size; ) {
    known = hashed.size;
    const taken = new Set(hashed.values());
    for (const [index, name] of raw.entries())
      if (!hashed.has(index) && taken.has(plain[index] ?? '')) hash(name, index);
  }
  return plain.map((wanted, index) => hashed.get(index) ?? wanted);
}

function safe(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_]/gu, '_');
}

/** The hash Codex uses for the same purpose: SHA-1 over the raw names, with an empty connector id between. */
function hashOf({ server, name }: RawName): string {
  return createHash('sha1').update([server, server, '', name, name].join('\0')).digest('hex').slice(0, HASH_LENGTH);
}
