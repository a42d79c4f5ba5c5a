import { AppError } from '../kernel/index.ts';
import { type Located, type LocatedTable, renderKey } from './located.ts';
import { parseLayer } from './parse.ts';
import * as read from './read.ts';
import type { HttpTransport, Origin, StdioTransport } from './types.ts';

export type Matcher =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string }
  /** Matches the whole text or not at all. */
  | { readonly kind: 'regex'; readonly pattern: RegExp };

/** Which program or address a server of one name must have. `args: null` leaves the arguments open. */
export type Identity =
  | { readonly kind: 'command'; readonly command: Matcher; readonly args: readonly Matcher[] | null }
  | { readonly kind: 'url'; readonly url: Matcher };

/** One requirements file. */
export type Requirements = {
  readonly file: string;
  /** The servers that may run; null when the file leaves them open. */
  readonly servers: ReadonlyMap<string, Identity> | null;
};

/** Whose file it is: in Codex's own, what concerns Codex alone is left alone. */
export type RequirementsOwner = 'plugboard' | 'codex';

/** These bind plugins, of which this version runs none. */
const PLUGIN_TABLES: readonly string[] = ['plugins', 'marketplaces'];

/** Longest address or argument that is held against a pattern. */
const MAX_MATCHED_LENGTH = 8192;

/**
 * Reads a requirements file.
 *
 * @throws AppError `CONFIG_SYSTEM_DAMAGED` when it is not TOML, or asks for what cannot be enforced: to run without a
 *   limit that an administrator has set is worse than not to run.
 */
export function parseRequirements(text: string, file: string, owner: RequirementsOwner): Requirements {
  const layer = parseLayer(text, file, 'system');
  const [broken] = layer.issues;
  if (broken !== undefined) {
    const place = { layer: 'system', file, line: broken.line ?? null, column: broken.column ?? null } as const;
    throw damaged(place, broken.message);
  }
  for (const [key, value] of layer.table.entries) checkTopKey(key, value, owner);
  const servers = layer.table.entries.get('mcp_servers');
  if (servers === undefined) return { file, servers: null };
  if (servers.kind !== 'table') throw damaged(servers.at, 'mcp_servers must be a table');
  return { file, servers: new Map([...servers.entries].map(([name, node]) => [name, parseEntry(name, node, owner)])) };
}

/** The file that keeps a server from running, or null when all allow it. */
export function requirementFor(
  requirements: readonly Requirements[],
  name: string,
  transport: StdioTransport | HttpTransport | null,
): string | null {
  const against = requirements.find(({ servers }) => {
    if (servers === null) return false;
    const identity = servers.get(name);
    return identity === undefined || transport === null || !identityAllows(identity, transport);
  });
  return against?.file ?? null;
}

/** True when a server is the one that an identity describes. */
export function identityAllows(identity: Identity, transport: StdioTransport | HttpTransport): boolean {
  if (identity.kind === 'url') return transport.kind === 'http' && matches(identity.url, transport.url);
  if (transport.kind !== 'stdio' || !matches(identity.command, transport.command)) return false;
  const { args } = identity;
  if (args === null) return true;
  return (
    args.length === transport.args.length &&
    args.every((matcher, index) => matches(matcher, transport.args[index] ?? ''))
  );
}

function matches(matcher: Matcher, text: string): boolean {
  switch (matcher.kind) {
    case 'exact':
      return text === matcher.value;
    case 'prefix':
      return text.startsWith(matcher.value);
    case 'regex':
      return text.length <= MAX_MATCHED_LENGTH && matcher.pattern.test(text);
    default:
      return matcher satisfies never;
  }
}

function checkTopKey(key: string, value: Located, owner: RequirementsOwner): void {
  if (key === 'mcp_servers' || PLUGIN_TABLES.includes(key)) return;
  if (key === 'features') {
    const others = value.kind === 'table' ? [...value.entries.keys()].filter((name) => name !== 'plugins') : [key];
    if (owner === 'codex' || others.length === 0) return;
    throw damaged(value.origin, 'this version can enforce nothing under features but features.plugins');
  }
  // A newer Codex may bind MCP servers in ways that are not known here; its model and sandbox are its own business.
  if (owner === 'codex' && !key.startsWith('mcp')) return;
  throw damaged(value.origin, `this version cannot enforce ${renderKey([key])}`);
}

