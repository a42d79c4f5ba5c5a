/** Consecutive failed attempts after which Plugboard stops trying by itself. */
export const MAX_ATTEMPTS = 10;

/** A connection that lived this long counts as healthy: the next failure is attempt 1 again. Milliseconds. */
export const HEALTHY_AFTER_MS = 60_000;

/**
 * How long to wait before the next attempt: 0.5 s, 1, 2, 4, … at most 30 s.
 *
 * @param failures Consecutive failures so far, from 1.
 * @returns Milliseconds, or null when it is time to give up.
 */
export function planRetry(failures: number): number | null {
  if (failures >= MAX_ATTEMPTS) return null;
  return Math.min(500 * 2 ** (failures - 1), 30_000);
}
