import { isAbsolute } from 'node:path';
import { CLIENTS, type ClientId, type ClientRow } from '../authoring/index.ts';
import {
  ERROR_CODES,
  type ErrorCode,
  type Issue,
  type JsonObject,
  printableLine,
  renderIssue,
} from '../kernel/index.ts';
import { type PluginFamily } from '../plugins/index.ts';
import { renderTable } from './render-table.ts';

/** One bundle that was validated. Files are written as a person in the working folder would name them. */
export type ValidatedPlugin = {
  readonly path: string;
  /** null when nothing can be installed. */
  readonly name: string | null;
  /** What the marketplace calls it; null where none lists it. */
  readonly entry: string | null;
  readonly version: string | null;
  readonly family: PluginFamily | null;
  readonly findings: readonly Issue[];
  readonly clients: readonly ClientRow[];
};

/** One line of what `--fix` did, or did not. `line`: in the file as it was. */
export type FixLine = { readonly file: string; readonly line: number; readonly message: string };

export type ValidateReport = {
  readonly schemaVersion: 1;
  /** Absolute: the folder or archive that was asked about. */
  readonly path: string;
  readonly strict: boolean;
  /** null for a bundle. */
  readonly marketplace: {
    readonly name: string;
    readonly findings: readonly Issue[];
    /** Entries whose plugins are not in this folder, and so were not looked at. */
    readonly elsewhere: readonly string[];
  } | null;
  readonly plugins: readonly ValidatedPlugin[];
  /** What `--fix` changed; null without it. */
  readonly fixed: readonly FixLine[] | null;
  /** Files in which `--fix` changes nothing, and why; null without it. */
  readonly unfixed: readonly FixLine[] | null;
  readonly summary: Readonly<Record<Issue['severity'], number>>;
};

const CLIENT_IDS = Object.keys(CLIENTS) as readonly ClientId[];
const SEVERITIES = ['error', 'warning', 'note'] as const;

export function allFindings({
  marketplace,
  plugins,
}: Pick<ValidateReport, 'marketplace' | 'plugins'>): readonly Issue[] {
  return [...(marketplace?.findings ?? []), ...plugins.flatMap(({ findings }) => findings)];
}

export function countFindings(findings: readonly Issue[]): ValidateReport['summary'] {
  const count = (severity: Issue['severity']): number => findings.filter((issue) => issue.severity === severity).length;
  return { error: count('error'), warning: count('warning'), note: count('note') };
}

