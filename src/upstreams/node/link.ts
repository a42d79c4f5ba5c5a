import {
  AppError,
  describeState,
  type Issue,
  type JsonObject,
  nextStep,
  type Redact,
  type RpcNotification,
  type ServerState,
  type TimeoutPhase,
} from '../../kernel/index.ts';
import { stateOfEnd } from '../failures.ts';
import { LIST_KINDS, LISTS, type ListKind, NO_LISTS, type ServerLists } from '../listing.ts';
import { HEALTHY_AFTER_MS, planRetry } from '../retry.ts';
import { type EndReason, type Transport, TransportEnded } from '../transport.ts';
import { Connection } from './connection.ts';
import { introduce, type ServerHello, walkList } from './handshake.ts';
import type { LinkOptions } from './link-options.ts';

/** How many things that a server did wrong are kept to be shown. */
const MOST_ODD = 3;

type LinkState =
  | Exclude<ServerState, { kind: 'connected' | 'no_tools' }>
  | { readonly kind: 'up'; readonly since: number };

/**
 * One supervised connection to one server: starts it, walks its lists, and starts it again after a crash.
 *
 * Every state it is in, it says by `state`; nobody waits on a link that cannot come up.
 */
export class Link {
  readonly #options: LinkOptions;
  #state: LinkState;
  #connection: Connection | null = null;
  #transport: Transport | null = null;
  #hello: ServerHello | null = null;
  #lists: ServerLists = NO_LISTS;
  #listIssues = new Map<ListKind, readonly Issue[]>();
  /** What the server did wrong since its last start, the newest last. */
  #odd: readonly Issue[] = [];
  #listing = new Map<ListKind, { again: boolean; done: Promise<void> }>();
  #failures = 0;
  /** What the last attempt ended in; null while nothing has failed since the last (re)start. */
  #failed: LinkState | null = null;
  #closed = false;
  #cancelRetry: () => void = () => {};
  #waiters: (() => void)[] = [];
  #attempting: Promise<void> | null = null;
  #lastStderr = '';
  #redact: Redact = (text) => text;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#state = { kind: 'starting', since: options.clock.now(), attempt: 1 };
  }

  get state(): LinkState {
    return this.#state;
  }

  /** The state for people: while it tries again by itself, why it failed last. */
  get shownState(): LinkState {
    return this.#state.kind === 'starting' ? (this.#failed ?? this.#state) : this.#state;
  }

  get hello(): ServerHello | null {
    return this.#hello;
  }

  get lists(): ServerLists {
    return this.#lists;
  }

  get issues(): readonly Issue[] {
    return [...[...this.#listIssues.values()].flat(), ...this.#odd];
  }

  /** Whether the server waits for an answer of an agent other than that of `session`. */
  asksOther(session: string): boolean {
    return this.#connection?.asksOther(session) ?? false;
  }

  get stderrTail(): string {
    return this.#transport?.stderrTail() || this.#lastStderr;
  }

  /** Begins the first attempt. */
  start(): void {
    this.#attempting ??= this.#attempt()
      .catch((error: unknown) => this.#onFault(error))
      .finally(() => {
        this.#attempting = null;
      });
  }

  /** Forgets earlier failures and tries now. A running connection is ended first. */
  async restart(): Promise<void> {
    this.#cancelRetry();
    this.#failures = 0;
    this.#failed = null;
    if (this.#attempting !== null && this.#transport === null) return;
    this.#setState({ kind: 'starting', since: this.#options.clock.now(), attempt: 1 });
    await this.#drop();
    await this.#attempting;
    this.start();
  }

  /** Resolves when the link is up or has failed, whatever comes first. */
  async settled(): Promise<void> {
    while (this.#state.kind === 'starting' && !this.#closed)
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** The connection, waiting for a start that is under way. @throws AppError `UPSTREAM_NOT_READY` with the state */
  async ready(): Promise<Connection> {
    if (this.#connection !== null && this.#state.kind === 'up') return this.#connection;
    if (!this.#options.primary && this.#state.kind !== 'starting') await this.restart();
    await this.settled();
    if (this.#connection !== null && this.#state.kind === 'up') return this.#connection;
    throw this.notReady();
  }

  /** Resolves when the list of this kind has been walked once since the last start, or the link has failed. */
  async listed(kind: ListKind): Promise<void> {
    await this.settled();
    await this.#listing.get(kind)?.done;
  }

  /** Walks a list again, once more after that if it changed meanwhile. */
  refresh(kind: ListKind): Promise<void> {
    const connection = this.#connection;
    if (connection === null || this.#hello?.capabilities[LISTS[kind].capability] === undefined)
      return Promise.resolve();
    const running = this.#listing.get(kind);
    if (running !== undefined) {
      running.again = true;
      return running.done;
    }
    const job = { again: false, done: Promise.resolve() };
    this.#listing.set(kind, job);
    job.done = this.#walkQuietly(connection, kind).finally(() => {
      this.#listing.delete(kind);
      if (job.again) void this.refresh(kind);
    });
    return job.done;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    await this.#drop();
    this.#wake();
  }

  /** Why a call cannot be made now, with the state and its next step. */
  notReady(): AppError {
    const { server, transport, plugin } = this.#options;
    const state = this.#state.kind === 'up' ? null : this.#state;
    const step = state === null ? null : nextStep(state, { name: server, transport, plugin });
    const facts =
      state === null ? 'is closing' : `${state.kind}${describeState(state) === '' ? '' : `: ${describeState(state)}`}`;
    return new AppError('UPSTREAM_NOT_READY', `${server} is not connected (${facts})`, {
      where: `mcp_servers.${server}`,
      ...(step === null ? {} : { hint: step }),
      data: { server, state: this.#state.kind },
    });
  }

  #setState(state: LinkState): void {
    this.#state = state;
    if (state.kind !== 'starting') {
      this.#failed = state.kind === 'up' ? null : state;
      this.#wake();
    }
    this.#options.events.onState();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  async #attempt(): Promise<void> {
    const { clock, slots } = this.#options;
    this.#setState({ kind: 'starting', since: clock.now(), attempt: this.#failures + 1 });
    const release = await slots.take();
    this.#odd = [];
    try {
      if (!this.#closed) await this.#connect(release);
    } finally {
      release();
    }
  }

  async #connect(answered: () => void): Promise<void> {
    const prepared = await this.#options.prepare(() => this.#onRenewed());
    if (prepared.kind !== 'ready') return this.#closed ? undefined : this.#setState(prepared);
    const { transport } = prepared;
    if (this.#closed) return transport.close();
    [this.#transport, this.#redact] = [transport, prepared.redact];
    const { server, roots, events, clock, capabilities, clientVersion } = this.#options;
    let over: EndReason | null = null;
    const connection = new Connection({
      server,
      transport,
      roots,
      events: {
        ...events,
        onNotification: (message) => this.#onNotification(message),
        onOdd: (detail) => this.#onOdd(detail),
        onEnd: (reason) => {
          over = reason;
          if (this.#connection === connection) this.#onLost(reason);
        },
        onUnreachable: (reason) => {
          if (this.#connection === connection) this.#onLost(reason);
          void transport.close();
        },
      },
    });
    let phase: TimeoutPhase = 'connect';
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      void transport.close();
    }, this.#options.startupTimeoutMs());
    try {
      await connection.open();
      phase = 'initialize';
      const hello = await introduce(connection, { transport, capabilities, clientVersion, wait: this.#wait() });
      answered();
      phase = 'list_tools';
      this.#hello = hello;
      const walks = this.#options.primary && hello.capabilities['tools'] !== undefined;
      const lists = walks ? await this.#walk(connection, 'tools') : [];
      if (this.#closed || this.#transport !== transport) return;
      this.#lists = { ...NO_LISTS, tools: lists };
      this.#connection = connection;
      this.#setState({ kind: 'up', since: clock.now() });
      events.onUp(connection);
      events.onLists('tools');
      if (this.#options.primary)
        for (const kind of ['resources', 'templates', 'prompts'] as const) void this.refresh(kind);
    } catch (error) {
      clearTimeout(timer);
      await transport.close();
      if (this.#closed || this.#transport !== transport) return;
      this.#lastStderr = transport.stderrTail();
      this.#forget();
      this.#onFailed(timedOut ? { kind: 'timed_out', phase } : withoutSecrets(endOf(error, over), prepared.redact));
    } finally {
      clearTimeout(timer);
    }
  }

  #wait(): { timeoutMs: number; timeoutKey: string | null } {
    const { server, plugin, startupTimeoutMs } = this.#options;
    return {
      timeoutMs: startupTimeoutMs(),
      timeoutKey: plugin === null ? `mcp_servers.${server}.startup_timeout_sec` : null,
    };
  }

  async #walk(connection: Connection, kind: ListKind): Promise<readonly JsonObject[]> {
    const { server } = this.#options;
    const onOdd = (detail: string): void => this.#onOdd(detail);
    const { entries, issues } = await walkList(connection, { server, kind, wait: this.#wait(), onOdd });
    this.#listIssues.set(
      kind,
      issues.map((issue) => ({ ...issue, message: this.#redact(issue.message) })),
    );
    return entries;
  }

  async #walkQuietly(connection: Connection, kind: ListKind): Promise<void> {
    try {
      const entries = await this.#walk(connection, kind);
      if (this.#connection !== connection) return;
      this.#lists = { ...this.#lists, [kind]: entries };
      this.#options.events.onLists(kind);
    } catch (error) {
      this.#onOdd(`${LISTS[kind].method} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #onOdd(said: string): void {
    const { server, events } = this.#options;
    const detail = this.#redact(said);
    const issue: Issue = { code: 'UPSTREAM_PROTOCOL', severity: 'warning', message: `${server}: ${detail}`, server };
    this.#odd = [...this.#odd, issue].slice(-MOST_ODD);
    events.onNote(detail);
  }

  #onNotification(message: RpcNotification): void {
    if (message.method === 'notifications/tools/list_changed') void this.refresh('tools');
    else if (message.method === 'notifications/prompts/list_changed') void this.refresh('prompts');
    else if (message.method === 'notifications/resources/list_changed') {
      void this.refresh('resources');
      void this.refresh('templates');
    }
    this.#options.events.onNotification(message);
  }

  #onRenewed(): void {
    if (this.#connection === null) return;
    this.#options.events.onUp(this.#connection);
    for (const kind of LIST_KINDS) if (this.#options.primary) void this.refresh(kind);
  }

  /** An error of ours must cost this connection and nothing else. */
  #onFault(error: unknown): void {
    this.#options.events.onNote(`an attempt failed inside Plugboard: ${String(error)}`);
    this.#forget();
    if (!this.#closed) this.#onFailed({ kind: 'protocol', detail: 'an error inside Plugboard; see logs/host.log' });
  }

  #onLost(reason: EndReason): void {
    const healthy = this.#state.kind === 'up' && this.#options.clock.now() - this.#state.since >= HEALTHY_AFTER_MS;
    if (healthy) this.#failures = 0;
    this.#lastStderr = this.#transport?.stderrTail() ?? '';
    this.#forget();
    if (!this.#closed) this.#onFailed(reason);
  }

  #onFailed(reason: EndReason | { readonly kind: 'timed_out'; readonly phase: TimeoutPhase }): void {
    const { server, plugin, clock, primary, startupTimeoutMs } = this.#options;
    this.#failures += 1;
    const hopeless = reason.kind === 'auth' || reason.kind === 'headers_helper';
    const waitMs = primary && !hopeless ? planRetry(this.#failures) : null;
    const retry = { attempt: this.#failures, nextRetryAt: waitMs === null ? null : clock.now() + waitMs };
    if (waitMs !== null) this.#cancelRetry = clock.after(waitMs, () => this.start());
    this.#setState(
      reason.kind === 'timed_out'
        ? {
            kind: 'timed_out',
            phase: reason.phase,
            afterMs: startupTimeoutMs(),
            key: this.#wait().timeoutKey,
            nextRetryAt: retry.nextRetryAt,
          }
        : (stateOfEnd({ server, plugin }, reason, retry) as LinkState),
    );
    this.#options.events.onLists('tools');
  }

  #forget(): void {
    this.#connection = null;
    this.#transport = null;
    this.#hello = null;
    this.#lists = NO_LISTS;
    this.#listIssues.clear();
  }

  async #drop(): Promise<void> {
    const transport = this.#transport;
    this.#lastStderr = transport?.stderrTail() ?? this.#lastStderr;
    this.#forget();
    await transport?.close();
  }
}

/** What a server answered may stand in the reason, and hold what it was given. */
function withoutSecrets(reason: EndReason, redact: Redact): EndReason {
  return 'detail' in reason ? { ...reason, detail: redact(reason.detail) } : reason;
}

/** Why an attempt failed: what the transport said at its end, else what was thrown. */
function endOf(error: unknown, over: EndReason | null): EndReason {
  if (error instanceof TransportEnded) return error.reason;
  if (over !== null && over.kind !== 'closed') return over;
  if (error instanceof AppError && error.cause instanceof TransportEnded) return error.cause.reason;
  if (error instanceof AppError) return { kind: 'protocol', detail: error.message };
  // A mistake of ours must not take the other servers down. Only its kind: the text may hold anything.
  return {
    kind: 'protocol',
    detail: `an error inside Plugboard (${error instanceof Error ? error.name : typeof error})`,
  };
}
