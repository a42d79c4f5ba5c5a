import {
  BUILT_IN,
  type Explained,
  type ExplainedLayer,
  explain,
  type KeyPath,
  type Located,
  type LocatedTable,
  locate,
  type ParsedLayer,
  parseKey,
  renderKey,
  type ShowOptions,
} from '../config/index.ts';
import type { Resolved, ServerParts } from '../servers/index.ts';

/** What is said of a key, with the table of the configuration that says it; null for the plugin's own file and a default. */
export type ExplainedServer = Omit<Explained, 'layers'> & {
  readonly layers: readonly (ExplainedLayer & { readonly table: string | null })[];
};

export type Explaining = Pick<Resolved, 'servers' | 'parts'> & { readonly layers: readonly ParsedLayer[] };

/**
 * `explain` for a key of a plugin's server: the plugin's file is the lowest layer, then come the settings of the plugin, then
 * the table of the server's name, each from every layer of the configuration.
 *
 * @param dottedKey `mcp_servers.NAME.…` or `plugins."ID".mcp_servers.SERVER.…`
 * @returns null for a key that is about no server of a plugin.
 */
export function explainServer(explaining: Explaining, dottedKey: string, options: ShowOptions): ExplainedServer | null {
  const path = parseKey(dottedKey);
  const found = path === null ? null : partsAt(explaining, path);
  if (path === null || found === null) return null;
  const { parts, rest } = found;
  const placed = [
    ...(parts.own === null ? [] : [{ from: null, layer: layerOf('plugin', { path: parts.path, node: parts.own }) }]),
    ...parts.laid.flatMap(({ path: at, table }) =>
      explaining.layers.flatMap((layer) => {
        const node = locate(layer.table, at);
        if (node?.kind !== 'table') return [];
        const said = layerOf(layer.layer, { path: parts.path, node: onlyKeys(node, table) });
        return [{ from: renderKey(at), layer: said }];
      }),
    ),
  ];
  const whole = [...parts.path, ...rest];
  const said = explain({ layers: placed.map(({ layer }) => layer) }, renderKey(whole), options);
  // From high to low, as they are explained.
  const tables = placed
    .filter(({ layer }) => locate(layer.table, whole) !== undefined)
    .map(({ from }) => from)
    .reverse();
  const beside = explain({ layers: [] }, renderKey(['mcp_servers', parts.path.at(-1) ?? '', ...rest]), options);
  return {
    ...said,
    key: renderKey(path),
    value: said.value ?? beside.value,
    layers: [
      ...said.layers.map((layer, index) => ({ ...layer, table: tables[index] ?? null })),
      ...beside.layers.map((layer) => ({ ...layer, table: null, wins: said.layers.length === 0 })),
    ],
    doc: beside.doc ?? said.doc,
  };
}

/** The server that a key is about, and what of it. */
function partsAt(
  { servers, parts }: Explaining,
  path: KeyPath,
): { readonly parts: ServerParts; readonly rest: KeyPath } | null {
  const depth = path[0] === 'plugins' ? 4 : 2;
  const at = renderKey(path.slice(0, depth));
  if (path.length < depth) return null;
  const named = servers.find(({ name }) => renderKey(['mcp_servers', name]) === at);
  // One of config.toml takes the place of a plugin's server of that name.
  if (named !== undefined && named.owner === null) return null;
  for (const [name, found] of parts) {
    const keys = [['mcp_servers', name], found.path, ...found.laid.map((laid) => laid.path)].map(renderKey);
    const isWhole = named === undefined || named.name === name || path[0] === 'plugins';
    if (isWhole && keys.includes(at) && !isShared(parts, { name, at }))
      return { parts: found, rest: path.slice(depth) };
  }
  return null;
}

/** Whether a key is laid over several servers. */
function isShared(parts: Explaining['parts'], { name, at }: { readonly name: string; readonly at: string }): boolean {
  if (at === renderKey(['mcp_servers', name])) return false;
  return [...parts].filter(([, { laid }]) => laid.some(({ path }) => renderKey(path) === at)).length > 1;
}

/** What of one layer's table counts: where servers of several plugins are meant, not all of it. */
function onlyKeys(node: LocatedTable, table: LocatedTable): LocatedTable {
  return { ...node, entries: new Map([...node.entries].filter(([key]) => table.entries.has(key) || key === 'widen')) };
}

function layerOf(
  layer: ParsedLayer['layer'],
  of: { readonly path: KeyPath; readonly node: LocatedTable },
): ParsedLayer {
  const table = of.path.reduceRight<Located>(
    (node, key) => ({ kind: 'table', origin: BUILT_IN, at: BUILT_IN, entries: new Map([[key, node]]) }),
    of.node,
  );
  if (table.kind !== 'table') throw new Error('a key of a server has parts');
  return { layer, file: of.node.origin.file, table, issues: [] };
}
