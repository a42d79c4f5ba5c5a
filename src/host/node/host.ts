import { type Config, get } from '../../config/index.ts';
import type { LoadedConfig } from '../../config/node/index.ts';
import type { Executor } from '../../executors/index.ts';
import { AppError, type Clock, type Issue, type Log, type Redact } from '../../kernel/index.ts';
import type { Integrity } from '../../marketplace/index.ts';
import { PASSPHRASE_VARIABLE } from '../../secrets/index.ts';
import {
  connectionKey,
  declaredEnvNames,
  type EnvValues,
  planReload,
  type ReloadAction,
  type Resolved,
  type ResolvedServer,
  resolveServers,
  unknownTools,
} from '../../servers/index.ts';
import { issuesOfFiles, reportServer, requiredIssues, staticState } from '../../status/index.ts';
import type { Store } from '../../storage/node/index.ts';
import type { Catalogue } from '../../tools/index.ts';
import type { ListKind } from '../../upstreams/index.ts';
import { createStartSlots, type StartBlock, type StartSlots, Upstream } from '../../upstreams/node/index.ts';
import type { Host, HostSession, LoadedPlugins, ServerView, SessionOptions } from '../types.ts';
import { Catalogues } from './catalogues.ts';
import { issueOf, keptIssue, newlyBroken } from './kept-config.ts';
import { type HostSecrets, LaunchValues } from './launch-values.ts';
import { ListNews } from './list-news.ts';
import { type PluginLoader, pluginFolders } from './load-plugins.ts';
import { checkPluginStart } from './plugin-start.ts';
import { Session } from './session.ts';
import { StderrFeeds } from './stderr-feeds.ts';
import { prepareTransport } from './transports.ts';
import type { Watched } from './watch.ts';

export type HostOptions = {
  readonly home: string;
  readonly version: string;
  /** Reads every layer. Called at the start and for each reload. @throws AppError when nothing can be read */
  readonly load: () => Promise<LoadedConfig>;
  /** Reads the plugins after that, likewise. */
  readonly plugins: PluginLoader;
  /** Absolute folder in which servers without a `cwd` start. */
  readonly workspace: string;
  readonly env: EnvValues;
  readonly executor: Executor;
  readonly secrets: HostSecrets;
  readonly facts: Store['facts'];
  readonly clock: Clock;
  readonly log: Log;
};

/** How long a retired connection may finish its calls. Milliseconds. */
const RETIRE_MS = 600_000;
const RETIRE_CHECK_MS = 50;

/** What a reload does with servers that go on: where what they read has changed, they start again. */
const RUNS: ReadonlySet<ReloadAction> = new Set(['keep', 'republish']);

/** Reads the configuration and starts every server of it. @throws AppError what `load` throws */
export async function createHost(options: HostOptions): Promise<LocalHost> {
  const loaded = await options.load();
  const host = new LocalHost(options, loaded, await options.plugins(loaded.config));
  host.start();
  return host;
}

