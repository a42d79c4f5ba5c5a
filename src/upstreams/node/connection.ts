import {
  AppError,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  outcomeOf,
  RPC,
  type RpcId,
  type RpcMessage,
  type RpcNotification,
  type RpcOutcome,
  type RpcRequest,
  type RpcResponse,
  responseOf,
} from '../../kernel/index.ts';
import { errorOfEnd } from '../failures.ts';
import type { AgentPort, Call } from '../ports.ts';
import { CARRIED_REQUESTS, canAnswer } from '../protocol.ts';
import { type EndReason, type Transport, TransportEnded } from '../transport.ts';

/** What a connection tells its owner. Everything that belongs to a call goes to that call's port instead. */
export type ConnectionEvents = {
  /** List changes, updated resources and finished URL elicitations, and what belongs to no call in flight. */
  readonly onNotification: (message: RpcNotification) => void;
  /** The port that a request of the server goes to when no single session has calls in flight; null refuses it. */
  readonly portForUnrelated: () => AgentPort | null;
  /** A request came while calls of several sessions were in flight: nobody knows whose it is. */
  readonly onAmbiguous: () => void;
  /** A request of the server is about to be put to an agent. */
  readonly onAsk: () => void;
  /** The server did something wrong. */
  readonly onOdd: (detail: string) => void;
  /** Something worth a line in the log and nobody's attention. */
  readonly onNote: (detail: string) => void;
  readonly onEnd: (reason: EndReason) => void;
  /** A message did not get through for a reason that holds for the next one too; the transport itself has not ended. */
  readonly onUnreachable: (reason: EndReason) => void;
};

export type ConnectionOptions = {
  readonly server: string;
  readonly transport: Transport;
  readonly events: ConnectionEvents;
  /** Answered to `roots/list` when no agent is asked. */
  readonly roots: () => readonly JsonObject[];
};

export type Wait = { readonly timeoutMs: number; readonly timeoutKey: string | null };

type PendingOptions = {
  readonly call: Call | null;
  /** The agent's own progress token, put back on the way out. */
  readonly progressToken: JsonValue | undefined;
  readonly timeoutMs: number;
  readonly resolve: (outcome: RpcOutcome) => void;
  readonly reject: (error: unknown) => void;
};

/** One request that waits for its answer. It is settled once; its timer can be held while an agent is asked. */
class Pending {
  readonly call: Call | null;
  readonly #options: PendingOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Questions to the agent that are open. */
  #held = 0;
  done = false;
  onTimeout: () => void = () => {};
  onDone: () => void = () => {};

  constructor(options: PendingOptions) {
    this.#options = options;
    this.call = options.call;
  }

