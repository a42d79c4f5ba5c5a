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
import type { TokenRecord } from '../../storage/index.ts';
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
  const host = await createHost({
    home: context.home,
    version: context.version,
    load: () => loadConfig(context.loadOptions),
    workspace: context.loadOptions.projectDir ?? context.cwd,
    env: context.env,
    executor: createLocalExecutor({ log }),
    facts: store.facts,
    clock: systemClock,
    log,
  });
  const onClosed = (): void => {
    logFile.close();
    options.unlock();
  };
  const running = new RunningHost({ context, host, store, log, onClosed });
  try {
    if (options.as === 'home') await running.openSocket(options.onClients ?? ((): void => {}));
  } catch (error) {
    await running.close();
    throw error;
  }
  log('info', 'the host has started', { version: context.version, as: options.as });
  return running;
}

type Parts = {
  readonly context: CliContext;
  readonly host: LocalHost;
  readonly store: Store;
  readonly log: Log;
  readonly onClosed: () => void;
};

/** A host with its fronts: the HTTP endpoints that are open, the socket, and the watch on its files. */
class RunningHost implements HostProcess {
  readonly host: LocalHost;
  readonly store: Store;
  readonly #parts: Parts;
  readonly #fronts = new Set<HttpGateway>();
  readonly #stopWatching: () => void;
  #socket: SocketServer | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.host = parts.host;
    this.store = parts.store;
    this.#stopWatching = watchFiles(parts.host.files, () => void parts.host.reload());
  }

  listen: HostProcess['listen'] = async (at) => {
    const { host, store, log } = this.#parts;
    const authenticate = (token: string): Caller | null => callerOf(store.tokens.find(token));
    const front = await serveHttp(
      { host, settings: () => host.config().serve, authenticate, now: systemClock.now, log },
      at,
    );
    this.#fronts.add(front);
    return { ...front, close: () => front.close().finally(() => this.#fronts.delete(front)) };
  };

  status = (): HostStatus => {
    const { context, host } = this.#parts;
    const sessions = [...this.#fronts].reduce((sum, front) => sum + front.sessions(), 0);
    return {
      version: context.version,
      pid: process.pid,
      home: context.home,
      endpoints: [...this.#fronts].map((front) => front.endpoint),
      clients: (this.#socket?.clients() ?? 0) + sessions,
      servers: host.servers().map((view) => view.report),
      issues: host.issues(),
    };
  };

  close = (): Promise<void> => (this.#closing ??= this.#close());

  async openSocket(onClients: (clients: number) => void): Promise<void> {
    const { context, host, log } = this.#parts;
    this.#socket = await serveSocket({
      host,
      paths: context.paths,
      config: context.configArgs,
      status: this.status,
      serveAgent: ({ socket, ...agent }) =>
        serveStream({ ...agent, id: randomUUID(), host, log, input: socket, output: socket }),
      listen: this.listen,
      onClients,
      log,
    });
  }

  async #close(): Promise<void> {
    const { host, store, log, onClosed } = this.#parts;
    this.#stopWatching();
    await Promise.all([...this.#fronts].map((front) => front.close()));
    await this.#socket?.close();
    await host.close();
    store.close();
    log('info', 'the host has ended');
    onClosed();
  }
}

/** Asked for each request, so that a revoked token ends at once. */
function callerOf(record: TokenRecord | null): Caller | null {
  if (record === null) return null;
  const { name, user, team, workspace, human } = record;
  return { kind: 'token', name, user, team, workspace, agent: null, human };
}

/** One JSON object per line: time, level, message, facts. */
function fileLog(append: (text: string) => void, clock: Clock): Log {
  return (level, message, facts) => {
    if (level !== 'debug')
      append(`${JSON.stringify({ time: new Date(clock.now()).toISOString(), level, message, ...facts })}\n`);
  };
}
