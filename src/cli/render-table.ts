import Table from 'cli-table3';
import { printable } from '../kernel/index.ts';

/** Every line of the frame is left out; columns are two blanks apart. */
const NO_FRAME = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/**
 * Columns for people, wide characters counted as they are shown. Cells are made one safe line each.
 *
 * @param columns Width of the terminal; longer lines are cut. Undefined leaves them as they are.
 */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[], columns?: number): string {
  const cells = rows.map((row) => row.map(oneLine));
  const text = cells.every((row) => row.every(isPlain)) ? plainTable([head, ...cells]) : wideTable(head, cells);
  const lines = text.split('\n').map((line) => line.trimEnd());
  return lines.map((line) => (columns === undefined ? line : fit(line, columns))).join('\n');
}

/** Every character is as wide as every other, which takes no table of widths to know. */
function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function plainTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}

function wideTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...head],
    chars: NO_FRAME,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ').trim());
}

/** At most `columns` of a line. Wide characters are taken as one: a terminal wraps those few. */
export function fit(line: string, columns: number): string {
  const characters = [...line];
  return characters.length <= columns ? line : `${characters.slice(0, Math.max(columns - 1, 0)).join('')}…`;
}
