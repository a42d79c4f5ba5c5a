import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { AppError, type JsonObject, type JsonValue } from '../kernel/index.ts';

/** Entries per page. Large, because some agents read only the first page. */
export const PAGE_SIZE = 1_000;

/**
 * One page of a list. Cursors are ours: they hold the offset and a digest of the list, so that a cursor of an older
 * list is refused instead of skipping or repeating entries.
 *
 * @param cursor As the agent sent it; undefined for the first page. The empty string is a cursor like any other.
 * @throws AppError `BAD_CURSOR`
 */
export function pageOf(
  entries: readonly JsonObject[],
  cursor: JsonValue | undefined,
  size: number = PAGE_SIZE,
): { readonly entries: readonly JsonObject[]; readonly nextCursor?: string } {
  if (cursor === undefined && entries.length <= size) return { entries };
  const digest = digestOf(entries);
  const offset = cursor === undefined ? 0 : offsetOf(cursor, digest);
  const end = offset + size;
  const page = entries.slice(offset, end);
  return end >= entries.length ? { entries: page } : { entries: page, nextCursor: encode(end, digest) };
}

function encode(offset: number, digest: string): string {
  return Buffer.from(`${offset}.${digest}`).toString('base64url');
}

function offsetOf(cursor: JsonValue, digest: string): number {
  const [offset, of] = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString().split('.') : [];
  const at = Number(offset);
  if (of !== digest || !Number.isSafeInteger(at) || at <= 0)
    throw new AppError('BAD_CURSOR', 'the cursor is not valid for this list');
  return at;
}

function digestOf(entries: readonly JsonObject[]): string {
  const hash = createHash('sha256');
  for (const entry of entries)
    hash.update(`${String(entry['name'] ?? '')}\0${String(entry['uri'] ?? entry['uriTemplate'] ?? '')}\0`);
  return hash.digest('base64url').slice(0, 16);
}
