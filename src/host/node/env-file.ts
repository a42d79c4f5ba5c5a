import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { commandLine, type Issue, limitIssues, Secret } from '../../kernel/index.ts';
import { ENV_FILE_NAME, envLineProblems } from '../env-lines.ts';

/** What a file of `env_file` says. `issues`: warnings, of a file that can be used all the same. */
export type EnvFile =
  | { readonly kind: 'read'; readonly values: Readonly<Record<string, Secret>>; readonly issues: readonly Issue[] }
  | { readonly kind: 'bad'; readonly issue: Issue };

export const NO_ENV_FILE: EnvFile = { kind: 'read', values: {}, issues: [] };

/** More than any such file has. */
const MAX_BYTES = 1024 * 1024;
const OF_OTHERS = 0o077;

/** Reads the file of `env_file` for one server. @param file Absolute. */
export async function readEnvFile(file: string, server: string): Promise<EnvFile> {
  const issue = (severity: Issue['severity'], problem: string, hint: string): Issue => ({
    ...{ code: 'ENV_FILE', severity, message: `the env_file of ${server} ${problem}`, hint, file, server },
  });
  const read = await readSmall(file);
  if ('problem' in read) return { kind: 'bad', issue: issue('error', read.problem, 'correct the file, or env_file') };
  const values = Object.entries(parseEnv(read.text)).flatMap(([name, value]) =>
    value === undefined || !ENV_FILE_NAME.test(name) ? [] : [[name, new Secret(name, value)] as const],
  );
  const isOpen = process.platform !== 'win32' && (read.mode & OF_OTHERS) !== 0;
  const modes = isOpen
    ? [issue('warning', 'can be read by others', `run: ${commandLine(['chmod', '600', file])}`)]
    : [];
  const bad = envLineProblems(read.text).map(({ line, problem }) => ({
    ...issue('warning', `has a bad line: line ${line} ${problem}`, 'write NAME=VALUE'),
    line,
  }));
  return { kind: 'read', values: Object.fromEntries(values), issues: [...modes, ...limitIssues(bad)] };
}

type Read = { readonly text: string; readonly mode: number } | { readonly problem: string };

async function readSmall(file: string): Promise<Read> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return { problem: 'is not a file' };
      if (stat.size > MAX_BYTES) return { problem: 'is larger than 1 MiB' };
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
      return text.includes('\0') ? { problem: 'is not text' } : { text, mode: stat.mode };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    return { problem: code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not text' : `cannot be read (${code})` };
  }
}
