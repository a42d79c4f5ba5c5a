import {
  type CheckContext,
  canonicalText,
  type Dialect,
  escapeReferences,
  found,
  type KeyPath,
  type Located,
  type LocatedScalar,
  type LocatedTable,
  mapTexts,
  type Piece,
  REFERENCE_KEYS,
  scanReferences,
  shellFindings,
  type TextChange,
} from '../../config/index.ts';
import type { Issue } from '../../kernel/index.ts';
import type { Setting } from '../../settings/index.ts';
import { useOf } from './reference-use.ts';
import { keyOf } from './server-keys.ts';

/** The only ones in a file of Agent Plugins. */
const AGENT_KEYS = ['args', 'env', 'cwd'];
/** A line for a shell, which has references of its own: only the folders are filled in, and it is not canonical. */
const SHELL_KEY = 'http_headers_helper';

/** What the references of one server came to. */
export type Filled = {
  /** Texts are canonical, with the folders filled in; the line for a shell is as the shell gets it. */
  readonly table: LocatedTable;
  /** Declared settings that it refers to. */
  readonly settings: readonly string[];
  /** Settings that it refers to and that are not declared. */
  readonly undeclared: readonly string[];
  /** Variables that it refers to. */
  readonly variables: readonly string[];
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

/** Brings every value into the canonical spelling, and finds out what it refers to. */
export function fillReferences(table: LocatedTable, options: FillOptions): Filled {
  const settings = new Set<string>();
  const undeclared = new Set<string>();
  const variables = new Set<string>();
  let credentials = false;
  const note = (piece: Piece, node: LocatedScalar, path: KeyPath): void => {
    const use = useOf(piece, path, options.settings);
    if (use === null) return;
    if (use.setting !== null) settings.add(use.setting);
    if (use.undeclared !== null) undeclared.add(use.undeclared);
    if (use.variable !== null) variables.add(use.variable);
    credentials ||= use.credential;
    if (use.problem === null) return;
    const report = use.waits ? options.waiting : options.context.report;
    found({ ...keyOf(options.context, ...path), report }, node.at, { code: 'PLUGIN_REFERENCE', ...use.problem });
  };
  const inShell = shellFindings(table);
  const fill: TextChange = (node, written, path) => {
    const [key = ''] = path;
    const literally = options.dialect === 'agent_plugins' && key !== SHELL_KEY;
    if (literally) {
      if (isOurs(written)) found(keyOf(options.context, ...path), node.at, STAYS_LITERAL);
      if (!AGENT_KEYS.includes(key)) return { ...node, value: escapeReferences(written) };
    }
    const pieces = scanReferences(written, key === SHELL_KEY ? 'canonical' : options.dialect);
    for (const piece of pieces) note(piece, node, path);
    if (key === SHELL_KEY) return { ...node, value: shellText(pieces, options) };
    const value = canonicalText(pieces, options.folders);
    const finding = literally && isOurs(written) ? null : inShell(key, pieces);
    if (finding !== null) found(keyOf(options.context, ...path), node.at, finding);
    return { ...node, value };
  };
  const entries = [...table.entries].map(([key, value]): [string, Located] => [
    key,
    key === SHELL_KEY || REFERENCE_KEYS.includes(key) ? mapTexts(value, [key], fill) : value,
  ]);
  return {
    table: { ...table, entries: new Map(entries) },
    settings: [...settings].toSorted(),
    undeclared: [...undeclared].toSorted(),
    variables: [...variables].toSorted(),
    credentials,
  };
}

function shellText(pieces: readonly Piece[], { folders }: FillOptions): string {
  const textOf = (piece: Piece): string => {
    if (piece.kind === 'folder') return folders[piece.folder];
    return piece.kind === 'text' ? piece.text : piece.written;
  };
  return pieces.map(textOf).join('');
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
