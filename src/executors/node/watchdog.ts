import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Log } from '../../kernel/index.ts';

/**
 * The watchdog: one small process in its own session that remembers which process groups are ours. It reads `add PGID` and
 * `del PGID` line by line from a pipe that only Plugboard (and, until it has registered itself, a starting program) holds
 * open. At the end of that pipe Plugboard is gone, however it died: what is still remembered gets SIGTERM, after a second
 * SIGKILL, and the watchdog leaves. It ignores the signals of a terminal and of a service manager, because its time comes
 * after Plugboard's.
 */
const SHELL_WATCHDOG = `
trap '' HUP INT QUIT TERM
groups=' '
while read -r verb group; do
  case $verb in
    add) case $groups in *" $group "*) ;; *) groups="$groups$group " ;; esac ;;
    del) case $groups in *" $group "*) groups="\${groups%%" $group "*} \${groups#*" $group "}" ;; esac ;;
  esac
done
for group in $groups; do kill -s TERM -- "-$group"; done
for round in 1 2 3 4 5 6 7 8 9 10; do
  left=
  for group in $groups; do kill -s 0 -- "-$group" && left=1; done
  [ "$left" ] || exit 0
  sleep 0.1 || sleep 1
done
for group in $groups; do kill -s KILL -- "-$group"; done
`;

/** The same for machines without a shell. It costs the memory of a Node process. */
const NODE_WATCHDOG = `
for (const name of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM']) process.on(name, () => {});
const groups = new Set();
const send = (group, signal) => { try { process.kill(-group, signal); return true; } catch { return false; } };
let rest = '';
process.stdin.on('data', (data) => {
  const lines = (rest + data).split('\\n');
  rest = lines.pop();
  for (const line of lines) {
    const [verb, group] = line.split(' ');
    if (verb === 'add') groups.add(Number(group));
    else groups.delete(Number(group));
  }
});
process.stdin.on('end', () => {
  for (const group of groups) send(group, 'SIGTERM');
  let rounds = 10;
  const look = () => {
    const left = [...groups].filter((group) => send(group, 0));
    if (left.length === 0) process.exit();
    if (rounds-- > 0) return setTimeout(look, 100);
    for (const group of left) send(group, 'SIGKILL');
    process.exit();
  };
  look();
});
`;

/**
 * How a program registers itself before it becomes what it is to be: its process id is the id of its group, and the pipe on
 * descriptor 3 stays open until the line is written, so that the watchdog cannot miss it even when Plugboard is killed at
 * that very moment. The descriptor is closed and the shell replaced by `exec`. A watchdog that is gone does no harm.
 */
export const REGISTER_AND_EXEC = `trap '' PIPE; echo "add $$" >&3; trap - PIPE; unset PWD OLDPWD SHLVL; exec 3>&- "$@"`;

export type Watchdog = {
  /** The pipe to the watchdog, for a program that registers itself. Starts the watchdog when none runs. */
  readonly pipe: () => Writable;
  /** Remembers a group. `registered` when the program tells the watchdog itself. */
  readonly add: (group: number, registered: boolean) => void;
  /** Forgets a group that is gone, so that its number, used again by the system, is nobody's business. */
  readonly forget: (group: number) => void;
  /** Ends the watchdog and waits for it. What is still remembered is ended by it. */
  readonly close: () => Promise<void>;
};

const MOST_REPLACEMENTS = 10;

type Running = { readonly process: ChildProcess; readonly pipe: Writable };

/** Creates the one watchdog of an executor; its process starts with the first use. `shell` is null where there is none. */
export function createWatchdog(shell: string | null, log: Log): Watchdog {
  const groups = new Set<number>();
  let running: Running | null = null;
  let replacements = 0;

  const start = (): Running => {
    const [program, args] =
      shell === null
        ? [process.execPath, ['--max-old-space-size=16', '--max-semi-space-size=1', '-e', NODE_WATCHDOG]]
        : [shell, ['-c', SHELL_WATCHDOG, 'plugboard-watchdog']];
    const child = spawn(program, args, {
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.unref();
    // A pipe to a child is a socket underneath, and must not keep Plugboard alive.
    (child.stdin as Writable & { readonly unref?: () => void }).unref?.();
    child.stdin.on('error', () => {});
    child.on('error', () => log('warn', 'the watchdog of server processes could not be started'));
    const started = { process: child, pipe: child.stdin };
    child.once('exit', () => {
      if (running === started) running = null;
      // Someone killed it: what it watched is handed to a new one. One that can't live is not tried for ever.
      if (groups.size === 0 || replacements >= MOST_REPLACEMENTS) return;
      replacements += 1;
      ensure();
    });
    for (const group of groups) started.pipe.write(`add ${group}\n`);
    return started;
  };

  const ensure = (): Running => {
    running ??= start();
    return running;
  };

  return {
    pipe: () => ensure().pipe,
    add: (group, registered) => {
      const { pipe } = ensure();
      groups.add(group);
      if (!registered) pipe.write(`add ${group}\n`);
    },
    forget: (group) => {
      if (groups.delete(group)) running?.pipe.write(`del ${group}\n`);
    },
    close: async () => {
      groups.clear();
      const last = running;
      running = null;
      if (last === null) return;
      const gone = new Promise<void>((resolve) => last.process.once('exit', () => resolve()));
      last.process.ref();
      last.pipe.end();
      if (last.process.exitCode === null && last.process.signalCode === null) await gone;
    },
  };
}
