import { type Exchange, runExchange } from '../../exchanges/index.ts';
import {
  AppError,
  type Caller,
  type Clock,
  type Issue,
  type JsonObject,
  RPC,
  type RpcNotification,
  type RpcOutcome,
} from '../../kernel/index.ts';
import { admit } from '../../policy/index.ts';
import type { EnvValues } from '../../servers/index.ts';
import type { Catalogue } from '../../tools/index.ts';
import type { AgentPort, Call, ListKind } from '../../upstreams/index.ts';
import type { Upstream, User } from '../../upstreams/node/index.ts';
import { mergedHello, ownInfo, singleCapabilities } from '../hello.ts';
import { type Destination, route } from '../routing.ts';
import type { HostSession, SessionHello, SessionOptions, SessionRequest } from '../types.ts';

/** What a session needs from the host it belongs to. */
export type SessionHouse = {
  readonly version: string;
  readonly clock: Clock;
  readonly startupGraceMs: () => number;
  /** The host's own environment. */
  readonly env: EnvValues;
  /** Every running upstream, by server name. */
  readonly upstreams: () => ReadonlyMap<string, Upstream>;
  readonly catalogue: (server: string | null) => Catalogue;
  /** Required servers that are not connected. */
  readonly requiredIssues: () => readonly Issue[];
  /** Why a name that no list has cannot be called, where a server that is not connected explains it. */
  readonly explainMissing: (exposedTool: string, server: string | null) => AppError | Upstream | null;
  readonly onClose: () => void;
};

/** One agent's session on the host. */
export class Session implements HostSession {
  readonly #house: SessionHouse;
  readonly #options: SessionOptions;
  readonly #port: AgentPort;
  /** Names that the caller was not asked for, because no server declared them then, have the host's values. */
  readonly #user: User;
  #level: string | null = null;
  /** Subscribed resources, by server, in the server's own URIs. */
  readonly #subscriptions = new Map<string, Set<string>>();

  constructor(house: SessionHouse, options: SessionOptions) {
    this.#house = house;
    this.#options = options;
    this.#port = options.port;
    this.#user = { port: options.port, env: options.env === null ? house.env : { ...house.env, ...options.env } };
  }

  get caller(): Caller {
    return this.#options.caller;
  }

  get server(): string | null {
    return this.#options.server;
  }

  get port(): AgentPort {
    return this.#port;
  }

  listChanged(kind: 'tools' | 'resources' | 'prompts'): void {
    this.#options.onListChanged(kind);
  }

  /** Tells the agent of a changed resource by the URI it knows. */
  resourceUpdated(server: string, message: RpcNotification): void {
    const uri = this.#house.catalogue(this.server).exposeUri(server, String(message.params?.['uri']));
    this.#port.notify({ ...message, params: { ...message.params, uri } }, null);
  }

