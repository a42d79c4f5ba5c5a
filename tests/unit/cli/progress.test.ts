import { expect, test } from 'vitest';
import { createProgress } from '../../../src/cli/node/progress.ts';

const CLEAR = '\r\u001b[2K';

test.each([
  { name: 'a terminal', isTty: true, json: false, want: `${CLEAR}one${CLEAR}two\\x1b${CLEAR}a very lo…${CLEAR}` },
  { name: 'a file', isTty: false, json: false, want: '' },
  { name: '--json', isTty: true, json: true, want: '' },
])('progress on $name', ({ isTty, json, want }) => {
  let written = '';
  const err = { isTty, colour: false, columns: 11, write: (text: string) => void (written += text) };
  const globals = { configFile: null, passphraseFile: null, overrides: [], project: null, json };
  const { show, clear } = createProgress({ err, globals });
  for (const line of ['one', 'one', 'two\u001b', 'a very\nlong line']) show(line);
  clear();
  clear();
  expect(written).toBe(want);
});
