/** A real HTTP server on 127.0.0.1 whose every answer is written by hand, and a record of what it was asked. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly message: Wire | undefined;
};

/** A JSON-RPC message as a server sees it. */
export type Wire = {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
};

export type Answer = (seen: Seen, response: ServerResponse) => void | Promise<void>;

export type Fixture = {
  readonly origin: string;
  /** `/mcp` on it. */
  readonly url: string;
  readonly port: number;
  readonly seen: readonly Seen[];
  /** Methods of the messages that came by POST, in order; `GET` and `DELETE` for the others. */
  readonly methods: () => readonly string[];
  /** Breaks every connection there is. The server goes on listening. */
  readonly dropConnections: () => void;
  readonly close: () => Promise<void>;
};

export type ServeOptions = {
  readonly tls?: ServerOptions;
  /** Listen here instead of on a free port. */
  readonly port?: number;
};

export async function serve(answer: Answer, options: ServeOptions = {}): Promise<Fixture> {
  const seen: Seen[] = [];
  const onRequest: Parameters<typeof createServer>[1] = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body,
        message: parse(body),
      };
      seen.push(one);
      void answer(one, response);
    });
  };
  const server = options.tls === undefined ? createServer(onRequest) : createTlsServer(options.tls, onRequest);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const dropConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    origin,
    url: `${origin}/mcp`,
    port,
    seen,
    methods: () => seen.map((one) => one.message?.method ?? (one.method === 'POST' ? 'response' : one.method)),
    dropConnections,
    close: async () => {
      server.close();
      dropConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** A file of `test-keys/`. */
export function testKey(name: string): string {
  return readFileSync(testKeyPath(name), 'utf8');
}

export function testKeyPath(name: string): string {
  return new URL(`./test-keys/${name}.pem`, import.meta.url).pathname;
}

function parse(body: string): Wire | undefined {
  try {
    return JSON.parse(body) as Wire;
  } catch {
    return undefined;
  }
}
