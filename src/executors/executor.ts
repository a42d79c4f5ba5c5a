import type { Readable, Writable } from 'node:stream';
import type { Secret } from '../kernel/index.ts';

/** One program to start. The environment is exactly `env`; nothing is inherited. */
export type ProcessSpec = {
  /** A name that is looked up in `env.PATH`, or a path; a relative path counts from `cwd`. */
  readonly command: string;
  readonly args: readonly (string | Secret)[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | Secret>>;
};

/** The same with its secrets revealed: only the executor itself has one. */
export type OpenSpec = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
};

/** How a process ended: one of the two is set. */
export type ProcessExit = { readonly code: number | null; readonly signal: string | null };

export type EndOptions = {
  /** Milliseconds between closing stdin and SIGTERM. Default 500. */
  readonly graceMs?: number;
  /** Milliseconds between SIGTERM and SIGKILL. Default 2000. */
  readonly termMs?: number;
};

/** A running program with its own process group. */
export type Child = {
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles when the program itself has ended. Output may still wait in the pipes, and grandchildren may still run. */
  readonly exited: Promise<ProcessExit>;
  /**
   * Closes stdin, then SIGTERM, then SIGKILL to the whole group; each step only if something is left. A program that has
   * ended already leaves its grandchildren no grace: they get SIGTERM at once. Resolves when the whole group is gone.
   * Idempotent (the first call's options count); never throws.
   */
  readonly endGroup: (options?: EndOptions) => Promise<void>;
};

/** Why nothing was started, decided by looking and by error codes, never by message text. */
export type SpawnFailure =
  | { readonly kind: 'command_not_found'; readonly command: string; readonly detail: 'missing' | 'not_executable' }
  | { readonly kind: 'cwd_not_found'; readonly cwd: string }
  /** The system refused: `code` is the errno name, such as EAGAIN or E2BIG. */
  | { readonly kind: 'failed'; readonly code: string };

export type SpawnResult = { readonly kind: 'started'; readonly child: Child } | SpawnFailure;

export type RunOptions = {
  readonly cwd: string;
  readonly env: ProcessSpec['env'];
  readonly timeoutMs: number;
  /** Most bytes kept of stdout, and of stderr. More stdout than this ends the program. */
  readonly maxBytes: number;
  /** Ends the program, or leaves it unstarted, when it aborts. The result is then `failed` with ECANCELED. */
  readonly signal?: AbortSignal;
};

/** What a program that ran to its end (or was ended) printed. */
export type RunResult =
  | {
      readonly kind: 'ran';
      readonly exit: ProcessExit;
      readonly stdout: string;
      readonly stderr: string;
      readonly timedOut: boolean;
      readonly tooLarge: boolean;
    }
  | SpawnFailure;

/** A place where programs run. */
export type Executor = {
  /** Starts a program in its own process group. Failing to start is a value. Never throws. */
  readonly spawn: (spec: ProcessSpec) => Promise<SpawnResult>;
  /**
   * Runs a program to its end with an empty stdin. A string is a command line for the shell, a list is program and
   * arguments. The whole process group is gone when it resolves.
   */
  readonly runProgram: (program: string | readonly [string, ...string[]], options: RunOptions) => Promise<RunResult>;
  /** Ends everything that this executor started, the watchdog last. Later spawns fail with ECANCELED. */
  readonly close: () => Promise<void>;
};