  async hello(): Promise<SessionHello> {
    const { version } = this.#house;
    if (this.server === null) {
      const servers = [...this.#house.upstreams()].map(([name, upstream]) => ({
        name,
        instructions: upstream.hello?.instructions ?? null,
      }));
      return mergedHello(version, servers, this.#house.requiredIssues());
    }
    const upstream = this.#house.upstreams().get(this.server);
    await upstream?.settled();
    const hello = upstream?.hello;
    if (hello === null || hello === undefined) return { ...mergedHello(version, []), serverInfo: ownInfo(version) };
    return { ...hello, capabilities: singleCapabilities(hello.capabilities) };
  }

  async catalogue(kind: ListKind): Promise<Catalogue> {
    await Promise.all(this.#mine().map((upstream) => this.#awaitList(upstream, kind)));
    return this.#house.catalogue(this.server);
  }

  async send(request: SessionRequest): Promise<RpcOutcome> {
    let last: RpcOutcome | null = null;
    for (const destination of await this.#destinations(request)) {
      last = await this.#sendTo(destination, request);
      if (last.kind === 'result' || !isNotFound(last.error.code)) break;
    }
    return last ?? { kind: 'error', error: { code: RPC.internalError, message: 'nowhere to send' } };
  }

  setLevel(level: string): void {
    this.#level = level;
    for (const upstream of this.#mine()) upstream.setLevel(this.#user, level);
  }

  /** A new upstream took the place of one: what this session had asked of the old one is asked of it too. */
  adopt(server: string, upstream: Upstream): void {
    if (this.#level !== null) upstream.setLevel(this.#user, this.#level);
    const related = { requestId: 0 };
    const signal = new AbortController().signal;
    for (const uri of this.#subscriptions.get(server) ?? []) {
      const call = { ...this.#callTo(upstream, { method: 'resources/subscribe', params: { uri } }), related, signal };
      upstream.subscribe(this.#user, call, uri).catch(() => {});
    }
  }

  rootsChanged(): void {
    for (const upstream of this.#mine()) upstream.agentChanged(this.#port.session, 'notifications/roots/list_changed');
  }

  close(): void {
    for (const upstream of this.#house.upstreams().values()) upstream.leave(this.#port.session);
    this.#house.onClose();
  }

  #mine(): readonly Upstream[] {
    const upstreams = this.#house.upstreams();
    if (this.server === null) return [...upstreams.values()];
    const only = upstreams.get(this.server);
    return only === undefined ? [] : [only];
  }

  /**
   * Waits for a list of a server that is starting: on one server until it is there or has failed, among several only
   * for the grace after its start.
   */
  async #awaitList(upstream: Upstream, kind: ListKind): Promise<void> {
    const { clock, startupGraceMs } = this.#house;
    const startedAt = upstream.firstStartAt;
    const graceMs = startedAt === null ? 0 : startedAt + startupGraceMs() - clock.now();
    const listed = upstream.listed(kind).then(() => (kind === 'tools' ? undefined : upstream.freshen(kind)));
    if (this.server !== null) await listed;
    else
      await Promise.race([
        listed,
        new Promise<void>((resolve) =>
          clock.after(Math.max(graceMs, kind === 'tools' ? 0 : startupGraceMs()), resolve),
        ),
      ]);
  }

  async #destinations(request: SessionRequest): Promise<readonly Destination[]> {
    try {
      return route(this.#house.catalogue(this.server), request.method, request.params);
    } catch (error) {
      if (!(error instanceof AppError) || !LATE.has(error.code)) throw error;
      await this.#awaitStarting(error, request);
      return route(this.#house.catalogue(this.server), request.method, request.params);
    }
  }

  /** A name nobody lists may belong to a server that is still starting: then it is waited for. */
  async #awaitStarting(error: AppError, request: SessionRequest): Promise<void> {
    const named = request.method === 'tools/call' || request.method === 'prompts/get' ? request.params['name'] : null;
    if (typeof named !== 'string') {
      await this.catalogue('templates');
      return;
    }
    const why = this.#house.explainMissing(named, this.server);
    if (why === null) throw error;
    if (why instanceof AppError) throw why;
    await why.listed(request.method === 'tools/call' ? 'tools' : 'prompts');
    if (why.hello === null) throw why.notReady();
  }

  #sendTo(destination: Destination, request: SessionRequest): Promise<RpcOutcome> {
    const upstream = this.#house.upstreams().get(destination.server);
    if (upstream === undefined) throw new AppError('UNKNOWN_SERVER', `no server named '${destination.server}'`);
    const exchange: Exchange = {
      caller: this.caller,
      server: destination.server,
      method: request.method,
      subject: destination.subject,
      params: destination.params,
      port: this.#port,
      related: request.related,
      signal: request.signal,
    };
    return runExchange(exchange, {
      admit: ({ caller, subject }) =>
        admit({ caller, server: upstream.settings, tool: subject.kind === 'tool' ? subject.name : null }),
      send: (admitted) => this.#deliver(upstream, admitted),
    });
  }

  async #deliver(upstream: Upstream, exchange: Exchange): Promise<RpcOutcome> {
    const { method, params, related, signal, subject, server } = exchange;
    const call = { ...this.#callTo(upstream, { method, params }), related, signal };
    if (subject.kind !== 'resource') return upstream.call(this.#user, call);
    const subscribed = this.#subscriptions.get(server) ?? new Set();
    this.#subscriptions.set(server, subscribed);
    if (method === 'resources/subscribe') {
      const outcome = await upstream.subscribe(this.#user, call, subject.uri);
      if (outcome.kind === 'result') subscribed.add(subject.uri);
      return outcome;
    }
    if (method === 'resources/unsubscribe') {
      subscribed.delete(subject.uri);
      return upstream.unsubscribe(this.#user, call, subject.uri);
    }
    return upstream.call(this.#user, call);
  }

  #callTo(
    upstream: Upstream,
    request: { readonly method: string; readonly params: JsonObject },
  ): Omit<Call, 'related' | 'signal'> {
    const { name, owner, toolTimeoutMs } = upstream.settings;
    return {
      ...request,
      port: this.#port,
      timeoutMs: toolTimeoutMs,
      timeoutKey: owner === null ? `mcp_servers.${name}.tool_timeout_sec` : null,
    };
  }
}

/** Errors that may go away when a server that is starting has answered. */
const LATE: ReadonlySet<string> = new Set(['UNKNOWN_TOOL', 'UNKNOWN_PROMPT', 'UNKNOWN_RESOURCE']);

/** How servers say that a resource is not theirs. */
function isNotFound(code: number): boolean {
  return code === RPC.resourceNotFound || code === RPC.invalidParams;
}
