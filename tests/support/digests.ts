/** What a server of a test got, told by `tests/fixtures/servers/digests.mjs`, which gives digests and never a value. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterEach } from 'vitest';
import { callText, fixture } from './home.ts';
import { bundledFiles } from './installed-plugin.ts';
import type { Files } from './marketplace-folder.ts';
import type { RawClient } from './raw-client.ts';

/** SHA-256 by name of a variable, header or parameter. */
export type DigestTable = Readonly<Record<string, string>>;

export type StdioDigests = {
  readonly env: DigestTable;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly pid: number;
};

export type HttpDigests = { readonly headers: DigestTable; readonly path: string; readonly query: DigestTable };

/** Values by name; null for one that is not to be there at all. */
export type Expected = Readonly<Record<string, string | null>>;

export const digestOf = (value: string): string => createHash('sha256').update(value).digest('hex');

/** Makes `server.mjs` of a bundle the server that tells digests. */
export const digestFiles = (file = 'server.mjs'): Files => ({ [file]: bundledFiles('digests')['server.mjs'] });

const toolOf = (server: string): string => `${server.replaceAll(/\W/g, '_')}__digests`;

/** What this server of the home was given, asked by an agent. */
export async function digestsFrom(agent: RawClient, server: string): Promise<StdioDigests> {
  return JSON.parse(await callText(agent, toolOf(server))) as StdioDigests;
}

export async function httpDigestsFrom(agent: RawClient, server: string): Promise<HttpDigests> {
  return JSON.parse(await callText(agent, toolOf(server))) as HttpDigests;
}

/**
 * What arrived of that which was expected: the value itself where it is the one, null where there is nothing, else
 * `something else`. To be compared with `expected` as a whole.
 */
export function arrived(digests: DigestTable, expected: Expected): Expected {
  return Object.fromEntries(
    Object.entries(expected).map(([name, value]) => {
      const digest = Object.hasOwn(digests, name) ? digests[name] : undefined;
      if (digest === undefined) return [name, null];
      return [name, value !== null && digest === digestOf(value) ? value : 'something else'];
    }),
  );
}

/** The arguments that arrived: those that are among `known` as they are. */
export function arrivedArgs(digests: readonly string[], known: readonly string[]): readonly string[] {
  return digests.map((digest) => known.find((value) => digestOf(value) === digest) ?? 'something else');
}

/** The variables of a process, as others of the same account can read them; empty when it is gone. */
export function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

/** Starts HTTP servers that tell digests of their requests, and ends them after each test. Gives their addresses. */
export function useHttpDigests(): () => Promise<string> {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });
  return () => {
    const { command, args } = fixture('digests', 'http');
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    ends.push(() => child.kill('SIGKILL'));
    return new Promise((resolve, reject) => {
      child.once('close', (code) => reject(new Error(`the server ended with ${code}`)));
      createInterface({ input: child.stdout }).once('line', resolve);
    });
  };
}
