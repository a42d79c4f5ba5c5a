import {
  AppError,
  type Clock,
  type Issue,
  isJsonObject,
  type JsonObject,
  type Log,
  type RpcNotification,
  type RpcOutcome,
  type ServerState,
} from '../../kernel/index.ts';
import { connectionKey, type EnvValues, type Launch, type ResolvedServer } from '../../servers/index.ts';
import type { ListKind, ServerLists } from '../listing.ts';
import type { AgentPort, Call } from '../ports.ts';
import { SHARED_CAPABILITIES, sessionCapabilities } from '../protocol.ts';
import type { ServerHello } from './handshake.ts';
import { Link } from './link.ts';
import type { NeedsConfig, Prepared, StartBlock } from './link-options.ts';
import { createReadOnlyTools } from './read-only-tools.ts';
import type { StartSlots } from './slots.ts';
import { Use } from './use.ts';

export type UpstreamOptions = {
  readonly server: ResolvedServer;
  readonly launch: Launch;
  /** The host's own values of the names that the server declares. */
  readonly env: EnvValues;
  /** Asked right before each start of a connection; a state that it gives keeps the server from starting. */
  readonly prepare: (env: EnvValues, onRenewed: () => void) => Promise<Prepared | NeedsConfig | StartBlock>;
  readonly clientVersion: string;
  readonly clock: Clock;
  readonly slots: StartSlots;
  readonly log: Log;
  /** True when this server was seen to need a connection per session. */
  readonly perSession: boolean;
  readonly events: UpstreamEvents;
};

export type UpstreamEvents = {
  readonly onState: () => void;
  readonly onLists: (kind: ListKind) => void;
  /** A resource changed that these sessions subscribed to. */
  readonly onResourceUpdated: (sessions: readonly AgentPort[], message: RpcNotification) => void;
  /** From now on every session gets its own connection; remember it. */
  readonly onPerSession: () => void;
};

/** Who uses an upstream: the session's port, and its own values of the declared environment names. */
export type User = { readonly port: AgentPort; readonly env: EnvValues };

