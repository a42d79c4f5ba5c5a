/**
 * executors/node: starts programs on this machine, each in its own process group, and sees to it that none outlives
 * Plugboard, however Plugboard ends.
 *
 * The only place that uses `node:child_process`. It never decides what a program gets to see: environment, folder and
 * arguments come from the caller. Opened by `host`, `cli`, tests and bench.
 */
export { type DetachedOptions, startDetached } from './detached.ts';
export { createLocalExecutor } from './local-executor.ts';
