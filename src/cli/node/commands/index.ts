import type { CliCommand } from '../context.ts';

/** The commands by their first word, each loaded only when it is called or shown in help. */
export const NOUNS: Readonly<Record<string, () => Promise<readonly CliCommand[]>>> = {
  serve: async () => [(await import('./serve.ts')).serveCommand as CliCommand],
  stdio: async () => [(await import('./stdio.ts')).stdioCommand as CliCommand],
};

export async function commandsOf(noun: string): Promise<readonly CliCommand[]> {
  return (await NOUNS[noun]?.()) ?? [];
}
