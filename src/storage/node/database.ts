import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../kernel/index.ts';

/** Every change of the schema, in order; `user_version` counts those that were applied. Entries are never edited. */
const MIGRATIONS = [
  `CREATE TABLE token (
     name TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, user TEXT, team TEXT, workspace TEXT,
     human INTEGER NOT NULL, created_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE server_fact (
     server_key TEXT NOT NULL, fact TEXT NOT NULL, value TEXT NOT NULL, learned_at INTEGER NOT NULL,
     PRIMARY KEY (server_key, fact)
   ) STRICT;`,
];

/** How long a statement waits for another process that writes. Milliseconds. */
const BUSY_MS = 5_000;

/** SQLite's codes for a file that is damaged, and for one that is no database. */
const DAMAGED: ReadonlySet<number> = new Set([11, 26]);

/**
 * Opens the database of a home and brings its schema up to date. Safe with other processes.
 *
 * @param file null keeps it in memory.
 * @throws AppError `DATABASE`
 */
export function openDatabase(file: string | null): DatabaseSync {
  try {
    const db = new DatabaseSync(file ?? ':memory:', { timeout: BUSY_MS });
    if (file !== null) chmodSync(file, 0o600);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    migrate(db);
    return db;
  } catch (error) {
    throw new AppError(
      'DATABASE',
      `the database could not be opened: ${error instanceof Error ? error.message : String(error)}`,
      {
        ...(file === null ? {} : { where: file }),
        ...(isDamaged(error)
          ? { hint: 'move the file away; a new one is made, and tokens must be created again' }
          : {}),
        cause: error,
      },
    );
  }
}

function isDamaged(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && DAMAGED.has(Number(error.errcode) & 0xff);
}

function migrate(db: DatabaseSync): void {
  const version = (): number => Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version() >= MIGRATIONS.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (let next = version(); next < MIGRATIONS.length; next += 1) {
      db.exec(MIGRATIONS[next] ?? '');
      db.exec(`PRAGMA user_version = ${next + 1}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}
