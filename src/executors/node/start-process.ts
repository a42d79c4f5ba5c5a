import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import crossSpawn from 'cross-spawn';
import type { OpenSpec } from '../executor.ts';
import { REGISTER_AND_EXEC, type Watchdog } from './watchdog.ts';

export type StartedProcess = ChildProcessWithoutNullStreams & { readonly pid: number };
export type Started =
  | { readonly kind: 'started'; readonly process: StartedProcess }
  | { readonly kind: 'failed'; readonly code: string };

/**
 * Variables that a shell would not hand on as they are: its own, and names that are no identifiers. A program with one of
 * them is started without the registering shell, and registered right after.
 */
const SHELLS_OWN =
  /^(?:_|IFS|OPTARG|OPTERR|OPTIND|PPID|E?UID|PWD|OLDPWD|PS\d|ENV|LINENO|SHLVL|SHELLOPTS|GROUPS|DIRSTACK|FUNCNAME|S?RANDOM|SECONDS|HIST\w*|BASH\w*|EPOCH\w*|POSIXLY_CORRECT)$/;
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const passesShell = (name: string): boolean => IDENTIFIER.test(name) && !SHELLS_OWN.test(name);

/** What `spawn` did, once it is known: started with a process id, or refused with an errno name. */
async function outcome(start: () => ChildProcess): Promise<Started> {
  try {
    const child = start();
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.on('error', () => {});
    return { kind: 'started', process: child as StartedProcess };
  } catch (error) {
    // Only the code: the text of an argument error holds the argument.
    return { kind: 'failed', code: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN' };
  }
}

/** Starts `file` in its own process group, known to the watchdog before it runs (see SHELLS_OWN for the exceptions). */
export function startOnUnix(file: string, spec: OpenSpec, means: { shell: string | null; watchdog: Watchdog }) {
  const { shell, watchdog } = means;
  const common = { cwd: spec.cwd, env: spec.env, detached: true } as const;
  const direct = shell === null || !Object.keys(spec.env).every(passesShell);
  return outcome(() => {
    const pipe = watchdog.pipe();
    const child = direct
      ? spawn(file, spec.args, { ...common, stdio: ['pipe', 'pipe', 'pipe'] })
      : spawn(shell, ['-c', REGISTER_AND_EXEC, 'sh', file, ...spec.args], {
          ...common,
          stdio: ['pipe', 'pipe', 'pipe', pipe],
        });
    if (child.pid !== undefined) watchdog.add(child.pid, !direct);
    return child;
  });
}

/** Starts `file`, which may be a batch file, on Windows. Written, not tested. */
export function startOnWindows(file: string, spec: OpenSpec): Promise<Started> {
  return outcome(() =>
    crossSpawn(file, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    }),
  );
}

/** Ends a program and all it started, on Windows. Resolves when `taskkill` has run. */
export function endTreeOnWindows(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const killer = spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
    killer.once('error', () => resolve());
    killer.once('exit', () => resolve());
  });
}
