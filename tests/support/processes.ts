import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** State, parent, group and session of a process, or null when there is none. A dead one not yet collected counts as none. */
export function processFacts(
  pid: number,
): { readonly parent: number; readonly group: number; readonly session: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X'
      ? null
      : { parent: Number(parent), group: Number(group), session: Number(session) };
  } catch {
    return null;
  }
}

export const isRunning = (pid: number): boolean => processFacts(pid) !== null;

/** Running processes whose command line contains `mark`. */
export function runningWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark) && isRunning(pid);
      } catch {
        return false;
      }
    });
}

/** Waits until `condition` gives something other than undefined, null or false. @throws after `limitMs` */
export async function until<T>(condition: () => T | undefined | null | false, limitMs = 15_000): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = condition();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${condition.toString()}`);
    await sleep(10);
  }
}
