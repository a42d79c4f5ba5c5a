import { AppError } from '../../kernel/index.ts';
import { askLine } from './ask-line.ts';
import type { CliContext } from './context.ts';

/**
 * Asks for one line that is not shown, not even its length. Only where a person can be asked
 * (`CliContext.interactive`).
 *
 * @throws AppError `SECRET_CANCELLED` at Ctrl-C and the end of input, `SECRET_VALUE` when several lines were pasted: they
 *   are all taken from the terminal, so that the shell does not get the rest.
 */
export async function askSecret(context: CliContext, question: string): Promise<string> {
  const line = await askLine(context, question, { hidden: true });
  switch (line.kind) {
    case 'line':
      return line.text;
    case 'several_lines':
      throw new AppError('SECRET_VALUE', 'that has several lines, and here only one can be given; nothing was stored', {
        hint: 'put it into a file and say --from-file FILE, or pipe it to --stdin',
      });
    case 'stopped':
      throw new AppError('SECRET_CANCELLED', 'stopped; nothing was stored');
    default:
      return line satisfies never;
  }
}