function parseEntry(name: string, node: Located, owner: RequirementsOwner): Identity {
  const key = renderKey(['mcp_servers', name]);
  if (node.kind !== 'table') throw damaged(node.at, `${key} must be a table`);
  const identity = read.tableAt(node, 'identity');
  if (identity === undefined) throw damaged(node.origin, `${key} needs a table \`identity\``);
  refuseOthers(node, ['identity'], { key, owner });
  return parseIdentity(identity, { key: `${key}.identity`, owner });
}

type Where = { readonly key: string; readonly owner: RequirementsOwner };

function parseIdentity(table: LocatedTable, { key, owner }: Where): Identity {
  refuseOthers(table, ['command', 'args', 'url'], { key, owner });
  const command = table.entries.get('command');
  const url = table.entries.get('url');
  const args = table.entries.get('args');
  if (command !== undefined && (url === undefined || owner === 'codex'))
    return parseCommand(command, args, { key, owner });
  if (url === undefined || command !== undefined || args !== undefined) {
    throw damaged(table.origin, `${key} needs either \`command\`, with or without \`args\`, or \`url\``);
  }
  return { kind: 'url', url: parseMatcher(url, `${key}.url`) };
}

/** `command = "x"` or a matcher, with `args` beside it; or `command = { executable = "x", args = […] }`. */
function parseCommand(command: Located, beside: Located | undefined, { key, owner }: Where): Identity {
  const executable = command.kind === 'table' ? command.entries.get('executable') : undefined;
  if (command.kind !== 'table' || executable === undefined) {
    return { kind: 'command', command: parseMatcher(command, `${key}.command`), args: parseArgs(beside, key) };
  }
  refuseOthers(command, ['executable', 'args'], { key: `${key}.command`, owner });
  const inside = command.entries.get('args');
  if (inside !== undefined && beside !== undefined) throw damaged(beside.origin, `${key} has \`args\` in two places`);
  return {
    kind: 'command',
    command: parseMatcher(executable, `${key}.command.executable`),
    args: parseArgs(inside ?? beside, key),
  };
}

function parseArgs(node: Located | undefined, key: string): readonly Matcher[] | null {
  if (node === undefined) return null;
  if (node.kind !== 'list') throw damaged(node.at, `${key}: \`args\` must be a list`);
  return node.items.map((item) => parseMatcher(item, `${key}.args`));
}

function parseMatcher(node: Located, key: string): Matcher {
  if (node.kind === 'scalar' && typeof node.value === 'string') return { kind: 'exact', value: node.value };
  if (node.kind !== 'table') throw damaged(node.at, `${key} must be a string or a matcher`);
  const match = read.text(node, 'match');
  const needed = match === 'regex' ? 'expression' : 'value';
  const text = read.text(node, needed);
  const others = [...node.entries.keys()].some((name) => name !== 'match' && name !== needed);
  if (text === undefined || others || (match !== 'exact' && match !== 'prefix' && match !== 'regex')) {
    const forms = '{ match = "exact" or "prefix", value = "…" } or { match = "regex", expression = "…" }';
    throw damaged(node.at, `${key} must be a string, ${forms}`);
  }
  return match === 'regex'
    ? { kind: 'regex', pattern: wholePattern(text, node.at, key) }
    : { kind: match, value: text };
}

function wholePattern(expression: string, place: Origin, key: string): RegExp {
  try {
    // On its own first: "a)|(b" would only become a pattern by the brackets around it.
    void new RegExp(expression, 'u');
    return new RegExp(`^(?:${expression})$`, 'u');
  } catch {
    throw damaged(place, `${key} is not a valid regular expression`);
  }
}

function refuseOthers(table: LocatedTable, known: readonly string[], { key, owner }: Where): void {
  if (owner === 'codex') return;
  for (const [name, value] of table.entries) {
    if (!known.includes(name)) throw damaged(value.origin, `this version cannot enforce ${key}.${renderKey([name])}`);
  }
}

function damaged(place: Origin, message: string): AppError {
  const where = [place.file, place.line, place.column].filter((part) => part !== null).join(':');
  return new AppError('CONFIG_SYSTEM_DAMAGED', message, { where });
}