/** Findings, then what each client makes of it, then one line that sums up. */
export function renderValidation(report: ValidateReport, columns?: number): string {
  const { fixed, unfixed, marketplace, plugins, summary } = report;
  const [only] = plugins;
  const view =
    marketplace === null && only !== undefined ? renderClients(only, columns) : renderPlugins(plugins, columns);
  const elsewhere = marketplace?.elsewhere ?? [];
  return [
    ...(fixed === null ? [] : [renderFixed(fixed, unfixed ?? [])]),
    allFindings(report).map(renderIssue).join('\n'),
    view,
    elsewhere.length === 0 ? '' : printableLine(`Not in this folder, and not looked at: ${elsewhere.join(', ')}`),
    `${summary.error === 0 ? 'Valid' : 'Not valid'}: ${SEVERITIES.map((severity) => counted(summary[severity], severity)).join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function renderFixed(fixed: readonly FixLine[], unfixed: readonly FixLine[]): string {
  if (fixed.length + unfixed.length === 0) return 'There is nothing to fix by itself.';
  const lines = (word: string, of: readonly FixLine[], then = ''): readonly string[] =>
    of.map(({ file, line, message }) => printableLine(`${word} ${file}:${line}: ${message}${then}`));
  return [...lines('fixed', fixed), ...lines('not fixed', unfixed, '; correct that, and run it again')].join('\n');
}

/** One bundle: a row for each thing it declares, and below it what each client has to say. */
function renderClients({ name, version, family, clients }: ValidatedPlugin, columns: number | undefined): string {
  const title = name === null ? 'No plugin' : [name, version, `(${family})`].filter((part) => part !== null).join(' ');
  const rows = clients.map((row) => [labelOf(row), ...CLIENT_IDS.map((id) => verdictOf(row, id))]);
  const notes = clients.flatMap((row) => notesOf(row));
  const table = renderTable([title, ...Object.values(CLIENTS)], rows, columns);
  return notes.length === 0 ? table : `${table}\n\n${notes.join('\n')}`;
}

function labelOf({ subject, name }: ClientRow): string {
  return subject === 'server' ? `server ${name === '' ? '""' : name}` : subject === 'plugin' ? 'plugin' : name;
}

/** What goes with a plugin that is refused has no word of its own. */
function verdictOf({ subject, cells }: ClientRow, id: ClientId): string {
  const { verdict } = cells[id];
  return verdict === 'refuses' && subject !== 'plugin' ? '-' : verdict;
}

/** Clients that say the same share a line. */
function notesOf(row: ClientRow, of = ''): readonly string[] {
  const said = new Map<string, string[]>();
  for (const id of CLIENT_IDS)
    for (const note of row.cells[id].notes) said.set(note, [...(said.get(note) ?? []), CLIENTS[id]]);
  return [...said].map(([note, clients]) => printableLine(`  ${of}${labelOf(row)}: ${note} (${clients.join(', ')})`));
}

/** A marketplace: a row for each plugin, and below it what each client has to say of them. */
function renderPlugins(plugins: readonly ValidatedPlugin[], columns: number | undefined): string {
  const rows = plugins.map((plugin) => {
    const { version, family, findings, clients } = plugin;
    const count = countFindings(findings);
    return [
      calledIn(plugin),
      version ?? '-',
      family ?? '-',
      ...SEVERITIES.map((severity) => String(count[severity])),
      ...CLIENT_IDS.map((id) => worstOf(clients, id)),
    ];
  });
  const head = ['Plugin', 'Version', 'Family', 'Errors', 'Warnings', 'Notes', ...Object.values(CLIENTS)];
  const notes = plugins.flatMap((plugin) => plugin.clients.flatMap((row) => notesOf(row, `${calledIn(plugin)}, `)));
  return [renderTable(head, rows, columns), ...(notes.length === 0 ? [] : [notes.join('\n')])].join('\n\n');
}

function calledIn({ name, entry, path }: ValidatedPlugin): string {
  return name ?? entry ?? path;
}

/** The plugin as a whole: `loads` only if everything of it does. */
function worstOf(clients: readonly ClientRow[], id: ClientId): string {
  const verdicts = clients.map(({ cells }) => cells[id].verdict);
  if (verdicts[0] === 'refuses') return 'refuses';
  return verdicts.every((verdict) => verdict === 'loads') ? 'loads' : 'partly';
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/**
 * The findings as SARIF, for programs that show them beside the code.
 *
 * @param about `base`: the folder that the files in the findings are relative to, as a `file://` URI with a slash at the end.
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarifOf(
  report: Pick<ValidateReport, 'marketplace' | 'plugins'>,
  about: { readonly version: string; readonly base: string },
): JsonObject {
  const findings = allFindings(report);
  const codes = [...new Set(findings.map(({ code }) => code))].toSorted();
  const run: JsonObject = {
    tool: { driver: { name: 'Plugboard', version: about.version, rules: codes.map(ruleOf) } },
    columnKind: 'utf16CodeUnits',
    originalUriBaseIds: { [BASE]: { uri: about.base } },
    results: findings.map((issue) => resultOf(issue, codes.indexOf(issue.code))),
  };
  return { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] };
}

const BASE = 'SRCROOT';

function ruleOf(code: ErrorCode): JsonObject {
  const { means, fix } = ERROR_CODES[code];
  return { id: code, shortDescription: { text: means }, help: { text: fix } };
}

function resultOf(issue: Issue, ruleIndex: number): JsonObject {
  const { code, severity, message, hint, file, line, column } = issue;
  const region =
    line === undefined ? {} : { region: { startLine: line, ...(column === undefined ? {} : { startColumn: column }) } };
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: printableLine(hint === undefined ? message : `${message} (${hint})`) },
    ...(file === undefined
      ? {}
      : { locations: [{ physicalLocation: { artifactLocation: artifactOf(file), ...region } }] }),
  };
}

/** A file below the base is relative to it; another one, which is absolute, stands for itself. */
function artifactOf(file: string): JsonObject {
  const uri = file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
  return isAbsolute(file) ? { uri: `file://${uri.startsWith('/') ? '' : '/'}${uri}` } : { uri, uriBaseId: BASE };
}
