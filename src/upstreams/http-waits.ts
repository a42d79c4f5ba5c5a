/** Attempts in a row to open a lost stream again, before it is given up. */
export const MAX_STREAM_FAILURES = 4;

/**
 * How long to wait before a lost stream is opened again.
 *
 * @param retryMs What the server asked for; kept within 10 ms and one minute.
 * @param failures Attempts in a row that brought nothing, from 0: then 1 s, 1.5, 2.25 … at most 30 s.
 * @returns Milliseconds.
 */
export function planReopen(retryMs: number | null, failures: number): number {
  const own = Math.min(1_000 * 1.5 ** failures, 30_000);
  if (retryMs === null) return own;
  const asked = Math.min(Math.max(retryMs, 10), 60_000);
  return failures === 0 ? asked : Math.max(asked, own);
}
