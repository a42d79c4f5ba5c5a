/** What generated pages say of a key: its type and its default. */
import type { KeyRow, KeyType } from '../src/config/index.ts';

/** The words of a file format for what holds other values. */
export type Words = { readonly table: string; readonly list: string };
const TOML: Words = { table: 'table', list: 'list' };
export const JSON_WORDS: Words = { table: 'object', list: 'array' };

export function typeText(type: KeyType, words: Words = TOML): string {
  switch (type.kind) {
    case 'text':
    case 'url':
    case 'file_uri':
      return 'string';
    case 'env_name':
      return 'variable name';
    case 'boolean':
      return 'boolean';
    case 'integer':
      return type.max === Number.MAX_SAFE_INTEGER ? `integer ≥ ${type.min}` : `integer ${type.min}–${type.max}`;
    case 'seconds':
      return 'number ≥ 0';
    case 'one_of':
      return type.values.map((value) => `\`"${value}"\``).join(' or ');
    case 'name_or_table':
      return `${typeText(type.name, words)} or ${words.table} of ${type.keys.map(({ key }) => `\`${key}\``).join(', ')}`;
    case 'list':
      return `${words.list} of ${typeText(type.of, words)
        .replace(/^string/, 'strings')
        .replace(/^variable name/, 'variable names')}`;
    case 'map':
      return type.of.kind === 'table'
        ? `${words.table} by ${type.placeholder}`
        : `${words.table} ${type.placeholder} → ${typeText(type.of, words)}`;
    case 'table':
      return words.table;
    case 'any':
      return 'any';
    default:
      return type satisfies never;
  }
}

export function defaultText(row: KeyRow): string {
  if (row.defaultText !== undefined) return row.defaultText;
  return row.default === null ? '–' : `\`${JSON.stringify(row.default)}\``;
}

/** Rows of a table in Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
