import { AppError } from '../kernel/index.ts';
import { type Located, type LocatedTable, renderKey } from './located.ts';
import * as read from './read.ts';
import { scanReferences } from './references.ts';
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

/** Whose file it is: in Codex's own, what concerns Codex alone is left alone. */
export type RequirementsOwner = 'plugboard' | 'codex';

/** Longest address or argument that is held against a pattern. */
const MAX_MATCHED_LENGTH = 8192;

/** Whose words a server is: what the user writes into `env` is theirs to decide, what a plugin writes is not. */
export type DeclaredBy = 'config' | 'plugin';

/** Variables by which a program runs something else than its command says. */
const OTHER_CODE =
  /^(?:PATH|LD_.*|DYLD_.*|NODE_OPTIONS|NODE_PATH|PYTHON(?:PATH|HOME|STARTUP)|PERL5(?:OPT|LIB)|RUBY(?:OPT|LIB)|BASH_ENV|ENV|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS|GIT_.*|npm_config_.*|PIP_.*|UV_.*)$/is;

/** The key by which a server runs what no identity says anything of; null when there is none. */
export function keyBesideIdentity(transport: StdioTransport | HttpTransport, by: DeclaredBy): string | null {
  if (transport.kind === 'http') return transport.headersHelper === null ? null : 'http_headers_helper';
  const name = by === 'plugin' ? Object.keys(transport.env).find((variable) => OTHER_CODE.test(variable)) : undefined;
  return name === undefined ? null : renderKey(['env', name]);
}

/** True when a server is the one that an identity describes, and runs nothing besides. */
export function identityAllows(identity: Identity, transport: StdioTransport | HttpTransport, by: DeclaredBy): boolean {
  if (keyBesideIdentity(transport, by) !== null) return false;
  if (identity.kind === 'url') return transport.kind === 'http' && matchesUrl(identity.url, transport.url);
  if (transport.kind !== 'stdio' || !matches(identity.command, transport.command)) return false;
  const { args } = identity;
  if (args === null) return true;
  return (
    args.length === transport.args.length &&
    args.every((matcher, index) => matches(matcher, transport.args[index] ?? ''))
  );
}

/**
 * An address may be written so that its text says another host than it leads to (`https://a.example?.b.example/`), so parts
 * of it are held against what is connected to as well.
 */
function matchesUrl(matcher: Matcher, url: string): boolean {
  if (!matches(matcher, url)) return false;
  if (matcher.kind === 'exact') return true;
  const said = literalText(url) ?? '';
  if (!URL.canParse(said)) return false;
  const { href } = new URL(said);
  return href === `${said}/` || meets(matcher, href);
}

/**
 * An exact text is held against what is written, references included. What is only a part or a pattern would be met by what
 * is written and not by what is filled in, so a text with references never meets it.
 */
function matches(matcher: Matcher, text: string): boolean {
  if (matcher.kind === 'exact') return text === matcher.value;
  const said = literalText(text);
  return said !== null && meets(matcher, said);
}

function meets(matcher: Exclude<Matcher, { kind: 'exact' }>, said: string): boolean {
  switch (matcher.kind) {
    case 'prefix':
      return said.startsWith(matcher.value);
    case 'regex':
      return said.length <= MAX_MATCHED_LENGTH && matcher.pattern.test(said);
    default:
      return matcher satisfies never;
  }
}

/** What a canonical text says; null when that depends on a value. The folders of a plugin are known, and stay as written. */
function literalText(text: string): string | null {
  let said = '';
  for (const piece of scanReferences(text, 'canonical')) {
    if (piece.kind !== 'text' && piece.kind !== 'folder') return null;
    said += piece.kind === 'text' ? piece.text : piece.written;
  }
  return said;
}

/** Which entry is read: its key, for messages, and whose file it stands in. */
export type Where = { readonly key: string; readonly owner: RequirementsOwner };

/**
 * Reads every `NAME.identity` of a table of servers.
 *
 * @param where `key` is that of the table.
 * @throws AppError `CONFIG_SYSTEM_DAMAGED`
 */
export function parseIdentities(node: Located, { key, owner }: Where): ReadonlyMap<string, Identity> {
  if (node.kind !== 'table') throw damaged(node.at, `${key} must be a table`);
  return new Map(
    [...node.entries].map(([name, entry]) => [name, parseEntry(entry, { key: `${key}.${renderKey([name])}`, owner })]),
  );
}

function parseEntry(node: Located, { key, owner }: Where): Identity {
  if (node.kind !== 'table') throw damaged(node.at, `${key} must be a table`);
  const identity = read.tableAt(node, 'identity');
  if (identity === undefined) throw damaged(node.origin, `${key} needs a table \`identity\``);
  refuseOthers(node, ['identity'], { key, owner });
  return parseIdentity(identity, { key: `${key}.identity`, owner });
}

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

/** A pattern for the whole text. @throws AppError `CONFIG_SYSTEM_DAMAGED` */
export function wholePattern(expression: string, place: Origin, key: string): RegExp {
  try {
    // On its own first: "a)|(b" would only become a pattern by the brackets around it.
    void new RegExp(expression, 'u');
    return new RegExp(`^(?:${expression})$`, 'u');
  } catch {
    throw damaged(place, `${key} is not a valid regular expression`);
  }
}

/** What nobody enforces may not be asked for. @throws AppError `CONFIG_SYSTEM_DAMAGED`, but in a file of Codex */
export function refuseOthers(table: LocatedTable, known: readonly string[], { key, owner }: Where): void {
  if (owner === 'codex') return;
  for (const [name, value] of table.entries) {
    if (!known.includes(name)) throw damaged(value.origin, `this version cannot enforce ${key}.${renderKey([name])}`);
  }
}

/** A requirements file that cannot be enforced as it stands. */
export function damaged(place: Origin, message: string): AppError {
  const where = [place.file, place.line, place.column].filter((part) => part !== null).join(':');
  return new AppError('CONFIG_SYSTEM_DAMAGED', message, { where });
}
