/**
 * References in the values of a server: `${PLUGIN_ROOT}`, `${user_config.key}`, `${env:NAME:-default}` … One scanner for
 * whoever names them, checks them or fills them in.
 *
 * Grammar, from left to right: `$${` is a literal `${`. Else `${` up to the next `}` is a reference, if it has one of the
 * forms below and holds no other `${`; if not, it is text. What was filled in is never looked at again.
 *
 * - `${user_config.KEY}`: a setting that the plugin declares.
 * - `${env:NAME}`, `${env:NAME:-default}`: a variable; the default counts where it is unset or empty.
 * - `${secret:NAME}`: a secret that the user stored for this server; `${secret:SCHEME://…}`: what `[secret_providers.SCHEME]` prints.
 * - `${PLUGIN_ROOT}`, `${PLUGIN_DATA}`: the folders of the plugin (Claude: `${CLAUDE_PLUGIN_ROOT}`, `${CLAUDE_PLUGIN_DATA}`).
 *
 * Files of every family are brought into one spelling, the canonical one, when they are read: see {@link canonicalText}.
 */

/** One part of a text. `written` is the part as it stands. */
export type Piece =
  | { readonly kind: 'text'; readonly written: string; readonly text: string }
  | { readonly kind: 'folder'; readonly written: string; readonly folder: 'root' | 'data' }
  | { readonly kind: 'setting'; readonly written: string; readonly key: string }
  | { readonly kind: 'env'; readonly written: string; readonly name: string; readonly fallback: string | null }
  | { readonly kind: 'secret'; readonly written: string; readonly name: string }
  /** `scheme` names the provider; `reference` is what it is given, such as `op://vault/item`. */
  | { readonly kind: 'provided'; readonly written: string; readonly scheme: string; readonly reference: string }
  /** Starts like a reference of ours and is none, such as one within another. */
  | { readonly kind: 'broken'; readonly written: string };

/**
 * What counts as a reference. `canonical`: what the grammar says, also in config.toml and in files of Codex. `claude`: a
 * bare `${NAME}` or `${NAME:-default}` is a variable besides. `agent_plugins`: only the two folders, and nothing is escaped.
 */
export type Dialect = 'canonical' | 'claude' | 'agent_plugins';

const FOLDERS: ReadonlyMap<string, 'root' | 'data'> = new Map([
  ['PLUGIN_ROOT', 'root'],
  ['PLUGIN_DATA', 'data'],
]);
const CLAUDE_FOLDERS: ReadonlyMap<string, 'root' | 'data'> = new Map([
  ['CLAUDE_PLUGIN_ROOT', 'root'],
  ['CLAUDE_PLUGIN_DATA', 'data'],
]);
const VARIABLE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;
const SETTING = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const SECRET = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const PROVIDED = /^([A-Za-z][A-Za-z0-9_-]*):\/\/\S+$/;
/** What starts like one of our forms. */
const OURS = /\$\{(?:env:|secret:|user_config\.)/;

/** A text as its parts, in order. Takes time in proportion to the text. */
export function scanReferences(text: string, dialect: Dialect): readonly Piece[] {
  const pieces: Piece[] = [];
  const escapes = dialect !== 'agent_plugins';
  let from = 0;
  let open: number | null = null;
  for (const { 0: mark, index } of text.matchAll(escapes ? /\$\$\{|\$\{|\}/g : /\$\{|\}/g)) {
    if (mark !== '}') {
      open = mark === '${' ? index : null;
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

/** True when anything of a canonical text is filled in, or cannot be. */
export function hasReferences(text: string): boolean {
  return scanReferences(text, 'canonical').some(({ kind }) => kind !== 'text');
}

/**
 * The canonical spelling of a text that was written in another: what it refers to and what it says stay the same. A `$`
 * right before a reference has no spelling, since `$${` is a literal: the text is broken then, and never something else.
 *
 * @param folders What stands for the folders of the plugin.
 */
export function canonicalText(
  pieces: readonly Piece[],
  folders: { readonly root: string; readonly data: string },
): string {
  const parts: string[] = [];
  // Texts and folders beside each other are one: only together do they show what has to be escaped.
  let said = '';
  for (const piece of pieces) {
    if (piece.kind === 'text') said += piece.text;
    else if (piece.kind === 'folder') said += folders[piece.folder];
    else {
      parts.push(escapeReferences(said), said.endsWith('$') ? NO_SPELLING : '', spellingOf(piece));
      said = '';
    }
  }
  return [...parts, escapeReferences(said)].join('');
}

/** Is broken wherever it stands. The blank keeps it from being escaped. */
const NO_SPELLING = ' ${env:$}';

function spellingOf(piece: Exclude<Piece, { readonly kind: 'text' | 'folder' }>): string {
  if (piece.kind !== 'env') return piece.written;
  return `\${env:${piece.name}${piece.fallback === null ? '' : `:-${piece.fallback}`}}`;
}

/** A canonical text that says `text` and refers to nothing. Unchanged wherever that is so anyway. */
export function escapeReferences(text: string): string {
  return text.includes('$${') || hasReferences(text) ? text.replaceAll('${', () => '$${') : text;
}

function literal(written: string, dialect: Dialect): Piece {
  if (dialect === 'agent_plugins') return { kind: 'text', written, text: written };
  return OURS.test(written.replaceAll('$${', ' '))
    ? { kind: 'broken', written }
    : { kind: 'text', written, text: written.replaceAll('$${', '${') };
}

function referenceOf(written: string, dialect: Dialect): Piece | null {
  const inner = written.slice(2, -1);
  const folder = FOLDERS.get(inner) ?? (dialect === 'agent_plugins' ? undefined : CLAUDE_FOLDERS.get(inner));
  if (folder !== undefined) return { kind: 'folder', written, folder };
  if (dialect === 'agent_plugins') return null;
  if (inner.startsWith('user_config.')) return settingOf(written, inner.slice('user_config.'.length));
  if (inner.startsWith('secret:')) return secretOf(written, inner.slice('secret:'.length));
  if (inner.startsWith('env:')) return variable(written, inner.slice('env:'.length)) ?? { kind: 'broken', written };
  return dialect === 'claude' ? variable(written, inner) : null;
}

function settingOf(written: string, key: string): Piece {
  return SETTING.test(key) ? { kind: 'setting', written, key } : { kind: 'broken', written };
}

function secretOf(written: string, name: string): Piece {
  if (SECRET.test(name)) return { kind: 'secret', written, name };
  const [, scheme] = PROVIDED.exec(name) ?? [];
  return scheme === undefined ? { kind: 'broken', written } : { kind: 'provided', written, scheme, reference: name };
}

/** True for what may stand before `://` in `${secret:SCHEME://…}`. */
export function isProviderScheme(scheme: string): boolean {
  return PROVIDED.exec(`${scheme}://x`)?.[1] === scheme;
}

function variable(written: string, inner: string): Piece | null {
  const [, name, fallback] = VARIABLE.exec(inner) ?? [];
  return name === undefined ? null : { kind: 'env', written, name, fallback: fallback ?? null };
}
