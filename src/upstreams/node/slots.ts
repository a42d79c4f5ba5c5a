/** How many servers may be in their first moments at once. */
const AT_ONCE = 4;

/** How long a server that does not answer keeps its slot, so that hung servers hold nobody up. Milliseconds. */
const HOLD_MS = 1_000;

/** Limits how many servers start at once, so that fifty servers do not fight for the processor. */
export type StartSlots = {
  /** Waits for a slot. The returned function gives it back; a second later it is taken back anyway. */
  readonly take: () => Promise<() => void>;
};

export function createStartSlots(): StartSlots {
  const waiting: (() => void)[] = [];
  let free = AT_ONCE;

  const giveBack = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };

  return {
    take: async () => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let held = true;
      const release = (): void => {
        if (!held) return;
        held = false;
        clearTimeout(timer);
        giveBack();
      };
      const timer = setTimeout(release, HOLD_MS);
      return release;
    },
  };
}
