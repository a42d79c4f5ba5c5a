import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type HostStatus, overridesKey } from '../../api/index.ts';
import { greetHost, type Met, privateFolder, type SocketServer, serveSocket } from '../../api/node/index.ts';
import { loadConfig } from '../../config/node/index.ts';
import { createLocalExecutor } from '../../executors/node/index.ts';
import { type HttpGateway, serveHttp, serveStream } from '../../gateway/node/index.ts';
import { createHost, type HostOptions, type LocalHost, type Watched, watchFiles } from '../../host/node/index.ts';
import { AppError, type Caller, type Clock, type Log, type Redact, silentLog } from '../../kernel/index.ts';
import { type LogFile, openLogFile, systemClock } from '../../kernel/node/index.ts';
import type { TokenRecord } from '../../storage/index.ts';
import { openStore, type Store, takeLock } from '../../storage/node/index.ts';
import type { CliContext } from './context.ts';
import { secretsOf } from './host-secrets.ts';
import { pluginLoaderOf } from './plugin-loader.ts';

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

/**
 * Starts a host in this process, beside the host of the home and known to nobody.
 *
 * @param how `keeping: 'nothing'`: it writes no log, and what it learns stays in memory, for a home that cannot be used.
 *   `serving`: what is served in place of the servers and plugins of the home.
 * @throws AppError what loading the configuration, the database or the folders refuse with
 */
export async function startStandalone(
  context: CliContext,
  how: { readonly keeping?: 'nothing'; readonly serving?: Serving } = {},
): Promise<HostProcess> {
  const { serving = servingOf(context) } = how;
  const parts = { ofHome: null, serving };
  if (how.keeping === 'nothing') return assemble(context, { ...parts, logTo: null, store: openStore(null) });
  for (const folder of context.paths.folders) privateFolder(folder);
  return assemble(context, { ...parts, ...keepingIn(context.home) });
}

/** How a host comes to know its servers. */
export type Serving = Pick<HostOptions, 'load' | 'plugins'>;

function servingOf(context: CliContext): Serving {
  return { load: () => loadConfig(context.loadOptions), plugins: pluginLoaderOf(context) };
}

export type HostStart = {
  /** Told when the number of socket callers changes. */
  readonly onClients: (clients: number) => void;
};

/** The lock of the home, and who is told when the number of socket callers changes. */
type OfHome = Pick<HostStart, 'onClients'> & { readonly unlock: () => void };

/**
 * Starts the one host of the home in this process, with its lock and socket.
 *
 * @returns null when the home has a running host already.
 * @throws AppError as {@link startStandalone}
 */
async function startOfHome(context: CliContext, { onClients }: HostStart): Promise<HostProcess | null> {
  for (const folder of context.paths.folders) privateFolder(folder);
  const unlock = takeLock(context.paths.lock);
  if (unlock === null) return null;
  try {
    return await assemble(context, {
      ofHome: { unlock, onClients },
      ...keepingIn(context.home),
      serving: servingOf(context),
    });
  } catch (error) {
    unlock();
    throw error;
  }
}

/** How long another process may take to become this home's host, or to end as one. Milliseconds. */
const MEET_LIMIT_MS = 15_000;
const MEET_EVERY_MS = 25;

/**
 * Becomes the host of the home, or meets the one that is. A process that holds the home and does not answer is starting or
 * ending: what comes of it is waited for.
 *
 * @throws AppError `HOST_UNREACHABLE` after 15 s | `HOST_CONFIG_DIFFERS` | what `startStandalone` throws
 */
export async function startOrMeet(
  context: CliContext,
  how: HostStart,
): Promise<{ readonly kind: 'started'; readonly running: HostProcess } | { readonly kind: 'met'; readonly met: Met }> {
  const greeting = { version: context.version, want: { kind: 'control' }, config: context.configArgs } as const;
  for (const end = systemClock.now() + MEET_LIMIT_MS; systemClock.now() < end; ) {
    const running = await startOfHome(context, how);
    if (running !== null) return { kind: 'started', running };
    const met = await greetHost(context.paths, greeting);
    if (met !== null) return { kind: 'met', met };
    await sleep(MEET_EVERY_MS);
  }
  throw new AppError('HOST_UNREACHABLE', 'another process holds this home and does not answer', {
    where: context.paths.lock,
  });
}

/** What a host writes into: its log and its records. */
type Keeping = { readonly logTo: LogFile | null; readonly store: Store };

/** @throws AppError `DATABASE` */
function keepingIn(home: string): Keeping {
  return { logTo: openLogFile(join(home, 'logs', 'host.log')), store: openStore(join(home, 'plugboard.db')) };
}

type Assembly = {
  readonly ofHome: OfHome | null;
  readonly serving: Serving;
};

async function assemble(
  context: CliContext,
  { ofHome, logTo, store, serving }: Keeping & Assembly,
): Promise<HostProcess> {
  // What any server was given is in no line of the log, whoever wrote it.
  let redact: Redact = (text) => text;
  const log = logTo === null ? silentLog : fileLog((text) => logTo.append(redact(text)), systemClock);
  const executor = createLocalExecutor({ log });
  const host = await createHost({
    home: context.home,
    version: context.version,
    ...serving,
    workspace: context.loadOptions.projectDir ?? context.cwd,
    env: context.env,
    executor,
    secrets: secretsOf(context, { runProgram: executor.runProgram, log }),
    facts: store.facts,
    clock: systemClock,
    log,
  });
  ({ redact } = host);
  const onClosed = (): void => {
    logTo?.close();
    ofHome?.unlock();
  };
  const running = new RunningHost({ context, host, store, log, onClosed });
  try {
    if (ofHome !== null) await running.openSocket(ofHome.onClients);
  } catch (error) {
    await running.close();
    throw error;
  }
  log('info', 'the host has started', { version: context.version, as: ofHome === null ? 'standalone' : 'home' });
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
  #watched: Watched;
  #stopWatching: () => void;
  #socket: SocketServer | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.host = parts.host;
    this.store = parts.store;
    this.#watched = parts.host.watched;
    this.#stopWatching = this.#watch();
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
      config: {
        file: context.configArgs.file,
        project: context.loadOptions.projectDir ?? null,
        overridesKey: overridesKey(context.configArgs.overrides),
      },
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

  /** Watches what has a say; after a reload that may be something else. */
  #watch(): () => void {
    const { host } = this.#parts;
    return watchFiles(this.#watched, () => {
      void host.reload().then(() => {
        if (this.#closing !== null || isDeepStrictEqual(host.watched, this.#watched)) return;
        this.#watched = host.watched;
        this.#stopWatching();
        this.#stopWatching = this.#watch();
      });
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
