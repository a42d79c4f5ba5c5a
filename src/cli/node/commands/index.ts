import type { CliCommand } from '../context.ts';
import { MCP_COMMANDS } from './mcp.ts';
import { PLUGIN_COMMANDS } from './plugin.ts';

type Load = () => Promise<readonly CliCommand[]>;

/**
 * The commands by their first word, each loaded only when it is called or shown in help; where there are many, by their
 * second word, too.
 */
export const NOUNS: Readonly<Record<string, Load | Readonly<Record<string, Load>>>> = {
  serve: async () => [(await import('./serve.ts')).serveCommand as CliCommand],
  stdio: async () => [(await import('./stdio.ts')).stdioCommand as CliCommand],
  mcp: MCP_COMMANDS,
  plugin: PLUGIN_COMMANDS,
  tools: async () => (await import('./tools.ts')).toolsCommands,
  doctor: async () => [(await import('./doctor.ts')).doctorCommand as CliCommand],
  token: async () => (await import('./token.ts')).tokenCommands,
  secret: async () => (await import('./secret.ts')).secretCommands,
  connect: async () => (await import('./connect.ts')).connectCommands,
  config: async () => (await import('./config.ts')).configCommands,
  completion: async () => [(await import('./completion.ts')).completionCommand as CliCommand],
  complete: async () => [(await import('./completion.ts')).createCompleteCommand(commandsFor) as CliCommand],
};

/** @param next The second word of the command line, where there is one. */
export async function commandsOf(noun: string, next?: string): Promise<readonly CliCommand[]> {
  const load = NOUNS[noun];
  if (load === undefined) return [];
  if (typeof load === 'function') return load();
  const only = next !== undefined && Object.hasOwn(load, next) ? load[next] : undefined;
  if (only !== undefined) return only();
  return (await Promise.all(Object.values(load).map((each) => each()))).flat();
}

/** The commands of the first word, else all: what the line of a completion may mean. */
async function commandsFor([noun, ...further]: readonly string[]): Promise<readonly CliCommand[]> {
  if (noun !== undefined && further.length > 0 && Object.hasOwn(NOUNS, noun))
    return commandsOf(noun, further.length > 1 ? further[0] : undefined);
  const all = await Promise.all(Object.keys(NOUNS).map((name) => commandsOf(name)));
  return all.flat();
}
