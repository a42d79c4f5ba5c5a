import { type KeyPath, type Located, type LocatedTable, read } from '../../config/index.ts';
import { type Manifest, noteUnused } from '../manifest/manifest.ts';
import { fileOf, firstOf, keyAt, kindOf, pathValue, type Reading, readJson, tell, withoutNulls } from '../reading.ts';
import type { EntryFacts } from '../types.ts';

/** One server as it stands in a file. */
export type Declaration = { readonly name: string; readonly node: Located };

export type Declarations = {
  readonly servers: readonly Declaration[];
  /** The first place that declares servers, relative to the bundle: an MCP file, or the manifest. */
  readonly mcpPath: string | null;
};

/** More than any plugin has; keeps a hostile one from costing time. */
const MAX_SERVERS = 128;
/** Likewise of files that are named, each of which is read. */
const MAX_SOURCES = 64;
const DEFAULT_FILE = '.mcp.json';
/** Where servers may stand without being named. Those that are not read are said to be unused. */
const KNOWN_FILES: readonly string[] = [DEFAULT_FILE, 'mcp.json'];

/** One place that declares servers. */
type Source = { readonly path: string | null; readonly servers: readonly Declaration[] };

/**
 * The servers that a bundle declares: in the manifest, in the file it names, or in `.mcp.json`. What the manifest names
 * stands in place of `.mcp.json`; in Claude's format, and where there is no manifest, it is added to it.
 */
export function readDeclarations(reading: Reading, manifest: Manifest, entry: EntryFacts | null): Declarations {
  const named = namedSources(reading, manifest);
  const adds = manifest.family === 'claude' || manifest.family === 'none';
  const fallback = named === null || adds ? fileSource(reading, DEFAULT_FILE) : null;
  const sources = [...(named ?? []), ...(fallback === null || isAmong(fallback, named) ? [] : [fallback])];
  for (const path of KNOWN_FILES) {
    if (sources.some((source) => source.path === path) || reading.bundle.look(path).kind !== 'file') continue;
    if (path === DEFAULT_FILE && (named === null || adds)) continue;
    noteUnused(
      reading,
      path,
      named === null ? `the file for servers is ${DEFAULT_FILE}` : '`mcpServers` names another place',
    );
  }
  if (manifest.path !== null && entry?.mcpServers !== undefined) {
    const message = `what the marketplace says of the servers of ${entry.name} is not used: the plugin has a manifest`;
    reading.report({ code: 'PLUGIN_FILE_UNUSED', severity: 'note', message, file: entry.file, key: 'mcpServers' });
  }
  return {
    servers: firstOfEachName(reading, sources),
    mcpPath: sources.find((source) => source.servers.length > 0)?.path ?? null,
  };
}

function isAmong(source: Source, named: readonly Source[] | null): boolean {
  return named?.some(({ path }) => path === source.path) ?? false;
}

/** What the manifest names; null when it names nothing that can be used, so that the usual file counts. */
function namedSources(reading: Reading, manifest: Manifest): readonly Source[] | null {
  const { table } = manifest;
  const value = table.entries.get('mcpServers');
  const snake = table.entries.get('mcp_servers');
  if (snake !== undefined) wrongKey(reading, snake, { used: value === undefined, key: ['mcp_servers'] });
  const key = value === undefined ? 'mcp_servers' : 'mcpServers';
  const counts = value ?? snake;
  return counts === undefined ? null : sourcesOf(reading, counts, { manifest, key: [key] });
}

type Place = { readonly manifest: Manifest; readonly key: KeyPath };

/** null when nothing of it can be used, which was reported. */
function sourcesOf(reading: Reading, value: Located, { manifest, key }: Place): readonly Source[] | null {
  const instead = `it is ignored, and ${DEFAULT_FILE} is read if it is there`;
  if (value.kind === 'table') return [{ path: manifest.path, servers: serversIn(reading, value, key) }];
  if (value.kind === 'list' && (manifest.family === 'claude' || manifest.family === 'none') && key.length === 1) {
    const items = firstOf(value.items, { reading, key, place: value.at, max: MAX_SOURCES });
    const sources = items.flatMap(
      (item, index) => sourcesOf(reading, item, { manifest, key: [...key, String(index)] }) ?? [],
    );
    return sources.length === 0 ? null : sources;
  }
  if (value.kind === 'scalar' && typeof value.value === 'string') {
    const path = pathValue(value, { reading, key, instead });
    return path === null ? null : [namedFile(reading, path, { key, value })];
  }
  const message = `must be a path or an object, and is ${kindOf(value)}; ${instead}`;
  tell(reading, { key, place: value.at }, { code: 'PLUGIN_WRONG_TYPE', message });
  return null;
}

/** A file that is named counts even when it is not there: nothing else is read in its place. */
function namedFile(reading: Reading, path: string, { key, value }: { key: KeyPath; value: Located }): Source {
  const source = fileSource(reading, path);
  if (source === null && reading.bundle.look(path).kind === 'absent') {
    tell(
      reading,
      { key, place: value.at },
      {
        code: 'PLUGIN_PATH_MISSING',
        message: 'names a file that is not there; the plugin has no servers from it',
        hint: 'correct the path, or add the file',
      },
    );
  }
  return source ?? { path, servers: [] };
}

