import type { Bundle } from '../types.ts';

/** The same folder, where nothing is looked at twice: for readings that follow each other at once. */
export function rememberingBundle({ root, look, read, list }: Bundle): Bundle {
  return { root, look: once(look), read: once(read), list: once(list) };
}

function once<T>(ask: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const answer = ask(path);
    known.set(path, answer);
    return answer;
  };
}
