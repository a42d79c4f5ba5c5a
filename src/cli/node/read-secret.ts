import { resolve } from 'node:path';
import { AppError, type Secret, variableIn } from '../../kernel/index.ts';
import { MAX_READ_BYTES, parseValue, parseValueBytes, type SecretSource, valueTooLong } from '../../secrets/index.ts';
import type { Input } from '../command.ts';
import { askSecret } from './ask-secret.ts';
import type { CliContext } from './context.ts';

export const VALUE_OPTIONS = [
  { name: 'stdin', help: 'take the value from standard input' },
  { name: 'from-env', value: 'VARIABLE', help: 'take the value from a variable of the environment' },
  { name: 'from-file', value: 'FILE', help: 'take the value from a file' },
] as const;

export type GivenValue = { readonly value: Secret; readonly source: SecretSource };

/**
 * The value of a secret, from where the options say, else asked for on the terminal. A command line is no place for it: other
 * programs see that.
 *
 * @param label What the secret is called.
 * @throws AppError `USAGE` | `SECRET_VALUE` | `SECRET_CANCELLED` | `SECRET_STORE_UNREADABLE`
 */
export async function readSecret(
  context: CliContext,
  input: Input,
  asked: { readonly label: string; readonly question: string },
): Promise<GivenValue> {
  const { label } = asked;
  const variable = input.values['from-env'];
  const file = input.values['from-file'];
  const fromStdin = input.flags.has('stdin');
  if ([variable !== undefined, file !== undefined, fromStdin].filter(Boolean).length > 1)
    throw new AppError('USAGE', 'give one of --stdin, --from-env and --from-file', { hint: 'leave the others out' });
  if (variable !== undefined) {
    return { value: parseValue(label, variableOf(context, variable)), source: { how: 'env', what: variable } };
  }
  if (file !== undefined) {
    const path = resolve(context.cwd, file);
    return { value: parseValueBytes(label, await readValueFile(path)), source: { how: 'file', what: path } };
  }
  if (fromStdin) return { value: parseValueBytes(label, await readStdin()), source: { how: 'stdin' } };
  if (!context.interactive)
    throw new AppError('USAGE', 'there is no terminal to ask for the value on', {
      hint: 'give one of --stdin, --from-env VARIABLE and --from-file FILE',
    });
  return { value: parseValue(label, await askSecret(context, asked.question)), source: { how: 'prompt' } };
}

function variableOf({ env }: CliContext, name: string): string {
  const value = variableIn(env, name);
  if (value !== undefined) return value;
  throw new AppError('USAGE', 'the variable that --from-env names is not set', { hint: 'check its name' });
}

/** A whole file, or a pipe to its end. @throws AppError `SECRET_STORE_UNREADABLE`; `SECRET_VALUE` where it is longer than a value may be */
export async function readValueFile(path: string): Promise<Uint8Array> {
  const { readUpTo } = await import('../../secrets/node/index.ts');
  const read = await readUpTo(path, MAX_READ_BYTES).catch((cause: unknown) => {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
    throw why === 'EFBIG' ? valueTooLong() : unreadable(path, why, cause);
  });
  if (read === null) throw unreadable(path, 'ENOENT');
  return read.bytes;
}

function unreadable(where: string, why: string, cause?: unknown): AppError {
  return new AppError('SECRET_STORE_UNREADABLE', `the file cannot be read (${why})`, { where, cause });
}

/** All of standard input. @throws AppError `USAGE` where it is a terminal; `SECRET_VALUE` where it is longer than a value may be */
export async function readStdin(): Promise<Uint8Array> {
  if (process.stdin.isTTY)
    throw new AppError('USAGE', '--stdin reads what is piped to it; what is typed here would be shown', {
      hint: 'leave --stdin out, and you are asked for the value',
    });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_READ_BYTES) throw valueTooLong();
  }
  return Buffer.concat(chunks);
}
