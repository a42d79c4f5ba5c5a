import { Command as Commander, CommanderError, Option } from 'commander';
import { AppError } from '../../kernel/index.ts';
import type { Input, OptionSpec } from '../command.ts';
import { GLOBAL_OPTIONS, GROUPS, globalsBeside } from '../vocabulary.ts';
import { commandsOf, NOUNS } from './commands/index.ts';
import { type CliCommand, createContext, type Globals } from './context.ts';

const FOOTER = `
Exit status: 0 ok, 1 something is wrong with what was asked about, 2 usage or configuration,
3 sign-in or agreement needed, 4 timed out, 5 denied.
Home: PLUGBOARD_HOME, else ~/.plugboard.`;

/**
 * Parses the command line and runs the command it names.
 *
 * @returns The exit status.
 * @throws AppError `USAGE` | whatever the command throws
 */
export async function runProgram(argv: readonly string[], version: string): Promise<number> {
  let status = 0;
  const asJson = argv.includes('--json');
  const noun = firstWord(argv);
  const commands = await commandsFor(noun, argv);
  const program = prepare(new Commander('plugboard'))
    .configureOutput(asJson ? { writeErr: () => {} } : {})
    .description('Runs MCP servers and plugins for any agent, behind one MCP endpoint.')
    .addHelpText('after', FOOTER);
  // The program takes its options wherever they stand, also from a command that has one of the same name.
  const taken = namesTaken(commands, argv);
  if (!taken.includes('version')) program.version(version, '-V, --version');
  addOptions(program, globalsBeside(taken));
  for (const command of commands) addCommand(program, command, (code) => (status = code));
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    // A group without one of its commands: for people its help was shown.
    const noCommand = error.code === 'commander.help';
    if (noCommand && !asJson) return 2;
    throw new AppError('USAGE', noCommand ? 'a command is missing' : complaint(error.message), {
      hint: `see: ${helpFor(program, argv)}`,
    });
  }
  return status;
}

/** The options of the command that the line names. */
function namesTaken(commands: readonly CliCommand[], argv: readonly string[]): readonly string[] {
  const called = commands.filter(({ name }) => name.split(' ').every((word) => argv.includes(word)));
  return called.flatMap(({ options }) => options.map(({ name }) => name));
}

/** The parser's words without what stands behind the name of an option that is not known: it may be a secret. */
function complaint(message: string): string {
  return message.replace(/^error: /, '').replace(/(?<=^unknown option ')(--[^=']*|-[^-])[^']*/, '$1');
}

/** Those that the line may mean: of a first word that there is, else all. */
async function commandsFor(noun: string | null, argv: readonly string[]): Promise<readonly CliCommand[]> {
  if (noun !== null && Object.hasOwn(NOUNS, noun)) return commandsOf(noun, argv[argv.indexOf(noun) + 1]);
  return (await Promise.all(Object.keys(NOUNS).map((name) => commandsOf(name)))).flat();
}

/** The help of the command that was meant, as far as the words name one. */
function helpFor(program: Commander, argv: readonly string[]): string {
  const noun = firstWord(argv);
  const words = noun === null ? [] : argv.slice(argv.indexOf(noun));
  const named: Commander[] = [program];
  for (const word of words) {
    const next = named.at(-1)?.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) break;
    named.push(next);
  }
  return [...named.map((command) => command.name()), '--help'].join(' ');
}

/** Errors are thrown, not printed: start.ts prints them in one place. */
function prepare(command: Commander): Commander {
  return command
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showSuggestionAfterError()
    .helpOption('-h, --help', 'show this help');
}

