import { AppError } from '../kernel/index.ts';
import {
  BUILT_IN,
  emptyTable,
  type KeyPath,
  type Located,
  type LocatedTable,
  withoutKeys,
  withValue,
} from './located.ts';
import { locatedFrom, type ParsedLayer, parseKey, parseValue } from './parse.ts';
import * as read from './read.ts';
import type { Origin } from './types.ts';

/** Sets of tools: where two layers both give one, neither may undo what the other asked for. */
const COMBINED: Readonly<Record<string, 'intersect' | 'unite'>> = {
  enabled_tools: 'intersect',
  disabled_tools: 'unite',
};

/** How two layers' values of a key combine. Tables merge key by key, whatever this says. */
export function mergeRule(path: KeyPath): 'replace' | 'intersect' | 'unite' {
  return isServerKey(path) || isPolicyKey(path) ? (COMBINED[path.at(-1) ?? ''] ?? 'replace') : 'replace';
}

/**
 * All layers as one table. Tables merge key by key, lists and scalars of the higher layer replace those of the lower,
 * except that `enabled_tools` intersect (where {@link widens} says so, they replace) and `disabled_tools` unite. Every
 * value keeps its origin.
 *
 * @param layers From low to high.
 */
export function mergeLayers(layers: readonly ParsedLayer[]): LocatedTable {
  return layers.reduce((merged, layer) => mergeTables(merged, layer.table, []), emptyTable(BUILT_IN));
}

/**
 * What the user says of a plugin's server, laid over what the plugin says. The rules are those of {@link mergeLayers} for a
 * policy; `widen` counts in the table it stands in, and is not in the result.
 *
 * @param tables From low to high.
 */
export function layOver(tables: readonly LocatedTable[]): LocatedTable {
  const merged = tables.reduce((low, high) => mergeTables(low, high, SOME_POLICY), emptyTable(BUILT_IN));
  return withoutKeys(merged, ['widen']);
}

const SOME_POLICY: KeyPath = ['plugins', 'ID', 'mcp_servers', 'SERVER'];

function mergeTables(low: LocatedTable, high: LocatedTable, path: KeyPath): LocatedTable {
  const entries = new Map(low.entries);
  for (const [key, value] of high.entries) {
    const below = entries.get(key);
    const inner = [...path, key];
    const replaces = below === undefined || widens([low, high], inner);
    entries.set(key, replaces ? value : mergeValues(below, value, inner));
  }
  return { ...high, entries };
}

/**
 * True for `enabled_tools` beside `widen = true` in the same layer, in what is laid over a plugin's server. A server that any
 * layer defines itself has no list of a plugin to widen, and the lists of the other layers stay in force.
 *
 * @param tables The table that holds the key, after those below it.
 */
export function widens(tables: readonly LocatedTable[], path: KeyPath): boolean {
  const own = tables.at(-1);
  if (own === undefined || path.at(-1) !== 'enabled_tools' || read.boolean(own, 'widen') !== true) return false;
  return isPolicyKey(path) || (isServerKey(path) && tables.every(isOverlay));
}

function isServerKey(path: KeyPath): boolean {
  return path.length === 3 && path[0] === 'mcp_servers';
}

function isPolicyKey(path: KeyPath): boolean {
  return path.length === 5 && path[0] === 'plugins' && path[2] === 'mcp_servers';
}

/** True for an entry with neither program nor address: it can be laid over a plugin's server. */
export function isOverlay(table: LocatedTable): boolean {
  return !table.entries.has('command') && !table.entries.has('url');
}

function mergeValues(low: Located, high: Located, path: KeyPath): Located {
  if (low.kind === 'table' && high.kind === 'table') return mergeTables(low, high, path);
  const rule = mergeRule(path);
  if (rule === 'replace') return high;
  // A set of tools that is not a list must stay visible to the check, or a mistake in one layer would lift a limit.
  if (low.kind !== 'list' || high.kind !== 'list') return low.kind === 'list' ? high : low;
  const has = (list: typeof low, item: Located): boolean =>
    list.items.some((other) => other.kind === 'scalar' && item.kind === 'scalar' && other.value === item.value);
  const items =
    rule === 'intersect'
      ? high.items.filter((item) => has(low, item) || item.kind !== 'scalar')
      : [...low.items, ...high.items.filter((item) => !has(low, item))];
  return { ...high, items };
}

/**
 * The layer of `-c key=value`, read in order; a later one replaces an earlier one.
 *
 * @throws AppError `USAGE` when one has no `=` or its key is no dotted TOML key.
 */
export function flagLayer(overrides: readonly string[]): ParsedLayer {
  const origin: Origin = { layer: 'flag', file: null, line: null, column: null };
  let table = emptyTable(origin);
  for (const override of overrides) {
    const { path, value } = parseOverride(override);
    const node = locatedFrom(value, origin);
    const single = withValue(emptyTable(origin), path, node);
    table = node.kind === 'table' ? mergeTables(table, single, ['-c']) : withValue(table, path, node);
  }
  return { layer: 'flag', file: null, table, issues: [] };
}

function parseOverride(override: string): { readonly path: KeyPath; readonly value: unknown } {
  const at = keyEnd(override);
  const path = at === -1 ? null : parseKey(override.slice(0, at));
  if (path === null) {
    // The text may hold a secret: only what stands before the first `=` or blank is shown.
    throw new AppError('USAGE', `-c needs key=value, with a dotted TOML key: ${/^[^=\s]*/.exec(override)?.[0] ?? ''}`, {
      hint: `for example: -c 'mcp_servers.docs.enabled=false'`,
    });
  }
  return { path, value: parseValue(override.slice(at + 1)) };
}

/** Index of the `=` that ends the key, not counting those inside quotes; -1 without one. */
function keyEnd(text: string): number {
  const key = /^(?:[^="']|"(?:[^"\\]|\\.)*"|'[^']*')*=/.exec(text);
  return key === null ? -1 : key[0].length - 1;
}
