import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, isJsonObject, type JsonObject } from '../../kernel/index.ts';
import type { FetchOptions } from '../store.ts';
import type { PluginSource } from '../types.ts';
import type { StoreOptions } from './ports.ts';
import { npmEnvironment } from './program-env.ts';
import { fetchFailed, lastWords, runFetch, type Said } from './run-fetch.ts';
import { extractTarball } from './tarball.ts';
import type { TreeLimits } from './tree-limits.ts';

type NpmSource = Extract<PluginSource, { readonly source: 'npm' }>;

const PACK_MS = 300_000;
const EXACT = /^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;

/**
 * Fetches a package from a registry with `npm pack`, which runs nothing of it, and unpacks it into `content`.
 *
 * @param into `folder` is an empty one of ours.
 * @returns Version and integrity of what was fetched: `1.2.0 sha512-…`.
 * @throws AppError `PLUGIN_FETCH_FAILED`, `PLUGIN_NAME_MISMATCH`, `PLUGIN_REVISION_MISMATCH`, `PLUGIN_TOO_LARGE`,
 *   `PLUGIN_UNSAFE_ARCHIVE`, `PLUGIN_PROGRAM_MISSING`
 */
export async function fetchNpm(
  tools: Pick<StoreOptions, 'runProgram' | 'env'>,
  source: NpmSource,
  into: FetchOptions & { readonly folder: string; readonly content: string; readonly limits: TreeLimits },
): Promise<string> {
  const from = source.version === undefined ? source.package : `${source.package}@${source.version}`;
  into.onProgress(`fetching ${from} with npm`);
  const folder = join(into.folder, 'npm');
  await mkdir(folder, { recursive: true });
  // A project of its own, so that no settings of a folder above count.
  await writeFile(join(folder, 'package.json'), '{}\n');
  const said = await runFetch(tools.runProgram, {
    program: 'npm',
    args: [...packArgs(source, folder), '--', from],
    cwd: folder,
    env: npmEnvironment(tools.env),
    timeoutMs: PACK_MS,
    signal: into.signal,
    from,
    fills: folder,
  });
  if (said.code !== 0) throw npmFailed(from, said);
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (archive === undefined) throw fetchFailed({ from, program: 'npm' }, 'npm left no archive');
  into.onProgress(`unpacking ${from}`);
  const file = join(folder, archive);
  await extractTarball(file, into.content, { limits: into.limits, from, signal: into.signal });
  const version = await checkedVersion(source, into.content, from);
  return `${version} ${await integrityOf(file)}`;
}

function packArgs({ package: name, registry }: NpmSource, folder: string): readonly string[] {
  const scope = name.startsWith('@') ? (name.split('/')[0] ?? '') : null;
  const scoped = scope === null ? [] : [`--${scope}:registry=${registry}`];
  return [
    'pack',
    '--ignore-scripts',
    '--json',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--no-workspaces',
    // npm itself waits for more than a minute before it says that nobody answers.
    '--fetch-retries=1',
    '--fetch-retry-mintimeout=1000',
    `--pack-destination=${folder}`,
    ...(registry === undefined ? [] : [`--registry=${registry}`, ...scoped]),
  ];
}

/** With `--json`, npm says what went wrong as JSON. Content that is not what the registry promised has a code of its own. */
function npmFailed(from: string, said: Said): AppError {
  const { code, summary } = errorOf(said.stdout);
  if (code === 'EINTEGRITY') {
    return new AppError('PLUGIN_REVISION_MISMATCH', `${from} is not what its registry says it is`, { where: from });
  }
  const words = code === null ? lastWords(said.stderr) : lastWords(summary === null ? code : `${code} ${summary}`);
  return fetchFailed({ from, program: 'npm' }, words);
}

function errorOf(stdout: string): { readonly code: string | null; readonly summary: string | null } {
  const said = jsonObject(stdout);
  const error = isJsonObject(said?.['error']) ? said['error'] : {};
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  return { code: text(error['code']), summary: text(error['summary'])?.split('\n')[0] ?? null };
}

function jsonObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** What the archive says that it is must be what was asked for. */
async function checkedVersion(source: NpmSource, content: string, from: string): Promise<string> {
  const text = await readFile(join(content, 'package.json'), 'utf8').catch(() => '');
  const { name, version } = jsonObject(text) ?? {};
  if (name !== source.package) {
    const found = typeof name === 'string' ? `\`${name}\`` : 'none';
    throw new AppError('PLUGIN_NAME_MISMATCH', `the archive of the package \`${source.package}\` names ${found}`, {
      where: from,
      hint: 'ask the maintainer of the package; nothing was installed',
    });
  }
  const isExact = source.version !== undefined && EXACT.test(source.version);
  if (typeof version !== 'string' || (isExact && version !== source.version)) {
    const found = typeof version === 'string' ? `the version ${version}` : 'no version';
    throw new AppError('PLUGIN_REVISION_MISMATCH', `the archive of ${from} names ${found}`, { where: from });
  }
  return version;
}

async function integrityOf(file: string): Promise<string> {
  const digest = createHash('sha512');
  for await (const chunk of createReadStream(file)) digest.update(chunk as Buffer);
  return `sha512-${digest.digest('base64')}`;
}
