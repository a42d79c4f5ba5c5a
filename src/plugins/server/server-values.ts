import {
  type CheckContext,
  type Dialect,
  found,
  type KeyPath,
  type Located,
  type LocatedScalar,
  type LocatedTable,
  type Piece,
  scanReferences,
} from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import type { Setting } from '../types.ts';
import { keyOf } from './server-keys.ts';

/** Keys whose values may hold references. In a table the values, never the names. */
const REFERENCE_KEYS = ['command', 'args', 'env', 'cwd', 'url', 'http_headers', 'http_headers_helper', 'oauth'];
/** The only ones in a file of Agent Plugins. */
const AGENT_KEYS = ['args', 'env', 'cwd'];

/** What the references of one server came to. */
export type Filled = {
  /** Folders are filled in; values that refer to something else are as they were written. */
  readonly table: LocatedTable;
  /** Values that are not complete yet → what they could be, for a check. */
  readonly pending: ReadonlyMap<Located, string>;
  /** Declared settings that it refers to. */
  readonly settings: readonly string[];
  /** What it refers to and nothing fills in. */
  readonly unfilled: readonly string[];
  /** Whether a value that is sent or handed over comes from a variable or a sensitive setting. */
  readonly credentials: boolean;
};

export type FillOptions = {
  readonly dialect: Dialect;
  readonly folders: { readonly root: string; readonly data: string };
  readonly settings: ReadonlyMap<string, Setting>;
  readonly context: CheckContext;
  /** Where problems go that only a value can solve: the server waits, and is not wrong. */
  readonly waiting: (issue: Issue) => void;
};

/** Fills in the folders, and finds out what else the values refer to. */
export function fillReferences(table: LocatedTable, options: FillOptions): Filled {
  const pending = new Map<Located, string>();
  const settings = new Set<string>();
  const unfilled = new Set<string>();
  let credentials = false;
  const keys = options.dialect === 'agent_plugins' ? AGENT_KEYS : REFERENCE_KEYS;
  const fill: Change = (node, written, path) => {
    const dialect = path[0] === 'http_headers_helper' ? 'canonical' : options.dialect;
    const pieces = scanReferences(written, dialect);
    if (options.dialect === 'agent_plugins' && isOurs(written)) {
      found(keyOf(options.context, ...path), node.at, STAYS_LITERAL);
    }
    const waits = pieces.some((piece) => piece.kind !== 'text' && piece.kind !== 'folder');
    const text = (piece: Piece): string => textOf(piece, options.folders) ?? (waits ? piece.written : '');
    const value = pieces.map((piece) => (piece.kind === 'text' && waits ? piece.written : text(piece))).join('');
    const filled = { ...node, value };
    if (waits) pending.set(filled, plausible(pieces, path, options.folders));
    for (const piece of pieces) {
      const use = useOf(piece, path, options);
      if (use === null) continue;
      if (use.setting !== null) settings.add(use.setting);
      if (use.unfilled !== null) unfilled.add(use.unfilled);
      credentials ||= use.credential;
      if (use.problem !== null) {
        const report = use.waits ? options.waiting : options.context.report;
        found({ ...keyOf(options.context, ...path), report }, node.at, { code: 'PLUGIN_REFERENCE', ...use.problem });
      }
    }
    return filled;
  };
  const entries = new Map(
    [...table.entries].map(([key, value]) => [key, keys.includes(key) ? mapTexts(value, [key], fill) : value]),
  );
  return {
    table: { ...table, entries },
    pending,
    settings: [...settings].toSorted(),
    unfilled: [...unfilled].toSorted(),
    credentials,
  };
}

/** `table` with what pending values could be, so that only what is really wrong with them shows. */
export function forCheck(table: LocatedTable, pending: ReadonlyMap<Located, string>): LocatedTable {
  const replace: Change = (node) => {
    const value = pending.get(node);
    return value === undefined ? node : { ...node, value };
  };
  const entries = new Map(
    [...table.entries].map(([key, value]) => [
      key,
      REFERENCE_KEYS.includes(key) ? mapTexts(value, [key], replace) : value,
    ]),
  );
  return { ...table, entries };
}

/** What becomes of a text in a value. Nodes that stay as they are stay the same object. */
type Change = (node: LocatedScalar, text: string, path: KeyPath) => LocatedScalar;

function mapTexts(node: Located, path: KeyPath, change: Change): Located {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' ? change(node, node.value, path) : node;
    case 'list':
      return { ...node, items: node.items.map((item, index) => mapTexts(item, [...path, String(index)], change)) };
    case 'table':
      return {
        ...node,
        entries: new Map([...node.entries].map(([key, item]) => [key, mapTexts(item, [...path, key], change)])),
      };
    default:
      return node satisfies never;
  }
}

