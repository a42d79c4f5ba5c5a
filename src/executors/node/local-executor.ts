import { existsSync } from 'node:fs';
import type { Log } from '../../kernel/index.ts';
import type { Child, Executor, ProcessExit, ProcessSpec, SpawnResult } from '../executor.ts';
import { findCommand } from './find-command.ts';
import { endGroup, signalGroup } from './process-group.ts';
import { runProgram } from './run-program.ts';
import { endTreeOnWindows, type Started, startOnUnix, startOnWindows } from './start-process.ts';
import { createWatchdog } from './watchdog.ts';

export type LocalExecutorOptions = {
  readonly log: Log;
  readonly platform?: NodeJS.Platform;
  /** The shell that watches and registers; null for the way without one. Default `/bin/sh` where it exists. */
  readonly shell?: string | null;
};

/** Runs programs on this machine. One per process of Plugboard: it owns the watchdog. */
export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  const { log, platform = process.platform } = options;
  const shell = options.shell === undefined ? (existsSync('/bin/sh') ? '/bin/sh' : null) : options.shell;
  const watchdog = createWatchdog(shell);
  const children = new Set<Child>();
  let closed = false;

  const start = async (spec: ProcessSpec): Promise<Started | Exclude<SpawnResult, { kind: 'started' }>> => {
    if (platform === 'win32') return startOnWindows(spec);
    const found = await findCommand(spec);
    if (found.kind !== 'found') return found;
    if (closed) return { kind: 'failed', code: 'ECANCELED' };
    return startOnUnix(found.file, spec, { shell, watchdog });
  };

  const childOf = (process: Extract<Started, { kind: 'started' }>['process']): Child => {
    const { pid, stdin, stdout, stderr } = process;
    const exited = new Promise<ProcessExit>((resolve) => {
      process.once('exit', (code, signal) => resolve({ code, signal }));
    });
    let gone = false;
    const forget = (): void => {
      gone = true;
      watchdog.forget(pid);
      children.delete(child);
    };
    const end: Child['endGroup'] = async (endOptions = {}) => {
      stdin.end();
      // Its number may belong to another program by now.
      if (gone) return;
      if (platform === 'win32') await endTreeOnWindows(pid);
      else if (!(await endGroup(pid, exited, endOptions)))
        log('warn', 'a process group did not end after SIGKILL', { pid });
      forget();
    };
    let ending: Promise<void> | null = null;
    const child: Child = {
      pid,
      stdin,
      stdout,
      stderr,
      exited,
      endGroup: (endOptions) => {
        ending ??= end(endOptions);
        return ending;
      },
    };
    stdin.on('error', () => {});
    children.add(child);
    // A group that went by itself is forgotten at once, so that its number can be used again by the system.
    void exited.then(() => {
      if (platform === 'win32' || !signalGroup(pid, 0)) forget();
    });
    return child;
  };

  const spawn: Executor['spawn'] = async (spec) => {
    if (closed) return { kind: 'failed', code: 'ECANCELED' };
    const started = await start(spec);
    switch (started.kind) {
      case 'started':
        return { kind: 'started', child: childOf(started.process) };
      case 'failed':
        if (started.code === 'ENOENT') return { kind: 'command_not_found', command: spec.command, detail: 'missing' };
        return started;
      case 'command_not_found':
      case 'cwd_not_found':
        return started;
      default:
        return started satisfies never;
    }
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
