import { createScanner, type JSONScanner } from 'jsonc-parser';
import { type KeyPath, type Located, locatedFrom, type Origin, renderKey } from '../config/index.ts';
import { type Issue, isDeeperThan, type JsonValue } from '../kernel/index.ts';

/** Far from what recursion can bear, and from what a plugin needs. */
const MAX_DEPTH = 100;
const MAX_LENGTH = 1024 * 1024;
const MAX_VALUES = 100_000;
const MAX_DUPLICATES_NAMED = 20;

/** `value` is null when the text is no JSON; then the last issue says where and why. */
export type ParsedJson = { readonly value: Located | null; readonly issues: readonly Issue[] };

/**
 * Reads JSON (RFC 8259: no comments, no commas at the end) into values that know their place. A byte order mark is passed
 * over; of a key that stands twice the last one counts. Never throws, and takes time in proportion to the text.
 *
 * @param file Absolute path, for messages and origins.
 * @returns Issues `PLUGIN_NOT_JSON`, `PLUGIN_TOO_LARGE` (errors), `PLUGIN_DUPLICATE_KEY` (warning).
 */
export function parseJson(text: string, file: string): ParsedJson {
  const issues: Issue[] = [];
  if (text.length > MAX_LENGTH) return { value: null, issues: [tooLarge('longer than 1 MiB', file)] };
  const scanner = createScanner(text.startsWith('\ufeff') ? text.slice(1) : text, false);
  const reader: Reader = { scanner, file, token: TOKEN.end, path: [], values: 0, duplicates: 0, issues };
  try {
    advance(reader);
    const value = readValue(reader, place(reader));
    expect(reader, TOKEN.end, 'nothing may follow the value that ends here');
    const unnamed = reader.duplicates - MAX_DUPLICATES_NAMED;
    if (unnamed > 0) {
      const message = `${unnamed} more keys stand twice in their object; the last ones count`;
      issues.push({ code: 'PLUGIN_DUPLICATE_KEY', severity: 'warning', message, file });
    }
    return { value, issues };
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    return { value: null, issues: [...issues, error.issue] };
  }
}

/** A value of a JSON file that was read elsewhere, every part of it placed at `origin`; null for one nested too deeply. */
export function locateJson(value: JsonValue, origin: Origin): Located | null {
  return isDeeperThan(value, MAX_DEPTH) ? null : locatedFrom(value, origin);
}

/** What `jsonc-parser` calls SyntaxKind. */
const TOKEN = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  colon: 6,
  null: 7,
  true: 8,
  false: 9,
  string: 10,
  number: 11,
  lineComment: 12,
  blockComment: 13,
  lineBreak: 14,
  blank: 15,
  end: 17,
} as const;

/** What `jsonc-parser` calls ScanError, for tokens that can have one. */
const SCAN_ERRORS: Readonly<Record<number, string>> = {
  1: 'JSON has no comments',
  2: 'a string has no closing quote on its line',
  3: 'a number is incomplete',
  4: 'a `\\u` needs four hexadecimal digits',
  5: 'a backslash is followed by something that it cannot escape',
  6: 'a string holds a control character, which must be escaped',
};

class NotJson extends Error {
  readonly issue: Issue;
  constructor(issue: Issue) {
    super(issue.message);
    this.issue = issue;
  }
}

type Reader = {
  readonly scanner: JSONScanner;
  readonly file: string;
  /** The token that comes next. */
  token: number;
  readonly path: string[];
  values: number;
  duplicates: number;
  readonly issues: Issue[];
};

function advance(reader: Reader): void {
  do {
    reader.token = reader.scanner.scan();
    if (reader.token === TOKEN.lineComment || reader.token === TOKEN.blockComment) {
      throw refused(reader, 'JSON has no comments');
    }
    const error: number = reader.scanner.getTokenError();
    if (error !== 0) throw refused(reader, SCAN_ERRORS[error] ?? 'this is not understood');
  } while (reader.token === TOKEN.blank || reader.token === TOKEN.lineBreak);
}

function place({ scanner, file }: Reader): Origin {
  const line = scanner.getTokenStartLine() + 1;
  return { layer: 'plugin', file, line, column: scanner.getTokenStartCharacter() + 1 };
}