/** null when the file is not there, or is no use, which was reported. */
function fileSource(reading: Reading, path: string): Source | null {
  const outcome = readJson(reading, path);
  if (outcome.kind !== 'value') return null;
  if (outcome.value.kind === 'table') return { path, servers: serversIn(reading, outcome.value, []) };
  const message = `the file must hold an object, and holds ${kindOf(outcome.value)}`;
  reading.report({ code: 'PLUGIN_WRONG_TYPE', severity: 'error', message, file: fileOf(reading.bundle, path) });
  return null;
}

/**
 * The servers in an object, whichever way they are written: under `mcpServers`, or each at the top.
 *
 * @param key Where the object stands in its file.
 */
export function serversIn(reading: Reading, written: LocatedTable, key: KeyPath): readonly Declaration[] {
  const table = withoutNulls(written, keyAt(reading, key));
  const wrapped = table.entries.get('mcpServers');
  const snake = table.entries.get('mcp_servers');
  if (wrapped !== undefined) {
    tellSiblings(reading, table, key);
    return membersOf(reading, wrapped, [...key, 'mcpServers']);
  }
  const isWrapper = snake !== undefined && !isServer(snake);
  if (isWrapper) wrongKey(reading, snake, { used: true, key: [...key, 'mcp_servers'] });
  const others = new Map([...table.entries].filter(([name, value]) => !isSchema(name, value)));
  if (isWrapper) others.delete('mcp_servers');
  return [
    ...(isWrapper ? membersOf(reading, snake, [...key, 'mcp_servers']) : []),
    ...membersOf(reading, { ...table, entries: others }, key),
  ];
}

function membersOf(reading: Reading, value: Located, key: KeyPath): readonly Declaration[] {
  if (value.kind !== 'table') {
    const message = `must be an object with a server under each name, and is ${kindOf(value)}`;
    tell(reading, { key, place: value.at }, { code: 'PLUGIN_WRONG_TYPE', message });
    return [];
  }
  return [...withoutNulls(value, keyAt(reading, key)).entries].map(([name, node]) => ({ name, node }));
}

/** True for an object that says how to reach a server, and so is one and not a collection of them. */
function isServer(value: Located): boolean {
  return value.kind === 'table' && (isText(value.entries.get('command')) || isText(value.entries.get('url')));
}

function isText(value: Located | undefined): boolean {
  return value?.kind === 'scalar' && typeof value.value === 'string';
}

function isSchema(name: string, value: Located): boolean {
  return name === '$schema' && isText(value);
}

function tellSiblings(reading: Reading, table: LocatedTable, key: KeyPath): void {
  for (const [name, value] of table.entries) {
    if (name === 'mcpServers' || isSchema(name, value)) continue;
    const at = { key: [...key, name], place: value.origin };
    if (name === 'mcp_servers') wrongKey(reading, value, { used: false, key: at.key });
    else if (isServer(value)) {
      const message = 'stands beside `mcpServers`, and is not read as a server';
      const hint = 'move it into `mcpServers`';
      tell(reading, at, { code: 'PLUGIN_UNKNOWN_KEY', severity: 'warning', message, hint });
    } else {
      const message = 'is not known beside `mcpServers`, and has no effect';
      tell(reading, at, { code: 'PLUGIN_UNKNOWN_KEY', severity: 'warning', message });
    }
  }
}

function wrongKey(
  reading: Reading,
  value: Located,
  { used, key }: { readonly used: boolean; readonly key: KeyPath },
): void {
  const message = used
    ? 'is the spelling of config.toml; in JSON it is `mcpServers`. The servers in it are used, but other programs find none'
    : 'is the spelling of config.toml, and is not read beside `mcpServers`';
  const hint = used ? 'rename the key to `mcpServers`' : 'move its servers into `mcpServers`';
  tell(reading, { key, place: value.origin }, { code: 'PLUGIN_MCP_WRONG_KEY', severity: 'warning', message, hint });
}

/** Of servers that share a name the first counts, and the rest is said to be left out. */
function firstOfEachName(reading: Reading, sources: readonly Source[]): readonly Declaration[] {
  const servers = new Map<string, Declaration>();
  const leftOut: Declaration[] = [];
  for (const declaration of sources.flatMap((source) => source.servers)) {
    const first = servers.get(declaration.name);
    const at = { key: ['mcpServers', declaration.name], place: declaration.node.origin };
    if (first !== undefined) {
      const message = `is declared twice; the one in ${first.node.origin.file ?? 'the manifest'} counts`;
      tell(reading, at, { code: 'PLUGIN_DUPLICATE_KEY', severity: 'warning', message });
    } else if (servers.size < MAX_SERVERS) servers.set(declaration.name, declaration);
    else leftOut.push(declaration);
  }
  const [next] = leftOut;
  if (next !== undefined) {
    const message = `and ${leftOut.length - 1} more servers are left out: a plugin may have ${MAX_SERVERS}`;
    tell(reading, { key: ['mcpServers', next.name], place: next.node.origin }, { code: 'PLUGIN_TOO_LARGE', message });
  }
  return [...servers.values()];
}

/** An `mcpServers` of Agent Plugins, which has one form only. */
export function membersOfAgent(reading: Reading, table: LocatedTable): readonly Declaration[] {
  const inner = read.tableAt(table, 'mcpServers');
  return inner === undefined
    ? []
    : firstOfEachName(reading, [{ path: null, servers: membersOf(reading, inner, ['mcpServers']) }]);
}
