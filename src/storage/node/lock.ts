import { DatabaseSync } from 'node:sqlite';

/**
 * A lock between processes: a write transaction that stays open. The kernel ends it with its process, however that
 * ends, so a lock left by a killed holder is free at once.
 *
 * @returns A function that gives the lock back, or null when another process holds it.
 */
export function takeLock(file: string): (() => void) | null {
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return () => db.close();
}

function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5;
  return (
    typeof error === 'object' && error !== null && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY
  );
}
