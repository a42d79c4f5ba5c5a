import { AppError, printableLine, shorten } from '../../kernel/index.ts';
import type { ProgramResult, RunProgram } from './ports.ts';
import { MAX_FETCHED_BYTES, watchSize } from './watch-size.ts';

/** One run of git or npm. */
export type FetchRun = {
  readonly program: 'git' | 'npm';
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Address or package, for messages. */
  readonly from: string;
  /** Most bytes of stdout that are kept. Default 1 MiB. */
  readonly maxBytes?: number;
  /** The folder that it fills; it is ended when that grows beyond measure. */
  readonly fills?: string;
};

/** What a program that ran to its end said. */
export type Said = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

const MAX_OUTPUT_BYTES = 1024 * 1024;
const MAX_QUOTED_CHARS = 300;

/**
 * Runs git or npm to its end, whatever its exit status.
 *
 * @throws AppError `PLUGIN_PROGRAM_MISSING`, `PLUGIN_FETCH_FAILED` when it took too long or could not be started,
 *   `PLUGIN_TOO_LARGE`; or the reason of `signal`, when that aborts
 */
export async function runFetch(runProgram: RunProgram, run: FetchRun): Promise<Said> {
  const size = run.fills === undefined ? null : watchSize(run.fills, MAX_FETCHED_BYTES);
  const signal = size === null ? run.signal : AbortSignal.any([run.signal, size.exceeded]);
  try {
    const result = await runProgram([run.program, ...run.args], {
      cwd: run.cwd,
      env: run.env,
      timeoutMs: run.timeoutMs,
      maxBytes: run.maxBytes ?? MAX_OUTPUT_BYTES,
      signal,
    });
    run.signal.throwIfAborted();
    size?.exceeded.throwIfAborted();
    return saidBy(result, run);
  } finally {
    size?.stop();
  }
}

function saidBy(result: ProgramResult, run: FetchRun): Said {
  switch (result.kind) {
    case 'command_not_found':
      throw new AppError('PLUGIN_PROGRAM_MISSING', `\`${run.program}\` is needed to fetch ${run.from}`, {
        hint: `install ${run.program}, and see that it is on the PATH`,
      });
    case 'cwd_not_found':
      throw fetchFailed(run, 'the folder it was to be fetched into has gone');
    case 'failed':
      throw fetchFailed(run, `\`${run.program}\` could not be started (${result.code})`);
    case 'ran':
      if (result.tooLarge)
        throw new AppError('PLUGIN_TOO_LARGE', `${run.from} holds more files than are looked at`, { where: run.from });
      if (result.timedOut) {
        throw fetchFailed(run, `it was not done within ${Math.round(run.timeoutMs / 1000)} s`, {
          hint: 'check the network, and whether the repository is much larger than it should be',
        });
      }
      return { code: result.exit.code, stdout: result.stdout, stderr: result.stderr };
    default:
      return result satisfies never;
  }
}

/** The error of a fetch: what was fetched, and the words of git or npm. */
export function fetchFailed(
  { from, program }: Pick<FetchRun, 'from' | 'program'>,
  words: string,
  detail: { readonly hint?: string } = {},
): AppError {
  const hint = detail.hint ?? hintFor(words);
  return new AppError('PLUGIN_FETCH_FAILED', `${from} could not be fetched: ${words}`, {
    ...(hint === null ? {} : { hint }),
    data: { program },
  });
}

/** Lines of git that say nothing of the cause. */
const EMPTY_WORDS = [
  /^fatal: Could not read from remote repository\.$/,
  /^Please make sure you have the correct access rights$/,
  /^and the repository exists\.$/,
  /^(?:fatal|error): expected flush after ref listing$/,
  /^fatal: the remote end hung up unexpectedly$/,
  /^npm (?:error|ERR!) (?:A complete log of this run|Log files were not written|\s*$)/,
];

/** The line of stderr that says most: the last `fatal:` or `error:`, else the last one. User names in addresses are masked. */
export function lastWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !EMPTY_WORDS.some((empty) => empty.test(line)));
  const line =
    lines.findLast((one) => /^(?:fatal|error|remote: error|npm error|npm ERR!)\b/i.test(one)) ?? lines.at(-1);
  const words = (line ?? 'it said nothing').replaceAll(/:\/\/[^/\s@]*@/g, '://***@');
  return shorten(printableLine(words), MAX_QUOTED_CHARS);
}

/** What to do, by words that git, ssh, curl and npm are known to use. Only hints hang on these. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /could not read (?:Username|Password)|Authentication failed|Permission denied|terminal prompts disabled|\b40[13]\b|E401|E403|ENEEDAUTH/i,
    'sign in first: git and npm are never asked for a password here, so set up a credential helper, an ssh key or a token',
  ],
  [/Host key verification failed/i, 'connect to the host with ssh once, and accept its key'],
  [/couldn't find remote ref|Remote branch \S+ not found|ETARGET|no matching version/i, 'check the ref or version'],
  [
    /Could not resolve|Name or service not known|name resolution|ENOTFOUND|EAI_AGAIN/i,
    'the name of the host is not known: check the address and your network',
  ],
  [
    /Connection refused|Failed to connect|Couldn't connect|ECONNREFUSED|No route to host|Network is unreachable/i,
    'nothing answers there: check the address, your network and your proxy',
  ],
  [/timed? ?out|ETIMEDOUT|ERR_SOCKET_TIMEOUT/i, 'the host does not answer in time: check your network and your proxy'],
  [/certificate|SSL|TLS/i, 'the certificate of the host is not trusted: check the address, or name your authority'],
  [/No space left|quota exceeded|File too large|ENOSPC|EDQUOT|EFBIG/i, 'make room on the disk'],
  [
    /not found|does not exist|E404|\b404\b/i,
    'check the address; a host also says this of what you may not read without signing in',
  ],
];

function hintFor(words: string): string | null {
  return HINTS.find(([marker]) => marker.test(words))?.[1] ?? null;
}
