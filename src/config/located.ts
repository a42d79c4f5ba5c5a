import { TomlDate } from 'smol-toml';
import type { JsonValue } from '../kernel/index.ts';
import type { Origin } from './types.ts';

/** What TOML has besides tables and arrays, and null, which only JSON has. Integers beyond 2^53 are bigint. */
export type Scalar = string | number | bigint | boolean | TomlDate | null;

type Placed = {
  /** Where the key is written; for an item of an array, where the item starts. */
  readonly origin: Origin;
  /** Where the value is written. */
  readonly at: Origin;
};

/** A value of a TOML or JSON file that knows where each part of it was written. */
export type LocatedScalar = Placed & { readonly kind: 'scalar'; readonly value: Scalar };
export type LocatedList = Placed & { readonly kind: 'list'; readonly items: readonly Located[] };
export type LocatedTable = Placed & { readonly kind: 'table'; readonly entries: ReadonlyMap<string, Located> };
export type Located = LocatedScalar | LocatedList | LocatedTable;

/** A key as its parts: `mcp_servers."a b".env` is `['mcp_servers', 'a b', 'env']`. */
export type KeyPath = readonly string[];

export const BUILT_IN: Origin = { layer: 'built_in', file: null, line: null, column: null };

export function emptyTable(origin: Origin): LocatedTable {
  return { kind: 'table', origin, at: origin, entries: new Map() };
}

/** The value under `path`, or undefined. Parts that are decimal numbers also index lists. */
export function locate(from: Located, path: KeyPath): Located | undefined {
  let node: Located | undefined = from;
  for (const part of path) {
    if (node?.kind === 'table') node = node.entries.get(part);
    else if (node?.kind === 'list' && /^\d+$/.test(part)) node = node.items[Number(part)];
    else return undefined;
  }
  return node;
}

/** `table` with `value` at `path`; tables on the way are made where they are missing, other values replaced. */
export function withValue(table: LocatedTable, path: KeyPath, value: Located): LocatedTable {
  const [key, ...rest] = path;
  if (key === undefined) return table;
  const before = table.entries.get(key);
  const inner = before?.kind === 'table' ? before : emptyTable(value.origin);
  return {
    ...table,
    entries: new Map(table.entries).set(key, rest.length === 0 ? value : withValue(inner, rest, value)),
  };
}

/** `table` without `keys` of its own. */
export function withoutKeys(table: LocatedTable, keys: readonly string[]): LocatedTable {
  return { ...table, entries: new Map([...table.entries].filter(([key]) => !keys.includes(key))) };
}

/** The value alone. Dates become their text; integers beyond 2^53, infinities and NaN become text too. */
export function plainValue(node: Located): JsonValue {
  switch (node.kind) {
    case 'scalar':
      return plainScalar(node.value);
    case 'list':
      return node.items.map(plainValue);
    case 'table':
      return Object.fromEntries([...node.entries].map(([key, value]) => [key, plainValue(value)]));
    default:
      return node satisfies never;
  }
}

function plainScalar(value: Scalar): JsonValue {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof TomlDate) return value.toISOString();
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

/** A key as one writes it in TOML: parts that need quotes get them. */
export function renderKey(path: KeyPath): string {
  return path.map((part) => (/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part))).join('.');
}
