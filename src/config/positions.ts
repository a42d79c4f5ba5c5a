import { parse } from 'smol-toml';

/** A place in a file. Both are 1-based; columns count UTF-16 units. */
export type Spot = { readonly line: number; readonly column: number };

/**
 * Where one key stands in a TOML text. For a table written as `[a.b]`, `key` and `value` are where `b` stands in the
 * header; for a table that only its children imply, where it is first named.
 */
export type Positions = {
  /** From the top; items of arrays and of arrays of tables by their index. */
  readonly path: readonly string[];
  key: Spot;
  value: Spot;
  readonly children: Map<string, Positions>;
};

/** A `[header]` or a `key = value` that stands on lines of its own. Offsets count UTF-16 units. */
export type Statement = {
  readonly kind: 'header' | 'pair';
  /** What it defines, from the top. */
  readonly path: readonly string[];
  /** The header it stands under; for a header itself. */
  readonly section: readonly string[];
  readonly start: number;
  /** Start of the value; for a header its start. */
  readonly valueStart: number;
  /** After the value or the header; a comment may follow on the line. */
  readonly end: number;
  /** Comments inside the value, `#` included. */
  readonly comments: readonly string[];
};

type Segment = { readonly name: string; readonly spot: Spot };

/** Parent of the items of `[[x]]`: told apart from `[x]` so that `[x.y]` goes into the last item. */
const tableArrays = new WeakSet<Positions>();

/**
 * Finds where every key and value of a TOML text stands.
 *
 * @param text A document without byte order mark that smol-toml has parsed without an error; what this gives for other
 *   text means nothing, but it always returns.
 * @param visit Called with each statement, in order.
 * @see https://toml.io/en/v1.1.0
 */
export function scanPositions(text: string, visit: (statement: Statement) => void = () => {}): Positions {
  const scan = createScanner(text);
  const top = { line: 1, column: 1 };
  const root: Positions = { path: [], key: top, value: top, children: new Map() };
  let table = root;
  for (scan.skipBlank(); !scan.atEnd(); scan.skipBlank()) {
    const start = scan.offset();
    if (scan.take('[')) {
      const isArray = scan.take('[');
      const path = scan.keyPath();
      scan.take(']');
      if (isArray) scan.take(']');
      table = isArray ? openTableArray(root, path) : openTable(root, path);
      const end = scan.offset();
      visit({ kind: 'header', path: table.path, section: table.path, start, valueStart: start, end, comments: [] });
    } else {
      scan.takeComments();
      const pair = scanKeyValue(scan, table);
      if (pair === null) return root;
      const { path } = pair.node;
      const found = { start, valueStart: pair.valueStart, end: scan.offset(), comments: scan.takeComments() };
      visit({ kind: 'pair', path, section: table.path, ...found });
    }
  }
  return root;
}

function openTable(root: Positions, path: readonly Segment[]): Positions {
  const last = path.at(-1);
  const parent = descend(root, path.slice(0, -1));
  if (last === undefined) return parent;
  const node = child(parent, last);
  if (!tableArrays.has(node)) {
    node.key = last.spot;
    node.value = last.spot;
  }
  return node;
}

function openTableArray(root: Positions, path: readonly Segment[]): Positions {
  const last = path.at(-1);
  const parent = descend(root, path.slice(0, -1));
  if (last === undefined) return parent;
  const list = child(parent, last);
  tableArrays.add(list);
  return child(list, { name: String(list.children.size), spot: last.spot });
}

function descend(from: Positions, path: readonly Segment[]): Positions {
  let node = from;
  for (const segment of path) {
    node = child(node, segment);
    if (tableArrays.has(node)) node = node.children.get(String(node.children.size - 1)) ?? node;
  }
  return node;
}

function child(parent: Positions, segment: Segment): Positions {
  const known = parent.children.get(segment.name);
  if (known !== undefined) return known;
  const { name, spot } = segment;
  const node: Positions = { path: [...parent.path, name], key: spot, value: spot, children: new Map() };
  parent.children.set(segment.name, node);
  return node;
}

