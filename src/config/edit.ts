import { parse, stringify, TomlError } from 'smol-toml';
import { AppError } from '../kernel/index.ts';
import {
  exact,
  isTree,
  pruned,
  same,
  type TomlInput,
  type TomlInputTable,
  type Tree,
  valueAt,
  withoutPath,
  withPath,
} from './edit-tree.ts';
import { type KeyPath, renderKey } from './located.ts';
import { type Statement, scanPositions } from './positions.ts';

/*
 * Every edit works on the text, statement by statement, so that whatever it does not touch stays byte for byte. Its
 * result is parsed again and held against the intention; where the two differ, nothing is changed.
 */

/**
 * The text with `path` set to `value`. An existing value is replaced where it stands; a new key goes to the end of its
 * table, a new table to the end of the text. Comments inside a replaced value move above it.
 *
 * @throws AppError `CONFIG_NOT_TOML` for a text that is none, `CONFIG_EDIT_REFUSED` when a part of `path` is a value and
 *   no table, or when the edit would have changed something else.
 */
export function setKey(text: string, path: KeyPath, value: TomlInput): string {
  const wanted = exact(value);
  const intend = (tree: Tree): unknown => withPath(tree, path, wanted);
  return edited(text, { path, intend, edit: (doc) => putValue(doc, path, wanted) });
}

/** The text without `path` and all under it; the same text when it is not there. Comment lines stay. Throws as {@link setKey}. */
export function unsetKey(text: string, path: KeyPath): string {
  return edited(text, { path, intend: (tree) => withoutPath(tree, path), edit: (doc) => cutPath(doc, path) });
}

/** The text with a server of that name, as a section at the end; one that exists is replaced. Throws as {@link setKey}. */
export function addServer(text: string, name: string, table: TomlInputTable): string {
  const path = ['mcp_servers', name];
  const wanted = exact(table);
  const intend = (tree: Tree): unknown => withPath(tree, path, wanted);
  return edited(text, { path, intend, edit: (doc) => putValue(withoutStatements(doc, path), path, wanted) });
}

/** The text without the server; the same text when there is none. Comment lines stay. Throws as {@link setKey}. */
export function removeServer(text: string, name: string): string {
  return unsetKey(text, ['mcp_servers', name]);
}

/** A text on its way through an edit: without byte order mark, and with a newline at the end. */
type Doc = {
  readonly text: string;
  /** What ends its lines. */
  readonly newline: '\n' | '\r\n';
  readonly statements: readonly Statement[];
  readonly tree: Tree;
};

type Edit = {
  readonly path: KeyPath;
  /** What the values are to be; null when that cannot be. */
  readonly intend: (tree: Tree) => unknown;
  readonly edit: (doc: Doc) => string;
};

function edited(original: string, { path, intend, edit }: Edit): string {
  const bom = original.startsWith('\ufeff') ? '\ufeff' : '';
  const text = original.slice(bom.length);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const ended = text === '' || text.endsWith('\n');
  const doc = read(ended ? text : text + newline, newline);
  const intended = intend(doc.tree);
  if (intended === null) throw refused(path, 'cannot be set, because a part of the key is a value and no table');
  const changed = edit(doc);
  const result = ended ? changed : changed.replace(/(?:\r?\n)+$/, '');
  if (!says(result, { path, intended })) throw refused(path, 'cannot be changed without changing something else');
  return bom + result;
}

function read(text: string, newline: Doc['newline']): Doc {
  const statements: Statement[] = [];
  const tree = parseExact(text);
  scanPositions(text, (statement) => statements.push(statement));
  return { text, newline, statements, tree };
}

function parseExact(text: string): Tree {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (error) {
    throw new AppError('CONFIG_NOT_TOML', 'the file is not valid TOML, so it cannot be edited', {
      hint: 'correct this line first',
      ...(error instanceof TomlError ? { where: `${error.line}:${error.column}` } : {}),
    });
  }
}

function says(text: string, { path, intended }: { readonly path: KeyPath; readonly intended: unknown }): boolean {
  try {
    return same(pruned(parse(text, { integersAsBigInt: true }), path), pruned(intended, path));
  } catch {
    return false;
  }
}

function refused(path: KeyPath, message: string): AppError {
  return new AppError('CONFIG_EDIT_REFUSED', `${renderKey(path)} ${message}`);
}

function startsWith(path: KeyPath, prefix: KeyPath): boolean {
  return prefix.length <= path.length && prefix.every((part, index) => part === path[index]);
}

function equal(a: KeyPath, b: KeyPath): boolean {
  return a.length === b.length && startsWith(a, b);
}

/** The statement `key = value` whose value holds `path`, or is it. */
function carrierOf(doc: Doc, path: KeyPath): Statement | undefined {
  return doc.statements.find((statement) => statement.kind === 'pair' && startsWith(path, statement.path));
}

// ── placing ──

function putValue(doc: Doc, path: KeyPath, value: unknown): string {
  const carrier = carrierOf(doc, path);
  if (carrier !== undefined) return setInside(doc, carrier, { path, value });
  // A table that is written as sections gives way to the new value.
  return placeNew(withoutStatements(doc, path), path, value);
}

function withoutStatements(doc: Doc, path: KeyPath): Doc {
  return read(cutPath(doc, path), doc.newline);
}

