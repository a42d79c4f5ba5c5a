import { TomlDate } from 'smol-toml';
import type { KeyPath } from './located.ts';

/** A TOML value as smol-toml takes it. */
export type TomlInput = string | number | bigint | boolean | TomlDate | readonly TomlInput[] | TomlInputTable;
export type TomlInputTable = { readonly [key: string]: TomlInput };

/** A table as smol-toml gives it with integers as bigint, so that `1` and `1.0` differ. */
export type Tree = { readonly [key: string]: unknown };

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof TomlDate);
}

/** A value as a file would give it back: whole numbers as integers. */
export function exact(value: TomlInput): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(exact);
  if (!isTree(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]: [string, TomlInput]) => [key, exact(inner)]));
}

/** What stands at `path`; undefined when nothing does. */
export function valueAt(tree: unknown, path: KeyPath): unknown {
  return path.reduce((node, part) => (isTree(node) && Object.hasOwn(node, part) ? node[part] : undefined), tree);
}

/** The tree with `value` at `path`; null when something on the way is no table. */
export function withPath(tree: unknown, path: KeyPath, value: unknown): Tree | null {
  const [key, ...rest] = path;
  if (!isTree(tree) || key === undefined) return null;
  if (rest.length === 0) return { ...tree, [key]: value };
  const inner = withPath(Object.hasOwn(tree, key) ? tree[key] : {}, rest, value);
  return inner === null ? null : { ...tree, [key]: inner };
}

/** The tree without what stands at `path`. Tables that become empty stay. */
export function withoutPath(tree: unknown, path: KeyPath): unknown {
  const [key, ...rest] = path;
  if (!isTree(tree) || key === undefined || !Object.hasOwn(tree, key)) return tree;
  const others = Object.fromEntries(Object.entries(tree).filter(([name]) => name !== key));
  return rest.length === 0 ? others : { ...tree, [key]: withoutPath(tree[key], rest) };
}

/** The tree without the tables along `path` that are empty: TOML cannot always say that such a table is there. */
export function pruned(tree: unknown, path: KeyPath): unknown {
  const [key, ...rest] = path;
  if (!isTree(tree) || key === undefined || !Object.hasOwn(tree, key)) return tree;
  const inner = pruned(tree[key], rest);
  return isTree(inner) && Object.keys(inner).length === 0 ? withoutPath(tree, [key]) : { ...tree, [key]: inner };
}

/** True when two values are the same to TOML. The order of keys does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (a instanceof TomlDate) return b instanceof TomlDate && a.toISOString() === b.toISOString();
  if (!isTree(a)) return Object.is(a, b);
  if (!isTree(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}
