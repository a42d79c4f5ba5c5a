import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../kernel/index.ts';
import { createLineInput } from '../line-input.ts';
import type { CliContext } from './context.ts';

/** What comes this soon after Enter was not typed: it is the rest of what was pasted. Milliseconds. */
const PASTE_MS = 40;

const BRACKETED_PASTE = { on: '\u001b[?2004h', off: '\u001b[?2004l' };

/**
 * Asks for one line that is not shown, not even its length. Only where a person can be asked
 * (`CliContext.interactive`).
 *
 * @throws AppError `SECRET_CANCELLED` at Ctrl-C and the end of input, `SECRET_VALUE` when several lines were pasted: they
 *   are all taken from the terminal, so that the shell does not get the rest.
 */
export async function askSecret({ err, out }: CliContext, question: string): Promise<string> {
  const terminal = err.isTty ? err : out;
  const { stdin } = process;
  const input = createLineInput();
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const onData = (text: string): void => {
    input.feed(text);
    if (input.state().kind !== 'open') resolve();
  };
  const onEnd = (): void => {
    input.stop();
    resolve();
  };
  stdin.setRawMode(true);
  stdin.setEncoding('utf8').on('data', onData).on('end', onEnd).on('close', onEnd);
  terminal.write(`${BRACKETED_PASTE.on}${question} (not shown): `);
  try {
    await done;
    await quiet(input.fedCount);
  } finally {
    stdin.off('data', onData).off('end', onEnd).off('close', onEnd).pause();
    stdin.setRawMode(false);
    terminal.write(`${BRACKETED_PASTE.off}\n`);
  }
  return lineOf(input.state());
}

/** Waits until nothing more comes in. */
async function quiet(count: () => number): Promise<void> {
  for (let before = -1; before !== count(); ) {
    before = count();
    await sleep(PASTE_MS);
  }
}

function lineOf(state: ReturnType<ReturnType<typeof createLineInput>['state']>): string {
  switch (state.kind) {
    case 'line':
      return state.text;
    case 'several_lines':
      throw new AppError('SECRET_VALUE', 'that has several lines, and here only one can be given; nothing was stored', {
        hint: 'put it into a file and say --from-file FILE, or pipe it to --stdin',
      });
    case 'open':
    case 'stopped':
      throw new AppError('SECRET_CANCELLED', 'stopped; nothing was stored');
    default:
      return state satisfies never;
  }
}
