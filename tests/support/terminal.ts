/** The product as a person uses it: at a terminal, answering what it asks. */
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import type { Home } from './home.ts';
import { until } from './processes.ts';
import { PRODUCT } from './product.ts';

export type AtTerminal = {
  readonly pid: number;
  /** Standard output and standard error, in the order they came. Without colours and movements. */
  readonly seen: () => string;
  readonly stdout: () => string;
  readonly ended: Promise<number | NodeJS.Signals>;
};

/** What is typed in answer to a question; `null` closes the terminal. */
export type Keys = string | null;

/** Keys, or what happens while the question waits and the keys after that. */
export type Answer = Keys | (() => Promise<Keys>);

export const ENTER = '\r';
export const CTRL_C = '\u0003';
export const CTRL_D = '\u0004';

type Stream = 'stdin' | 'stdout' | 'stderr';

/** Tells the program that these streams are a terminal, wherever they lead. */
const terminal = (streams: readonly Stream[]): string => `for (const name of ${JSON.stringify(streams)})
  for (const [key, value] of Object.entries({ isTTY: true, columns: 100, rows: 40 }))
    Object.defineProperty(process[name], key, { value });`;

/** `plugboard ARGS` at a terminal. Each of the answers is typed when the next question has been asked. */
export function atTerminal(home: Home, args: readonly string[], answers: readonly Answer[] = []): AtTerminal {
  return run(home, args, { answers, streams: ['stdin', 'stdout', 'stderr'] });
}

/** As {@link atTerminal}, with an output that leads into a pipe. */
export function atTerminalPiped(home: Home, args: readonly string[], answers: readonly Answer[] = []): AtTerminal {
  return run(home, args, { answers, streams: ['stdin', 'stderr'] });
}

function run(
  home: Home,
  args: readonly string[],
  { answers, streams }: { readonly answers: readonly Answer[]; readonly streams: readonly Stream[] },
): AtTerminal {
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(terminal(streams))}`];
  const child = spawn(process.execPath, [...nodeArgs, PRODUCT, ...args], {
    env: { ...home.env, TERM: 'xterm' },
    cwd: home.folder,
  });
  child.stdin.on('error', () => {});
  let all = '';
  let stdout = '';
  let asked = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    all += text;
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text;
    asked += text;
  });
  const seen = (): string => stripVTControlCharacters(all);
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0));
  });
  const answer = async (): Promise<void> => {
    for (const [index, typed] of answers.entries()) {
      // A question is drawn again with every key, so the answered ones are what tells how far it is.
      await Promise.race([ended, until(() => isAsking(stripVTControlCharacters(asked), index))]);
      const keys = typeof typed === 'function' ? await typed() : typed;
      if (keys === null) child.stdin.end();
      else child.stdin.write(keys);
    }
  };
  // A question that never comes: what was seen until then is for the test to judge.
  answer().catch(() => child.kill());
  return { pid: child.pid ?? 0, seen, stdout: () => stdout, ended };
}

/** True when so many questions have been answered, and another one waits. They are on standard error. */
function isAsking(text: string, answered: number): boolean {
  return text.split('✔').length - 1 >= answered && /\((?:y\/N|Y\/n)\)$/.test(text.trimEnd());
}
