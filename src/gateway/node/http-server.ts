import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopback, type ServeSettings } from '../../config/index.ts';
import type { Host } from '../../host/index.ts';
import { AppError, type Caller, isJsonObject, type Log, localCaller, Secret, toRpcError } from '../../kernel/index.ts';
import { AgentSession } from '../agent-session.ts';
import { bearerToken, checkAccept, checkContentType, checkHost, checkOrigin, checkProtocolVersion } from '../guards.ts';
import { inspectPosted, type Posted } from '../posted.ts';
import { createRate, type Rate } from '../rate.ts';
import { HttpSession, type Visitor } from './http-session.ts';
import { PostReply } from './post-reply.ts';
import { readBody } from './read-body.ts';

/** An answer that takes longer becomes an event stream, so that nobody on the way gives up. Milliseconds. */
const UPGRADE_AFTER_MS = 10_000;
const COMMENT_EVERY_MS = 15_000;
const SWEEP_MS = 1_000;

const JSON_TYPE = 'application/json';
const SSE_TYPE = 'text/event-stream';
const EXPOSED = 'mcp-session-id, mcp-protocol-version, www-authenticate';

export type HttpGatewayOptions = {
  readonly host: Host;
  /** Read anew for each request, so that a reload takes effect at once. */
  readonly settings: () => ServeSettings;
  /** The caller behind a token, or null. Called for each request. */
  readonly authenticate: (token: string) => Caller | null;
  readonly now: () => number;
  readonly log: Log;
};

/** A running HTTP front. */
export type HttpGateway = {
  /** `http://HOST:PORT/mcp` */
  readonly endpoint: string;
  readonly sessions: () => number;
  readonly close: () => Promise<void>;
};

/** Who callers are when `[serve] auth = "none"`. */
const ANYONE = localCaller();

/**
 * Opens the HTTP front.
 *
 * @throws AppError `PORT_IN_USE` | `HTTP_AUTH_NONE_NOT_LOCAL`
 */
