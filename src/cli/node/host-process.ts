import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { HostStatus } from '../../api/index.ts';
import { privateFolder, type SocketServer, serveSocket } from '../../api/node/index.ts';
import { loadConfig } from '../../config/node/index.ts';
import { createLocalExecutor } from '../../executors/node/index.ts';
import { type HttpGateway, serveHttp, serveStream } from '../../gateway/node/index.ts';
import { createHost, type LocalHost, watchFiles } from '../../host/node/index.ts';
import type { Caller, Clock, Log } from '../../kernel/index.ts';
import { openLogFile, systemClock } from '../../kernel/node/index.ts';
import { openStore, type Store, takeLock } from '../../storage/node/index.ts';
import type { CliContext } from './context.ts';

/** A host in this process, with everything that stands around it. */
export type HostProcess = {
  readonly host: LocalHost;
  readonly store: Store;
  /** Opens the HTTP front. @throws AppError `PORT_IN_USE` | `HTTP_AUTH_NONE_NOT_LOCAL` */
  readonly listen: (at: { readonly host: string; readonly port: number }) => Promise<HttpGateway>;
  readonly status: () => HostStatus;
  /** Ends everything. Idempotent. */
  readonly close: () => Promise<void>;
};

export type HostProcessOptions = {
  /**
   * `home`: the one host of the home, with its lock and socket. `standalone`: beside it, known to nobody.
   */
  readonly as: 'home' | 'standalone';
  /** Called when the number of socket callers changes. */
  readonly onClients?: (clients: number) => void;
};

/** How long a looked-up token is believed, so that not every request asks the database. Milliseconds. */
const TOKEN_CACHE_MS = 1_000;

/**
 * Starts a host in this process.
 *
 * @returns null when the home has a running host already (only for `as: 'home'`).
 * @throws AppError what loading the configuration, the database or the folders refuse with
 */
export async function startHostProcess(context: CliContext, options: HostProcessOptions): Promise<HostProcess | null> {
  privateFolder(context.home);
  privateFolder(join(context.home, 'run'));
  const unlock = options.as === 'home' ? takeLock(context.paths.lock) : (): void => {};
  if (unlock === null) return null;
  try {
    return await assemble(context, { ...options, unlock });
  } catch (error) {
    unlock();
    throw error;
  }
}

async function assemble(
  context: CliContext,
  options: HostProcessOptions & { readonly unlock: () => void },
): Promise<HostProcess> {
  const logFile = openLogFile(join(context.home, 'logs', 'host.log'));
  const log = fileLog(logFile.append, systemClock);
  const store = openStore(join(context.home, 'plugboard.db'));
  const executor = createLocalExecutor({ log });
  const host = await createHost({
    home: context.home,
    version: context.version,
    load: () => loadConfig(context.loadOptions),
    workspace: context.loadOptions.projectDir ?? context.cwd,
    env: context.env,
    executor,
    facts: store.facts,
    clock: systemClock,
    log,
  });
  const fronts = new Set<HttpGateway>();
  const listen: HostProcess['listen'] = async (at) => {
    const front = await serveHttp(
      {
        host,
        settings: () => host.config().serve,
        authenticate: cachedTokens(store, systemClock),
        now: systemClock.now,
        log,
      },
      at,
    );
    fronts.add(front);
    return { ...front, close: () => front.close().finally(() => fronts.delete(front)) };
  };
  let socket: SocketServer | null = null;
  const status = (): HostStatus => ({
    version: context.version,
    pid: process.pid,
    home: context.home,
    endpoints: [...fronts].map((front) => front.endpoint),
    clients: (socket?.clients() ?? 0) + [...fronts].reduce((sum, front) => sum + front.sessions(), 0),
    servers: host.servers().map((view) => view.report),
    issues: host.issues(),
  });
  const stopWatching = watchFiles(host.files, () => void host.reload());
  if (options.as === 'home') {
    socket = await serveSocket({
      host,
      paths: context.paths,
      config: context.configArgs,
      status,
      serveAgent: ({ socket: stream, ...agent }) =>
        serveStream({ ...agent, id: randomUUID(), host, log, input: stream, output: stream }),
      listen,
      onClients: options.onClients ?? ((): void => {}),
      log,
    });
  }
  log('info', 'the host has started', { version: context.version, as: options.as });
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    stopWatching();
    await Promise.all([...fronts].map((front) => front.close()));
    await socket?.close();
    await host.close();
    store.close();
    options.unlock();
    log('info', 'the host has ended');
    logFile.close();
  };
  return { host, store, listen, status, close: () => (closing ??= close()) };
}

/** One JSON object per line: time, level, message, facts. */
function fileLog(append: (text: string) => void, clock: Clock): Log {
  return (level, message, facts) => {
    if (level !== 'debug')
      append(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message, ...facts })}\n`);
  };
}

/** Looks tokens up; what was found is believed for a second, so a revoked token works that much longer. */
function cachedTokens(store: Store, clock: Clock): (token: string) => Caller | null {
  const known = new Map<string, { readonly caller: Caller; readonly until: number }>();
  return (token) => {
    const now = clock.now();
    const found = known.get(token);
    if (found !== undefined && now < found.until) return found.caller;
    known.delete(token);
    const record = store.tokens.find(token);
    if (record === null) return null;
    const { name, user, team, workspace, human } = record;
    const caller: Caller = { kind: 'token', name, user, team, workspace, agent: null, human };
    known.set(token, { caller, until: now + TOKEN_CACHE_MS });
    return caller;
  };
}
