import type { Explained, ExplainedLayer } from '../config/index.ts';
import type { JsonValue } from '../kernel/index.ts';
import type { ExplainedServer } from './explain-server.ts';
import { renderTable } from './render-table.ts';

/** `config explain` for people: the value, then every layer that has a say, the highest first. */
export function renderExplained({ key, value, rule, layers, doc }: Explained | ExplainedServer): string {
  const tables = layers.map((layer) => ('table' in layer ? layer.table : null));
  const hasTables = tables.some((table) => table !== null);
  const rows = layers.map((layer, index) => [
    ...[layer.wins ? '*' : '', layer.layer, placeOf(layer)],
    ...(hasTables ? [tables[index] ?? ''] : []),
    valueText(layer.value),
  ]);
  const head = ['', 'Layer', 'Where', ...(hasTables ? ['Table'] : []), 'Value'];
  return [
    `${key} = ${value === undefined ? '(not set)' : valueText(value)}`,
    ...(doc === null ? [] : [`  ${doc}`]),
    ...(rows.length === 0 ? [] : ['', renderTable(head, rows), ...ruleLine(rule)]),
  ].join('\n');
}

const RULES: Readonly<Record<Explained['rule'], string>> = {
  replace: 'The layer marked * counts.',
  merge: 'The layers are put together key by key.',
  intersect: 'Only what every layer has counts.',
  unite: 'What any layer has counts.',
};

function ruleLine(rule: Explained['rule']): readonly string[] {
  return ['', RULES[rule]];
}

function placeOf({ layer, file, line, column }: ExplainedLayer): string {
  if (layer === 'built_in') return 'default';
  return file === null ? '-c' : [file, line, column].filter((part) => part !== null).join(':');
}

/** A value for people and shells: text as it is, everything else as JSON. */
export function valueText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
