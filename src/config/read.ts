import type { KeyPath, Located, LocatedTable } from './located.ts';

/*
 * Typed views of a checked table. What is absent or of another type is undefined (the check has reported it), so these
 * never fail and never convert.
 */

export function text(table: LocatedTable, key: string): string | undefined {
  const value = scalar(table, key);
  return typeof value === 'string' ? value : undefined;
}

export function number(table: LocatedTable, key: string): number | undefined {
  const value = scalar(table, key);
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function boolean(table: LocatedTable, key: string): boolean | undefined {
  const value = scalar(table, key);
  return typeof value === 'boolean' ? value : undefined;
}

export function items(table: LocatedTable, key: string): readonly Located[] {
  const value = table.entries.get(key);
  return value?.kind === 'list' ? value.items : [];
}

export function textList(table: LocatedTable, key: string): readonly string[] | undefined {
  const value = table.entries.get(key);
  return value?.kind === 'list' ? value.items.flatMap(ownText) : undefined;
}

export function textMap(table: LocatedTable, key: string): Readonly<Record<string, string>> {
  const value = table.entries.get(key);
  if (value?.kind !== 'table') return {};
  return Object.fromEntries([...value.entries].flatMap(([name, node]) => ownText(node).map((own) => [name, own])));
}

/** A table under a key; undefined when there is none. */
export function tableAt(parent: LocatedTable, key: string): LocatedTable | undefined {
  const value = parent.entries.get(key);
  return value?.kind === 'table' ? value : undefined;
}

/** Every string in a value, with the key that leads to it. */
export function texts(
  node: Located,
  path: KeyPath,
): readonly { readonly path: KeyPath; readonly node: { readonly value: string; readonly at: Located['at'] } }[] {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' ? [{ path, node: { value: node.value, at: node.at } }] : [];
    case 'list':
      return node.items.flatMap((item, index) => texts(item, [...path, String(index)]));
    case 'table':
      return [...node.entries].flatMap(([key, item]) => texts(item, [...path, key]));
    default:
      return node satisfies never;
  }
}

function scalar(from: LocatedTable, key: string): unknown {
  const value = from.entries.get(key);
  return value?.kind === 'scalar' ? value.value : undefined;
}

function ownText(node: Located): string[] {
  return node.kind === 'scalar' && typeof node.value === 'string' ? [node.value] : [];
}
