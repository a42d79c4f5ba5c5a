import type { Log } from '../../kernel/index.ts';
import type { Child, EndOptions, ProcessExit } from '../executor.ts';
import { endGroup, signalGroup } from './process-group.ts';
import { endTreeOnWindows, type StartedProcess } from './start-process.ts';

/**
 * A started process as a `Child`. `onGone` is told once, when nothing of its group is left (or when nothing more can be
 * done about it); from then on its number may belong to another program, and is not signalled again.
 */
export function createChild(
  started: StartedProcess,
  context: { readonly platform: NodeJS.Platform; readonly log: Log; readonly onGone: (child: Child) => void },
): Child {
  const { pid, stdin, stdout, stderr } = started;
  const onWindows = context.platform === 'win32';
  const exited = new Promise<ProcessExit>((resolve) => {
    started.once('exit', (code, signal) => resolve({ code, signal }));
  });
  let ending: Promise<void> | null = null;
  let gone = false;
  const forget = (): void => {
    if (!gone) context.onGone(child);
    gone = true;
  };
  const end = async (options: EndOptions): Promise<void> => {
    stdin.end();
    if (gone) return;
    if (onWindows) await endTreeOnWindows(pid);
    else if (!(await endGroup(pid, exited, options)))
      context.log('warn', 'a process group did not end after SIGKILL', { pid });
    forget();
  };

  const child: Child = {
    pid,
    stdin,
    stdout,
    stderr,
    exited,
    endGroup: (options = {}) => {
      ending ??= end(options);
      return ending;
    },
  };
  // A pipe to a program that has gone breaks; what that means is for `exited` to say.
  stdin.on('error', () => {});
  // A group that went by itself is forgotten at once.
  void exited.then(() => {
    if (onWindows || !signalGroup(pid, 0)) forget();
  });
  return child;
}
