/** Counts one caller's requests: `perSec` on average, twice that at once. 0 means no limit. */
export type Rate = { readonly take: (perSec: number, now: number) => boolean };

export function createRate(): Rate {
  let tokens = Number.POSITIVE_INFINITY;
  let at = 0;
  return {
    take: (perSec, now) => {
      if (perSec === 0) return true;
      tokens = Math.min(perSec * 2, tokens + (Math.max(0, now - at) / 1_000) * perSec);
      at = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
