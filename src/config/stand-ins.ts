import type { KeyPath, Located, LocatedScalar, LocatedTable } from './located.ts';
import { scanReferences } from './references.ts';

/** Keys of a server whose texts are canonical. In a table the values, never the names. */
export const REFERENCE_KEYS: readonly string[] = ['command', 'args', 'env', 'cwd', 'url', 'http_headers', 'oauth'];

/** What becomes of a text in a value, by the path that leads to it. */
export type TextChange = (node: LocatedScalar, text: string, path: KeyPath) => LocatedScalar;

/** A value with every text in it changed. */
export function mapTexts(node: Located, path: KeyPath, change: TextChange): Located {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' ? change(node, node.value, path) : node;
    case 'list':
      return { ...node, items: node.items.map((item, index) => mapTexts(item, [...path, String(index)], change)) };
    case 'table':
      return {
        ...node,
        entries: new Map([...node.entries].map(([key, item]) => [key, mapTexts(item, [...path, key], change)])),
      };
    default:
      return node satisfies never;
  }
}

/** A server's table with a word for each reference in it, so that a check finds what is wrong whatever is filled in. */
export function withStandIns(table: LocatedTable): LocatedTable {
  const replace: TextChange = (node, text, path) => ({ ...node, value: standIn(text, path[0] === 'url') });
  const entries = [...table.entries].map(([key, value]): [string, Located] => [
    key,
    REFERENCE_KEYS.includes(key) ? mapTexts(value, [key], replace) : value,
  ]);
  return { ...table, entries: new Map(entries) };
}

/** What a canonical text could be. An address that begins with a reference could be any, unless the rest is wrong. */
export function standIn(text: string, isUrl: boolean): string {
  const pieces = scanReferences(text, 'canonical');
  const words = pieces.map((piece) => (piece.kind === 'text' ? piece.text : 'reference'));
  const first = pieces[0];
  return isUrl && first !== undefined && first.kind !== 'text'
    ? ['https://reference.invalid', ...words.slice(1)].join('')
    : words.join('');
}