function textOf(piece: Piece, folders: FillOptions['folders']): string | null {
  if (piece.kind === 'folder') return piece.folder === 'root' ? folders.root : folders.data;
  return piece.kind === 'text' ? piece.text : null;
}

/** A text with a word for each reference: of the form that the key needs, unless the rest of it is wrong. */
function plausible(pieces: readonly Piece[], path: KeyPath, folders: FillOptions['folders']): string {
  const words = pieces.map((piece) => textOf(piece, folders) ?? 'reference');
  const first = pieces[0];
  const startsOpen = first !== undefined && textOf(first, folders) === null;
  if (path[0] !== 'url' || !startsOpen) return words.join('');
  return ['https://reference.invalid', ...words.slice(1)].join('');
}

type Use = {
  readonly setting: string | null;
  readonly unfilled: string | null;
  readonly credential: boolean;
  /** Whether the problem is one of a value that is not there, and not of the reference. */
  readonly waits: boolean;
  readonly problem: { readonly severity?: 'warning'; readonly message: string; readonly hint: string } | null;
};

/** Where a value is a credential when it comes from elsewhere. */
const CREDENTIAL_KEYS = ['env', 'http_headers', 'url', 'oauth'];

function useOf(piece: Piece, path: KeyPath, { settings }: FillOptions): Use | null {
  const nothing: Use = { setting: null, unfilled: null, credential: false, waits: false, problem: null };
  const sent = CREDENTIAL_KEYS.includes(path[0] ?? '');
  switch (piece.kind) {
    case 'text':
    case 'folder':
      return null;
    case 'setting': {
      const setting = settings.get(piece.key);
      const unfilled = `user_config.${piece.key}`;
      if (setting === undefined) return { ...nothing, unfilled, waits: true, problem: undeclared(piece.key) };
      if (path[0] === 'http_headers_helper') return { ...nothing, unfilled, problem: IN_SHELL };
      return { ...nothing, setting: piece.key, credential: setting.sensitive };
    }
    case 'env':
      return {
        ...nothing,
        unfilled: `env:${piece.name}`,
        credential: sent,
        problem: path[0] === 'url' ? IN_URL : LATER,
      };
    case 'secret':
      return { ...nothing, unfilled: `secret:${piece.name}`, credential: sent, problem: NOT_FOR_PLUGINS };
    case 'broken':
      return { ...nothing, problem: UNREADABLE };
    default:
      return piece satisfies never;
  }
}

const LATER = {
  severity: 'warning',
  message: 'refers to a variable, which this version does not fill in; the server is not started with it as it stands',
  hint: 'name the variable in `env_vars`, `bearer_token_env_var` or `env_http_headers` instead',
} as const;
const IN_URL = {
  message: 'refers to a variable, which a plugin may not put into an address',
  hint: 'send it in a header, by `bearer_token_env_var` or `env_http_headers`',
};
const IN_SHELL = {
  message: 'refers to a setting, and a shell would run whatever stands in its value',
  hint: 'let the program read it from its environment',
};
const NOT_FOR_PLUGINS = {
  message: 'refers to a secret of the user by name, which only servers in config.toml may do',
  hint: 'declare a setting in `user_config` with `sensitive`, and refer to that',
};
const UNREADABLE = {
  message: 'holds a reference that cannot be read, such as one within another',
  hint: 'write `${env:NAME}`, `${env:NAME:-default}` or `${user_config.key}`',
};

function undeclared(key: string): NonNullable<Use['problem']> {
  const shown = /^[\w.-]{1,64}$/.test(key) ? ` \`${key}\`` : '';
  return {
    message: `refers to a setting${shown} that \`user_config\` does not declare; the server is not started`,
    hint: 'declare it in `user_config`, or correct the reference',
  };
}

/** In a file of Agent Plugins our references are text, which is seldom meant. */
const STAYS_LITERAL = {
  code: 'PLUGIN_REFERENCE',
  severity: 'warning',
  message: 'stays as it is written: Agent Plugins fill in only `${PLUGIN_ROOT}` and `${PLUGIN_DATA}`',
  hint: 'refer to settings in `extensions` under `dev.plugboard`',
} as const;

/** True for a text with references that count in our own format, and not in Agent Plugins. */
function isOurs(text: string): boolean {
  const standard = (written: string): boolean => scanReferences(written, 'agent_plugins')[0]?.kind === 'folder';
  return scanReferences(text, 'canonical').some((piece) => piece.kind !== 'text' && !standard(piece.written));
}
