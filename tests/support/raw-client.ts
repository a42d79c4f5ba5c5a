/**
 * A bare MCP client over a child process's stdio: newline-delimited JSON-RPC and nothing else.
 *
 * It knows no SDK, so what it sees is what was sent. It ends the child when closed: standard input first, then
 * SIGTERM, then SIGKILL.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { JsonObject, JsonValue, RpcNotification, RpcRequest, RpcResponse } from '../../src/kernel/index.ts';
import { classifyMessage } from '../../src/kernel/index.ts';

const GRACE_MS = 3000;
const STDERR_KEPT_CHARS = 8192;

/** Answers a request of the server. Throwing answers -32601. */
export type ServerRequestHandler = (request: RpcRequest) => JsonValue | Promise<JsonValue>;

export type RawClientOptions = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly onRequest?: ServerRequestHandler;
};

export type ListedTool = JsonObject & { readonly name: string };

export type RawClient = {
  readonly pid: number;
  /** Everything the server said unasked, oldest first. */
  readonly notifications: readonly RpcNotification[];
  /** The whole response, an error as well as a result. Rejects when the server ends first. */
  readonly exchange: (method: string, params?: JsonObject) => Promise<RpcResponse>;
  /** The result. Throws `RawRpcError` for an error response. */
  readonly request: (method: string, params?: JsonObject) => Promise<JsonObject>;
  readonly notify: (method: string, params?: JsonObject) => void;
  /** `initialize` and `notifications/initialized` of 2025-11-25. Gives the result of `initialize`. */
  readonly initialize: (capabilities?: JsonObject) => Promise<JsonObject>;
  /** The first page of `tools/list`. */
  readonly listTools: () => Promise<readonly ListedTool[]>;
  /** The end of what the server wrote to standard error. */
  readonly stderr: () => string;
  /** Ends the server. Gives its exit code, or null when a signal ended it. */
  readonly close: () => Promise<number | null>;
};

export class RawRpcError extends Error {
  readonly code: number;
  readonly data: JsonValue | undefined;
  constructor(code: number, message: string, data: JsonValue | undefined) {
    super(`${message} (${code})`);
    this.name = 'RawRpcError';
    this.code = code;
    this.data = data;
  }
}

export function openRawClient(options: RawClientOptions): RawClient {
  const child = spawn(options.command, options.args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const waiting = new Map<number, { resolve: (response: RpcResponse) => void; reject: (cause: Error) => void }>();
  const notifications: RpcNotification[] = [];
  let lastId = 0;
  let stderr = '';

  const write = (message: JsonObject): void => void child.stdin.write(`${JSON.stringify(message)}\n`);
  const failAll = (cause: Error): void => {
    for (const { reject } of waiting.values()) reject(cause);
    waiting.clear();
  };

  async function answer(asked: RpcRequest): Promise<void> {
    try {
      const result = await (options.onRequest ?? answerNothing)(asked);
      write({ jsonrpc: '2.0', id: asked.id, result });
    } catch (cause) {
      write({ jsonrpc: '2.0', id: asked.id, error: { code: -32601, message: String(cause) } });
    }
  }

  function receive(line: string): void {
    const seen = classifyMessage(JSON.parse(line));
    switch (seen.kind) {
      case 'request':
        return void answer(seen.message);
      case 'notification':
        return void notifications.push(seen.message);
      case 'response': {
        const { id } = seen.message;
        if (typeof id !== 'number') return;
        waiting.get(id)?.resolve(seen.message);
        waiting.delete(id);
        return;
      }
      case 'invalid':
        return failAll(new Error(`not a JSON-RPC message (${seen.reason}): ${line.slice(0, 200)}`));
      default:
        return seen satisfies never;
    }
  }

  readLines(child.stdout, (line) => {
    try {
      receive(line);
    } catch (cause) {
      failAll(new Error(`not JSON: ${line.slice(0, 200)}`, { cause }));
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_KEPT_CHARS);
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (cause) => {
      failAll(cause);
      resolve(null);
    });
    child.once('close', (code) => {
      failAll(new Error(`the server ended (exit code ${code}): ${stderr.slice(-500)}`));
      resolve(code);
    });
  });

  function exchange(method: string, params?: JsonObject): Promise<RpcResponse> {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      if (child.exitCode !== null) return reject(new Error(`the server has ended: ${stderr.slice(-500)}`));
      waiting.set(id, { resolve, reject });
      write({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) });
    });
  }

  async function request(method: string, params?: JsonObject): Promise<JsonObject> {
    const response = await exchange(method, params);
    if ('error' in response) {
      throw new RawRpcError(response.error.code, `${method}: ${response.error.message}`, response.error.data);
    }
    return response.result as JsonObject;
  }

  const notify = (method: string, params?: JsonObject): void =>
    write({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) });

  async function initialize(capabilities: JsonObject = {}): Promise<JsonObject> {
    const clientInfo = { name: 'raw-client', version: '1.0.0' };
    const result = await request('initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo });
    notify('notifications/initialized');
    return result;
  }

  async function listTools(): Promise<readonly ListedTool[]> {
    const { tools } = await request('tools/list');
    return tools as readonly ListedTool[];
  }

  return {
    pid: child.pid ?? 0,
    notifications,
    exchange,
    request,
    notify,
    initialize,
    listTools,
    stderr: () => stderr,
    close: () => endChild(child, ended),
  };
}

/** The form of an elicitation filled in with its own defaults; what has none is left out. */
export function acceptDefaults(request: RpcRequest): JsonObject {
  const schema = request.params?.['requestedSchema'] as { properties?: Record<string, JsonObject> } | undefined;
  const content = Object.fromEntries(
    Object.entries(schema?.properties ?? {})
      .filter(([, property]) => property['default'] !== undefined)
      .map(([name, property]) => [name, property['default'] as JsonValue]),
  );
  return { action: 'accept', content };
}

function answerNothing(request: RpcRequest): JsonValue {
  if (request.method === 'ping') return {};
  if (request.method === 'roots/list') return { roots: [] };
  throw new Error(`this client does not answer ${request.method}`);
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') onLine(line);
  });
}

async function endChild(
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  ended: Promise<number | null>,
): Promise<number | null> {
  child.stdin.end();
  const timers = [
    setTimeout(() => child.kill('SIGTERM'), GRACE_MS),
    setTimeout(() => child.kill('SIGKILL'), 2 * GRACE_MS),
  ];
  const code = await ended;
  for (const timer of timers) clearTimeout(timer);
  return code;
}
