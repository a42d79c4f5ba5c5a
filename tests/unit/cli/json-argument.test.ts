import { expect, test } from 'vitest';
import { parseArguments } from '../../../src/cli/json-argument.ts';
import { AppError } from '../../../src/kernel/index.ts';

test.each([
  { text: '', want: {} },
  { text: ' \n', want: {} },
  { text: '{"a": [1, {"b": null}]}', want: { a: [1, { b: null }] } },
])('$text gives arguments', ({ text, want }) => expect(parseArguments(text, 'ARGS')).toEqual(want));

test.each([
  { text: '{"a": hi}', where: 'ARGS:1:7', message: 'not valid JSON: invalid symbol' },
  { text: '{\n  "a": 1,\n}', where: 'ARGS:3:1', message: 'not valid JSON: property name expected' },
  { text: '{"a" 1}', where: 'ARGS:1:6', message: 'not valid JSON: colon expected' },
  { text: '{"a": 1', where: 'ARGS:1:8', message: 'not valid JSON: close brace expected' },
  { text: '{"a": 1} x', where: 'ARGS:1:10', message: 'not valid JSON: invalid symbol' },
  { text: "{'a': 1}", where: 'ARGS:1:2', message: 'not valid JSON: invalid symbol' },
  { text: '{"a": 1 /* x */}', where: 'ARGS:1:9', message: 'not valid JSON: invalid comment token' },
  { text: '[1]', where: 'ARGS', message: 'the arguments of a tool are a JSON object, not an array' },
  { text: 'null', where: 'ARGS', message: 'the arguments of a tool are a JSON object, not null' },
  { text: '"x"', where: 'ARGS', message: 'the arguments of a tool are a JSON object, not a string' },
])('$text is refused at its place', ({ text, where, message }) => {
  let error: unknown;
  try {
    parseArguments(text, 'ARGS');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(AppError);
  const { code, message: said, where: place } = error as AppError;
  expect({ code, message: said, where: place }).toEqual({ code: 'USAGE', message, where });
});
