import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { proves } from '../../e2e/support/proves.ts';
import { report } from '../../support/cli.ts';
import { type Home, useHomes } from '../../support/home.ts';
import { PRODUCT } from '../../support/product.ts';
import { runOnTerminal, type TerminalRun } from '../../support/pseudo-terminal.ts';

const createHome = useHomes();

const WORD = 'Cnry7Qz4411Wv';

/** `secret set TOKEN` on a terminal, then a line that shows what was left for the shell, and whether it echoes again. */
function setOnTerminal(home: Home): TerminalRun {
  const set = `'${process.execPath}' '${PRODUCT}' secret set TOKEN --for docs`;
  const script = `${set}; status=$?; IFS= read -t 0.3 -r rest; stty -a | grep -o ' -\\?echo ' ; echo "status=$status rest=[$rest]"`;
  return runOnTerminal(`bash -c '${script.replaceAll("'", `'\\''`)}'`, home.env);
}

async function storedNames(home: Home): Promise<readonly string[]> {
  const { secrets } = await report<{ readonly secrets: readonly { readonly name: string }[] }>(home, [
    'secret',
    'list',
  ]);
  return secrets.map(({ name }) => name);
}

const ASKED = 'Value of TOKEN for docs (not shown): ';

test(proves('secrets.prompt'), async () => {
  const home = createHome();
  const terminal = setOnTerminal(home);
  await terminal.waitFor(ASKED);
  for (const key of `${WORD}x\u007f`) terminal.type(key);
  terminal.type('\r');
  await terminal.ended;
  expect(terminal.shown()).toContain('Set TOKEN for docs.');
  expect(terminal.shown()).toContain('status=0 rest=[]');
  expect(terminal.shown()).toContain(' echo ');
  expect(terminal.shown()).not.toContain(WORD);
  // Not even its length: nothing stands between the question and the end of the line.
  const [, after = ''] = terminal.shown().split(ASKED);
  expect(stripVTControlCharacters(after)).toMatch(/^\r?\n/);
  expect(await storedNames(home)).toEqual(['TOKEN']);
});

test('Ctrl-C stores nothing, whatever was typed before', async () => {
  const home = createHome();
  const terminal = setOnTerminal(home);
  await terminal.waitFor(ASKED);
  terminal.type(`${WORD}\u0003`);
  await terminal.ended;
  expect(terminal.shown()).toContain('SECRET_CANCELLED');
  expect(terminal.shown()).toContain('status=5 rest=[]');
  expect(terminal.shown()).toContain(' echo ');
  expect(terminal.shown()).not.toContain(WORD);
  expect(await storedNames(home)).toEqual([]);
});

test.each([
  { name: 'that the terminal marks', keys: `\u001b[200~first ${WORD}\rsecond ${WORD}\r\u001b[201~` },
  { name: 'that it does not', keys: `first ${WORD}\rsecond ${WORD}\rthird ${WORD}\r` },
])('a paste of several lines $name is explained, and the shell gets none of it', async ({ keys }) => {
  const home = createHome();
  const terminal = setOnTerminal(home);
  await terminal.waitFor(ASKED);
  terminal.type(keys);
  await terminal.ended;
  expect(terminal.shown()).toContain('--from-file FILE');
  expect(terminal.shown()).toContain('status=2 rest=[]');
  expect(terminal.shown()).not.toContain(WORD);
  expect(await storedNames(home)).toEqual([]);
});

test('on a terminal --stdin is refused, since what is typed would be shown', async () => {
  const home = createHome();
  const terminal = runOnTerminal(`'${process.execPath}' '${PRODUCT}' secret set TOKEN --for docs --stdin`, home.env);
  expect(await terminal.ended).toBe(2);
  expect(terminal.shown()).toContain('leave --stdin out');
});
