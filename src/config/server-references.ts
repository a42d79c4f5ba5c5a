import { basename } from 'node:path';
import { shorten } from '../kernel/index.ts';
import { type CheckContext, type Finding, found } from './check.ts';
import type { LocatedTable } from './located.ts';
import * as read from './read.ts';
import { type Piece, scanReferences } from './references.ts';
import { REFERENCE_KEYS } from './stand-ins.ts';

export type ReferenceRules = {
  /** Whether it is laid over a plugin's server: then it may refer to the settings and folders of that plugin. */
  readonly laidOver: boolean;
  /** Schemes of `[secret_providers]` that can be used. */
  readonly providers: ReadonlySet<string>;
};

/** Programs that read their arguments as text of their own, in which `$NAME` is for them to expand. */
const SHELLS = ['sh', 'bash', 'zsh', 'dash', 'fish', 'cmd', 'powershell', 'pwsh'];

/** Options by which a shell takes the next argument as a line to run: `-c`, `-lc`, `/c`, `-Command`. */
const RUNS_LINE = /^(?:-[a-z]*c|\/c|-command)$/i;

const SHELL_FORM = /\$\{[A-Za-z_]\w*\}|\$[A-Z_][A-Z0-9_]*/;

/** Judges what the texts of one server of config.toml refer to. */
export function checkReferences(table: LocatedTable, rules: ReferenceRules, context: CheckContext): void {
  const inShell = shellFindings(table);
  for (const key of [...REFERENCE_KEYS, 'http_headers_helper']) {
    const value = table.entries.get(key);
    if (value === undefined) continue;
    for (const { path, node } of read.texts(value, [...context.path, key])) {
      const pieces = scanReferences(node.value, 'canonical');
      const told = judge(pieces, key, rules) ?? inShell(key, pieces);
      if (told !== null) found({ ...context, path }, node.at, told);
    }
  }
}

/**
 * What a shell would make of the texts of a server, by key: of a reference in a line that it runs, and of what looks like a
 * variable of its own and stays as it is. null: nothing.
 */
export function shellFindings(table: LocatedTable): (key: string, pieces: readonly Piece[]) => Finding | null {
  const shell = isShell(read.text(table, 'command') ?? '');
  const runsLine = shell && (read.textList(table, 'args') ?? []).some((arg) => RUNS_LINE.test(arg));
  return (key, pieces) => {
    if (key === 'http_headers_helper') return null;
    if (!shell || key !== 'args') return shellNote(pieces);
    return runsLine && refersTo(pieces) ? IN_LINE : null;
  };
}

/** The program of a command is a shell. */
export function isShell(command: string): boolean {
  return SHELLS.includes(programName(command));
}

/** `npx` for `C:\\node\\npx.cmd`. */
export function programName(command: string): string {
  return basename(command.replaceAll('\\', '/'))
    .toLowerCase()
    .replace(/\.(?:exe|cmd|ps1|bat)$/, '');
}

/** The first thing that is wrong with a text. */
function judge(pieces: readonly Piece[], key: string, rules: ReferenceRules): Finding | null {
  if (key === 'http_headers_helper') return refersTo(pieces) ? IN_SHELL : null;
  for (const piece of pieces) {
    const finding = problemOf(piece, rules);
    if (finding !== null) return finding;
  }
  return null;
}

function refersTo(pieces: readonly Piece[]): boolean {
  return pieces.some(({ kind }) => kind !== 'text');
}

function problemOf(piece: Piece, { laidOver, providers }: ReferenceRules): Finding | null {
  switch (piece.kind) {
    case 'text':
    case 'env':
    case 'secret':
      return null;
    case 'setting':
    case 'folder':
      return laidOver ? null : OF_PLUGINS;
    case 'provided':
      return providers.has(piece.scheme) ? null : noProvider(piece.scheme);
    case 'broken':
      return UNREADABLE;
    default:
      return piece satisfies never;
  }
}

const UNREADABLE: Finding = {
  code: 'CONFIG_LITERAL_REFERENCE',
  message: 'holds a reference that cannot be read, such as one within another',
  hint: 'write `${env:NAME}`, `${env:NAME:-default}` or `${secret:NAME}`; `$${` is a literal `${`',
};
const OF_PLUGINS: Finding = {
  code: 'CONFIG_LITERAL_REFERENCE',
  message: 'refers to a setting or folder of a plugin, and this is no server of one',
  hint: 'use `${env:NAME}` or `${secret:NAME}`; `$${` is a literal `${`',
};
const IN_SHELL: Finding = {
  code: 'CONFIG_LITERAL_REFERENCE',
  message: 'holds a reference, and a shell would run whatever stands in its value',
  hint: 'let the program read it from its environment, for example as `$NAME`',
};

const IN_LINE: Finding = {
  code: 'CONFIG_LITERAL_REFERENCE',
  severity: 'warning',
  message: 'holds a reference in a line for a shell, which runs whatever stands in its value',
  hint: 'hand the value over in `env`, and write "$NAME" here; or leave it to the shell with `$${`',
};

function noProvider(scheme: string): Finding {
  const key = `secret_providers.${shorten(scheme, 64)}`;
  return {
    code: 'CONFIG_LITERAL_REFERENCE',
    message: `refers to a provider of secrets, and there is no [${key}] that can be used`,
    hint: `write the program that prints the value: ${key}.command = ["PROGRAM", "ARGUMENT"]`,
  };
}

/** What is left as it is, and looks as if a shell should have filled it in. What is escaped is meant. */
function shellNote(pieces: readonly Piece[]): Finding | null {
  const literal = pieces.flatMap((piece) => (piece.kind === 'text' ? [piece.written.replaceAll('$${', ' ')] : []));
  return literal.some((part) => SHELL_FORM.test(part)) ? LIKE_SHELL : null;
}

const LIKE_SHELL: Finding = {
  code: 'CONFIG_LITERAL_REFERENCE',
  severity: 'note',
  message: 'holds what looks like a shell variable, and stays as it is written',
  hint: 'did you mean `${env:NAME}`?',
};