/** The running whole of this process. */
export class LocalHost implements Host {
  readonly #options: HostOptions;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #retired = new Set<Upstream>();
  readonly #sessions = new Set<Session>();
  readonly #listeners = new Set<() => void>();
  readonly #catalogues: Catalogues;
  readonly #stderr = new StderrFeeds();
  readonly #slots: StartSlots = createStartSlots();
  readonly #values: LaunchValues;
  readonly #news: ListNews;
  /** Take the secrets of each connection out of a text. */
  readonly #redactors = new Set<Redact>();
  #loaded: LoadedConfig;
  #plugins: LoadedPlugins;
  /** What the last look at each plugin's files found, by plugin id. */
  #integrity: Map<string, Integrity>;
  #resolved: Resolved;
  #reloadIssues: readonly Issue[] = [];
  #reloading: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: HostOptions, loaded: LoadedConfig, plugins: LoadedPlugins) {
    const env = withoutPassphrase(options.env);
    this.#options = { ...options, env };
    this.#values = new LaunchValues({
      ...options,
      env,
      runProgram: options.executor.runProgram,
      loaded: () => this.#loaded,
    });
    this.#loaded = loaded;
    this.#plugins = plugins;
    this.#integrity = new Map(plugins.integrity);
    this.#resolved = this.#resolve(loaded, plugins);
    this.#catalogues = new Catalogues(this.#upstreams);
    this.#news = new ListNews(this.#sessions, options.clock);
  }

  get version(): string {
    return this.#options.version;
  }

  get home(): string {
    return this.#options.home;
  }

  /** The files that have a say in the configuration, and the folders with a say in plugins, for whoever watches them. */
  get watched(): Watched {
    const launches = this.#resolved.servers.flatMap(({ verdict }) => ('launch' in verdict ? [verdict.launch] : []));
    const envFiles = launches.flatMap((launch) => (launch?.kind === 'stdio' ? (launch.envFile ?? []) : []));
    const files = [...this.#loaded.files, this.#options.secrets.file, ...envFiles];
    return { files: [...new Set(files)], folders: pluginFolders(this.home) };
  }

  start(): void {
    for (const server of this.#resolved.servers) if (server.verdict.kind === 'startable') this.#startUpstream(server);
  }

  config = (): Config => this.#loaded.config;

  /** A text without the secrets that any running server was given, for a log. */
  redact = (text: string): string => [...this.#redactors].reduce((left, redact) => redact(left), text);

  envNames = (): readonly string[] => declaredEnvNames(this.#resolved.servers);

  servers = (): readonly ServerView[] =>
    this.#resolved.servers.map((server) => {
      const upstream = this.#upstreams.get(server.name);
      const state =
        upstream === undefined ? staticState(server) : upstream.state(this.#catalogues.visibleCount(server.name));
      const serverInfo = upstream?.hello?.serverInfo ?? null;
      return { server, report: reportServer({ server, state, serverInfo, stderr: upstream?.stderrTail ?? '' }) };
    });

  issues = (): readonly Issue[] => [
    ...this.#reloadIssues,
    ...this.#resolved.issues,
    ...this.#values.issues(),
    ...issuesOfFiles(this.#plugins.plugins, this.#integrity),
    ...this.#requiredIssues(),
    ...[...this.#upstreams.values()].flatMap(({ settings, offeredTools, issues }) => [
      ...(offeredTools === null ? [] : unknownTools(settings, offeredTools)),
      ...issues,
    ]),
  ];

  settled = async (): Promise<void> => {
    await Promise.all([...this.#upstreams.values()].map((upstream) => upstream.settled()));
  };

  restart = async (name: string): Promise<void> => {
    const server = this.#find(name);
    const upstream = this.#upstreams.get(name);
    if (upstream !== undefined) {
      await upstream.restart();
      for (const session of this.#sessions) session.adopt(name, upstream);
      return;
    }
    const { report } = this.servers().find((view) => view.server === server) ?? {};
    throw new AppError(
      'UPSTREAM_NOT_READY',
      `${name} is not to be started: ${report?.reason ?? ''}`,
      report?.nextStep ? { hint: report.nextStep } : {},
    );
  };

  followLogs = (name: string, onText: (text: string) => void): (() => void) => {
    this.#find(name);
    const tail = this.#upstreams.get(name)?.stderrTail ?? '';
    if (tail !== '') onText(tail.endsWith('\n') ? tail : `${tail}\n`);
    return this.#stderr.follow(name, onText);
  };

  onChange = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  requireServer = (name: string | null): void => {
    if (name !== null) this.#find(name);
  };

  openSession = (options: SessionOptions): HostSession => {
    this.requireServer(options.server);
    const session: Session = new Session(
      {
        version: this.version,
        env: this.#options.env,
        clock: this.#options.clock,
        startupGraceMs: () => this.#loaded.config.startupGraceMs,
        upstreams: () => this.#upstreams,
        catalogue: (server) => this.catalogue(server),
        requiredIssues: () => this.#requiredIssues(),
        explainMissing: (tool, server) => this.#explainMissing(tool, server),
        onClose: () => this.#sessions.delete(session),
      },
      { ...options, env: options.env === null ? null : withoutPassphrase(options.env) },
    );
    this.#sessions.add(session);
    return session;
  };

  reload = (): Promise<void> => {
    this.#reloading = this.#reloading
      .then(() => this.#reload())
      .catch((error: unknown) =>
        this.#options.log('error', 'a reload failed inside Plugboard', { error: String(error) }),
      );
    return this.#reloading;
  };

  close = async (): Promise<void> => {
    if (this.#closed) return;
    this.#closed = true;
    for (const session of [...this.#sessions]) session.close();
    await Promise.all([...this.#upstreams.values(), ...this.#retired].map((upstream) => upstream.close()));
    await this.#options.executor.close();
  };

  /** What an agent on `server` (or on all) sees now. */
  catalogue(server: string | null): Catalogue {
    return this.#catalogues.of(server);
  }

  #requiredIssues(): readonly Issue[] {
    return requiredIssues(this.servers().map(({ report }) => report));
  }

  #resolve({ config, requirements }: LoadedConfig, { plugins, removed, issues }: LoadedPlugins): Resolved {
    const { workspace } = this.#options;
    return resolveServers({ config, requirements, plugins, removedPlugins: removed, pluginIssues: issues, workspace });
  }

  /** Whether the plugin of a server may start now. What was found is true of all servers of the plugin. */
  async #beforeStart({ owner }: ResolvedServer): Promise<StartBlock | null> {
    if (owner === null) return null;
    const { found, block } = await checkPluginStart(owner, this.#plugins);
    if (found !== null) this.#integrity.set(owner.pluginId, found);
    if (block?.kind === 'blocked') void this.reload();
    return block;
  }

  /** @throws AppError `UNKNOWN_SERVER` */
  #find(name: string): ResolvedServer {
    const server = this.#resolved.servers.find((candidate) => candidate.name === name);
    if (server === undefined) throw new AppError('UNKNOWN_SERVER', `No MCP server named '${name}' found.`);
    return server;
  }

  #startUpstream(server: ResolvedServer): void {
    if (server.verdict.kind !== 'startable') return;
    const { env, clock, log, version, facts } = this.#options;
    const { launch } = server.verdict;
    const serverKey = connectionKey(launch, {});
    this.#values.forget(server.name);
    const upstream: Upstream = new Upstream({
      server,
      launch,
      env,
      clientVersion: version,
      clock,
      slots: this.#slots,
      log,
      perSession: facts.get(serverKey, 'per_session') === 'true',
      prepare: (values, onRenewed) =>
        prepareTransport(
          { ...this.#options, now: clock.now, values: this.#values, redactors: this.#redactors },
          {
            server,
            launch,
            values,
            beforeStart: () => this.#beforeStart(server),
            onRenewed,
            onStderr: (text) => this.#stderr.push(server.name, text),
          },
        ),
      events: {
        onState: () => this.#changed(),
        onLists: (kind) => this.#listChanged(server.name, kind),
        onResourceUpdated: (ports, message) => {
          for (const session of this.#sessions)
            if (ports.includes(session.port)) session.resourceUpdated(server.name, message);
        },
        onPerSession: () => facts.set({ serverKey, fact: 'per_session', value: 'true', learnedAt: clock.now() }),
      },
    });
    this.#upstreams.set(server.name, upstream);
    upstream.start();
  }

  /** Takes a server out of every list and lets its calls finish. */
  #retire(name: string): void {
    const upstream = this.#upstreams.get(name);
    if (upstream === undefined) return;
    this.#upstreams.delete(name);
    this.#values.forget(name);
    this.#retired.add(upstream);
    const { clock } = this.#options;
    const since = clock.now();
    const check = (): void => {
      if (upstream.isBusy && clock.now() - since < RETIRE_MS) return void clock.after(RETIRE_CHECK_MS, check);
      void upstream.close().then(() => this.#retired.delete(upstream));
    };
    check();
  }

  async #reload(): Promise<void> {
    if (this.#closed) return;
    const read = await this.#readAgain();
    const loaded = read ?? this.#loaded;
    const plugins = await this.#options.plugins(loaded.config);
    if (get(loaded, 'secrets_store') !== get(this.#loaded, 'secrets_store')) this.#values.close();
    const stale = await this.#values.changed(loaded);
    if (this.#closed) return;
    const { servers: before } = this.#resolved;
    this.#loaded = loaded;
    this.#plugins = plugins;
    this.#integrity = new Map(plugins.integrity);
    this.#resolved = this.#resolve(loaded, plugins);
    if (read !== null) this.#reloadIssues = [];
    const { servers: after } = this.#resolved;
    const plan = new Map(planReload(before, after));
    for (const name of stale) if (RUNS.has(plan.get(name) ?? 'stop')) plan.set(name, 'reconnect');
    for (const [name, action] of plan) {
      const server = after.find((candidate) => candidate.name === name);
      if (action === 'stop' || action === 'reconnect') this.#retire(name);
      if (server !== undefined && (action === 'start' || action === 'reconnect')) this.#startUpstream(server);
      const upstream = this.#upstreams.get(name);
      if (server !== undefined && upstream !== undefined) upstream.settings = server;
      if (upstream !== undefined && action === 'reconnect') {
        for (const session of this.#sessions) session.adopt(name, upstream);
      }
      if (action !== 'keep')
        for (const kind of ['tools', 'resources', 'prompts'] as const) this.#listChanged(name, kind);
    }
    const changes = [...plan].filter(([, action]) => action !== 'keep').map(([name, action]) => `${name}: ${action}`);
    this.#options.log(changes.length === 0 ? 'debug' : 'info', 'the configuration was read again', { changes });
    this.#changed();
  }

  /** The new configuration, or null when what is there cannot be used: then the last good one stays. */
  async #readAgain(): Promise<LoadedConfig | null> {
    try {
      const loaded = await this.#options.load();
      const broken = newlyBroken(this.#loaded, loaded);
      if (broken.length === 0) return loaded;
      this.#reloadIssues = broken.map(keptIssue);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#reloadIssues = [keptIssue(issueOf(error))];
    }
    for (const issue of this.#reloadIssues)
      this.#options.log('warn', issue.message, { file: issue.file, line: issue.line });
    return null;
  }

  /** A tool that nobody lists, by its exposed name: whose it would be, if that server is starting or not connected. */
  #explainMissing(tool: string, server: string | null): AppError | Upstream | null {
    const owner = this.servers().find((view) =>
      server === null ? this.#catalogues.mayOwn(view.server.name, tool) : view.server.name === server,
    );
    if (owner === undefined || owner.report.state === null) return null;
    const upstream = this.#upstreams.get(owner.server.name);
    const { kind } = owner.report.state;
    if (kind === 'connected' || kind === 'no_tools') return null;
    if (upstream !== undefined) return upstream.isStarting ? upstream : upstream.notReady();
    return new AppError(
      'UPSTREAM_NOT_READY',
      `${owner.server.name} is not connected (${kind}: ${owner.report.reason})`,
      owner.report.nextStep === null ? {} : { hint: owner.report.nextStep },
    );
  }

  #listChanged(server: string, kind: ListKind): void {
    this.#catalogues.forget();
    this.#news.add(server, kind);
    this.#changed();
  }

  #changed(): void {
    this.#catalogues.forget();
    for (const listener of this.#listeners) listener();
  }
}

/** No program that Plugboard starts gets the passphrase of the secrets, whatever it names. */
function withoutPassphrase(env: EnvValues): EnvValues {
  const { [PASSPHRASE_VARIABLE]: _, ...rest } = env;
  return rest;
}
