import { dirname } from 'node:path/posix';

/** Longest chain of links that is followed, as systems do. */
const MAX_HOPS = 40;

/**
 * Whether a symbolic link of a tree leads out of it. Every link on the way is followed as the system would, also where
 * nothing is at its end. What runs in a circle leads nowhere.
 *
 * @param links Target by path, of all links in the tree. Paths are relative, with `/`.
 */
export function leadsOut(path: string, links: ReadonlyMap<string, string>): boolean {
  const here: string[] = dirname(path)
    .split('/')
    .filter((part) => part !== '.');
  const rest = [path.slice(path.lastIndexOf('/') + 1)];
  let hops = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (here.pop() === undefined) return true;
      continue;
    }
    const target = links.get([...here, part].join('/'));
    if (target === undefined) {
      here.push(part);
      continue;
    }
    hops += 1;
    if (hops > MAX_HOPS) return false;
    if (isRooted(target)) return true;
    rest.unshift(...target.split('/'));
  }
  return false;
}

/** Starts at the root of a disk on some system, or uses the separator of another. */
function isRooted(target: string): boolean {
  return target.startsWith('/') || target.includes('\\') || /^[A-Za-z]:/.test(target);
}
