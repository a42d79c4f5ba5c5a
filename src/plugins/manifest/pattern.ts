const MAX_PATTERN = 200;
const MAX_REPETITIONS = 6;

/**
 * What keeps a pattern of a plugin from being used, completing "KEY …"; null when nothing does. A plugin is not trusted to
 * write patterns that end in time: those that repeat what varies already, or vary in many places, are refused, and no
 * pattern at all is tried while a plugin is read, since what is left can still take for ever (`(a|a)`, many times over).
 */
export function patternProblem(pattern: string): string | null {
  if (pattern.length > MAX_PATTERN) return `is longer than ${MAX_PATTERN} characters`;
  if (!compiles(pattern)) return 'is not a regular expression';
  if (/\\[1-9k]|\(\?(?!:)/.test(pattern)) return 'uses look-around or refers back to a group, which can take too long';
  const { nested, repetitions } = repetitionsIn(pattern);
  if (nested) return 'repeats a group in which something varies, which can take too long';
  return repetitions <= MAX_REPETITIONS
    ? null
    : `has more than ${MAX_REPETITIONS} repetitions, which can take too long`;
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').source !== '';
  } catch {
    return false;
  }
}

/** An escape, a class of characters, a fixed count; a group's ends; what repeats or varies. */
const PARTS = /\\.|\[(?:\\.|[^\]\\])*\]|\{\d+\}|\((?:\?:)?|\)|[*+?|]|\{\d+,\d*\}/gsu;

/** `repetitions`: how many have no fixed length. `nested`: one of them repeats a group in which something varies. */
function repetitionsIn(pattern: string): { readonly nested: boolean; readonly repetitions: number } {
  const varies: boolean[] = [false];
  let closed: { readonly end: number; readonly varies: boolean } | null = null;
  let nested = false;
  let repetitions = 0;
  for (const { 0: part, index } of pattern.matchAll(PARTS)) {
    if (part.startsWith('\\') || part.startsWith('[')) continue;
    if (part.startsWith('(')) {
      varies.push(false);
      continue;
    }
    if (part === ')') {
      const inner = varies.pop() ?? false;
      if (inner) varies.push((varies.pop() ?? false) || inner);
      closed = { end: index + 1, varies: inner };
      continue;
    }
    const repeats = part !== '|' && part !== '?';
    if (repeats && closed?.end === index && closed.varies) nested = true;
    if (/^\{\d+\}$/.test(part)) continue;
    varies[varies.length - 1] = true;
    // `?` after a repetition only makes it lazy, and counting it as varying is on the safe side.
    if (repeats) repetitions += 1;
  }
  return { nested, repetitions };
}
