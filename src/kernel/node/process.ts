import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/** The environment this process was started with. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return { ...process.env };
}

/** `PLUGBOARD_HOME`, else `~/.plugboard`. Absolute. */
export function homeFolder(env: Readonly<Record<string, string | undefined>>): string {
  return resolve(env['PLUGBOARD_HOME'] || join(env['HOME'] || homedir(), '.plugboard'));
}

/** The version in package.json. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { version?: unknown }).version);
}

/** The account that this process runs as. Its number stands in where it has no name, as in a container. */
export function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
