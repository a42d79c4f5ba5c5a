import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { ENV_FILE_NAME, envLineProblems } from '../../../src/host/env-lines.ts';

const NO_NAME = 'is left out: what stands before the = is no name';
const UNCLOSED = 'begins its value with a quote that is not closed, so the quote is part of it';
const TAIL = 'has text after the closing quote, which is left out';
const SWALLOWS = 'has nothing but blanks after the =, so the next line is read as its value';

const CASES: readonly { text: string; problems: readonly [number, string][]; used: Record<string, string> }[] = [
  { text: '', problems: [], used: {} },
  { text: '# c\n  # d\n\nA=1 # e\n', problems: [], used: { A: '1' } },
  { text: 'export A=1\r\nB = 2\r\n', problems: [], used: { A: '1', B: '2' } },
  { text: 'A=\nB=`x\n# y`\nC-D.e==', problems: [], used: { A: '', B: 'x\n# y', 'C-D.e': '=' } },
  { text: 'A=""\nB=it\'s', problems: [], used: { A: '', B: "it's" } },
  { text: 'bad line\nA=1', problems: [[1, 'is left out: it has no =']], used: { A: '1' } },
  { text: 'A=1\n =x', problems: [[2, 'is left out: it has no name before the =']], used: { A: '1' } },
  {
    text: '1A=x\nA B=c\nexport\tA=1\nB="x\ny"\n1C="\n"\n: =',
    problems: [
      [1, NO_NAME],
      [2, NO_NAME],
      [3, NO_NAME],
      [6, NO_NAME],
      [8, NO_NAME],
    ],
    used: { B: 'x\ny' },
  },
  { text: 'A="x\nB=1', problems: [[1, UNCLOSED]], used: { A: '"x', B: '1' } },
  { text: 'A="x\nB="y"', problems: [[1, TAIL]], used: { A: 'x\nB=' } },
  { text: 'A=  \nB=1', problems: [[1, SWALLOWS]], used: { A: 'B=1' } },
];

test.each(CASES)('the bad lines of $text are told, and Node reads it the same way', ({ text, problems, used }) => {
  expect(envLineProblems(text).map(({ line, problem }) => [line, problem])).toEqual(problems);
  expect(Object.fromEntries(Object.entries(parseEnv(text)).filter(([name]) => ENV_FILE_NAME.test(name)))).toEqual(used);
});
