/** The levels of MCP's logging, from the most talkative. @see MCP 2025-11-25, server/utilities/logging */
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

export function isLogLevel(value: unknown): value is string {
  return typeof value === 'string' && LEVELS.includes(value);
}

/** Whether a message of `level` is wanted by a session that asked for `wanted`; without a wish everything is. */
export function passesLevel(level: unknown, wanted: string | null): boolean {
  return wanted === null || LEVELS.indexOf(String(level)) >= LEVELS.indexOf(wanted);
}
