import { spawn } from 'node:child_process';

export type DetachedOptions = {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** File descriptor that gets what the program prints; null for nowhere. */
  readonly log: number | null;
};

/**
 * Starts a program that goes on after this one: its own session, no terminal, no stdin.
 *
 * @returns A promise of its exit status, for as long as this process lives; it does not keep the process alive.
 */
export function startDetached(file: string, args: readonly string[], options: DetachedOptions): Promise<number | null> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', options.log ?? 'ignore', options.log ?? 'ignore'],
  });
  child.unref();
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
}
