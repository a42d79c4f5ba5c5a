import { RootCommand, script } from '@bomb.sh/tab';
import { AppError } from '../../../kernel/index.ts';
import { type InstalledPlugin, pluginId } from '../../../marketplace/index.ts';
import { GROUPS, globalsBeside } from '../../vocabulary.ts';
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
  summary: 'Print a script that completes commands and names in a shell',
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
      const commands = await commandsFor(input.rest);
      treeOf(commands, await loadWords(context, wantedKinds(commands, input.rest), input.rest)).parse([...input.rest]);
      return 0;
    },
    render: () => '',
    exitCode: (status) => status,
  };
}

/** What is known by name. `offered`: plugins that a marketplace has. `setting`: keys of the plugin on the line. */
type WordKind = 'shell' | 'server' | 'installed' | 'offered' | 'marketplace' | 'setting';
type Words = Readonly<Partial<Record<WordKind, readonly string[]>>>;

/** Commands with an argument that is the name of a server that exists. */
const ON_SERVERS = ['mcp get', 'mcp remove', 'mcp enable', 'mcp disable', 'mcp restart', 'mcp logs'];

/** Commands about plugins that need not be installed. */
const ON_OFFERS = ['plugin add', 'plugin show'];

/** What stands in the place of an argument or in the value of an option; null for what nobody can know. */
function kindOf(command: string, name: string): WordKind | null {
  switch (name) {
    case 'SHELL':
      return 'shell';
    case 'NAME':
      return ON_SERVERS.includes(command) ? 'server' : null;
    case 'server':
      return 'server';
    case 'PLUGIN':
      return ON_OFFERS.includes(command) ? 'offered' : 'installed';
    case 'MARKETPLACE':
    case 'marketplace':
      return 'marketplace';
    case 'stdin':
    case 'from-env':
    case 'unset':
      return command === 'plugin configure' ? 'setting' : null;
    default:
      return null;
  }
}

/** The kinds that the command on the line has a place for: only these are looked for, at each press of the key. */
function wantedKinds(commands: readonly CliCommand[], words: readonly string[]): ReadonlySet<WordKind> {
  const line = words.join(' ');
  const places = commands
    .filter(({ name }) => line.startsWith(`${name} `))
    .flatMap(({ name, args, options }) => [...args, ...options].map((place) => kindOf(name, place.name)));
  return new Set(places.filter((kind) => kind !== null));
}

/** None of what cannot be read: a key press is no place for errors. */
async function loadWords(context: CliContext, kinds: ReadonlySet<WordKind>, line: readonly string[]): Promise<Words> {
  const quiet = { ...context, globals: { ...context.globals, json: true } };
  const aboutPlugins = kinds.has('installed') || kinds.has('offered') || kinds.has('marketplace');
  return {
    shell: SHELLS,
    ...(kinds.has('server') ? await serverNames(quiet).catch(() => ({})) : {}),
    ...(aboutPlugins ? await pluginNames(quiet, line).catch(() => ({})) : {}),
  };
}

async function serverNames(context: CliContext): Promise<Words> {
  const { servers } = await loadServers(context, { namesOnly: true });
  return { server: servers.map(({ name }) => name) };
}

async function pluginNames(context: CliContext, line: readonly string[]): Promise<Words> {
  const [{ atPluginDesk }, { allOffers }] = await Promise.all([
    import('../plugin-desk.ts'),
    import('../list-plugins.ts'),
  ]);
  return atPluginDesk(context, { changes: false }, async (desk) => ({
    ...installedWords(desk.plugins.installed().plugins, line),
    offered: allOffers(desk).map(({ entry, marketplace }) => pluginId(entry.name, marketplace.name)),
    marketplace: desk.known.all.map(({ name }) => name),
  }));
}

/** The settings are those that were shown when the plugin was agreed to: no file of it is read for them. */
function installedWords(installed: readonly InstalledPlugin[], line: readonly string[]): Words {
  const named = installed.find(({ pluginId: id, name }) => line.includes(id) || line.includes(name));
  const settings = named?.filed.receipt.consent?.facts.settings ?? [];
  return { installed: installed.map(({ pluginId: id }) => id), setting: settings.map(({ key }) => key) };
}

function treeOf(commands: readonly CliCommand[], known: Words): RootCommand {
  const root = new RootCommand();
  const offer = (command: string, place: string) => {
    const kind = kindOf(command, place);
    const words = kind === null ? [] : (known[kind] ?? []);
    return (complete: (value: string, description: string) => void): void => {
      for (const word of words) complete(word, '');
    };
  };
  for (const { name, summary, args, options, hidden } of commands) {
    if (hidden === true) continue;
    const words = name.split(' ');
    for (const group of words.slice(0, -1).map((_, index) => words.slice(0, index + 1).join(' ')))
      if (!root.commands.has(group)) root.command(group, GROUPS[group] ?? '');
    const command = root.command(name, summary);
    for (const argument of args) {
      command.argument(argument.name, offer(name, argument.name), argument.rest === true);
    }
    for (const { name: option, short, value, help } of [
      ...options,
      ...globalsBeside(options.map((one) => one.name)).filter(({ name: own }) => own.length > 1),
    ]) {
      if (value === undefined) command.option(option, help, short ?? '');
      else command.option(option, help, offer(name, option), short ?? '');
    }
  }
  return root;
}
