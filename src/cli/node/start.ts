import { AppError } from '../../kernel/index.ts';
import { packageVersion } from '../../kernel/node/index.ts';

/**
 * The program's entry: runs the command line and ends the process with its status. Errors are printed here and nowhere
 * else; with `--json` as one JSON object on standard error.
 *
 * @param argv The words after the program's name.
 */
export async function start(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  try {
    process.exitCode = await run(argv);
  } catch (error) {
    process.exitCode = report(error, argv.includes('--json'));
  }
  await drained();
  process.exit();
}

async function run(argv: readonly string[]): Promise<number> {
  const version = packageVersion();
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  const { runProgram } = await import('./program.ts');
  return runProgram(argv.length === 0 ? ['--help'] : argv, version);
}

function report(error: unknown, asJson: boolean): number {
  const known =
    error instanceof AppError
      ? error
      : new AppError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
  if (asJson) process.stderr.write(`${JSON.stringify({ error: known.toJSON() })}\n`);
  else {
    const where = known.where === undefined ? '' : `${known.where}: `;
    process.stderr.write(`plugboard: ${where}${known.message}\n  ${known.hint} [${known.code}]\n`);
  }
  return known.facts.exit;
}

/** Waits until what was printed has been taken. */
async function drained(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))),
  );
}
