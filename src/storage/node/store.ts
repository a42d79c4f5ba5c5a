import { randomBytes } from 'node:crypto';
import type { SQLOutputValue } from 'node:sqlite';
import { AppError, type EpochMs } from '../../kernel/index.ts';
import { digestToken, formatToken, type TokenRecord } from '../token.ts';
import { openDatabase } from './database.ts';

/** The records of one home. Every method is one short statement; none waits on anything but the file. @throws AppError `DATABASE` */
export type Store = {
  readonly tokens: {
    /** @returns The token, which can never be shown again. @throws AppError `TOKEN_EXISTS` */
    readonly create: (record: TokenRecord) => string;
    readonly list: () => readonly TokenRecord[];
    /** @returns false when there is no token of this name. */
    readonly revoke: (name: string) => boolean;
    readonly find: (token: string) => TokenRecord | null;
  };
  /** What was learned about a server, by a key that changes with its definition. */
  readonly facts: {
    readonly get: (serverKey: string, fact: string) => string | null;
    /** Never throws, like `get`: what could not be written or read is learned again. */
    readonly set: (fact: ServerFact) => void;
  };
  readonly close: () => void;
};

export type ServerFact = {
  readonly serverKey: string;
  readonly fact: string;
  readonly value: string;
  readonly learnedAt: EpochMs;
};

/** @param file null keeps everything in memory. @throws AppError `DATABASE` */
export function openStore(file: string | null): Store {
  const db = openDatabase(file);
  const insertToken = db.prepare(
    'INSERT INTO token (name, digest, user, team, workspace, human, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const allTokens = db.prepare('SELECT name, user, team, workspace, human, created_at FROM token ORDER BY name');
  const findToken = db.prepare('SELECT name, user, team, workspace, human, created_at FROM token WHERE digest = ?');
  const deleteToken = db.prepare('DELETE FROM token WHERE name = ?');
  const getFact = db.prepare('SELECT value FROM server_fact WHERE server_key = ? AND fact = ?');
  const setFact = db.prepare(
    'INSERT OR REPLACE INTO server_fact (server_key, fact, value, learned_at) VALUES (?, ?, ?, ?)',
  );
  const coded = <T>(run: () => T): T => {
    try {
      return run();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new AppError('DATABASE', `the database could not be used: ${why}`, {
        ...(file === null ? {} : { where: file }),
        cause,
      });
    }
  };
  return {
    tokens: {
      create: (record) => {
        const token = formatToken(randomBytes(32));
        const { name, user, team, workspace, human, createdAt } = record;
        const { changes } = coded(() =>
          insertToken.run(name, digestToken(token), user, team, workspace, human ? 1 : 0, createdAt),
        );
        if (changes === 0)
          throw new AppError('TOKEN_EXISTS', `a token named '${name}' exists`, {
            hint: `run: plugboard token revoke ${name}`,
          });
        return token;
      },
      list: () => coded(() => allTokens.all()).map(tokenOf),
      revoke: (name) => coded(() => deleteToken.run(name)).changes > 0,
      find: (token) => {
        const row = coded(() => findToken.get(digestToken(token)));
        return row === undefined ? null : tokenOf(row);
      },
    },
    facts: {
      get: (serverKey, fact) => orNull(() => textOf(getFact.get(serverKey, fact)?.['value'])),
      set: ({ serverKey, fact, value, learnedAt }) => void orNull(() => setFact.run(serverKey, fact, value, learnedAt)),
    },
    close: () => db.close(),
  };
}

function tokenOf(row: Record<string, SQLOutputValue>): TokenRecord {
  return {
    name: textOf(row['name']) ?? '',
    user: textOf(row['user']),
    team: textOf(row['team']),
    workspace: textOf(row['workspace']),
    human: row['human'] === 1,
    createdAt: Number(row['created_at']),
  };
}

function textOf(value: SQLOutputValue | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** A full disk or a damaged file must not end a connection that works. */
function orNull<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