/**
 * Everything about one configured server: the connection that all share and whose lists are the server's, the
 * connections of single sessions, who may call when, log levels and subscriptions.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #primary: Use;
  readonly #primaryKey: string;
  /** Connections beside the primary one, by session or by environment. */
  readonly #others = new Map<string, Use>();
  readonly #levels = new Map<string, string>();
  readonly #envKeys = new WeakMap<EnvValues, string>();
  /** Who waits for a free connection, in the order they came. */
  #roomWanted: (() => void)[] = [];
  #perSession: boolean;
  readonly #isReadOnly = createReadOnlyTools();
  /** What the configuration says now; it may change without a new connection. */
  settings: ResolvedServer;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.settings = options.server;
    this.#perSession = options.perSession;
    this.#primaryKey = connectionKey(options.launch, options.env);
    this.#primary = this.#createUse({ env: options.env, owner: null, primary: true });
  }

  start(): void {
    this.#primary.link.start();
  }

  /** The state for people; `visible` counts the tools that the lists leave. */
  state(visible: (tools: readonly JsonObject[]) => number): ServerState {
    const state = this.#primary.link.shownState;
    if (state.kind !== 'up') return state;
    const tools = this.#primary.link.lists.tools;
    const toolCount = visible(tools);
    if (toolCount > 0) return { kind: 'connected', since: state.since, toolCount };
    return { kind: 'no_tools', since: state.since, because: tools.length === 0 ? 'server_has_none' : 'lists_hide_all' };
  }

  get hello(): ServerHello | null {
    return this.#primary.link.hello;
  }

  get lists(): ServerLists {
    return this.#primary.link.lists;
  }

  /** Raw names of all its tools, hidden ones included; null while they are not known. */
  get offeredTools(): readonly string[] | null {
    if (this.#primary.link.state.kind !== 'up') return null;
    return this.lists.tools.map((tool) => String(tool['name']));
  }

  get issues(): readonly Issue[] {
    return this.#primary.link.issues;
  }

  get stderrTail(): string {
    return this.#primary.link.stderrTail;
  }

  /** Whether it is being started, for the first time or again. */
  get isStarting(): boolean {
    return this.#primary.link.state.kind === 'starting';
  }

  /** Whether any call runs or waits, on any connection. */
  get isBusy(): boolean {
    return [this.#primary, ...this.#others.values()].some((use) => use.busy > 0);
  }

  /** When the first attempt since the last (re)start began, while it is the only one; null later. */
  get firstStartAt(): number | null {
    const { state } = this.#primary.link;
    if (state.kind === 'up') return state.since;
    return state.kind === 'starting' && state.attempt === 1 ? state.since : null;
  }

  /** The error for whoever wants this server while it is not connected. */
  notReady(): AppError {
    return this.#primary.link.notReady();
  }

  settled(): Promise<void> {
    return this.#primary.link.settled();
  }

  listed(kind: ListKind): Promise<void> {
    return this.#primary.link.listed(kind);
  }

  /** Lists again what the server would not announce by itself, because it declared no `listChanged`. */
  async freshen(kind: ListKind): Promise<void> {
    const capability = this.hello?.capabilities[kind === 'templates' ? 'resources' : kind];
    if (isJsonObject(capability) && capability['listChanged'] !== true) await this.#primary.link.refresh(kind);
  }

  async restart(): Promise<void> {
    await Promise.all([...this.#others.values()].map((use) => use.link.close()));
    this.#others.clear();
    await this.#primary.link.restart();
  }

  async close(): Promise<void> {
    await Promise.all([this.#primary, ...this.#others.values()].map((use) => use.link.close()));
  }

  /** @throws AppError `UPSTREAM_*` | `CALL_CANCELLED` */
  async call(user: User, call: Call): Promise<RpcOutcome> {
    const outcome = await this.#on({ user, call }, async (use) =>
      call.method === 'tools/call' ? this.#inTurn(use, call) : (await use.link.ready()).call(call),
    );
    return outcome === 'moved' ? this.call(user, call) : outcome;
  }

  /**
   * Tells the server the most talkative level that any of its sessions asked for. A connection that the session does
   * not have yet is not made for this; it learns the level when it comes up.
   */
  setLevel(user: User, level: string): void {
    this.#levels.set(user.port.session, level);
    const { use } = this.#placeOf(user);
    use?.users.set(user.port.session, user.port);
    use?.tellLevel();
  }

  /** Subscribes a session to a resource; the server is asked once for all sessions. */
  subscribe(user: User, call: Call, uri: string): Promise<RpcOutcome> {
    return this.#on({ user, call }, async (use) => {
      const connection = await use.link.ready();
      const sessions = use.subscriptions.get(uri);
      if (sessions !== undefined) {
        sessions.add(user.port.session);
        return { kind: 'result', result: {} };
      }
      const outcome = await connection.call(call);
      if (outcome.kind === 'result' && use.users.has(user.port.session))
        use.subscriptions.set(uri, new Set([...(use.subscriptions.get(uri) ?? []), user.port.session]));
      return outcome;
    });
  }

  unsubscribe(user: User, call: Call, uri: string): Promise<RpcOutcome> {
    return this.#on({ user, call }, async (use) => {
      const sessions = use.subscriptions.get(uri);
      sessions?.delete(user.port.session);
      if (sessions !== undefined && sessions.size > 0) return { kind: 'result', result: {} };
      use.subscriptions.delete(uri);
      return (await use.link.ready()).call(call);
    });
  }

  /** Passes on what an agent says about itself, where the connection is its own or it is the only one there. */
  agentChanged(session: string, method: string): void {
    for (const use of [this.#primary, ...this.#others.values()]) {
      if (use.users.has(session) && use.users.size === 1 && use.link.state.kind === 'up') {
        use.link.ready().then((connection) => connection.notify(method), ignore);
      }
    }
  }

  /** A session is over: its own connection ends, its subscriptions and level go. */
  leave(session: string): void {
    this.#levels.delete(session);
    for (const use of [this.#primary, ...this.#others.values()]) use.leave(session);
    for (const [key, use] of this.#others) {
      if (use.users.size > 0) continue;
      this.#others.delete(key);
      void use.link.close();
      this.#roomWanted.shift()?.();
    }
  }

  /**
   * Works on the user's connection, which is not given up meanwhile.
   *
   * @throws AppError `CALL_CANCELLED` when the call is no longer wanted, and its agent perhaps gone
   */
  async #on<T>(of: { readonly user: User; readonly call: Call }, work: (use: Use) => Promise<T>): Promise<T> {
    if (of.call.signal.aborted) throw new AppError('CALL_CANCELLED', 'the call was cancelled');
    let use = this.#useFor(of.user);
    while (use === null) {
      await this.#room(of.call);
      use = this.#useFor(of.user);
    }
    use.busy += 1;
    try {
      return await work(use);
    } finally {
      use.busy -= 1;
      if (use.busy === 0) this.#roomWanted.shift()?.();
    }
  }

  /** Waits until a connection may be free for another session. */
  #room({ signal, timeoutMs }: Call): Promise<void> {
    return new Promise((resolve, reject) => {
      const { name, owner, maxConnections } = this.settings;
      const done = (settle: () => void) => (): void => {
        this.#roomWanted = this.#roomWanted.filter((wanted) => wanted !== free);
        cancelTimer();
        signal.removeEventListener('abort', cancelled);
        settle();
      };
      const free = done(resolve);
      const cancelled = done(() => reject(new AppError('CALL_CANCELLED', 'the call was cancelled')));
      const busy = done(() =>
        reject(
          new AppError('UPSTREAM_NOT_READY', `${name} has ${maxConnections} connections and all are busy`, {
            where: `mcp_servers.${name}`,
            ...(owner === null ? { hint: `raise mcp_servers.${name}.max_connections` } : {}),
          }),
        ),
      );
      const cancelTimer = this.#options.clock.after(timeoutMs, busy);
      signal.addEventListener('abort', cancelled, { once: true });
      this.#roomWanted.push(free);
    });
  }

  /** Which connection is a user's: whether it is its own, under which key, and the connection if it is there. */
  #placeOf(user: User): { readonly own: boolean; readonly key: string; readonly use: Use | undefined } {
    const own = this.settings.sharing === 'session' || this.#perSession;
    const envKey = this.#keyOf(user.env);
    const key = own ? `session ${user.port.session}` : `env ${envKey}`;
    return { own, key, use: !own && envKey === this.#primaryKey ? this.#primary : this.#others.get(key) };
  }

  /** Each session hands over the same object every time. */
  #keyOf(env: EnvValues): string {
    let key = this.#envKeys.get(env);
    if (key === undefined) this.#envKeys.set(env, (key = connectionKey(this.#options.launch, env)));
    return key;
  }

  /** @returns null when there are as many connections as there may be, and all are in use. */
  #useFor(user: User): Use | null {
    // Whoever shares a connection does not wait until another agent's person has answered.
    if (this.#placeOf(user).use?.link.asksOther(user.port.session)) this.#becomePerSession('while someone is asked');
    const { own, key, use: there } = this.#placeOf(user);
    if (there === undefined && this.#others.size >= this.settings.maxConnections && !this.#evict()) return null;
    const use = there ?? this.#openOther(key, user, own);
    use.users.set(user.port.session, user.port);
    use.lastUsed = this.#options.clock.now();
    return use;
  }

  #openOther(key: string, user: User, own: boolean): Use {
    const use = this.#createUse({ env: user.env, owner: own ? user.port : null, primary: false });
    this.#others.set(key, use);
    use.link.start();
    return use;
  }

  /** Ends the connection that was idle for longest and that nobody listens on. @returns false when there is none. */
  #evict(): boolean {
    const idle = [...this.#others]
      .filter(([, use]) => use.busy === 0 && use.subscriptions.size === 0)
      .sort(([, a], [, b]) => a.lastUsed - b.lastUsed)[0];
    if (idle === undefined) return false;
    this.#others.delete(idle[0]);
    void idle[1].link.close();
    return true;
  }

  #createUse(of: { readonly env: EnvValues; readonly owner: AgentPort | null; readonly primary: boolean }): Use {
    const { env, owner, primary } = of;
    const { server, clock, slots, clientVersion, prepare, events } = this.#options;
    const use: Use = new Use({
      levelOf: (session) => this.#levels.get(session),
      now: clock.now(),
      link: new Link({
        server: server.name,
        plugin: server.owner?.pluginId ?? null,
        transport: this.#options.launch.kind,
        startupTimeoutMs: () => this.settings.startupTimeoutMs,
        roots: () => this.settings.roots,
        capabilities: owner === null ? SHARED_CAPABILITIES : sessionCapabilities(owner.capabilities()),
        clientVersion,
        clock,
        slots,
        primary,
        prepare: (onRenewed) => prepare(env, onRenewed),
        events: {
          onState: () => (primary ? events.onState() : undefined),
          onLists: (kind) => (primary ? events.onLists(kind) : undefined),
          onNotification: (message) => this.#onNotification(use, primary, message),
          portForUnrelated: () => owner,
          onAmbiguous: () => this.#becomePerSession('nobody knows who is asked'),
          onAsk: () => {
            if (owner === null && use.queue.waiting() > 0) this.#becomePerSession('while someone is asked');
          },
          onNote: (detail) => this.#options.log('warn', `${server.name}: ${detail}`),
          onUp: (connection) => use.greet(connection),
        },
      }),
    });
    return use;
  }

  /**
   * From now on each session gets its own connection. What was seen for certain is remembered; that someone waited while
   * another was asked only counts until the host ends.
   */
  #becomePerSession(because: 'nobody knows who is asked' | 'while someone is asked'): void {
    if (because === 'nobody knows who is asked') this.#options.events.onPerSession();
    if (this.#perSession) return;
    this.#perSession = true;
    this.#options.log('info', `${this.settings.name}: each session gets its own connection from now on`, { because });
    for (const use of [this.#primary, ...this.#others.values()]) use.queue.move();
  }

  #onNotification(use: Use, primary: boolean, message: RpcNotification): void {
    if (message.method === 'notifications/resources/updated') {
      const sessions = use.subscribersOf(String(message.params?.['uri']));
      this.#options.events.onResourceUpdated(
        [...use.users.values()].filter((port) => sessions.has(port.session)),
        message,
      );
    } else if (message.method.endsWith('/list_changed')) {
      if (!primary) void this.#refreshPrimary(message.method);
    } else {
      for (const port of use.users.values()) port.notify(message, null);
    }
  }

  async #refreshPrimary(method: string): Promise<void> {
    const kind = (['tools', 'prompts', 'resources'] as const).find(
      (name) => method === `notifications/${name}/list_changed`,
    );
    if (kind !== undefined) await this.#primary.link.refresh(kind);
  }

  #inTurn(use: Use, call: Call): Promise<RpcOutcome | 'moved'> {
    const mode =
      this.settings.supportsParallelToolCalls || this.#isReadOnly(this.lists.tools, call.params?.['name'])
        ? 'shared'
        : 'exclusive';
    return use.queue.run({ mode, signal: call.signal }, async () => (await use.link.ready()).call(call));
  }
}

/** For what a connection that is just going away need not hear any more. */
function ignore(): void {}
