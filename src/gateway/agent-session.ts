import { FORWARDED, type Host, type HostSession, type SessionOptions } from '../host/index.ts';
import {
  AppError,
  type Caller,
  classifyMessage,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Log,
  type RpcId,
  type RpcMessage,
  type RpcNotification,
  type RpcOutcome,
  type RpcRequest,
  responseOf,
  toRpcError,
} from '../kernel/index.ts';
import { pageOf } from '../tools/index.ts';
import type { AgentPort, CallRef, ListKind } from '../upstreams/index.ts';
import { isLogLevel, passesLevel } from './log-level.ts';
import { Questions } from './questions.ts';
import type { Outlet, Reply } from './reply.ts';
import { BATCH_VERSION, negotiateVersion } from './versions.ts';

export type AgentSessionOptions = {
  readonly id: string;
  readonly host: Pick<Host, 'openSession'>;
  readonly caller: Caller;
  /** The one server this session is on, or null for all. */
  readonly server: string | null;
  readonly env: SessionOptions['env'];
  readonly outlet: Outlet;
  readonly log: Log;
};

/** One request of the agent while it runs. Servers hand it back as the `related` of what belongs to it. */
class InFlight implements CallRef {
  readonly requestId: RpcId;
  readonly reply: Reply;
  readonly abort = new AbortController();

  constructor(requestId: RpcId, reply: Reply) {
    this.requestId = requestId;
    this.reply = reply;
  }
}

/** Our lists by the method that asks for them, and the member that holds the entries. */
const LIST_METHODS: ReadonlyMap<string, { readonly kind: ListKind; readonly member: string }> = new Map([
  ['tools/list', { kind: 'tools', member: 'tools' }],
  ['resources/list', { kind: 'resources', member: 'resources' }],
  ['resources/templates/list', { kind: 'templates', member: 'resourceTemplates' }],
  ['prompts/list', { kind: 'prompts', member: 'prompts' }],
]);

/**
 * The MCP server that one agent talks to, whatever carries the messages: `initialize`, lists, forwarded requests,
 * cancellation, and the questions of servers on their way to the agent.
 *
 * @see MCP 2025-11-25, basic/lifecycle
 */
export class AgentSession {
  readonly #options: AgentSessionOptions;
  readonly #inFlight = new Map<RpcId, InFlight>();
  readonly #questions = new Questions();
  #session: HostSession | null = null;
  #capabilities: JsonObject = {};
  /** What we declared in the answer to `initialize`. */
  #declared: JsonObject = {};
  #version: string | null = null;
  #level: string | null = null;
  /** Whether the agent has asked for a list: before that no list can be out of date for it. */
  #hasListed = false;

  constructor(options: AgentSessionOptions) {
    this.#options = options;
  }

  get id(): string {
    return this.#options.id;
  }

  get caller(): Caller {
    return this.#options.caller;
  }

  /** The one server this session is on, or null for all. */
  get server(): string | null {
    return this.#options.server;
  }

  /** The agreed revision; null before `initialize`. */
  get version(): string | null {
    return this.#version;
  }

