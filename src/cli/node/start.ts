import { AppError, printable } from '../../kernel/index.ts';
import { packageVersion } from '../../kernel/node/index.ts';
import type { Input } from '../command.ts';
import type { Globals } from './context.ts';

/**
 * The program's entry: runs the command line and ends the process with its status. Errors are printed here and nowhere
 * else; with `--json` as one JSON object on standard error. Who reads no further ends it quietly; output that cannot be
 * written for another reason is an error.
 *
 * @param argv The words after the program's name.
 */
export async function start(argv: readonly string[]): Promise<void> {
  const unwritten: NodeJS.ErrnoException[] = [];
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    unwritten.push(error);
  });
  try {
    process.exitCode = await run(argv);
  } catch (error) {
    process.exitCode = report(error, argv.includes('--json'));
  }
  await drained();
  const [failure] = unwritten;
  if (failure !== undefined) {
    const status = report(unwrittenError(failure), argv.includes('--json'));
    process.exitCode ||= status;
    await drained();
  }
  process.exit();
}

/** What was asked for was done, or not, and nobody could read which. */
function unwrittenError(cause: NodeJS.ErrnoException): AppError {
  return new AppError('OUTPUT_UNWRITABLE', `the output could not be written (${cause.code ?? 'unknown'})`, { cause });
}

async function run(argv: readonly string[]): Promise<number> {
  const version = packageVersion();
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const pipe = parsePipe(argv);
  if (pipe !== null) {
    const [{ createContext }, { stdioCommand }] = await Promise.all([
      import('./context.ts'),
      import('./commands/stdio.ts'),
    ]);
    return stdioCommand.run(createContext(pipe.globals), pipe.input);
  }
  const { runProgram } = await import('./program.ts');
  return runProgram(argv.length === 0 ? ['--help'] : argv, version);
}

const PASSPHRASE_OPTION = '--passphrase-file';

/** Those of `plugboard stdio` that take a value. */
const PIPE_OPTIONS: ReadonlySet<string> = new Set(['--agent', '--server', PASSPHRASE_OPTION]);

/**
 * The plain forms of `plugboard stdio`, read without the command parser: agents start this often, and it should be up in
 * a moment. Anything else, mistakes too, is left to the parser.
 */
function parsePipe(argv: readonly string[]): { readonly globals: Globals; readonly input: Input } | null {
  if (argv[0] !== 'stdio') return null;
  const values: Record<string, string> = {};
  const flags = new Set<string>();
  let passphraseFile: string | null = null;
  for (let index = 1; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    const value = argv[index + 1];
    if (word === '--human') flags.add('human');
    else if (PIPE_OPTIONS.has(word) && value !== undefined && !value.startsWith('-')) {
      if (word === PASSPHRASE_OPTION) passphraseFile = value;
      else values[word.slice(2)] = value;
      index += 1;
    } else return null;
  }
  return {
    globals: { configFile: null, overrides: [], project: null, json: false, passphraseFile },
    input: { args: {}, rest: [], flags, values, lists: {} },
  };
}

function report(error: unknown, asJson: boolean): number {
  const known =
    error instanceof AppError
      ? error
      : new AppError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
  if (asJson) process.stderr.write(`${JSON.stringify({ error: known.toJSON() })}\n`);
  else {
    const where = known.where === undefined ? '' : `${known.where}: `;
    process.stderr.write(printable(`plugboard: ${where}${known.message}\n  ${known.hint} [${known.code}]\n`));
  }
  return known.facts.exit;
}

/** Waits until what was printed has been taken. */
async function drained(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))),
  );
}