function setInside(doc: Doc, carrier: Statement, { path, value }: { path: KeyPath; value: unknown }): string {
  const inner = path.slice(carrier.path.length);
  const whole = inner.length === 0 ? value : withPath(valueAt(doc.tree, carrier.path), inner, value);
  return replaceValue(doc, carrier, renderInline(whole));
}

/** How many leading parts of a key name a table that gets a `[section]` of its own; further ones become dotted keys. */
const SECTION_DEPTH: Readonly<Record<string, number>> = { mcp_servers: 2, projects: 2, plugins: 2, marketplaces: 2 };

function placeNew(doc: Doc, path: KeyPath, value: unknown): string {
  const limit = Object.hasOwn(SECTION_DEPTH, path[0] ?? '') ? (SECTION_DEPTH[path[0] ?? ''] ?? 1) : 1;
  const depth = Math.min(path.length - 1, limit);
  const sibling = lastDotted(doc, path.slice(0, depth));
  if (sibling !== undefined) return insertAfter(doc, sibling, pairText(path.slice(sibling.section.length), value));
  if (isTree(value) && path.length <= limit) return appendLines(doc, sectionLines(path, value));
  for (let own = path.length - 1; own >= depth; own -= 1) {
    const last = doc.statements.findLast((statement) => equal(statement.section, path.slice(0, own)));
    if (last !== undefined) return insertAfter(doc, last, pairText(path.slice(own), value));
  }
  if (depth === 0) return insertOnTop(doc, pairText(path, value));
  return appendLines(doc, [`[${renderKey(path.slice(0, depth))}]`, pairText(path.slice(depth), value)]);
}

/** The last of the dotted keys that define the table `section` from outside it: no header may open such a table. */
function lastDotted(doc: Doc, section: KeyPath): Statement | undefined {
  if (section.length < 2) return undefined;
  return doc.statements.findLast(
    ({ kind, path, section: own }) => kind === 'pair' && startsWith(path, section) && own.length < section.length,
  );
}

function sectionLines(path: KeyPath, table: Tree): readonly string[] {
  const tree = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), table);
  return stringify(tree, { numbersAsFloat: true }).trimEnd().split('\n');
}

function appendLines({ text, newline }: Doc, lines: readonly string[]): string {
  const gap = text.trim() === '' || /\n[ \t]*\r?\n$/.test(text) ? '' : newline;
  return text + gap + lines.map((line) => line + newline).join('');
}

function insertAfter({ text, newline }: Doc, statement: Statement, line: string): string {
  const indent = statement.kind === 'pair' ? indentOf(text, statement.start) : '';
  const at = lineEnd(text, statement.end);
  return text.slice(0, at) + indent + line + newline + text.slice(at);
}

/** A first key above all tables: below the comment that opens the file, if a blank line sets that apart. */
function insertOnTop({ text, newline }: Doc, line: string): string {
  const opening = /^(?:[ \t]*#[^\n]*\n)+(?=[ \t]*\r?\n)/.exec(text)?.[0] ?? '';
  const rest = text.slice(opening.length);
  const gap = rest === '' || /^[ \t]*\r?\n/.test(rest) ? '' : newline;
  return opening + (opening === '' ? '' : newline) + line + newline + gap + rest;
}

function replaceValue(doc: Doc, statement: Statement, value: string): string {
  const { text } = doc;
  const start = lineStart(text, statement.start);
  return (
    text.slice(0, start) +
    hoisted(doc, statement) +
    text.slice(start, statement.valueStart) +
    value +
    text.slice(statement.end)
  );
}

// ── cutting ──

function cutPath(doc: Doc, path: KeyPath): string {
  const carrier = carrierOf(doc, path);
  if (carrier !== undefined && carrier.path.length < path.length) {
    const inner = path.slice(carrier.path.length);
    const value = valueAt(doc.tree, carrier.path);
    const there = valueAt(value, inner) !== undefined;
    return there ? replaceValue(doc, carrier, renderInline(withoutPath(value, inner))) : doc.text;
  }
  return doc.statements
    .filter((statement) => startsWith(statement.path, path))
    .reduceRight((text, statement) => cutStatement({ ...doc, text }, statement), doc.text);
}

/** Takes the lines of a statement out. Comments inside its value stay, as lines; a blank line above a header goes. */
function cutStatement(doc: Doc, statement: Statement): string {
  const { text } = doc;
  const head = text.slice(0, lineStart(text, statement.start));
  const kept = statement.kind === 'header' ? head.replace(/(?<=\n)[ \t]*\r?\n$/, '') : head;
  return kept + hoisted(doc, statement) + text.slice(lineEnd(text, statement.end));
}

// ── text ──

/** The comments inside a value, as lines. */
function hoisted({ text, newline }: Doc, { start, comments }: Statement): string {
  const indent = indentOf(text, start);
  return comments.map((comment) => indent + comment + newline).join('');
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** After the newline of the line that `offset` is in. */
function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  return newline === -1 ? text.length : newline + 1;
}

function indentOf(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? '';
}

function pairText(path: KeyPath, value: unknown): string {
  return `${renderKey(path)} = ${renderInline(value)}`;
}

/** A value on one line. Numbers are floats; integers are bigint. */
function renderInline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(renderInline).join(', ')}]`;
  if (!isTree(value))
    return stringify({ value }, { numbersAsFloat: true })
      .trim()
      .replace(/^value = /, '');
  const pairs = Object.entries(value).map(([key, inner]) => `${renderKey([key])} = ${renderInline(inner)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}
