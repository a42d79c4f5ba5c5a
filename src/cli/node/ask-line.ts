import { setTimeout as sleep } from 'node:timers/promises';
import { printableLine } from '../../kernel/index.ts';
import { createLineInput, type LineState } from '../line-input.ts';
import type { CliContext } from './context.ts';

/** What comes this soon after Enter was not typed: it is the rest of what was pasted. Milliseconds. */
const PASTE_MS = 40;

const BRACKETED_PASTE = { on: '\u001b[?2004h', off: '\u001b[?2004l' };
/** Columns for what is typed behind a question. */
const ROOM = 24;

const CLEAR_LINE = '\r\u001b[2K';

/** What was answered. `several_lines`: they were all taken from the terminal, so that nobody else gets the rest. */
export type AskedLine = Exclude<LineState, { readonly kind: 'open' }>;

/**
 * Asks for one line. Only where a person can be asked (`CliContext.interactive`).
 *
 * @param how `hidden`: nothing of it is shown, not even its length.
 */
export async function askLine(
  { err, out }: Pick<CliContext, 'err' | 'out'>,
  question: string,
  how: { readonly hidden: boolean },
): Promise<AskedLine> {
  const terminal = err.isTty ? err : out;
  const { stdin } = process;
  const input = createLineInput();
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const columns = terminal.columns || 80;
  // What is shown again with each key must have room in one row.
  const isWide = !how.hidden && question.length + ROOM > columns;
  const prompt = how.hidden ? `${question} (not shown): ` : isWide ? '> ' : `${question}: `;
  const onData = (text: string): void => {
    input.feed(text);
    if (!how.hidden) terminal.write(`${CLEAR_LINE}${prompt}${endOf(input.typed(), columns - prompt.length - 1)}`);
    if (input.state().kind !== 'open') resolve();
  };
  const onEnd = (): void => {
    input.stop();
    resolve();
  };
  if (stdin.readableEnded || stdin.destroyed) return { kind: 'stopped' };
  const wasRaw = stdin.isRaw;
  stdin.setRawMode(true);
  stdin.setEncoding('utf8').on('data', onData).on('end', onEnd).on('close', onEnd).resume();
  terminal.write(`${BRACKETED_PASTE.on}${isWide ? `${question}\n` : ''}${prompt}`);
  try {
    await done;
    await quiet(input.fedCount);
  } finally {
    stdin.off('data', onData).off('end', onEnd).off('close', onEnd).pause();
    stdin.setRawMode(wasRaw);
    terminal.write(`${BRACKETED_PASTE.off}\n`);
  }
  const state = input.state();
  return state.kind === 'open' ? { kind: 'stopped' } : state;
}

/** Keeps the terminal from showing what is typed between questions, too. */
export async function withoutEcho<T>(work: () => Promise<T>): Promise<T> {
  const { stdin } = process;
  stdin.setRawMode(true);
  try {
    return await work();
  } finally {
    stdin.setRawMode(false);
  }
}

/** As much of the end of a text as has room in one row. */
function endOf(text: string, room: number): string {
  const line = printableLine(text);
  return line.length <= room ? line : `…${line.slice(-Math.max(room - 1, 1))}`;
}

/** Waits until nothing more comes in. */
async function quiet(count: () => number): Promise<void> {
  for (let before = -1; before !== count(); ) {
    before = count();
    await sleep(PASTE_MS);
  }
}