  /** Takes one parsed message, or a batch where the revision has them. Problems are answered, never thrown. */
  receive(value: unknown, reply: Reply): void {
    if (Array.isArray(value) && this.#version === BATCH_VERSION && value.length > 0) {
      for (const part of value) this.receive(part, reply);
      return;
    }
    const classified = classifyMessage(value);
    switch (classified.kind) {
      case 'request':
        void this.#onRequest(classified.message, reply);
        return;
      case 'notification':
        this.#onNotification(classified.message);
        return;
      case 'response':
        if (!this.#questions.answer(classified.message))
          this.#options.log('debug', 'an agent answered a question that is not open');
        return;
      case 'invalid':
        reply.respond({
          jsonrpc: '2.0',
          id: classified.id,
          error: toRpcError(new AppError('MESSAGE_INVALID', classified.reason)),
        });
        return;
      default:
        classified satisfies never;
    }
  }

  /** Gives up one request, as if the agent had cancelled it. */
  cancel(requestId: RpcId, reason: string): void {
    const call = this.#inFlight.get(requestId);
    if (call === undefined) return;
    this.#inFlight.delete(requestId);
    call.abort.abort(reason);
    call.reply.abandon();
  }

  /** The agent is gone: its calls are cancelled, its own connections end. */
  close(): void {
    for (const requestId of [...this.#inFlight.keys()]) this.cancel(requestId, 'the agent has disconnected');
    this.#questions.close();
    this.#session?.close();
    this.#session = null;
  }

  async #onRequest(request: RpcRequest, reply: Reply): Promise<void> {
    if (this.#inFlight.has(request.id)) {
      const error = toRpcError(
        new AppError('MESSAGE_INVALID', `a request with the id ${JSON.stringify(request.id)} is still running`),
      );
      return reply.respond(responseOf(request.id, { kind: 'error', error }));
    }
    const call = new InFlight(request.id, reply);
    this.#inFlight.set(request.id, call);
    const outcome = await this.#answer(request, call);
    // One that was cancelled is over already, and its id may be in use again.
    if (call.abort.signal.aborted) return;
    this.#inFlight.delete(request.id);
    reply.respond(responseOf(request.id, outcome));
  }

  async #answer(request: RpcRequest, call: InFlight): Promise<RpcOutcome> {
    try {
      return await this.#dispatch(request, call);
    } catch (error) {
      if (!(error instanceof AppError))
        this.#options.log('error', 'a request failed inside Plugboard', {
          method: request.method,
          error: String(error),
        });
      return { kind: 'error', error: toRpcError(error) };
    }
  }

  async #dispatch(request: RpcRequest, call: InFlight): Promise<RpcOutcome> {
    const { method } = request;
    const params = request.params ?? {};
    if (method === 'ping') return result({});
    if (method === 'initialize') return result(await this.#initialize(params));
    const session = this.#session;
    if (session === null) throw new AppError('NOT_INITIALIZED', `${method} came before initialize`);
    const list = LIST_METHODS.get(method);
    if (list !== undefined) {
      this.#hasListed = true;
      return result(await listPage(session, list, params));
    }
    if (method === 'logging/setLevel') return result(this.#setLevel(session, params));
    if (!(FORWARDED as readonly string[]).includes(method))
      throw new AppError('METHOD_UNKNOWN', `Method not found: ${method}`);
    return session.send({ method, params, related: call, signal: call.abort.signal });
  }

  async #initialize(params: JsonObject): Promise<JsonValue> {
    if (this.#session !== null) throw new AppError('MESSAGE_INVALID', 'initialize came twice');
    const capabilities = params['capabilities'];
    this.#capabilities = isJsonObject(capabilities) ? capabilities : {};
    this.#version = negotiateVersion(params['protocolVersion']);
    const { id, host, caller, server, env } = this.#options;
    this.#session = host.openSession({
      id,
      caller,
      server,
      env,
      port: this.#port(),
      onListChanged: (kind) => this.#listChanged(kind),
    });
    const hello = await this.#session.hello();
    this.#declared = hello.capabilities;
    return {
      protocolVersion: this.#version,
      capabilities: hello.capabilities,
      serverInfo: hello.serverInfo,
      ...(hello.instructions === null ? {} : { instructions: hello.instructions }),
    };
  }

  #setLevel(session: HostSession, params: JsonObject): JsonValue {
    const level = params['level'];
    if (!isLogLevel(level))
      throw new AppError('INVALID_PARAMS', 'logging/setLevel: "level" must be one of the levels of MCP');
    this.#level = level;
    session.setLevel(level);
    return {};
  }

  #onNotification(message: RpcNotification): void {
    const { method, params } = message;
    if (method === 'notifications/cancelled')
      this.cancel(params?.['requestId'] as RpcId, String(params?.['reason'] ?? 'cancelled by the agent'));
    else if (method === 'notifications/progress') this.#questions.progress(message);
    else if (method === 'notifications/roots/list_changed') this.#session?.rootsChanged();
  }

  #listChanged(kind: string): void {
    if (!this.#hasListed || this.#declared[kind] === undefined) return;
    this.#options.outlet({ jsonrpc: '2.0', method: `notifications/${kind}/list_changed` });
  }

  #port(): AgentPort {
    const send = (related: CallRef | null) => (message: RpcMessage) => {
      if (related instanceof InFlight && this.#inFlight.get(related.requestId) === related)
        related.reply.stream(message);
      else this.#options.outlet(message);
    };
    return {
      session: this.#options.id,
      capabilities: () => this.#capabilities,
      notify: (message, related) => {
        if (message.method === 'notifications/message' && !passesLevel(message.params?.['level'], this.#level)) return;
        send(related)(message);
      },
      ask: (request) => this.#questions.ask(request, send(request.related)),
    };
  }
}

async function listPage(
  session: HostSession,
  { kind, member }: { kind: ListKind; member: string },
  params: JsonObject,
): Promise<JsonValue> {
  const catalogue = await session.catalogue(kind);
  const { entries, nextCursor } = pageOf(catalogue[kind], params['cursor']);
  return { [member]: entries, ...(nextCursor === undefined ? {} : { nextCursor }) };
}

function result(value: JsonValue): RpcOutcome {
  return { kind: 'result', result: value };
}
