import type { CliCommand } from '../context.ts';

/** The commands by their first word, each loaded only when it is called or shown in help. */
export const NOUNS: Readonly<Record<string, () => Promise<readonly CliCommand[]>>> = {
  serve: async () => [(await import('./serve.ts')).serveCommand as CliCommand],
  stdio: async () => [(await import('./stdio.ts')).stdioCommand as CliCommand],
  mcp: async () => (await import('./mcp.ts')).mcpCommands,
  tools: async () => (await import('./tools.ts')).toolsCommands,
  doctor: async () => [(await import('./doctor.ts')).doctorCommand as CliCommand],
  token: async () => (await import('./token.ts')).tokenCommands,
  secret: async () => (await import('./secret.ts')).secretCommands,
  connect: async () => (await import('./connect.ts')).connectCommands,
  config: async () => (await import('./config.ts')).configCommands,
  completion: async () => [(await import('./completion.ts')).completionCommand as CliCommand],
  complete: async () => [(await import('./completion.ts')).createCompleteCommand(commandsFor) as CliCommand],
};

export async function commandsOf(noun: string): Promise<readonly CliCommand[]> {
  return (await NOUNS[noun]?.()) ?? [];
}

/** The commands of the first word, else all: what the line of a completion may mean. */
async function commandsFor([noun, ...further]: readonly string[]): Promise<readonly CliCommand[]> {
  if (noun !== undefined && further.length > 0 && Object.hasOwn(NOUNS, noun)) return commandsOf(noun);
  const all = await Promise.all(Object.keys(NOUNS).map(commandsOf));
  return all.flat();
}
