import { AppError, type JsonValue, nearest } from '../kernel/index.ts';
import { findRow, isSensitive, unknownPart } from './keys.ts';
import { mergeLayers, mergeRule, widens } from './layers.ts';
import { BUILT_IN, type KeyPath, type Located, locate, plainValue, renderKey } from './located.ts';
import { type ParsedLayer, parseKey } from './parse.ts';
import { shownUrl, withoutUserInfo } from './scalars.ts';
import type { Origin } from './types.ts';

/** What one layer says about a key. */
export type ExplainedLayer = Origin & {
  readonly value: JsonValue;
  /** True for what counts in the end: the highest layer, or each layer of a list or table that is put together. */
  readonly wins: boolean;
};

/** A key, its value, and how it came to be. */
export type Explained = {
  /** As one writes it in TOML. */
  readonly key: string;
  /** undefined when no layer sets it and it has no default. */
  readonly value: JsonValue | undefined;
  readonly rule: 'replace' | 'merge' | 'intersect' | 'unite';
  /** From high to low; the built-in default last. */
  readonly layers: readonly ExplainedLayer[];
  /** What the key is for; null for names that the user chose. */
  readonly doc: string | null;
};

/** All that `get` and `explain` need of a loaded configuration. */
export type Explainable = { readonly layers: readonly ParsedLayer[] };

export type ShowOptions = {
  /** Shows values of `env`, `http_headers`, secrets and unknown keys, which are `*****` otherwise. */
  readonly showValues?: boolean;
};

/**
 * Every layer's value of a key, and which one counts.
 *
 * @param dottedKey As in TOML: `mcp_servers.docs.env.TOKEN`, parts in quotes where needed.
 * @throws AppError `USAGE` when `dottedKey` is no key, `NOT_FOUND` when it is not known and no layer has it.
 */
export function explain(loaded: Explainable, dottedKey: string, options: ShowOptions = {}): Explained {
  const path = pathOf(dottedKey);
  const show = (node: Located): JsonValue => (options.showValues ? plainValue(node) : maskedValue(node, path));
  const row = findRow(path);
  const around = loaded.layers.flatMap(({ table }) => locate(table, path.slice(0, -1)) ?? []);
  const said = around.flatMap((beside, index) => {
    const node = locate(beside, path.slice(-1));
    const tables = around.slice(0, index + 1).filter((one) => one.kind === 'table');
    return node === undefined ? [] : [{ node, replaces: widens(tables, path) }];
  });
  const from = said.findLastIndex(({ replaces }) => replaces);
  if (said.length === 0) refuseUnknown(path);
  const merged = locate(mergeLayers(loaded.layers), path);
  const rule = merged?.kind === 'table' ? 'merge' : mergeRule(path);
  const layers = said.map(({ node }, index) => ({
    ...node.origin,
    value: show(node),
    wins: index === said.length - 1 || (rule !== 'replace' && index >= from && node.kind === merged?.kind),
  }));
  const fallback =
    row === undefined || row.default === null ? [] : [{ ...BUILT_IN, value: row.default, wins: said.length === 0 }];
  return {
    key: renderKey(path),
    value: merged === undefined ? (fallback[0]?.value ?? undefined) : show(merged),
    rule,
    layers: [...layers.reverse(), ...fallback],
    doc: row?.doc ?? null,
  };
}

/**
 * The value of a key after all layers, or its default.
 *
 * @returns undefined when no layer sets it and it has no default.
 * @throws AppError as {@link explain}
 */
export function get(loaded: Explainable, dottedKey: string, options: ShowOptions = {}): JsonValue | undefined {
  return explain(loaded, dottedKey, options).value;
}

function pathOf(dottedKey: string): KeyPath {
  const path = parseKey(dottedKey);
  if (path !== null) return path;
  throw new AppError('USAGE', `not a dotted TOML key: ${dottedKey}`, { hint: 'for example: mcp_servers.docs.command' });
}

function refuseUnknown(path: KeyPath): void {
  const unknown = unknownPart(path);
  if (unknown === null) return;
  const near = nearest(path[unknown.index] ?? '', unknown.known);
  const meant = near === null ? null : renderKey([...path.slice(0, unknown.index), near]);
  throw new AppError('NOT_FOUND', `${renderKey(path.slice(0, unknown.index + 1))} is not a key that is known`, {
    hint: meant === null ? 'the keys are in docs/config.md' : `did you mean \`${meant}\`?`,
  });
}

const MASK = '*****';

function maskedValue(node: Located, path: KeyPath): JsonValue {
  switch (node.kind) {
    case 'scalar': {
      const plain = plainValue(node);
      if (isSensitive(path)) return MASK;
      if (typeof plain !== 'string') return plain;
      return findRow(path)?.type.kind === 'url' ? shownUrl(plain) : withoutUserInfo(plain);
    }
    case 'list':
      return node.items.map((item, index) => maskedValue(item, [...path, String(index)]));
    case 'table':
      return Object.fromEntries([...node.entries].map(([key, value]) => [key, maskedValue(value, [...path, key])]));
    default:
      return node satisfies never;
  }
}
