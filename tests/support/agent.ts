/**
 * Agents by hand over both fronts: they send what a test says and keep everything that comes. No SDK, so nothing is
 * added, dropped or repaired on the way.
 */
import { spawn } from 'node:child_process';
import type { JsonObject, JsonValue, RpcId, RpcMessage, RpcOutcome, RpcRequest } from '../../src/kernel/index.ts';
import { type Answered, httpRequest } from './http-request.ts';
import { until } from './processes.ts';

export type Agent = {
  /** Everything that came but answers to requests, oldest first. */
  readonly received: readonly RpcMessage[];
  /** The result or the error, as the other side sent it. Rejects when the agent is closed first. */
  readonly ask: (method: string, params?: JsonObject, id?: RpcId) => Promise<RpcOutcome>;
  /** The result. Throws for an error. */
  readonly result: (method: string, params?: JsonObject, id?: RpcId) => Promise<JsonObject>;
  /** The text of the first content of a tool's result. */
  readonly call: (tool: string, args?: JsonObject) => Promise<string>;
  /** Sends any JSON value. */
  readonly send: (message: JsonValue) => void;
  readonly notify: (method: string, params?: JsonObject) => void;
  /** Waits for the first message of this method that came and was not taken yet, and takes it. */
  readonly next: (method: string) => Promise<RpcMessage & { readonly params?: JsonObject }>;
  readonly close: () => Promise<void>;
};

export type AgentOptions = {
  readonly version?: string;
  readonly capabilities?: JsonObject;
  /** Answers a request of the server. Without it the request waits for `send`. */
  readonly onRequest?: (request: RpcRequest) => RpcOutcome | Promise<RpcOutcome>;
  /** false sends no `initialize`. */
  readonly initialize?: boolean;
};

/** The accepting answer to an elicitation. */
export const accept = (content: JsonObject): RpcOutcome => ({ kind: 'result', result: { action: 'accept', content } });

type Road = {
  readonly send: (message: JsonValue) => void;
  readonly close: () => Promise<void>;
};

/** An agent on a road: `open` is given where messages go that come in. */
async function createAgent(
  options: AgentOptions,
  open: (receive: (message: RpcMessage) => void, fail: (cause: Error) => void) => Road,
): Promise<Agent & { readonly hello: JsonObject | null }> {
  const received: RpcMessage[] = [];
  const taken = new Set<RpcMessage>();
  const waiting = new Map<RpcId, { resolve: (outcome: RpcOutcome) => void; reject: (cause: Error) => void }>();
  let nextId = 1;
  let failed: Error | null = null;

  const answer = async (request: RpcRequest): Promise<void> => {
    const outcome = await options.onRequest?.(request);
    if (outcome === undefined) return;
    const { jsonrpc, id } = request;
    road.send(
      outcome.kind === 'result' ? { jsonrpc, id, result: outcome.result } : { jsonrpc, id, error: outcome.error },
    );
  };
  const receive = (message: RpcMessage): void => {
    if ('method' in message || message.id === null) {
      received.push(message);
      if ('method' in message && 'id' in message) void answer(message);
      return;
    }
    const entry = waiting.get(message.id);
    waiting.delete(message.id);
    if (entry === undefined) received.push(message);
    else if ('error' in message) entry.resolve({ kind: 'error', error: message.error });
    else entry.resolve({ kind: 'result', result: message.result });
  };
  const fail = (cause: Error): void => {
    failed ??= cause;
    for (const { reject } of waiting.values()) reject(cause);
    waiting.clear();
  };
  const road = open(receive, fail);

  const ask: Agent['ask'] = (method, params, id = nextId++) =>
    new Promise((resolve, reject) => {
      if (failed !== null) return reject(failed);
      waiting.set(id, { resolve, reject });
      road.send({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) });
    });
  const result: Agent['result'] = async (method, params, id) => {
    const outcome = await ask(method, params, id);
    if (outcome.kind === 'error') throw new Error(`${method}: ${JSON.stringify(outcome.error)}`);
    return outcome.result as JsonObject;
  };
  const agent: Agent = {
    received,
    ask,
    result,
    call: async (name, args = {}) => textOf(await result('tools/call', { name, arguments: args })),
    send: road.send,
    notify: (method, params) => road.send({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) }),
    next: async (method) => {
      const is = (message: RpcMessage): boolean =>
        'method' in message && message.method === method && !taken.has(message);
      const found = await until(() => received.find(is)).catch(() => {
        throw new Error(`no ${method} came; there was ${JSON.stringify(received).slice(0, 2000)}`);
      });
      taken.add(found);
      return found;
    },
    close: async () => {
      fail(new Error('the agent was closed'));
      await road.close();
    },
  };
  let hello: JsonObject | null = null;
  if (options.initialize !== false) {
    hello = await result('initialize', {
      protocolVersion: options.version ?? '2025-11-25',
      capabilities: options.capabilities ?? {},
      clientInfo: { name: 'test-agent', version: '1' },
    });
    agent.notify('notifications/initialized');
  }
  return { ...agent, hello };
}

