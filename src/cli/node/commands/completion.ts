import { RootCommand, script } from '@bomb.sh/tab';
import { AppError } from '../../../kernel/index.ts';
import { GLOBAL_OPTIONS, GROUPS } from '../../vocabulary.ts';
import type { CliCommand, CliContext } from '../context.ts';
import { loadServers } from '../known-servers.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** The script takes the words of the line from the package bash-completion, which not every machine has. */
const WITHOUT_BASH_COMPLETION = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
        cur=\${words[cword]} prev=\${words[cword-1]}
    }
fi
`;

/** The script makes constants, which may be there already: from reading it twice, or from another program's script. */
const ONCE = `readonly() {
    local name=\${1%%=*}
    [ -n "\${!name+set}" ] || eval "$1"
}
`;

/** Prints by itself and reports its exit status: what it prints is a script, whatever `--json` says. */
export const completionCommand: CliCommand<number> = {
  name: 'completion',
  summary: 'Print a script that completes commands and server names in a shell',
  examples: ['source <(plugboard completion bash)', 'plugboard completion fish | source'],
  args: [{ name: 'SHELL', help: SHELLS.join(', '), required: true }],
  options: [],
  run: async (_, input) => {
    const shell = input.args['SHELL'] ?? '';
    if (!(SHELLS as readonly string[]).includes(shell)) {
      throw new AppError('USAGE', `no completion for the shell '${shell}'`, {
        hint: `use one of ${SHELLS.join(', ')}`,
      });
    }
    if (shell === 'bash') process.stdout.write(WITHOUT_BASH_COMPLETION + ONCE);
    script(shell, 'plugboard', 'plugboard');
    if (shell === 'bash') process.stdout.write('unset -f readonly\n');
    return 0;
  },
  render: () => '',
  exitCode: (status) => status,
};

/**
 * What the scripts call for each press of the key: `plugboard complete -- WORDS…`.
 *
 * @param commandsFor The commands that the line so far may mean.
 */
export function createCompleteCommand(
  commandsFor: (words: readonly string[]) => Promise<readonly CliCommand[]>,
): CliCommand<number> {
  return {
    name: 'complete',
    summary: 'Answer a completion script',
    args: [{ name: 'WORDS', help: 'the command line so far', required: false, rest: true }],
    options: [],
    hidden: true,
    run: async (context, input) => {
      const [commands, servers] = await Promise.all([commandsFor(input.rest), serverNames(context)]);
      treeOf(commands, servers).parse([...input.rest]);
      return 0;
    },
    render: () => '',
    exitCode: (status) => status,
  };
}

/** Commands with an argument that is the name of a server that exists. */
const ON_SERVERS = ['mcp get', 'mcp remove', 'mcp enable', 'mcp disable', 'mcp restart', 'mcp logs'];

function treeOf(commands: readonly CliCommand[], servers: readonly string[]): RootCommand {
  const root = new RootCommand();
  const offer =
    (words: readonly string[]) =>
    (complete: (value: string, description: string) => void): void => {
      for (const word of words) complete(word, '');
    };
  for (const { name, summary, args, options, hidden } of commands) {
    if (hidden === true) continue;
    const [group = ''] = name.split(' ');
    if (group !== name && !root.commands.has(group)) root.command(group, GROUPS[group] ?? '');
    const command = root.command(name, summary);
    for (const argument of args) {
      const words = ON_SERVERS.includes(name) ? servers : argument.name === 'SHELL' ? SHELLS : [];
      command.argument(argument.name, offer(words), argument.rest === true);
    }
    for (const { name: option, short, value, help } of [...options, ...GLOBAL_OPTIONS]) {
      if (value === undefined) command.option(option, help, short ?? '');
      else command.option(option, help, offer(option === 'server' ? servers : []), short ?? '');
    }
  }
  return root;
}

/** None when the configuration cannot be read: a key press is no place for errors. */
async function serverNames(context: CliContext): Promise<readonly string[]> {
  try {
    const { servers } = await loadServers(context, { namesOnly: true });
    return servers.map(({ name }) => name);
  } catch {
    return [];
  }
}
