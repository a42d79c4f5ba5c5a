import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../kernel/index.ts';

/**
 * A lock between processes: a write transaction that stays open. The kernel ends it with its process, however that
 * ends, so a lock left by a killed holder is free at once.
 *
 * @returns A function that gives the lock back (idempotent), or null when another process holds it.
 * @throws AppError `HOME_UNUSABLE`
 */
export function takeLock(file: string): (() => void) | null {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec('BEGIN EXCLUSIVE');
    const held = db;
    return () => {
      if (held.isOpen) held.close();
    };
  } catch (error) {
    db?.close();
    if (isBusy(error)) return null;
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('HOME_UNUSABLE', `the lock cannot be taken: ${why}`, { where: file, cause: error });
  }
}

function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5;
  return (
    typeof error === 'object' && error !== null && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY
  );
}