/** Null when nothing could be read, so that no loop runs for ever on text that is not TOML. */
function scanKeyValue(
  scan: Scanner,
  table: Positions,
): { readonly node: Positions; readonly valueStart: number } | null {
  const path = scan.keyPath();
  const last = path.at(-1);
  if (last === undefined || !scan.take('=')) return null;
  const node = child(descend(table, path.slice(0, -1)), last);
  scan.skipSpace();
  const valueStart = scan.offset();
  scanValue(scan, node);
  return { node, valueStart };
}

function scanValue(scan: Scanner, node: Positions): void {
  node.value = scan.spot();
  if (scan.take('[')) {
    for (let index = 0; scan.moreUntil(']'); index += 1) {
      scanValue(scan, child(node, { name: String(index), spot: scan.spot() }));
    }
  } else if (scan.take('{')) {
    while (scan.moreUntil('}') && scanKeyValue(scan, node) !== null);
  } else {
    scan.skipScalar();
  }
}

type Scanner = ReturnType<typeof createScanner>;

const BARE = /[A-Za-z0-9_-]+/y;
const BLANK = /(?:[ \t\r\n]+|#[^\n]*)+/y;
const SPACE = /[ \t]+/y;
const BASIC = /"(?:[^"\\\n]|\\.)*"/y;
const LITERAL = /'[^'\n]*'/y;
const MULTILINE = /"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}|'''(?:[^']|'{1,2}(?!'))*'{3,5}/y;
const PLAIN = /[^,\]}#\s]+(?:[ \t]+[^,\]}#\s]+)*/y;

function createScanner(text: string) {
  let at = 0;
  let line = 1;
  let lineStart = 0;
  let comments: string[] = [];

  /** Moves over a match at the current place, counting lines; the matched text, or ''. */
  const eat = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? '';
    for (let i = found.indexOf('\n'); i !== -1; i = found.indexOf('\n', i + 1)) {
      line += 1;
      lineStart = at + i + 1;
    }
    at += found.length;
    return found;
  };
  const spot = (): Spot => ({ line, column: at - lineStart + 1 });
  const skipBlank = (): void => void comments.push(...commentsIn(eat(BLANK)));
  const skipSpace = (): void => void eat(SPACE);
  const take = (mark: string): boolean => {
    if (!text.startsWith(mark, at)) return false;
    at += mark.length;
    return true;
  };
  const keyPath = (): Segment[] => {
    const path: Segment[] = [];
    do {
      skipSpace();
      const start = spot();
      const raw = eat(BARE) || eat(LITERAL) || eat(BASIC);
      if (raw === '') break;
      path.push({ name: keyName(raw), spot: start });
      skipSpace();
    } while (take('.'));
    return path;
  };
  return {
    spot,
    offset: (): number => at,
    /** The comments skipped since the last call. */
    takeComments: (): readonly string[] => {
      const taken = comments;
      comments = [];
      return taken;
    },
    skipBlank,
    skipSpace,
    take,
    keyPath,
    atEnd: (): boolean => at >= text.length,
    /** In an array or inline table: skips blanks and a comma; false once `close` was taken or the text is over. */
    moreUntil: (close: string): boolean => {
      skipBlank();
      if (take(',')) skipBlank();
      return !take(close) && at < text.length;
    },
    skipScalar: (): void => {
      if (eat(MULTILINE) === '' && eat(BASIC) === '' && eat(LITERAL) === '' && eat(PLAIN) === '') at += 1;
    },
  };
}

function commentsIn(blank: string): string[] {
  return (blank.match(/#[^\n]*/g) ?? []).map((comment) => comment.trimEnd());
}

function keyName(raw: string): string {
  if (raw.startsWith("'")) return raw.slice(1, -1);
  if (!raw.startsWith('"')) return raw;
  return raw.includes('\\') ? (Object.keys(parse(`${raw}=0`))[0] ?? raw) : raw.slice(1, -1);
}
