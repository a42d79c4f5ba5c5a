/**
 * A lean load generator: it keeps N calls in flight for a while and writes down how long each took.
 *
 * No SDK, no `fetch`: pipes and raw sockets, requests built beforehand, responses searched for what is needed. It shares
 * the cores with what it measures, so the less it does the better.
 */
import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** Milliseconds per call, ascending; `failed` calls are counted and not timed. */
export type Sample = { readonly latenciesMs: Float64Array; readonly failed: number; readonly durationMs: number };

export type LoadOptions = { readonly tool: string; readonly inFlight: number; readonly durationMs: number };

export type Connection = {
  readonly request: (method: string, params: object) => Promise<unknown>;
  readonly notify: (method: string) => Promise<void>;
  readonly load: (options: LoadOptions) => Promise<Sample>;
};

/** Ids of load calls: seven digits, so that every request is as long as the next. */
const FIRST_ID = 1_000_000;
const MESSAGE = 'hello from the load generator';

const callOf = (tool: string, id: number | string): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${tool}","arguments":{"message":"${MESSAGE}"}}}`;

/** Collects what one run measures. */
function createRecorder() {
  let latencies = new Float64Array(65_536);
  let count = 0;
  let failed = 0;
  const startedAt = performance.now();
  const add = (ms: number): void => {
    if (count === latencies.length) {
      const grown = new Float64Array(2 * count);
      grown.set(latencies);
      latencies = grown;
    }
    latencies[count++] = ms;
  };
  const finish = (): Sample => ({
    latenciesMs: latencies.slice(0, count).toSorted(),
    failed,
    durationMs: performance.now() - startedAt,
  });
  return { startedAt, add, fail: () => void failed++, finish };
}

/** A connection over the pipes of a process. One at a time may load it. */
export function stdioConnection(input: Writable, output: Readable): Connection {
  let onLine: (line: string) => void = () => {};
  let rest = '';
  let onChunkEnd: () => void = () => {};
  output.setEncoding('latin1').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    onChunkEnd();
  });
  let lastId = 0;
  const write = (message: object): void => void input.write(`${JSON.stringify(message)}\n`);

  function request(method: string, params: object): Promise<unknown> {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      onLine = (line) => {
        const message = JSON.parse(line) as { id?: number; result?: unknown; method?: string };
        if (message.id !== id || message.method !== undefined) return;
        if (message.result === undefined) reject(new Error(`${method}: ${line}`));
        else resolve(message.result);
      };
      write({ jsonrpc: '2.0', id, method, params });
    });
  }

  function load({ tool, inFlight, durationMs }: LoadOptions): Promise<Sample> {
    const recorder = createRecorder();
    const sentAt = new Map<number, number>();
    let nextId = FIRST_ID;
    let queued = '';
    const send = (now: number): void => {
      sentAt.set(nextId, now);
      queued += `${callOf(tool, nextId++)}\n`;
    };
    const flush = (): void => {
      if (queued !== '') input.write(queued);
      queued = '';
    };
    return new Promise((resolve) => {
      onLine = (line) => {
        const id = Number(/"id":(\d+)/.exec(line)?.[1]);
        const at = sentAt.get(id);
        if (at === undefined) return;
        const now = performance.now();
        sentAt.delete(id);
        if (line.includes(MESSAGE)) recorder.add(now - at);
        else recorder.fail();
        if (now - recorder.startedAt < durationMs) send(now);
        else if (sentAt.size === 0) resolve(recorder.finish());
      };
      onChunkEnd = flush;
      for (let index = 0; index < inFlight; index++) send(performance.now());
      flush();
    });
  }

  return { request, load, notify: async (method) => write({ jsonrpc: '2.0', method }) };
}

/** A session over Streamable HTTP: requests by `fetch`, load by one keep-alive socket per call in flight. */
export function httpConnection(url: string): Connection {
  const { hostname, port, host, pathname } = new URL(url);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  };
  let lastId = 0;

  async function post(message: object): Promise<Response> {
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(message) });
    const session = response.headers.get('mcp-session-id');
    if (session !== null) headers['mcp-session-id'] = session;
    return response;
  }

  async function request(method: string, params: object): Promise<unknown> {
    const id = ++lastId;
    const response = await post({ jsonrpc: '2.0', id, method, params });
    const text = await response.text();
    const json = text.split('\n').find((line) => line.includes(`"id":${id}`)) ?? '{}';
    const message = JSON.parse(json.replace(/^data: ?/, '')) as { result?: unknown };
    if (message.result === undefined) throw new Error(`${method}: HTTP ${response.status} ${text.slice(0, 300)}`);
    return message.result;
  }

  async function load(options: LoadOptions): Promise<Sample> {
    const opened = Array.from({ length: options.inFlight }, () => openSocket(hostname, Number(port)));
    const sockets = await Promise.all(opened);
    const head = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    const recorder = createRecorder();
    let nextId = FIRST_ID;
    const nextRequest = (): string => {
      const body = callOf(options.tool, nextId++);
      return `POST ${pathname} HTTP/1.1\r\n${head.join('')}content-length: ${body.length}\r\n\r\n${body}`;
    };
    await Promise.all(sockets.map((socket) => drive(socket, recorder, { ...options, nextRequest })));
    for (const socket of sockets) socket.destroy();
    return recorder.finish();
  }

  const notify = async (method: string): Promise<void> => {
    await (await post({ jsonrpc: '2.0', method })).text();
  };
  return { request, load, notify };
}

type Drive = { readonly durationMs: number; readonly nextRequest: () => string };

/** Sends one request after the other on this socket until the time is over. */
function drive(socket: Socket, recorder: ReturnType<typeof createRecorder>, options: Drive): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = '';
    let sentAt = 0;
    const send = (): void => {
      sentAt = performance.now();
      socket.write(options.nextRequest(), 'latin1');
    };
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed a connection under load')));
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
      if (!isWholeResponse(received)) return;
      const now = performance.now();
      if (received.startsWith('HTTP/1.1 200') && received.includes(MESSAGE)) recorder.add(now - sentAt);
      else recorder.fail();
      received = '';
      if (now - recorder.startedAt < options.durationMs) send();
      else {
        socket.removeAllListeners('close');
        resolve();
      }
    });
    send();
  });
}

/** With one request at a time, a response is whole when its counted body is there, or the last chunk of a chunked one. */
function isWholeResponse(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: ?(\d+)/i.exec(text)?.[1];
  if (length !== undefined) return text.length >= headEnd + 4 + Number(length);
  return text.endsWith('\r\n0\r\n\r\n');
}

function openSocket(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}