export function textOf(result: JsonObject): string {
  const content = result['content'] as readonly JsonObject[] | undefined;
  return String(content?.[0]?.['text']);
}

export type StdioAgent = Agent & {
  readonly hello: JsonObject | null;
  readonly pid: number;
  /** Every line that came, as it came. */
  readonly lines: readonly string[];
  /** Writes this text and a line end. */
  readonly writeLine: (text: string) => void;
  /** Resolves with the exit status once the process has ended. */
  readonly ended: Promise<number | null>;
};

/** An agent that starts a command and speaks with it over its standard streams. */
export async function openStdioAgent(
  program: {
    readonly command: string;
    readonly args: readonly string[];
    readonly env: NodeJS.ProcessEnv;
    readonly cwd?: string;
  },
  options: AgentOptions = {},
): Promise<StdioAgent> {
  const child = spawn(program.command, program.args, {
    env: program.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
  });
  const lines: string[] = [];
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {});
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const writeLine = (text: string): void => void child.stdin.write(`${text}\n`);
  const agent = await createAgent(options, (receive, fail) => {
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        receive(JSON.parse(line) as RpcMessage);
      }
    });
    void ended.then((code) => fail(new Error(`the program ended (${code}): ${stderr}`)));
    return {
      send: (message) => writeLine(JSON.stringify(message)),
      close: async () => {
        child.stdin.end();
        const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
        await ended;
        clearTimeout(timer);
      },
    };
  });
  return { ...agent, pid: child.pid ?? 0, lines, writeLine, ended };
}

export type HttpAgent = Agent & {
  readonly endpoint: string;
  readonly hello: JsonObject | null;
  readonly session: () => string | null;
  /** Headers of this session, for requests by hand. */
  readonly headers: () => Record<string, string>;
  /** Opens the GET stream; what comes there is received like everything else. */
  readonly listen: (lastEventId?: string) => Promise<Answered>;
  /** Ends the session by DELETE. */
  readonly end: () => Promise<number>;
  /** Breaks every connection that is open now, and leaves the session. */
  readonly drop: () => void;
};

export type HttpAgentOptions = AgentOptions & {
  readonly token?: string;
  /** Opens the GET stream after `initialize`. */
  readonly listens?: boolean;
};

/** An agent on a Streamable HTTP endpoint. */
export async function openHttpAgent(endpoint: string, options: HttpAgentOptions = {}): Promise<HttpAgent> {
  const open = new Set<Answered>();
  let session: string | null = null;
  let version: string | null = null;
  const headers = (): Record<string, string> => ({
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    ...(session === null ? {} : { 'mcp-session-id': session }),
    ...(version === null ? {} : { 'mcp-protocol-version': version }),
  });
  let receive: (message: RpcMessage) => void = () => {};
  const read = async (answer: Answered): Promise<void> => {
    open.add(answer);
    if (String(answer.headers['content-type']).startsWith('text/event-stream')) {
      for await (const { message } of answer.events()) if (message !== null) receive(message);
    } else if (answer.status !== 202) {
      receive((await answer.json()) as RpcMessage);
    } else await answer.text();
    open.delete(answer);
  };
  const agent = await createAgent(options, (take, fail) => {
    receive = (message) => {
      if (!('method' in message) && version === null && 'result' in message)
        version = String((message.result as JsonObject)['protocolVersion']);
      take(message);
    };
    const post = async (message: JsonValue): Promise<void> => {
      const answer = await httpRequest(endpoint, { method: 'POST', headers: headers(), body: JSON.stringify(message) });
      const given = answer.headers['mcp-session-id'];
      if (typeof given === 'string') session = given;
      if (answer.status >= 400) fail(new Error(`HTTP ${answer.status}: ${await answer.text()}`));
      else await read(answer);
    };
    return {
      send: (message) => void post(message).catch((cause: unknown) => fail(cause as Error)),
      close: async () => {
        for (const answer of open) answer.drop();
        if (session !== null) await httpRequest(endpoint, { method: 'DELETE', headers: headers() });
      },
    };
  });
  const listen: HttpAgent['listen'] = async (lastEventId) => {
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const answer = await httpRequest(endpoint, { headers: { ...headers(), ...resume } });
    if (answer.status === 200) void read(answer);
    return answer;
  };
  if (options.listens === true) await listen();
  return {
    ...agent,
    endpoint,
    session: () => session,
    headers,
    listen,
    end: async () => (await httpRequest(endpoint, { method: 'DELETE', headers: headers() })).status,
    drop: () => {
      for (const answer of open) answer.drop();
    },
  };
}