export async function serveHttp(
  options: HttpGatewayOptions,
  at: { readonly host: string; readonly port: number },
): Promise<HttpGateway> {
  if (options.settings().auth === 'none' && !isLoopback(at.host)) {
    throw new AppError('HTTP_AUTH_NONE_NOT_LOCAL', `[serve] auth = "none" would open ${at.host} to everyone`);
  }
  const front = new HttpFront(options, at.host);
  const server = createServer(
    { keepAliveTimeout: 75_000 },
    (request, response) => void front.handle(request, response),
  );
  await listen(server, at);
  const sweep = setInterval(() => front.sweep(), SWEEP_MS);
  sweep.unref();
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${port}/mcp`,
    sessions: () => front.size,
    close: async () => {
      clearInterval(sweep);
      front.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, at: { readonly host: string; readonly port: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new AppError('PORT_IN_USE', `port ${at.port} on ${at.host} is in use`, { cause: error })
          : new AppError('USAGE', `cannot listen on ${at.host}:${at.port} (${error.code})`, {
              hint: 'give an address of this machine, such as 127.0.0.1, and a port that you may open',
              cause: error,
            }),
      );
    });
    server.listen(at.port, at.host, resolve);
  });
}

type PathOf =
  | { readonly kind: 'mcp'; readonly server: string | null }
  | { readonly kind: 'health' }
  | { readonly kind: 'other' };

class HttpFront {
  readonly #options: HttpGatewayOptions;
  readonly #bindHost: string;
  readonly #sessions = new Map<string, HttpSession>();
  readonly #rates = new Map<string, Rate>();
  /** POSTs without an answer yet, in the order they came. */
  readonly #waiting = new Map<PostReply, number>();
  #commentAt = 0;

  constructor(options: HttpGatewayOptions, bindHost: string) {
    this.#options = options;
    this.#bindHost = bindHost;
  }

  get size(): number {
    return this.#sessions.size;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      if (!(error instanceof AppError))
        this.#options.log('error', 'an HTTP request failed inside Plugboard', { error: String(error) });
      sendError(response, error);
    }
  }

  /** Turns slow answers into streams, keeps streams alive, ends idle sessions and those of revoked tokens. */
  sweep(): void {
    const now = this.#options.now();
    for (const [reply, since] of this.#waiting) {
      if (now - since < UPGRADE_AFTER_MS) break;
      reply.upgrade();
      this.#waiting.delete(reply);
    }
    if (now - this.#commentAt >= COMMENT_EVERY_MS) {
      this.#commentAt = now;
      for (const session of this.#sessions.values()) session.comment();
    }
    const { sessionIdleMs } = this.#options.settings();
    for (const [id, session] of this.#sessions) {
      // A call alone keeps no session: its agent may be gone for good, and a person it asked may never answer.
      const isIdle = session.open === 0 && now - session.lastUsed >= sessionIdleMs;
      if (isIdle || !this.#isKnown(session)) this.#end(id);
    }
  }

  close(): void {
    for (const id of [...this.#sessions.keys()]) this.#end(id);
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { allowedHosts, allowedOrigins } = this.#options.settings();
    checkHost(request.headers.host, [...allowedHosts, this.#bindHost]);
    const origin = checkOrigin(request.headers.origin, request.headers.host, allowedOrigins);
    if (origin !== null) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', EXPOSED);
      response.setHeader('vary', 'origin');
    }
    const path = parsePath(request.url ?? '/');
    if (path.kind === 'health') return sendJson(response, 200, { status: 'ok', version: this.#options.host.version });
    if (path.kind === 'other') return sendEmpty(response, 404);
    switch (request.method) {
      case 'POST':
        return this.#post(request, response, path.server);
      case 'GET':
        return this.#get(request, response, path.server);
      case 'DELETE':
        return this.#delete(request, response, path.server);
      case 'OPTIONS':
        return sendEmpty(response, 204, {
          'access-control-allow-methods': 'GET, POST, DELETE',
          'access-control-allow-headers':
            'authorization, content-type, accept, mcp-session-id, mcp-protocol-version, last-event-id',
        });
      default:
        return sendEmpty(response, 405, { allow: 'GET, POST, DELETE' });
    }
  }

  async #post(request: IncomingMessage, response: ServerResponse, server: string | null): Promise<void> {
    const visitor = this.#authenticate(request);
    checkContentType(request.headers['content-type']);
    checkAccept(request.headers.accept, [JSON_TYPE, SSE_TYPE]);
    checkProtocolVersion(header(request, 'mcp-protocol-version'));
    const message = await readBody(request);
    const first = inspectPosted(message, null);
    const isInitialize = first.kind === 'messages' && first.isInitialize;
    const session = isInitialize ? this.#create(visitor, server) : this.#find(request, visitor, server);
    session.lastUsed = this.#options.now();
    const posted = inspectPosted(message, session.agent.version);
    if (posted.kind === 'invalid') return sendInvalid(response, posted);
    if (posted.answers === 0) {
      session.agent.receive(message, NOWHERE);
      return sendEmpty(response, 202);
    }
    this.#answer({ session, message, answers: posted.answers, response, isInitialize });
  }

  #answer(post: {
    session: HttpSession;
    message: unknown;
    answers: number;
    response: ServerResponse;
    isInitialize: boolean;
  }): void {
    const { session, message, answers, response, isInitialize } = post;
    const reply = new PostReply({
      response,
      answers,
      isBatch: Array.isArray(message),
      headers: isInitialize ? { 'mcp-session-id': session.agent.id } : {},
      createStream: () => session.createStream(),
      onDone: () => this.#waiting.delete(reply),
    });
    this.#waiting.set(reply, this.#options.now());
    response.on('close', () => {
      session.open -= 1;
      session.lastUsed = this.#options.now();
      if (response.writableFinished || reply.resumable || !isJsonObject(message)) return;
      session.agent.cancel(message['id'] as string | number, 'the agent has disconnected');
    });
    session.open += 1;
    session.agent.receive(message, reply);
  }

  /** Codex and others look here before they know anything: without a session there is no stream, and no secret to guard. */
  #get(request: IncomingMessage, response: ServerResponse, server: string | null): void {
    const id = header(request, 'mcp-session-id');
    if (id === undefined) return sendEmpty(response, 405, { allow: 'POST' });
    const session = this.#find(request, this.#authenticate(request), server);
    checkAccept(request.headers.accept, [SSE_TYPE]);
    checkProtocolVersion(header(request, 'mcp-protocol-version'));
    session.lastUsed = this.#options.now();
    session.attach(response, header(request, 'last-event-id'));
    session.open += 1;
    response.on('close', () => {
      session.open -= 1;
      session.lastUsed = this.#options.now();
    });
  }

  #delete(request: IncomingMessage, response: ServerResponse, server: string | null): void {
    const session = this.#find(request, this.#authenticate(request), server);
    this.#end(session.agent.id);
    sendEmpty(response, 204);
  }

  #authenticate(request: IncomingMessage): Visitor {
    const { auth, rateLimitPerSec } = this.#options.settings();
    const token = bearerToken(request.headers.authorization);
    const isOpen = auth === 'none' && isLoopback(this.#bindHost);
    const caller = isOpen ? ANYONE : token === null ? null : this.#options.authenticate(token);
    if (caller === null)
      throw new AppError('HTTP_UNAUTHORIZED', token === null ? 'a token is required' : 'the token is not known');
    const name = nameOf(caller);
    let rate = this.#rates.get(name);
    if (rate === undefined) this.#rates.set(name, (rate = createRate()));
    if (!rate.take(rateLimitPerSec, this.#options.now()))
      throw new AppError('HTTP_RATE_LIMITED', `more than ${rateLimitPerSec} requests per second`);
    return { caller, token: isOpen || token === null ? null : new Secret(`token ${caller.name}`, token) };
  }

  /** @throws AppError `HTTP_NO_SESSION` | `HTTP_SESSION_GONE`, the latter also for a session of another caller or endpoint */
  #find(request: IncomingMessage, visitor: Visitor, server: string | null): HttpSession {
    const id = header(request, 'mcp-session-id');
    if (id === undefined) throw new AppError('HTTP_NO_SESSION', 'the Mcp-Session-Id header is missing');
    const session = this.#sessions.get(id);
    const agent = session?.agent;
    if (
      session === undefined ||
      agent === undefined ||
      !sameVisitor(session.visitor, visitor) ||
      agent.server !== server
    )
      throw new AppError('HTTP_SESSION_GONE', 'the session does not exist or has ended');
    return session;
  }

  /** Whether the token that began a session is still one. While that cannot be found out, what is open stays open. */
  #isKnown({ visitor }: HttpSession): boolean {
    try {
      return visitor.token === null || this.#options.authenticate(visitor.token.reveal()) !== null;
    } catch (error) {
      if (error instanceof AppError) return true;
      throw error;
    }
  }

  #create(visitor: Visitor, server: string | null): HttpSession {
    const { caller } = visitor;
    const { maxSessionsPerCaller } = this.#options.settings();
    const mine = [...this.#sessions.values()].filter(
      (session) => nameOf(session.agent.caller) === nameOf(caller),
    ).length;
    if (mine >= maxSessionsPerCaller)
      throw new AppError('HTTP_TOO_MANY_SESSIONS', `${caller.name} has ${mine} sessions`);
    const { host, log, now } = this.#options;
    host.requireServer(server);
    const session = new HttpSession(visitor, now());
    session.agent = new AgentSession({
      id: randomUUID(),
      host,
      caller,
      server,
      env: null,
      outlet: session.outlet,
      log,
    });
    this.#sessions.set(session.agent.id, session);
    return session;
  }

  #end(id: string): void {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    session?.close();
  }
}

/** Where answers to a POST go that asked nothing. */
const NOWHERE = { respond: () => {}, stream: () => {}, abandon: () => {} };

function sameVisitor(a: Visitor, b: Visitor): boolean {
  return nameOf(a.caller) === nameOf(b.caller) && a.token?.reveal() === b.token?.reveal();
}

/** Whose sessions and requests are counted together. */
function nameOf({ kind, name }: Caller): string {
  return `${kind} ${name}`;
}

function parsePath(url: string): PathOf {
  const path = url.split('?')[0] ?? '';
  if (path === '/healthz') return { kind: 'health' };
  if (path === '/mcp' || path === '/mcp/') return { kind: 'mcp', server: null };
  if (!path.startsWith('/mcp/') || path.includes('/.well-known/')) return { kind: 'other' };
  try {
    return { kind: 'mcp', server: decodeURIComponent(path.slice('/mcp/'.length)) };
  } catch {
    return { kind: 'other' };
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function sendEmpty(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { ...headers, 'content-length': 0 });
  response.end();
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': JSON_TYPE, 'content-length': bytes.length });
  response.end(bytes);
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  const { http } = error instanceof AppError ? error.facts : { http: 500 };
  if (http === 413) response.setHeader('connection', 'close');
  if (http === 401) response.setHeader('www-authenticate', 'Bearer realm="plugboard"');
  if (http === 429) response.setHeader('retry-after', '1');
  sendJson(response, http, { jsonrpc: '2.0', id: null, error: toRpcError(error) });
}

function sendInvalid(response: ServerResponse, { id, reason }: Extract<Posted, { kind: 'invalid' }>): void {
  sendJson(response, 400, { jsonrpc: '2.0', id, error: toRpcError(new AppError('MESSAGE_INVALID', reason)) });
}
