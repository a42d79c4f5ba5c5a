/** `stopped`: Ctrl-C, or the end of the input. */
export type Answer = 'yes' | 'no' | 'stopped';

/**
 * Asks a question that is answered with yes or no; Enter alone is no, or what
 * `enter` says. It is written to standard error, so that standard
 * output holds the report and nothing else. Only where a person can be asked (`CliContext.interactive`).
 */
export async function askYesNo(message: string, enter: 'yes' | 'no' = 'no'): Promise<Answer> {
  const { stdin } = process;
  if (stdin.readableEnded || stdin.destroyed) return 'stopped';
  const { confirm } = await import('@inquirer/prompts');
  const over = new AbortController();
  const stop = (): void => over.abort();
  // At Ctrl-D and at the end of its input the prompt only stops reading, and would wait for ever.
  const ends = ['pause', 'end', 'close'] as const;
  for (const event of ends) stdin.on(event, stop);
  try {
    const agreed = await confirm(
      { message, default: enter === 'yes' },
      { output: process.stderr, signal: over.signal },
    );
    return agreed ? 'yes' : 'no';
  } catch (error) {
    if (!isStop(error)) throw error;
    return 'stopped';
  } finally {
    for (const event of ends) stdin.off(event, stop);
    stdin.pause();
  }
}

/** The prompt's own errors: for an abort, and for Ctrl-C. */
function isStop(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortPromptError' || error.name === 'ExitPromptError');
}
