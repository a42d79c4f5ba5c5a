/**
 * executors: where a server's process runs. For now that is this machine.
 *
 * It decides the environment of a process and what a command means, and names the contract of a place where programs run.
 * It knows nothing of MCP, of configuration files or of connections, and starts nothing itself: the processes, their
 * groups and the watchdog are behind `node/`. `upstreams` takes an `Executor` as an argument; `host` makes one.
 */
export { commandCandidates } from './command-path.ts';
export { planEnvironment } from './environment.ts';
export type { Child, Executor, ProcessExit, ProcessSpec, SpawnFailure } from './executor.ts';
