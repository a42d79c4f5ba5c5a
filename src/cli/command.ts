import type { ErrorCodeFacts } from '../kernel/index.ts';

/** One argument by position. `rest` takes all that follow. */
export type ArgumentSpec = {
  readonly name: string;
  readonly help: string;
  readonly required: boolean;
  readonly rest?: boolean;
};

/** One option. Without `value` it is a switch; `many` may be given more than once. */
export type OptionSpec = {
  /** Long name without dashes; of one letter, it is the short name and there is no long one. */
  readonly name: string;
  readonly short?: string;
  /** What the value is called in help, such as `FILE`. */
  readonly value?: string;
  readonly many?: boolean;
  readonly help: string;
};

/** What was given on the command line, by name. Absent switches are false, absent values undefined. */
export type Input = {
  readonly args: Readonly<Record<string, string | undefined>>;
  /** The arguments of a `rest` argument. */
  readonly rest: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
};

/**
 * A command as data: what it takes, what it does, how its report reads, and its exit status.
 *
 * `run` prints nothing; `--json` prints the report itself. A command that goes on (`serve`) prints through its context.
 */
export type Command<Context, Report> = {
  /** Words that call it: `mcp list`. */
  readonly name: string;
  readonly summary: string;
  /** More for `--help`, before the options. */
  readonly details?: string;
  /** More for `--help`: examples, one line each. */
  readonly examples?: readonly string[];
  readonly args: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  readonly hidden?: boolean;
  readonly run: (context: Context, input: Input) => Promise<Report>;
  /** Text for people. Ends without a newline; '' prints nothing. */
  readonly render: (report: Report, context: Context) => string;
  readonly exitCode: (report: Report) => number;
};

/** The order in which several problems decide the exit status. */
const EXIT_ORDER: readonly ErrorCodeFacts['exit'][] = [2, 1, 4, 3, 5];

/** The exit status of several problems: 0 for none. */
export function worstExit(exits: readonly ErrorCodeFacts['exit'][]): number {
  return EXIT_ORDER.find((exit) => exits.includes(exit)) ?? 0;
}