function addCommand(program: Commander, command: CliCommand, onExit: (code: number) => void): void {
  const words = command.name.split(' ');
  let parent = program;
  for (const [index, word] of words.slice(0, -1).entries()) {
    parent =
      parent.commands.find((candidate) => candidate.name() === word) ??
      prepare(parent.command(word).description(GROUPS[words.slice(0, index + 1).join(' ')] ?? ''));
  }
  const leaf = prepare(
    parent
      .command(words.at(-1) ?? '', { hidden: command.hidden === true })
      .summary(command.summary)
      .description(command.details === undefined ? command.summary : `${command.summary}\n\n${command.details}`),
  );
  for (const argument of command.args) {
    const name = argument.rest === true ? `${argument.name}...` : argument.name;
    leaf.argument(argument.required ? `<${name}>` : `[${name}]`, argument.help);
  }
  addOptions(leaf, [...command.options, ...globalsBeside(command.options.map(({ name }) => name))]);
  if (command.examples !== undefined)
    leaf.addHelpText('after', `\nExamples:\n${command.examples.map((line) => `  ${line}`).join('\n')}`);
  leaf.action(async () => onExit(await execute(command, leaf)));
}

function addOptions(command: Commander, options: readonly OptionSpec[]): void {
  for (const { name, short, value, many, help } of options) {
    const long = name.length === 1 ? `-${name}` : `--${name}`;
    const flags = `${short === undefined ? '' : `-${short}, `}${long}${value === undefined ? '' : ` <${value}>`}`;
    const option = new Option(flags, help);
    if (many === true)
      option.argParser((given: string, before: readonly string[] | undefined) => [...(before ?? []), given]);
    command.addOption(option);
  }
}

async function execute(command: CliCommand, leaf: Commander): Promise<number> {
  const options = leaf.optsWithGlobals<Record<string, unknown>>();
  const context = createContext(globalsOf(options, command));
  const report = await command.run(context, inputOf(command, leaf, options));
  const text = context.globals.json ? jsonOf(report) : command.render(report, context);
  if (text !== '') context.out.write(`${text}\n`);
  return command.exitCode(report);
}

/** Commands that print by themselves report their exit status, which is no report for `--json`. */
function jsonOf(report: unknown): string {
  return typeof report === 'number' ? '' : JSON.stringify(report, null, 2);
}

function globalsOf(options: Readonly<Record<string, unknown>>, command: CliCommand): Globals {
  const text = (name: string): string | null => (typeof options[name] === 'string' ? options[name] : null);
  return {
    configFile: text('config'),
    overrides: stringsOf(options[command.options.some(({ name }) => name === 'set') ? 'c' : 'set']),
    project: text('project'),
    json: options['json'] === true,
    passphraseFile: text('passphraseFile'),
  };
}

function inputOf(command: CliCommand, leaf: Commander, options: Readonly<Record<string, unknown>>): Input {
  const rest = command.args.find((argument) => argument.rest === true);
  const option = (spec: OptionSpec): unknown =>
    options[spec.name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
  const given = command.options.map((spec) => ({ spec, value: option(spec) }));
  return {
    args: Object.fromEntries(
      command.args.flatMap((argument, index) => (argument.rest === true ? [] : [[argument.name, leaf.args[index]]])),
    ),
    rest: rest === undefined ? [] : leaf.args.slice(command.args.indexOf(rest)),
    flags: new Set(given.filter(({ value }) => value === true).map(({ spec }) => spec.name)),
    values: Object.fromEntries(
      given.flatMap(({ spec, value }) => (typeof value === 'string' ? [[spec.name, value]] : [])),
    ),
    lists: Object.fromEntries(
      given.flatMap(({ spec, value }) => (spec.many === true ? [[spec.name, stringsOf(value)]] : [])),
    ),
  };
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((part) => typeof part === 'string') : [];
}

/** The first word that is neither an option nor the value of a global one. */
function firstWord(argv: readonly string[]): string | null {
  const withValue = new Set(
    GLOBAL_OPTIONS.filter((option) => option.value !== undefined).flatMap(({ name, short }) => [
      `--${name}`,
      `-${short}`,
    ]),
  );
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (withValue.has(word)) index += 1;
    else if (!word.startsWith('-')) return word;
  }
  return null;
}
