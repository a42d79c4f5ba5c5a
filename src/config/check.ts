import { type ErrorCode, type Issue, nearest, shorten } from '../kernel/index.ts';
import type { KeyRow, KeyType, ScalarType } from './key-types.ts';
import { type KeyPath, type Located, type LocatedTable, plainValue, renderKey } from './located.ts';
import { expectation, headerProblem, isOfType, nameProblem, textProblem, typeName } from './scalars.ts';
import type { Origin } from './types.ts';

/** What a check knows besides the value: where it is, whose it is, and where problems go. */
export type CheckContext = {
  readonly path: KeyPath;
  readonly server?: string;
  /** `name@marketplace`, in the settings of a plugin. */
  readonly plugin?: string;
  /** Set inside a table that has no effect as a whole: its parts are not said to have none one by one. */
  readonly inert?: true;
  /** For a file that is not TOML: how it writes keys, and its own words. */
  readonly format?: FileFormat;
  readonly report: (issue: Issue) => void;
};

/** How JSON files write what the tables of keys know under TOML's names. */
export type FileFormat = {
  /** A key as the file spells it. */
  readonly spell: (path: KeyPath) => KeyPath;
};

export type Finding = {
  readonly code: ErrorCode;
  readonly severity?: Issue['severity'];
  /** What is wrong, without the key. Never holds a value from the file, since any may be a secret. */
  readonly message: string;
  readonly hint?: string;
};

/** Longer than any key is; a file may have one that fills the screen. */
const MAX_KEY_LENGTH = 500;

/** Reports a problem of the key at `context.path`, written at `place`. */
export function found(context: CheckContext, place: Origin, finding: Finding): void {
  const key = shorten(renderKey(context.format?.spell(context.path) ?? context.path), MAX_KEY_LENGTH);
  context.report({
    code: finding.code,
    severity: finding.severity ?? 'error',
    message: `${key} ${finding.message}`,
    ...(finding.hint === undefined ? {} : { hint: finding.hint }),
    ...(place.file === null ? {} : { file: place.file }),
    ...(place.line === null ? {} : { line: place.line }),
    ...(place.column === null ? {} : { column: place.column }),
    key,
    ...(context.server === undefined ? {} : { server: context.server }),
    ...(context.plugin === undefined ? {} : { plugin: context.plugin }),
  });
}

/** Order of issues within one file, as one reads it. */
export function byPlace(a: Issue, b: Issue): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function within(context: CheckContext, part: string): CheckContext {
  return { ...context, path: [...context.path, part] };
}

type TableKeys = { readonly keys: readonly KeyRow[]; readonly open?: true };

/** Checks every key of a table: known, of the right type, and acted on by this version. */
export function checkTable(table: LocatedTable, { keys, open }: TableKeys, context: CheckContext): void {
  for (const [key, value] of table.entries) {
    const row = keys.find((candidate) => candidate.key === key);
    const inner = within(context, key);
    if (row !== undefined) checkRow(row, value, inner);
    else if (!open) unknownKey(key, value, { keys, context: inner });
  }
}

/** Checks one value against its row, and says so where this version does not act on the key yet. */
export function checkRow(row: KeyRow, value: Located, context: CheckContext): void {
  if (row.refused !== undefined) {
    found(context, value.origin, row.refused);
    return;
  }
  const fine = checkValue(row.type, value, row.notYet === undefined ? context : { ...context, inert: true });
  if (!fine || row.notYet === undefined || context.inert) return;
  const plain = JSON.stringify(plainValue(value));
  if (row.quiet?.some((quiet) => JSON.stringify(quiet) === plain)) return;
  found(context, value.origin, {
    code: 'KEY_NOT_YET_SUPPORTED',
    severity: 'warning',
    message: `is not acted on yet; it would ${row.notYet}`,
  });
}

/** `table` without the values that are not what their key needs. Reports nothing. */
export function onlyValid(table: LocatedTable, rows: readonly KeyRow[]): LocatedTable {
  const silent: CheckContext = { path: [], report: () => {} };
  const fine = ([key, value]: [string, Located]): boolean =>
    rows.some((row) => row.key === key && checkValue(row.type, value, silent));
  return { ...table, entries: new Map([...table.entries].filter(fine)) };
}

/** Keys that restrict a server, wherever they stand. What a misspelt one would have restricted must not run unrestricted. */
const SAFETY_WORDS = ['enabled', 'enabled_tools', 'disabled_tools', 'approval_mode', 'mask'];

/** One thing under two names: of a server, and of a single tool. */
const APPROVAL = ['approval_mode', 'default_tools_approval_mode'];

/** How other programs spell them, by their letters alone. */
const MEANT: Readonly<Record<string, string>> = {
  disabled: 'enabled',
  disable: 'enabled',
  allowedtools: 'enabled_tools',
  includetools: 'enabled_tools',
  blockedtools: 'disabled_tools',
  excludetools: 'disabled_tools',
  approvalmode: 'default_tools_approval_mode',
};

