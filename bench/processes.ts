/** What `/proc` says of a tree of processes: who is in it, how much CPU time it has used, how much memory it holds. */
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds per clock tick: USER_HZ is 100 on every Linux that Node supports. */
const TICK_MS = 10;

type Entry = { readonly pid: number; readonly parent: number; readonly cpuMs: number };

/** Bytes. `pssBytes` counts shared pages in proportion; undefined where it may not be read. */
export type Memory = { readonly rssBytes: number; readonly pssBytes: number | undefined };

/** `root` and everything below it, without the processes whose command line holds `except`, nor what is below them. */
export function processTree(root: number, except: string): number[] {
  const children = Map.groupBy(readEntries(), (entry) => entry.parent);
  const tree: number[] = [];
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    if (pid !== root && commandLine(pid).includes(except)) continue;
    tree.push(pid);
    queue.push(...(children.get(pid) ?? []).map((entry) => entry.pid));
  }
  return tree;
}

/** User and system time together. A process that has ended counts as 0. */
export function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + (readEntry(pid)?.cpuMs ?? 0), 0);
}

export function memory(pids: readonly number[]): Memory {
  const rss = pids.map((pid) => kilobytes(`/proc/${pid}/status`, 'VmRSS') ?? 0);
  const pss = pids.map((pid) => kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss'));
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0) * 1024;
  const known = pss.filter((one) => one !== undefined);
  return { rssBytes: sum(rss), pssBytes: known.length === pss.length ? sum(known) : undefined };
}

function readEntries(): Entry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readEntry(Number(name)))
    .filter((entry) => entry !== undefined);
}

/** The name in `/proc/PID/stat` may hold spaces and brackets, so fields are counted from its last bracket on. */
function readEntry(pid: number): Entry | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
  return { pid, parent: parent ?? 0, cpuMs: ((user ?? 0) + (system ?? 0)) * TICK_MS };
}

const commandLine = (pid: number): string => read(`/proc/${pid}/cmdline`) ?? '';

function kilobytes(path: string, field: string): number | undefined {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(read(path) ?? '')?.[1];
  return found === undefined ? undefined : Number(found);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
