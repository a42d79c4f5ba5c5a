import { spawn } from 'node:child_process';
import { until } from './processes.ts';

/** A program on a terminal of its own, with a person at the keys. */
export type TerminalRun = {
  /** Everything that the terminal showed so far. */
  readonly shown: () => string;
  readonly waitFor: (text: string) => Promise<unknown>;
  readonly type: (keys: string) => void;
  readonly ended: Promise<number>;
};

/** Runs a command line of the shell on a pseudo-terminal. Its standard error is shown there, too. */
export function runOnTerminal(command: string, env: NodeJS.ProcessEnv): TerminalRun {
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...env, TERM: 'xterm', SHELL: '/bin/bash' },
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return {
    shown: () => shown,
    waitFor: (text) => until(() => shown.includes(text)),
    type: (keys) => void child.stdin.write(keys),
    ended,
  };
}