  settle(outcome: RpcOutcome): void {
    if (this.#finish()) this.#options.resolve(outcome);
  }

  fail(error: unknown): void {
    if (this.#finish()) this.#options.reject(error);
  }

  progress(message: RpcNotification): void {
    const { call, progressToken } = this.#options;
    if (call === null || progressToken === undefined) return;
    call.port.notify({ ...message, params: { ...message.params, progressToken } }, call.related);
  }

  startTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.onTimeout(), Math.min(this.#options.timeoutMs, MAX_TIMER_MS));
  }

  /** An agent is asked something: until all of its answers are there, time does not count. */
  hold(): void {
    this.#held += 1;
    clearTimeout(this.#timer);
  }

  release(): void {
    this.#held -= 1;
    if (this.#held === 0 && !this.done) this.startTimer();
  }

  #finish(): boolean {
    if (this.done) return false;
    this.done = true;
    clearTimeout(this.#timer);
    this.onDone();
    return true;
  }
}

/** What `setTimeout` can hold. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** One connection to one server: requests out, answers and everything else in, matched by our own ids. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #pending = new Map<RpcId, Pending>();
  /** Requests of the server that an agent is answering, by the server's id. */
  readonly #asked = new Map<RpcId, { readonly session: string; readonly abort: AbortController }>();
  #nextId = 1;
  #ended: EndReason | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** @throws TransportEnded */
  open(): Promise<void> {
    return this.#options.transport.start({
      onMessage: (message) => this.#receive(message),
      onEnd: (reason) => this.#end(reason),
      onOdd: this.#options.events.onOdd,
    });
  }

  close(): Promise<void> {
    return this.#options.transport.close();
  }

  /** Whether an agent other than that of `session` is being asked something. */
  asksOther(session: string): boolean {
    return [...this.#asked.values()].some((asked) => asked.session !== session);
  }

  /** @throws AppError `UPSTREAM_*` | `CALL_CANCELLED`; the server's own errors are outcomes, not exceptions. */
  call(call: Call): Promise<RpcOutcome> {
    return call.signal.aborted ? Promise.reject(cancelled()) : this.#begin(call, call);
  }

  /** A request of our own, outside any agent's call. @throws AppError `UPSTREAM_*` */
  request(method: string, params: JsonObject | undefined, wait: Wait): Promise<RpcOutcome> {
    return this.#begin({ method, params, ...wait }, null);
  }

  notify(method: string, params?: JsonObject): void {
    this.#send(params === undefined ? { jsonrpc: '2.0', method } : { jsonrpc: '2.0', method, params });
  }

  #send(message: RpcMessage): void {
    this.#options.transport.send(message).catch((error: unknown) => {
      const isAnswer = !('method' in message) && message.id !== null;
      if (error instanceof RangeError && isAnswer)
        return this.#send(responseOf(message.id, refusal('MESSAGE_INVALID', 'the answer of the agent')));
      const why = error instanceof TransportEnded ? error.reason.kind : String(error);
      this.#options.events.onNote(`could not send: ${why}`);
    });
  }

  #begin(
    message: Wait & { readonly method: string; readonly params: JsonObject | undefined },
    call: Call | null,
  ): Promise<RpcOutcome> {
    const { server, transport } = this.#options;
    if (this.#ended !== null) return Promise.reject(errorOfEnd(server, this.#ended));
    const id = this.#nextId;
    this.#nextId += 1;
    const { params, progressToken } = withOurToken(message.params, id);
    const giveUp = new AbortController();
    return new Promise<RpcOutcome>((resolve, reject) => {
      const entry = new Pending({ call, progressToken, resolve, reject, timeoutMs: message.timeoutMs });
      const abandon = (error: AppError, reason: string): void => {
        if (!this.#pending.has(id)) return;
        entry.fail(error);
        if (message.method !== 'initialize') this.notify('notifications/cancelled', { requestId: id, reason });
        giveUp.abort();
      };
      const onAbort = (): void => abandon(cancelled(), String(call?.signal.reason ?? 'cancelled'));
      entry.onTimeout = () => abandon(timeoutError(server, message.method, message), 'timed out');
      entry.onDone = () => {
        this.#pending.delete(id);
        call?.signal.removeEventListener('abort', onAbort);
      };
      this.#pending.set(id, entry);
      call?.signal.addEventListener('abort', onAbort, { once: true });
      entry.startTimer();
      const request: RpcRequest = {
        jsonrpc: '2.0',
        id,
        method: message.method,
        ...(params === undefined ? {} : { params }),
      };
      transport.send(request, { signal: giveUp.signal }).catch((error: unknown) => {
        const reason = error instanceof TransportEnded ? error.reason : null;
        if (this.#pending.has(id)) entry.fail(reason === null ? notSent(error) : errorOfEnd(server, reason));
        if (reason !== null && isLasting(reason)) this.#options.events.onUnreachable(reason);
      });
    });
  }

  #receive(message: RpcMessage): void {
    if (!('method' in message)) this.#onResponse(message);
    else if ('id' in message) void this.#onRequest(message);
    else this.#onNotification(message);
  }

  #onResponse(message: RpcResponse): void {
    const entry = message.id === null ? undefined : this.#pending.get(message.id);
    if (entry === undefined) this.#options.events.onNote('answered a request that is not open');
    else entry.settle(outcomeOf(message));
  }

  #onNotification(message: RpcNotification): void {
    const params = message.params;
    if (message.method === 'notifications/progress') {
      const entry = this.#pending.get(params?.['progressToken'] as RpcId);
      entry?.progress(message);
    } else if (message.method === 'notifications/cancelled') {
      this.#asked.get(params?.['requestId'] as RpcId)?.abort.abort(params?.['reason']);
    } else if (belongsToOwner(message.method)) {
      this.#options.events.onNotification(message);
    } else {
      const call = soleCall(this.#pending);
      if (call === null || call === 'several') this.#options.events.onNotification(message);
      else call.port.notify(message, call.related);
    }
  }

  async #onRequest(request: RpcRequest): Promise<void> {
    const reply = (outcome: RpcOutcome): void => this.#send(responseOf(request.id, outcome));
    if (request.method === 'ping') return reply({ kind: 'result', result: {} });
    if (!CARRIED_REQUESTS.includes(request.method)) return reply(refusal('METHOD_UNKNOWN', request.method));
    const call = soleCall(this.#pending);
    if (call === 'several') {
      this.#options.events.onAmbiguous();
      return reply(refusal('CLIENT_AMBIGUOUS', request.method));
    }
    const port = call?.port ?? this.#options.events.portForUnrelated();
    if (port === null || !canAnswer(port.capabilities(), request)) {
      const roots: RpcOutcome = { kind: 'result', result: { roots: this.#options.roots() } };
      return reply(request.method === 'roots/list' ? roots : refusal('CLIENT_CANNOT', request.method));
    }
    const outcome = await this.#ask(request, port, call);
    if (outcome !== null) reply(outcome);
  }

  /**
   * Puts the server's question to the agent. The agent's calls do not run out of time while it thinks.
   *
   * @returns null when the server has taken the question back meanwhile.
   */
  async #ask(request: RpcRequest, port: AgentPort, call: Call | null): Promise<RpcOutcome | null> {
    const abort = new AbortController();
    this.#options.events.onAsk();
    this.#asked.set(request.id, { session: port.session, abort });
    const held = [...this.#pending.values()].filter((entry) => entry.call?.port === port);
    for (const entry of held) entry.hold();
    try {
      return await port.ask({
        method: request.method,
        params: request.params,
        related: call?.related ?? null,
        signal: abort.signal,
        onProgress: (params) => this.notify('notifications/progress', params),
      });
    } catch (error) {
      return abort.signal.aborted ? null : refusal(error instanceof AppError ? error.code : 'INTERNAL', request.method);
    } finally {
      this.#asked.delete(request.id);
      for (const entry of held) entry.release();
    }
  }

  #end(reason: EndReason): void {
    this.#ended = reason;
    for (const { abort } of this.#asked.values()) abort.abort('the server is gone');
    for (const entry of [...this.#pending.values()]) entry.fail(errorOfEnd(this.#options.server, reason));
    this.#options.events.onEnd(reason);
  }
}

/** Whether what kept one message back keeps the next one back too. A 403 may be about what was asked for alone. */
function isLasting(reason: EndReason): boolean {
  if (reason.kind === 'auth') return reason.status === 401;
  return reason.kind === 'refused' || reason.kind === 'dns' || reason.kind === 'tls';
}

/** Come at any time, so that a call in flight says nothing about whose they are. */
const OWNERS: ReadonlySet<string> = new Set(['notifications/resources/updated', 'notifications/elicitation/complete']);

function belongsToOwner(method: string): boolean {
  return method.endsWith('/list_changed') || OWNERS.has(method);
}

/** The newest call of the one session that has calls in flight; `several` when more than one session has. */
function soleCall(pending: ReadonlyMap<RpcId, Pending>): Call | 'several' | null {
  let found: Call | null = null;
  for (const { call } of pending.values()) {
    if (call === null) continue;
    if (found !== null && found.port.session !== call.port.session) return 'several';
    found = call;
  }
  return found;
}

/** Params with the progress token replaced by our own id, which is unique on this connection. */
function withOurToken(
  params: JsonObject | undefined,
  id: number,
): { params: JsonObject | undefined; progressToken: JsonValue | undefined } {
  const meta = params?.['_meta'];
  const progressToken = isJsonObject(meta) ? meta['progressToken'] : undefined;
  if (!isJsonObject(meta) || progressToken === undefined) return { params, progressToken: undefined };
  return { params: { ...params, _meta: { ...meta, progressToken: id } }, progressToken };
}

function cancelled(): AppError {
  return new AppError('CALL_CANCELLED', 'the call was cancelled');
}

/** No JSON can be made of a request that is nested some thousand levels deep. */
function notSent(error: unknown): unknown {
  return error instanceof RangeError ? new AppError('INVALID_PARAMS', 'the request is nested too deeply') : error;
}

function timeoutError(server: string, method: string, wait: Wait): AppError {
  return new AppError('UPSTREAM_TIMEOUT', `${server} did not answer ${method} within ${wait.timeoutMs / 1000} s`, {
    where: `mcp_servers.${server}`,
    ...(wait.timeoutKey === null ? {} : { hint: `raise ${wait.timeoutKey}` }),
  });
}

function refusal(
  code: 'CLIENT_CANNOT' | 'CLIENT_AMBIGUOUS' | 'METHOD_UNKNOWN' | AppError['code'],
  method: string,
): RpcOutcome {
  const { facts, hint } = new AppError(code, '');
  const rpcCode = code === 'METHOD_UNKNOWN' ? RPC.methodNotFound : facts.rpc;
  return { kind: 'error', error: { code: rpcCode, message: `${method}: ${facts.means}`, data: { code, hint } } };
}
