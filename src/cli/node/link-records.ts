import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, isJsonObject } from '../../kernel/index.ts';
import { makeFolder, replaceFile } from '../../kernel/node/index.ts';
import type { LinkRecord } from '../codex-link.ts';

/** What `connect` changed, by the file it changed. Kept in the home until `--undo`. */
export type LinkRecords = Readonly<Record<string, LinkRecord>>;

function recordsFile(home: string): string {
  return join(home, 'connect', 'codex.json');
}

/** @throws AppError `CONNECT_TARGET` when the file cannot be read or is damaged */
export async function readRecords(home: string): Promise<LinkRecords> {
  const file = recordsFile(home);
  try {
    const records: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!isJsonObject(records)) throw new Error('not an object');
    return records as unknown as LinkRecords;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new AppError('CONNECT_TARGET', 'the record of what was changed for Codex cannot be read', {
      where: file,
      hint: 'check that you may read it; without it --undo changes nothing',
      cause: error,
    });
  }
}

/** @param record null takes it out. */
export async function writeRecord(home: string, target: string, record: LinkRecord | null): Promise<void> {
  const file = recordsFile(home);
  const others = Object.entries(await readRecords(home)).filter(([name]) => name !== target);
  const records = Object.fromEntries(record === null ? others : [...others, [target, record]]);
  await makeFolder(dirname(file), { mode: 0o700 });
  if (Object.keys(records).length === 0) await rm(file, { force: true });
  else await replaceFile(file, `${JSON.stringify(records, null, 2)}\n`, { mode: 0o600 });
}
