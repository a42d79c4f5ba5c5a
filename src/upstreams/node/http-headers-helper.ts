import type { Executor } from '../../executors/index.ts';
import type { Secret } from '../../kernel/index.ts';
import type { HeaderValues } from '../http-headers.ts';
import { parseHelperOutput } from '../http-helper.ts';
import { TransportEnded } from '../transport.ts';

/** How long a helper may run, and how much it may print. @see codex http_headers_helper */
const HELPER_TIMEOUT_MS = 10_000;
const HELPER_LIMIT_BYTES = 64 * 1024;

export type HeadersHelper = {
  /** A command line for the shell. */
  readonly command: string;
  /** Absolute. */
  readonly cwd: string;
  /** Everything the helper sees of the environment. */
  readonly env: Readonly<Record<string, string | Secret>>;
};

/**
 * Runs a `http_headers_helper` and reads the headers it prints.
 *
 * @throws TransportEnded `headers_helper`, which never repeats what was printed
 */
export async function runHeadersHelper(
  helper: HeadersHelper,
  runProgram: Executor['runProgram'],
): Promise<HeaderValues> {
  const result = await runProgram(helper.command, {
    cwd: helper.cwd,
    env: helper.env,
    timeoutMs: HELPER_TIMEOUT_MS,
    maxBytes: HELPER_LIMIT_BYTES,
  });
  switch (result.kind) {
    case 'command_not_found':
      throw failed('needs a shell, which this machine has not');
    case 'cwd_not_found':
      throw failed(`its working folder does not exist: ${result.cwd}`);
    case 'failed':
      throw failed(`could not be started (${result.code})`);
    case 'ran':
      break;
    default:
      return result satisfies never;
  }
  if (result.timedOut) throw failed(`did not end within ${HELPER_TIMEOUT_MS / 1000} s`);
  if (result.tooLarge) throw failed(`printed more than ${HELPER_LIMIT_BYTES / 1024} KiB`);
  const { code, signal } = result.exit;
  if (code !== 0) throw failed(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`);
  const output = parseHelperOutput(result.stdout);
  if (output.kind === 'bad') throw failed(output.problem);
  return output.headers;
}

function failed(what: string): TransportEnded {
  return new TransportEnded({ kind: 'headers_helper', detail: `http_headers_helper ${what}` });
}
