import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../kernel/index.ts';
import type { LinkRecord } from '../codex-link.ts';

/** What `connect` changed, by the file it changed. Kept in the home until `--undo`. */
export type LinkRecords = Readonly<Record<string, LinkRecord>>;

function recordsFile(home: string): string {
  return join(home, 'connect', 'codex.json');
}

/** @throws AppError `CONNECT_TARGET` when the file is damaged */
export async function readRecords(home: string): Promise<LinkRecords> {
  const file = recordsFile(home);
  const text = await readFile(file, 'utf8').catch(() => '{}');
  try {
    return JSON.parse(text) as LinkRecords;
  } catch (error) {
    throw new AppError('CONNECT_TARGET', 'the record of what was changed for Codex is damaged', {
      where: file,
      hint: 'remove it; --undo then only takes out the entry that starts Plugboard',
      cause: error,
    });
  }
}

/** @param record null takes it out. */
export async function writeRecord(home: string, target: string, record: LinkRecord | null): Promise<void> {
  const file = recordsFile(home);
  const others = Object.entries(await readRecords(home)).filter(([name]) => name !== target);
  const records = Object.fromEntries(record === null ? others : [...others, [target, record]]);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  if (Object.keys(records).length === 0) await rm(file, { force: true });
  else await writeFile(file, `${JSON.stringify(records, null, 2)}\n`, { mode: 0o600 });
}
