import type { Log } from '../../kernel/index.ts';
import type { Bundle } from '../../plugins/index.ts';

/** Runs git and npm. As `Executor.runProgram`: failing to start is a value. */
export type RunProgram = (
  program: readonly [string, ...string[]],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly maxBytes: number;
    readonly signal?: AbortSignal;
  },
) => Promise<ProgramResult>;

export type ProgramResult =
  | {
      readonly kind: 'ran';
      readonly exit: { readonly code: number | null; readonly signal: string | null };
      readonly stdout: string;
      readonly stderr: string;
      readonly timedOut: boolean;
      readonly tooLarge: boolean;
    }
  | { readonly kind: 'command_not_found'; readonly command: string; readonly detail: 'missing' | 'not_executable' }
  | { readonly kind: 'cwd_not_found'; readonly cwd: string }
  | { readonly kind: 'failed'; readonly code: string };

/** Takes a lock between processes: a function that gives it back, or null while another process holds it. */
export type TakeLock = (lockFile: string) => (() => void) | null;

/** What both stores need of the world. */
export type StoreOptions = {
  /** Absolute folder of the home. Made when missing, once something is written. */
  readonly home: string;
  readonly runProgram: RunProgram;
  /** The environment of this process; git and npm get a small part of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly takeLock: TakeLock;
  /** Makes a folder that only this user can enter. @throws AppError `HOME_NOT_PRIVATE`, `HOME_UNUSABLE` */
  readonly privateFolder: (folder: string) => void;
  /** Reads files of a folder without leaving it. */
  readonly openBundle: (root: string, only?: readonly string[]) => Bundle;
  readonly log: Log;
};

export type PluginStoreOptions = StoreOptions & {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Name of the account that receipts give. */
  readonly account: string;
  /** Of Plugboard, for receipts. */
  readonly version: string;
};
