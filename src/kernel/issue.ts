import type { ErrorCode } from './error-codes.ts';
import { printableLine } from './text.ts';

/**
 * One thing that is wrong with what was read, without stopping the rest.
 * `error`: what it is about does not work. `warning`: it works, but not as written. `note`: good to know.
 */
export type Issue = {
  readonly code: ErrorCode;
  readonly severity: 'error' | 'warning' | 'note';
  readonly message: string;
  readonly hint?: string;
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
  /** Dotted key, as one would write it in TOML. */
  readonly key?: string;
  /** The server it is about, where it is about one. */
  readonly server?: string;
  /** The plugin it is about, as `name@marketplace`. */
  readonly plugin?: string;
};

/** `file:line:column`, as far as it is known. */
export function issueLocation(issue: Issue): string | undefined {
  if (issue.file === undefined) return undefined;
  return [issue.file, issue.line, issue.column].filter((part) => part !== undefined).join(':');
}

/** One line for people, safe to print: `file:line:column: severity: message (hint) [CODE]`, with the plugin it is about. */
export function renderIssue(issue: Issue): string {
  const where = issueLocation(issue);
  const hint = issue.hint === undefined ? '' : ` (${issue.hint})`;
  return printableLine(
    `${where === undefined ? '' : `${where}: `}${issue.severity}: ${subjectOf(issue)}${issue.message}${hint} [${issue.code}]`,
  );
}

/** `plugin ID, server NAME: `, as far as the message does not name them itself. */
function subjectOf({ plugin, server, message }: Issue): string {
  if (plugin === undefined) return '';
  const parts = Object.entries({ plugin, server }).flatMap(([word, name]) =>
    name === undefined || message.includes(name) ? [] : [`${word} ${name}`],
  );
  return parts.length === 0 ? '' : `${parts.join(', ')}: `;
}

/** Most issues of one severity that come from one thing that was read. */
const MAX_ISSUES = 500;

/** At most 500 of each severity; what is over it is counted, in an issue at the end. */
export function limitIssues(issues: readonly Issue[]): readonly Issue[] {
  return (['error', 'warning', 'note'] as const).reduce<readonly Issue[]>(capped, issues);
}

function capped(issues: readonly Issue[], severity: Issue['severity']): readonly Issue[] {
  const over = issues.filter((issue) => issue.severity === severity).slice(MAX_ISSUES);
  const [first] = over;
  if (first === undefined) return issues;
  const left = new Set(over);
  const message = `${over.length} more problems of this kind are not listed`;
  const { code, file } = first;
  return [
    ...issues.filter((issue) => !left.has(issue)),
    { code, severity, message, ...(file === undefined ? {} : { file }) },
  ];
}
