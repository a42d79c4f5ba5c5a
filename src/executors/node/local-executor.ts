import { existsSync } from 'node:fs';
import { type Log, Secret } from '../../kernel/index.ts';
import type { Child, Executor, OpenSpec, ProcessSpec, SpawnFailure } from '../executor.ts';
import { createChild } from './child.ts';
import { findCommand } from './find-command.ts';
import { runProgram } from './run-program.ts';
import { type Started, startOnUnix, startOnWindows } from './start-process.ts';
import { createWatchdog } from './watchdog.ts';

export type LocalExecutorOptions = {
  readonly log: Log;
  readonly platform?: NodeJS.Platform;
  /** The shell that watches and registers; null for the way without one. Default: the first of SHELLS that exists. */
  readonly shell?: string | null;
};

/** The small one first: it starts faster, and hands the environment on without additions of its own. */
const SHELLS = ['/bin/dash', '/bin/sh'];

/** Runs programs on this machine. One per process of Plugboard: it owns the watchdog. */
export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  const { log, platform = process.platform } = options;
  const shell = options.shell === undefined ? (SHELLS.find((file) => existsSync(file)) ?? null) : options.shell;
  const watchdog = createWatchdog(shell, log);
  const children = new Set<Child>();
  let closed = false;

  const start = async (spec: OpenSpec): Promise<Started | SpawnFailure> => {
    const found = await findCommand(spec, platform);
    if (found.kind !== 'found') return found;
    if (closed) return { kind: 'failed', code: 'ECANCELED' };
    if (platform === 'win32') return startOnWindows(found.file, spec);
    return startOnUnix(found.file, spec, { shell, watchdog });
  };

  const onGone = (child: Child): void => {
    watchdog.forget(child.pid);
    children.delete(child);
  };

  const spawn: Executor['spawn'] = async (spec) => {
    const started = await start(opened(spec));
    if (started.kind === 'started') {
      const child = createChild(started.process, { platform, log, onGone });
      children.add(child);
      if (closed) await child.endGroup({ graceMs: 0 });
      return { kind: 'started', child };
    }
    const missing = started.kind === 'failed' && started.code === 'ENOENT';
    return missing ? { kind: 'command_not_found', command: spec.command, detail: 'missing' } : started;
  };

  return {
    spawn,
    runProgram: (program, runOptions) => runProgram(spawn, platform, { program, ...runOptions }),
    close: async () => {
      closed = true;
      await Promise.all([...children].map((child) => child.endGroup()));
      await watchdog.close();
    },
  };
}

/** Secrets leave Plugboard here, for the one program that they are for. */
function opened({ command, args, cwd, env }: ProcessSpec): OpenSpec {
  return {
    command,
    args: args.map(reveal),
    cwd,
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, reveal(value)])),
  };
}

function reveal(value: string | Secret): string {
  return value instanceof Secret ? value.reveal() : value;
}
