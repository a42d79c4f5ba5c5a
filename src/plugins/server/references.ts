/**
 * References in the values of a server: `${PLUGIN_ROOT}`, `${user_config.key}`, `${env:NAME:-default}` … One scanner for
 * whoever names them, checks them or fills them in.
 */

/** One part of a text. `written` is the part as it stands. */
export type Piece =
  | { readonly kind: 'text'; readonly written: string; readonly text: string }
  | { readonly kind: 'folder'; readonly written: string; readonly folder: 'root' | 'data' }
  | { readonly kind: 'setting'; readonly written: string; readonly key: string }
  | { readonly kind: 'env'; readonly written: string; readonly name: string; readonly fallback: string | null }
  | { readonly kind: 'secret'; readonly written: string; readonly name: string }
  /** Starts like a reference of ours and is none, such as one within another. */
  | { readonly kind: 'broken'; readonly written: string };

/**
 * What counts as a reference. `agent_plugins`: only the two folders, and nothing can be escaped. `claude`: a bare `${NAME}`
 * is a variable. Elsewhere a bare `${NAME}` is text, since it may be meant for a shell.
 */
export type Dialect = 'codex' | 'claude' | 'agent_plugins';

const FOLDERS: ReadonlyMap<string, 'root' | 'data'> = new Map([
  ['PLUGIN_ROOT', 'root'],
  ['PLUGIN_DATA', 'data'],
]);
const CLAUDE_FOLDERS: ReadonlyMap<string, 'root' | 'data'> = new Map([
  ['CLAUDE_PLUGIN_ROOT', 'root'],
  ['CLAUDE_PLUGIN_DATA', 'data'],
]);
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
/** What starts like one of our forms, and is not escaped. */
const BROKEN = /(?<!\$)\$\{(?:env:|secret:|user_config\.)/;

/** A text as its parts, in order; `$${` stands for a literal `${`. Takes time in proportion to the text. */
export function scanReferences(text: string, dialect: Dialect): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  let open: number | null = null;
  for (const { 0: mark, index } of text.matchAll(/\$\{|\}/g)) {
    if (mark === '${') {
      open = isEscaped(text, index, dialect) ? null : index;
      continue;
    }
    const piece = open === null ? null : referenceOf(text.slice(open, index + 1), dialect);
    if (open !== null && piece !== null) {
      if (open > from) pieces.push(literal(text.slice(from, open), dialect));
      pieces.push(piece);
      from = index + 1;
    }
    open = null;
  }
  if (from < text.length) pieces.push(literal(text.slice(from), dialect));
  return pieces;
}

function isEscaped(text: string, index: number, dialect: Dialect): boolean {
  return dialect !== 'agent_plugins' && text[index - 1] === '$' && text[index - 2] !== '$';
}

function literal(written: string, dialect: Dialect): Piece {
  if (dialect === 'agent_plugins') return { kind: 'text', written, text: written };
  return BROKEN.test(written)
    ? { kind: 'broken', written }
    : { kind: 'text', written, text: written.replaceAll('$${', '${') };
}

function referenceOf(written: string, dialect: Dialect): Piece | null {
  const inner = written.slice(2, -1);
  const folder = FOLDERS.get(inner) ?? (dialect === 'agent_plugins' ? undefined : CLAUDE_FOLDERS.get(inner));
  if (folder !== undefined) return { kind: 'folder', written, folder };
  if (dialect === 'agent_plugins') return null;
  if (inner.startsWith('user_config.')) return { kind: 'setting', written, key: inner.slice('user_config.'.length) };
  if (inner.startsWith('secret:')) return { kind: 'secret', written, name: inner.slice('secret:'.length) };
  if (inner.startsWith('env:')) return variable(written, inner.slice('env:'.length)) ?? { kind: 'broken', written };
  return dialect === 'claude' ? variable(written, inner) : null;
}

function variable(written: string, inner: string): Piece | null {
  const [, name, fallback] = VARIABLE.exec(inner) ?? [];
  return name === undefined ? null : { kind: 'env', written, name, fallback: fallback ?? null };
}