/** @param origin Where the key is; for the rest where the value starts. */
function readValue(reader: Reader, origin: Origin): Located {
  const at = place(reader);
  reader.values += 1;
  if (reader.values > MAX_VALUES) throw new NotJson(tooLarge(`more than ${MAX_VALUES} values`, reader.file));
  switch (reader.token) {
    case TOKEN.openBrace:
      return { kind: 'table', origin, at, entries: readMembers(reader) };
    case TOKEN.openBracket:
      return { kind: 'list', origin, at, items: readItems(reader) };
    default: {
      const value = scalarOf(reader);
      advance(reader);
      return { kind: 'scalar', origin, at, value };
    }
  }
}

function scalarOf(reader: Reader): string | number | boolean | null {
  switch (reader.token) {
    case TOKEN.string:
      return reader.scanner.getTokenValue();
    case TOKEN.number:
      return Number(reader.scanner.getTokenValue());
    case TOKEN.true:
      return true;
    case TOKEN.false:
      return false;
    case TOKEN.null:
      return null;
    default:
      throw refused(reader, 'a value is expected here: a string in double quotes, a number, an object …');
  }
}

function readMembers(reader: Reader): ReadonlyMap<string, Located> {
  const entries = new Map<string, Located>();
  enter(reader);
  while (reader.token !== TOKEN.closeBrace) {
    expect(reader, TOKEN.string, 'a key in double quotes is expected here');
    const origin = place(reader);
    const key = reader.scanner.getTokenValue();
    reader.path.push(key);
    if (entries.has(key)) duplicate(reader, origin);
    advance(reader);
    expect(reader, TOKEN.colon, 'a colon is expected here');
    advance(reader);
    entries.set(key, readValue(reader, origin));
    reader.path.pop();
    separate(reader, TOKEN.closeBrace, 'a comma or `}` is expected here');
  }
  advance(reader);
  return entries;
}

function readItems(reader: Reader): readonly Located[] {
  const items: Located[] = [];
  enter(reader);
  while (reader.token !== TOKEN.closeBracket) {
    reader.path.push(String(items.length));
    items.push(readValue(reader, place(reader)));
    reader.path.pop();
    separate(reader, TOKEN.closeBracket, 'a comma or `]` is expected here');
  }
  advance(reader);
  return items;
}

function expect(reader: Reader, token: number, what: string): void {
  if (reader.token !== token) throw refused(reader, what);
}

function enter(reader: Reader): void {
  if (reader.path.length >= MAX_DEPTH) {
    throw new NotJson({ ...tooLarge(`nested more than ${MAX_DEPTH} deep`, reader.file), ...spot(place(reader)) });
  }
  advance(reader);
}

/** Over the comma between two members; before the end there is none. */
function separate(reader: Reader, end: number, expected: string): void {
  if (reader.token === end) return;
  if (reader.token !== TOKEN.comma) throw refused(reader, expected);
  const comma = place(reader);
  advance(reader);
  if (reader.token === end) throw refused(reader, 'no comma may stand before the end', comma);
}

function duplicate(reader: Reader, at: Origin): void {
  reader.duplicates += 1;
  if (reader.duplicates > MAX_DUPLICATES_NAMED) return;
  const key = shownKey(reader.path);
  const message = `${key} stands twice in one object; the last one counts`;
  reader.issues.push({
    code: 'PLUGIN_DUPLICATE_KEY',
    severity: 'warning',
    message,
    file: reader.file,
    ...spot(at),
    key,
  });
}

function shownKey(path: KeyPath): string {
  return renderKey(path.map((part) => (part.length > 100 ? `${part.slice(0, 99)}…` : part)));
}

function spot({ line, column }: Origin): { readonly line: number; readonly column: number } {
  return { line: line ?? 1, column: column ?? 1 };
}

function refused(reader: Reader, why: string, at: Origin = place(reader)): NotJson {
  const message = `not JSON: ${reader.token === TOKEN.end ? 'the file ends too early' : why}`;
  const hint = 'correct this place; until then nothing of this file counts';
  return new NotJson({ code: 'PLUGIN_NOT_JSON', severity: 'error', message, hint, file: reader.file, ...spot(at) });
}

function tooLarge(what: string, file: string): Issue {
  return { code: 'PLUGIN_TOO_LARGE', severity: 'error', message: `the file is ${what}, and is not read`, file };
}
