import { expect } from 'vitest';
import type { Finished, Home, RunOptions } from './home.ts';

/** `plugboard ARGS --json` that succeeds: what it printed. */
export async function report<T>(home: Home, args: readonly string[], options?: RunOptions): Promise<T> {
  const { status, stdout, stderr } = await home.finish(['--json', ...args], options);
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

/** `plugboard ARGS` that succeeds: the text it printed, without the last newline. */
export async function said(home: Home, args: readonly string[], options?: RunOptions): Promise<string> {
  const { status, stdout, stderr } = await home.finish(args, options);
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
  return stdout.replace(/\n$/, '');
}

export type Refusal = {
  readonly status: Finished['status'];
  readonly code: string;
  readonly message: string;
  readonly where?: string;
  readonly hint: string;
};

/** `plugboard ARGS --json` that fails: its exit status and the error on standard error. Prints nothing else. */
export async function refusal(home: Home, args: readonly string[], options?: RunOptions): Promise<Refusal> {
  const { status, stdout, stderr } = await home.finish(['--json', ...args], options);
  expect({ args, stdout }).toEqual({ args, stdout: '' });
  return { status, ...(JSON.parse(stderr) as { readonly error: Omit<Refusal, 'status'> }).error };
}

/** Node arguments under which a program takes its output for a terminal of this size. */
export function asTerminal(columns = 100, rows = 40): readonly string[] {
  const script = `for (const [key, value] of Object.entries({ isTTY: true, columns: ${columns}, rows: ${rows} }))
    for (const stream of [process.stdout, process.stderr]) Object.defineProperty(stream, key, { value });`;
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`];
}
