import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { AppError, isJsonObject, type JsonObject } from '../kernel/index.ts';

/**
 * The arguments of a tool, as given on the command line.
 *
 * @param source What the text came from, for the message: an option, a file, standard input.
 * @throws AppError `USAGE` with line and column where the text is not JSON
 */
export function parseArguments(text: string, source: string): JsonObject {
  const value = text.trim() === '' ? {} : parseJson(text, source);
  if (isJsonObject(value)) return value;
  const what = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  throw new AppError('USAGE', `the arguments of a tool are a JSON object, not ${what}`, {
    where: source,
    hint: `for example: '{"path": "notes.txt"}'`,
  });
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new AppError('USAGE', `not valid JSON: ${complaint(text)}`, {
      where: `${source}:${positionOf(text)}`,
      hint: 'put the JSON into single quotes, so that the shell leaves it as it is',
      cause: error,
    });
  }
}

/** `JSON.parse` gives no position by itself; this parser does. It is more lenient only about strings. */
function firstError(text: string): ParseError | undefined {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  return errors[0];
}

function complaint(text: string): string {
  const error = firstError(text);
  if (error === undefined) return 'a character that is not allowed in a string';
  const words = printParseErrorCode(error.error).replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ');
  return words.toLowerCase();
}

/** `line:column`, from 1. */
function positionOf(text: string): string {
  const before = text.slice(0, firstError(text)?.offset ?? 0);
  const lines = before.split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
}
