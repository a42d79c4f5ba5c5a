import { Buffer } from 'node:buffer';
import { AppError, Secret } from '../kernel/index.ts';

/** A value ends up in the environment of a process, and systems limit one variable to 128 KiB. Bytes. */
export const MAX_VALUE_BYTES = 64 * 1024;

/** How many bytes there may be where a value is read from: a line break at its end is not part of it. */
export const MAX_READ_BYTES = MAX_VALUE_BYTES + 3;

/**
 * A value as it came from standard input or a file, without the one line break that editors and `echo` put at the end.
 *
 * @param label What the secret is called wherever it is shown.
 * @throws AppError `SECRET_VALUE`, which never says anything of the value itself
 */
export function parseValueBytes(label: string, bytes: Uint8Array): Secret {
  return parseValue(label, valueText(bytes));
}

/** The text of {@link parseValueBytes}, for values that are looked at before they are stored. @throws AppError `SECRET_VALUE` */
export function valueText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw wrongValue('is not UTF-8 text', 'encode it, as base64 for example, if its reader can decode it');
  }
}

/** @throws AppError `SECRET_VALUE` */
export function parseValue(label: string, text: string): Secret {
  const problem = valueProblem(text);
  if (problem !== null) throw wrongValue(problem, HINTS[problem]);
  return new Secret(label, text);
}

const TOO_LONG = `is longer than ${MAX_VALUE_BYTES / 1024} KiB`;
const HINTS: Readonly<Record<string, string>> = {
  'is empty': 'to take a secret away, run: plugboard secret unset NAME',
  [TOO_LONG]: 'keep it in a file, and store the path',
};

/** Why a text can be nobody's value, in words that say nothing of it; null when it can. */
export function valueProblem(text: string): string | null {
  if (text === '') return 'is empty';
  if (text.includes('\0')) return 'holds a NUL character, which no environment can carry';
  return Buffer.byteLength(text) > MAX_VALUE_BYTES ? TOO_LONG : null;
}

/** Of what is not even read to its end. */
export function valueTooLong(): AppError {
  return wrongValue(TOO_LONG, HINTS[TOO_LONG]);
}

function wrongValue(problem: string, hint?: string): AppError {
  return new AppError('SECRET_VALUE', `the value ${problem}; nothing was stored`, hint === undefined ? {} : { hint });
}
