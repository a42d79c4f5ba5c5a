import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('../../fixtures/marketplace/store-child.ts', import.meta.url));

export type StoreProcess = {
  readonly child: ChildProcess;
  /** Settles when it has begun to change something. */
  readonly begun: Promise<void>;
  /** What it said last, as JSON; null when it was killed before. */
  readonly said: Promise<unknown>;
};

/** Changes plugins in a process of its own. `shell`: commands that come before it, such as limits. */
export function changeIn(
  args: readonly [action: 'add' | 'remove' | 'upgrade', folder: string, root: string, name: string],
  { shell = '' }: { readonly shell?: string } = {},
): StoreProcess {
  const child = spawn('/bin/sh', ['-c', `${shell} exec "$0" "$@"`, process.execPath, CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  let text = '';
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    begin();
  });
  const said = new Promise<unknown>((resolve) => {
    child.once('close', () => {
      begin();
      const line = text.trim().split('\n').at(-1) ?? '';
      resolve(line.startsWith('{') ? JSON.parse(line) : null);
    });
  });
  return { child, begun, said };
}
