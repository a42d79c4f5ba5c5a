import { existsSync } from 'node:fs';
import { createLocalExecutor } from '../../executors/node/index.ts';
import { AppError, Secret, type ServerState, silentLog } from '../../kernel/index.ts';
import { PASSPHRASE_VARIABLE } from '../../secrets/index.ts';
import type { Secrets } from '../../secrets/node/index.ts';
import { fillLaunch, type Launch, type ResolvedServer } from '../../servers/index.ts';
import type { CliContext } from './context.ts';
import { secretsOf } from './host-secrets.ts';
import type { KnownServers } from './known-servers.ts';

type Needed = Extract<ServerState, { kind: 'needs_config' }>;

/**
 * What servers that may start would lack, by name, where no host runs that knows. Starts nothing and asks nobody: what only
 * a provider, a file of `env_file` or a store that does not open could say counts as given.
 */
export async function offlineStates(
  context: CliContext,
  { servers, loaded }: Pick<KnownServers, 'servers' | 'loaded'>,
): Promise<ReadonlyMap<string, Needed>> {
  const lacking = servers.flatMap((server) => {
    const launch = server.verdict.kind === 'startable' ? server.verdict.launch : null;
    if (launch === null || (launch.kind === 'stdio' && launch.envFile !== null)) return [];
    const state = needed(context, { server, launch, secrets: null });
    return state === null ? [] : [{ server, launch, state }];
  });
  if (lacking.length === 0) return new Map();
  const secrets = await openQuietly(context, loaded);
  if (secrets === 'shut') return new Map();
  return new Map(
    lacking.flatMap(({ server, launch, state }) => {
      const now = secrets === null ? state : needed(context, { server, launch, secrets });
      return now === null ? [] : [[server.name, now] as const];
    }),
  );
}

type Opened = Pick<Secrets, 'get'>;
type Of = { readonly server: ResolvedServer; readonly launch: Launch; readonly secrets: Opened | null };

function needed({ env }: CliContext, { server: { sources }, launch, secrets }: Of): Needed | null {
  const filled = fillLaunch(launch, sources, {
    variable: (name) => (name === PASSPHRASE_VARIABLE ? undefined : env[name]),
    secret: (name) => {
      const found = secrets?.get(name, sources.consumer);
      return found?.kind === 'found' ? found.secret : undefined;
    },
    provided: (reference) => new Secret(reference, ''),
    envFile: {},
  });
  return filled.kind === 'needs_config' ? filled : null;
}

/** @returns null where nothing was ever stored; `shut` where nobody can tell. */
async function openQuietly(context: CliContext, loaded: KnownServers['loaded']): Promise<Opened | 'shut' | null> {
  const executor = createLocalExecutor({ log: silentLog });
  const { runProgram } = executor;
  const { file, open } = secretsOf(context, { runProgram, log: silentLog });
  if (!existsSync(file)) return null;
  try {
    return await open(loaded);
  } catch (error) {
    if (error instanceof AppError) return 'shut';
    throw error;
  } finally {
    await executor.close();
  }
}
