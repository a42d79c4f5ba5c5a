import { parse, TomlDate, TomlError } from 'smol-toml';
import type { Issue } from '../kernel/index.ts';
import { emptyTable, type KeyPath, type Located, type LocatedTable, type Scalar } from './located.ts';
import { type Positions, scanPositions } from './positions.ts';
import type { Layer, Origin } from './types.ts';

/** One source of configuration, as read. A file that could not be read counts as empty and says so in `issues`. */
export type ParsedLayer = {
  readonly layer: Layer;
  /** Absolute; null for `-c`. */
  readonly file: string | null;
  readonly table: LocatedTable;
  /** At most one: why the file as a whole could not be used. */
  readonly issues: readonly Issue[];
};

/** Deeper than anything a configuration needs, and far from what recursion can bear. */
const MAX_DEPTH = 100;

/**
 * Reads one TOML file into values that know their place.
 *
 * @param file Absolute path, for messages and origins.
 * @returns A layer; for text that is not TOML an empty one with one issue, `CONFIG_NOT_TOML`. Never throws.
 */
export function parseLayer(text: string, file: string, layer: Layer = 'user'): ParsedLayer {
  const root: Origin = { layer, file, line: 1, column: 1 };
  const toml = text.startsWith('\ufeff') ? text.slice(1) : text;
  try {
    const values = parse(toml, { integersAsBigInt: 'asNeeded', maxDepth: MAX_DEPTH });
    const table = tableOf(values, scanPositions(toml), { layer, file, depth: 0 });
    return { layer, file, table: { ...table, origin: root, at: root }, issues: [] };
  } catch (error) {
    if (!(error instanceof TomlError) && !(error instanceof TooDeep)) throw error;
    return { layer, file, table: emptyTable(root), issues: [notToml(error, file)] };
  }
}

class TooDeep extends Error {}

function notToml(error: TomlError | TooDeep, file: string): Issue {
  const issue = {
    code: 'CONFIG_NOT_TOML',
    severity: 'error',
    hint: 'correct this line; until then the whole file is skipped',
    file,
  } as const;
  if (error instanceof TooDeep) return { ...issue, message: `tables are nested more than ${MAX_DEPTH} deep` };
  const what = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '') ?? '';
  return { ...issue, message: `not TOML: ${what}`, line: error.line, column: error.column };
}

type Context = { readonly layer: Layer; readonly file: string | null; readonly depth: number };

function tableOf(values: object, positions: Positions | undefined, context: Context): LocatedTable {
  if (context.depth > MAX_DEPTH) throw new TooDeep();
  const inner = { ...context, depth: context.depth + 1 };
  const entries = new Map<string, Located>();
  for (const [key, value] of Object.entries(values))
    entries.set(key, locatedOf(value, positions?.children.get(key), inner));
  return { kind: 'table', ...placeOf(positions, context), entries };
}

function locatedOf(value: unknown, positions: Positions | undefined, context: Context): Located {
  if (Array.isArray(value)) {
    const inner = { ...context, depth: context.depth + 1 };
    const items = value.map((item, index) => locatedOf(item, positions?.children.get(String(index)), inner));
    return { kind: 'list', ...placeOf(positions, context), items };
  }
  if (isScalar(value)) return { kind: 'scalar', ...placeOf(positions, context), value };
  if (typeof value === 'object' && value !== null) return tableOf(value, positions, context);
  throw new Error(`not a TOML value: ${typeof value}`);
}

function isScalar(value: unknown): value is Scalar {
  return (
    value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value) || value instanceof TomlDate
  );
}

function placeOf(positions: Positions | undefined, { layer, file }: Context): { origin: Origin; at: Origin } {
  const place = (spot: { line: number; column: number } | undefined): Origin => ({
    layer,
    file,
    line: spot?.line ?? null,
    column: spot?.column ?? null,
  });
  return { origin: place(positions?.key), at: place(positions?.value) };
}

/** A value from elsewhere than a file, every part of it placed at `origin`. */
export function locatedFrom(value: unknown, origin: Origin): Located {
  return locatedOf(value, undefined, { ...origin, depth: 0 });
}

/**
 * The parts of a dotted key as a user types it: `mcp_servers."a b".env`. Null when it is not a key.
 */
export function parseKey(text: string): KeyPath | null {
  const path: string[] = [];
  try {
    if (/[\r\n=#]/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"|'[^']*'/g, ''))) return null;
    let node: unknown = parse(`${text}=0`);
    while (typeof node === 'object' && node !== null && path.length <= MAX_DEPTH) {
      const [key] = Object.keys(node);
      if (key === undefined) return null;
      path.push(key);
      node = Object.getOwnPropertyDescriptor(node, key)?.value;
    }
  } catch {
    return null;
  }
  return path;
}

/**
 * A value as a user types it after `key=`: TOML when it is TOML, else the text itself, as Codex reads `-c`.
 * So `8`, `true`, `["a"]` and `"x"` are what they look like, and `./a b` is a string.
 */
export function parseValue(text: string): unknown {
  try {
    const values = parse(`value = ${text}`, { integersAsBigInt: 'asNeeded', maxDepth: MAX_DEPTH });
    if (Object.keys(values).length === 1) return values.value;
  } catch {
    // Not TOML: the text itself.
  }
  return text;
}
