import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isJsonObject } from '../../kernel/index.ts';
import type { LinkRecord } from '../codex-link.ts';

/** What `connect` changed, by the file it changed. Kept in the home until `--undo`. */
export type LinkRecords = Readonly<Record<string, LinkRecord>>;

function recordsFile(home: string): string {
  return join(home, 'connect', 'codex.json');
}

export async function readRecords(home: string): Promise<LinkRecords> {
  const text = await readFile(recordsFile(home), 'utf8').catch(() => '{}');
  const value: unknown = JSON.parse(text);
  return isJsonObject(value) ? (value as unknown as LinkRecords) : {};
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
