import { Buffer } from 'node:buffer';
import { AppError, Secret } from '../kernel/index.ts';

/** A value ends up in the environment of a process, and systems limit one variable to 128 KiB. Bytes. */
export const MAX_VALUE_BYTES = 64 * 1024;

/** How many bytes to read where a value is read from: enough to see that there is too much. */
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
  if (text === '') throw wrongValue('is empty', 'to take a secret away, run: plugboard secret unset NAME');
  if (text.includes('\0')) throw wrongValue('holds a NUL character, which no environment can carry');
  if (Buffer.byteLength(text) > MAX_VALUE_BYTES)
    throw wrongValue(`is longer than ${MAX_VALUE_BYTES / 1024} KiB`, 'keep it in a file, and store the path');
  return new Secret(label, text);
}

function wrongValue(problem: string, hint?: string): AppError {
  return new AppError('SECRET_VALUE', `the value ${problem}; nothing was stored`, hint === undefined ? {} : { hint });
}
