import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EndOptions, ProcessExit } from '../executor.ts';

/** What SIGKILL leaves after this is stuck in the kernel or belongs to another user: there is no more to do. */
const AFTER_KILL_MS = 1000;
const DEFAULTS = { graceMs: 500, termMs: 2000 };

/** Signals a whole group. False when no process of it is left, not even a dead one that nobody has collected. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to someone else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True when `pid` is in `group` and runs: not dead and waiting to be collected. Linux. @see proc(5) */
function runsIn(group: number, pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in brackets may hold blanks and brackets; state, parent and group follow the last one.
    const [state, , its] = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3);
    return Number(its) === group && state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}

/**
 * Answers whether something of a group still runs. In a container whose first process collects no orphans, dead
 * grandchildren keep a group in being for ever, so on Linux the members themselves are looked at; all processes of the
 * machine only when none of the members known is left.
 */
function createGroupProbe(group: number): () => boolean {
  let known: readonly string[] = [];
  return () => {
    if (!signalGroup(group, 0)) return false;
    if (process.platform !== 'linux') return true;
    known = known.filter((pid) => runsIn(group, pid));
    if (known.length === 0) known = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && runsIn(group, name));
    return known.length > 0;
  };
}

/** Asks until the answer is no, at most `ms`. True when it was. */
async function goneWithin(runs: () => boolean, ms: number): Promise<boolean> {
  const until = performance.now() + ms;
  for (let waitMs = 2; ; waitMs = Math.min(waitMs * 2, 50)) {
    if (!runs()) return true;
    const left = until - performance.now();
    if (left <= 0) return false;
    await sleep(Math.min(waitMs, left));
  }
}

/**
 * Ends a group: waits for the leader, whose stdin the caller has closed, then SIGTERM, then SIGKILL, each only when
 * something is left.
 *
 * @returns False when something still ran a second after SIGKILL.
 */
export async function endGroup(group: number, exited: Promise<ProcessExit>, options: EndOptions): Promise<boolean> {
  const { graceMs, termMs } = { ...DEFAULTS, ...options };
  const runs = createGroupProbe(group);
  const grace = new AbortController();
  await Promise.race([exited, sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {})]);
  grace.abort();
  if (!signalGroup(group, 'SIGTERM')) return true;
  const gone = await goneWithin(runs, termMs);
  // Also when nothing was seen: a process that was just being made may have been missed, and the dead don't mind.
  signalGroup(group, 'SIGKILL');
  return gone || goneWithin(runs, AFTER_KILL_MS);
}
