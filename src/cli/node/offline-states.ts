import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { AppError, silentLog, variableIn } from '../../kernel/index.ts';
import { PASSPHRASE_VARIABLE, SECRETS_FILE } from '../../secrets/index.ts';
import type { Secrets } from '../../secrets/node/index.ts';
import { type Lacking, lackingOf, type ResolvedServer } from '../../servers/index.ts';
import type { CliContext } from './context.ts';
import type { KnownServers } from './known-servers.ts';

/**
 * What servers lack, by name, where no host runs that knows. Starts nothing and asks nobody: what only a provider, a file of
 * `env_file` or a store that does not open could say counts as given. The store is opened only where it can tell more.
 */
export async function offlineStates(
  context: CliContext,
  { servers, loaded }: Pick<KnownServers, 'servers' | 'loaded'>,
): Promise<ReadonlyMap<string, Lacking>> {
  const variable = (name: string): string | undefined =>
    name === PASSPHRASE_VARIABLE ? undefined : variableIn(context.env, name);
  const statesWith = (has: (name: string, server: ResolvedServer) => boolean): ReadonlyMap<string, Lacking> =>
    new Map(
      servers.flatMap((server) => {
        const lacking = lackingOf(server, { variable, secret: (name) => has(name, server) });
        return lacking === null ? [] : [[server.name, lacking] as const];
      }),
    );
  const withAll = statesWith(() => true);
  const withNone = statesWith(() => false);
  if (isDeepStrictEqual(withAll, withNone)) return withAll;
  const secrets = await openQuietly(context, loaded);
  if (secrets === 'shut') return withAll;
  if (secrets === null) return withNone;
  return statesWith((name, { sources }) => secrets.get(name, sources.consumer).kind === 'found');
}

/** @returns null where nothing was ever stored; `shut` where nobody can tell. */
async function openQuietly(
  context: CliContext,
  loaded: KnownServers['loaded'],
): Promise<Pick<Secrets, 'get'> | 'shut' | null> {
  if (!existsSync(join(context.home, SECRETS_FILE))) return null;
  const [{ createLocalExecutor }, { secretsOf }] = await Promise.all([
    import('../../executors/node/index.ts'),
    import('./host-secrets.ts'),
  ]);
  const executor = createLocalExecutor({ log: silentLog });
  const { runProgram } = executor;
  try {
    return await secretsOf(context, { runProgram, log: silentLog }).open(loaded);
  } catch (error) {
    if (error instanceof AppError) return 'shut';
    throw error;
  } finally {
    await executor.close();
  }
}
