/** One line that does not say what it was meant to. `line`: 1-based. Neither the name nor the value is told. */
export type EnvLineProblem = { readonly line: number; readonly problem: string };

/** What a variable of such a file may be called; others are left out. */
export const ENV_FILE_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

const EMPTY = /^[ \t]+$/;
const NOTHING_MORE = /^\s*(?:#|$)/;

/**
 * The lines that `parseEnv` of Node leaves out, or reads otherwise than they look: it tells of none. Goes through the text
 * as that does, so that the lines of a quoted value are part of it.
 */
export function envLineProblems(text: string): readonly EnvLineProblem[] {
  const problems: EnvLineProblem[] = [];
  const whole = text.replaceAll('\r', '');
  for (let at = 0, line = 1; at < whole.length; ) {
    const { problem, end } = readEntry(whole, at);
    if (problem !== null) problems.push({ line, problem });
    for (; at <= end; at += 1) if (whole[at] === '\n') line += 1;
  }
  return problems;
}

/** `end`: where the newline after it stands, or the end of the text. */
type Entry = { readonly problem: string | null; readonly end: number };

function readEntry(text: string, start: number): Entry {
  const end = lineEnd(text, start);
  const line = text.slice(start, end);
  if (NOTHING_MORE.test(line)) return { problem: null, end };
  const equals = line.indexOf('=');
  if (equals === -1) return { problem: 'is left out: it has no =', end };
  const before = line.slice(0, equals).trim();
  if (before === '') return { problem: 'is left out: it has no name before the =', end };
  const value = readValue(text, { start: start + equals + 1, end });
  return ENV_FILE_NAME.test(before.replace(/^export +/, ''))
    ? value
    : { ...value, problem: 'is left out: what stands before the = is no name' };
}

function readValue(text: string, { start, end }: { readonly start: number; readonly end: number }): Entry {
  const value = text.slice(start, end);
  if (EMPTY.test(value) && end < text.length)
    return { problem: 'has nothing but blanks after the =, so the next line is read as its value', end };
  const quote = /^\s*(["'`])/.exec(value)?.[1];
  if (quote === undefined) return { problem: null, end };
  const close = text.indexOf(quote, text.indexOf(quote, start) + 1);
  if (close === -1)
    return { problem: 'begins its value with a quote that is not closed, so the quote is part of it', end };
  const last = lineEnd(text, close);
  const isClean = NOTHING_MORE.test(text.slice(close + 1, last));
  return { problem: isClean ? null : 'has text after the closing quote, which is left out', end: last };
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}