function unknownKey(
  key: string,
  value: Located,
  { keys, context }: { readonly keys: readonly KeyRow[]; readonly context: CheckContext },
): void {
  const names = keys.map((row) => row.key);
  const ofServer = context.server !== undefined;
  const restricts = keys.some((row) => row.safety);
  const elsewhere = restricts ? (MEANT[key.toLowerCase().replaceAll(/[-_]/g, '')] ?? null) : null;
  const spelled = elsewhere ?? nearest(key, restricts ? [...names, ...SAFETY_WORDS] : names);
  const meant = (APPROVAL.includes(spelled ?? '') && names.find((name) => APPROVAL.includes(name))) || spelled;
  const safety =
    keys.some((row) => row.key === meant && row.safety) || (restricts && SAFETY_WORDS.includes(meant ?? ''));
  if (meant === null || !safety) {
    found(context, value.origin, {
      code: 'CONFIG_UNKNOWN_KEY',
      severity: 'warning',
      message: 'is not known and has no effect',
      ...(meant === null ? {} : { hint: `did you mean \`${meant}\`?` }),
    });
    return;
  }
  found(context, value.origin, {
    code: 'CONFIG_NEAR_MISS',
    message: `is not a key${key === meant ? ' here' : `, and looks like \`${meant}\``}; ${ofServer ? 'the server is' : 'its servers are'} not started without it`,
    hint: nearMissHint(meant, names, context),
  });
}

function nearMissHint(meant: string, names: readonly string[], { format }: CheckContext): string {
  if (meant === 'mask') return 'this version masks nothing; remove the key to run the server all the same';
  if (!names.includes(meant)) return 'to hide a tool, list it in `disabled_tools` of the server';
  return meant === 'enabled'
    ? `write \`${format === undefined ? 'enabled = false' : '"enabled": false'}\` to turn the server off`
    : `write \`${meant}\`, or remove the key`;
}

/** True when the value is of its type; else the reasons were reported. */
export function checkValue(type: KeyType, value: Located, context: CheckContext): boolean {
  switch (type.kind) {
    case 'any':
      return true;
    case 'list':
      if (value.kind !== 'list') return wrongKind('list', value, context);
      return value.items.map((item, index) => checkValue(type.of, item, within(context, String(index)))).every(Boolean);
    case 'map':
      if (value.kind !== 'table') return wrongKind('table', value, context);
      return [...value.entries].map(([key, item]) => checkMapEntry(type, item, within(context, key))).every(Boolean);
    case 'table':
      if (value.kind !== 'table') return wrongKind('table', value, context);
      return withoutErrors(context, (counting) => checkTable(value, type, counting));
    case 'name_or_table':
      return value.kind === 'table' ? checkNamed(type.keys, value, context) : checkScalar(type.name, value, context);
    default:
      return checkScalar(type, value, context);
  }
}

function checkScalar(type: ScalarType, value: Located, context: CheckContext): boolean {
  if (value.kind !== 'scalar' || !isOfType(type, value.value)) return wrongKind(expectation(type), value, context);
  const problem = typeof value.value === 'string' ? textProblem(type, value.value) : null;
  if (problem === null) return true;
  found(context, value.at, { code: 'CONFIG_WRONG_TYPE', message: problem });
  return false;
}

function wrongKind(expected: string, value: Located, context: CheckContext): false {
  const kind = kindWord(value, context);
  const wanted = expected === 'list' || expected === 'table' ? containerWord(expected, context) : expected;
  const onlyRange =
    (kind === 'a string' && wanted.startsWith('one of')) || (kind === 'a number' && / number/.test(wanted));
  const suffix = onlyRange ? '' : `, and is ${kind}`;
  found(context, value.at, { code: 'CONFIG_WRONG_TYPE', message: `must be ${wanted}${suffix}` });
  return false;
}

/** What a value is, in the words of its file: JSON has objects and arrays. */
export function kindWord(value: Located, context: Pick<CheckContext, 'format'>): string {
  return value.kind === 'scalar' ? typeName(value.value) : containerWord(value.kind, context);
}

/** A table or a list, in the words of the file it stands in. */
export function containerWord(kind: 'table' | 'list', context: Pick<CheckContext, 'format'>): string {
  if (context.format === undefined) return kind === 'list' ? 'a list' : 'a table';
  return kind === 'list' ? 'an array' : 'an object';
}

function checkMapEntry(type: KeyType & { kind: 'map' }, value: Located, context: CheckContext): boolean {
  const problem = nameProblem(type.names, context.path.at(-1) ?? '');
  if (problem !== null) found(context, value.origin, { code: 'CONFIG_WRONG_TYPE', message: problem });
  if (!checkValue(type.of, value, context) || problem !== null) return false;
  const unsendable = type.names === 'header' && value.kind === 'scalar' ? headerProblem(String(value.value)) : null;
  if (unsendable === null) return true;
  found(context, value.at, { code: 'CONFIG_WRONG_TYPE', message: unsendable });
  return false;
}

/** `env_vars` and `roots` are strict: a key that is not known there is an error. */
function checkNamed(keys: readonly KeyRow[], value: LocatedTable, context: CheckContext): boolean {
  const unknown = [...value.entries.keys()].filter((key) => !keys.some((row) => row.key === key));
  const needed = keys[0]?.key ?? '';
  if (unknown.length > 0 || !value.entries.has(needed)) {
    const names = keys.map((row) => `\`${row.key}\``).join(', ');
    const what = unknown.length > 0 ? `has a key that is not one of ${names}` : `needs \`${needed}\``;
    found(context, value.at, { code: 'CONFIG_WRONG_TYPE', message: what });
    return false;
  }
  return withoutErrors(context, (counting) => checkTable(value, { keys }, counting));
}

/** True when `check` reported no error. */
function withoutErrors(context: CheckContext, check: (context: CheckContext) => void): boolean {
  let fine = true;
  check({
    ...context,
    report: (issue) => {
      if (issue.severity === 'error') fine = false;
      context.report(issue);
    },
  });
  return fine;
}
