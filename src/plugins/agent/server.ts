import {
  type CheckContext,
  found,
  isLoopback,
  type KeyPath,
  type Located,
  type LocatedTable,
  read,
} from '../../config/index.ts';
import { kindOf, type Reading, withoutNulls } from '../reading.ts';
import { keyOf, type Spelling } from '../server/server-keys.ts';
import { agentSchema, extensionOf, NAMESPACE } from './manifest.ts';

/**
 * Servers of the Agent Plugins standard: closed variants by `type`.
 *
 * @see Agent Plugins Specification 1.0.0 §7.2.1 and §9.2
 */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  stdio: ['type', 'command', 'args', 'env', 'cwd'],
  'streamable-http': ['type', 'url', 'headers'],
  sse: ['type', 'url', 'headers'],
};
const RESERVED = ['PLUGIN_ROOT', 'PLUGIN_DATA'];
const CWD = /^(?:\.\/|\$\{PLUGIN_(?:ROOT|DATA)\}(?:\/|$))/;
/** What says where a server is stands in the server itself, where every client sees it. */
const NOT_IN_EXTENSION = ['type', 'command', 'args', 'cwd', 'url', 'headers'];

const EXTENSIONS_SINCE = ` of 1.0.0; it came with the draft of 1.1.0, which \`$schema\` must then name in both files: "${agentSchema('1.1.0', 'plugin')}" in plugin.json, "${agentSchema('1.1.0', 'mcp')}" in mcp.json`;

export type AgentServer = {
  /** The keys of the standard, under the names of config.toml. */
  readonly table: LocatedTable;
  /** What stands under our key of its `extensions`: keys of config.toml. */
  readonly ours: LocatedTable | undefined;
};

export type AgentServerOptions = {
  readonly reading: Reading;
  /** Of the manifest. `extensions` of a server came with 1.1.0. */
  readonly version: string;
  readonly context: CheckContext;
  readonly spelling: Spelling;
};

/** Holds a server against its variant. Every problem is an error of that server. */
export function readAgentServer(written: LocatedTable, options: AgentServerOptions): AgentServer {
  const { context, spelling } = options;
  const type = read.text(written, 'type') ?? '';
  const fields = Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined;
  const entries = new Map<string, Located>();
  if (fields === undefined) {
    const place = written.entries.get('type')?.at ?? written.at;
    refuse(keyOf(context, 'type'), place, 'must be "stdio", "streamable-http" or "sse"');
  }
  for (const [key, value] of written.entries) {
    const known = fields?.includes(key) ?? true;
    if (key === 'extensions' && options.version !== '1.0.0') checkExtensions(value, context);
    else if (!known) {
      const since = key === 'extensions' ? EXTENSIONS_SINCE : '';
      refuse(keyOf(context, key), value.origin, `is not a key of a server of type "${type}"${since}`);
    } else if (key !== 'type') entries.set(key === 'headers' ? 'http_headers' : key, value);
  }
  if (entries.has('http_headers')) spelling.rename(['headers'], ['http_headers']);
  checkProgram(written, context);
  checkAddress(written, context);
  return { table: { ...written, entries }, ours: ourPart(written, options) };
}

function refuse(context: CheckContext, place: Located['at'], message: string): void {
  found(context, place, { code: 'PLUGIN_SCHEMA', message });
}

function checkExtensions(value: Located, context: CheckContext): void {
  if (value.kind !== 'table')
    refuse(keyOf(context, 'extensions'), value.at, `must be an object, and is ${kindOf(value)}`);
}

function checkProgram(written: LocatedTable, context: CheckContext): void {
  const command = written.entries.get('command');
  const text = read.text(written, 'command');
  if (command !== undefined && text !== undefined && /[/\\]|\$\{/.test(text) && !/^\.\/[^\\]*$/.test(text)) {
    refuse(
      keyOf(context, 'command'),
      command.at,
      'must be the bare name of a program, or a path that starts with `./`',
    );
  }
  const cwd = written.entries.get('cwd');
  const folder = read.text(written, 'cwd');
  if (cwd !== undefined && folder !== undefined && !CWD.test(folder)) {
    refuse(keyOf(context, 'cwd'), cwd.at, 'must start with `./`, `${PLUGIN_ROOT}` or `${PLUGIN_DATA}`');
  }
  checkReserved(written, context, []);
}

function checkReserved(owner: LocatedTable, context: CheckContext, path: KeyPath): void {
  for (const name of RESERVED) {
    const value = read.tableAt(owner, 'env')?.entries.get(name);
    if (value === undefined) continue;
    const at = keyOf(context, ...path, 'env', name);
    refuse(at, value.origin, 'is set by whoever starts the server, and may not stand here');
  }
}

function checkAddress(written: LocatedTable, context: CheckContext): void {
  const url = written.entries.get('url');
  const text = read.text(written, 'url') ?? '';
  if (url !== undefined && URL.canParse(text)) {
    const { protocol, hostname } = new URL(text);
    const at = keyOf(context, 'url');
    if (protocol === 'http:' && !isLoopback(hostname)) refuse(at, url.at, 'must be https, but on this machine itself');
  }
  const seen = new Set<string>();
  for (const [name, value] of read.tableAt(written, 'headers')?.entries ?? []) {
    if (seen.has(name.toLowerCase())) refuse(keyOf(context, 'headers', name), value.origin, 'names a header twice');
    seen.add(name.toLowerCase());
  }
}

/** Our declarations about the server, with their keys spelled where they stand. */
function ourPart(
  written: LocatedTable,
  { reading, version, context, spelling }: AgentServerOptions,
): LocatedTable | undefined {
  if (version === '1.0.0') return undefined;
  const part = extensionOf(reading, written, ['mcpServers', context.server ?? '']);
  if (part === undefined) return undefined;
  const path = ['extensions', NAMESPACE];
  checkReserved(part, context, path);
  const entries = new Map<string, Located>();
  for (const [key, value] of withoutNulls(part, keyOf(context, ...path)).entries) {
    if (NOT_IN_EXTENSION.includes(key)) {
      refuse(keyOf(context, ...path, key), value.origin, 'belongs into the server itself');
      continue;
    }
    const united = (key === 'env' || key === 'http_headers') && value.kind === 'table';
    const names = united ? [...value.entries.keys()].map((name) => [key, name]) : [[key]];
    for (const name of names) spelling.rename([...path, ...name], name);
    entries.set(key, value);
  }
  return { ...part, entries };
}

/** The server with ours laid over it: tables of values unite, and ours win. */
export function withOurs(table: LocatedTable, ours: LocatedTable | undefined): LocatedTable {
  const entries = new Map(table.entries);
  for (const [key, value] of ours?.entries ?? []) {
    const below = entries.get(key);
    const both = below?.kind === 'table' && value.kind === 'table';
    entries.set(key, both ? { ...value, entries: new Map([...below.entries, ...value.entries]) } : value);
  }
  return { ...table, entries };
}
