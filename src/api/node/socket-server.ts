import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Host } from '../../host/index.ts';
import {
  AppError,
  type Caller,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Log,
  localCaller,
  toRpcError,
} from '../../kernel/index.ts';
import { type HostStatus, toolViews } from '../control.ts';
import { type Answer, type ConfigArgs, type Greeting, parseGreeting, sameConfig } from '../handshake.ts';
import { readLine, writeLine } from './lines.ts';
import { privateFolder, type RunPaths } from './socket-path.ts';

export type SocketServerOptions = {
  readonly host: Host;
  readonly paths: RunPaths;
  /** What this host was started with. */
  readonly config: ConfigArgs;
  readonly status: () => HostStatus;
  /** Serves an agent on the rest of a connection, until the agent leaves. */
  readonly serveAgent: (agent: SocketAgent) => Promise<void>;
  /** Opens another HTTP front for as long as the caller stays connected. */
  readonly listen: (at: {
    readonly host: string;
    readonly port: number;
  }) => Promise<{ readonly endpoint: string; readonly close: () => Promise<void> }>;
  /** Called when the number of connected callers changes. */
  readonly onClients: (clients: number) => void;
  readonly log: Log;
  /** How long a caller may take to say who it is, and an agent its values. Default 10 s. */
  readonly greetingLimitMs?: number;
};

/** An agent that came by the socket. */
export type SocketAgent = {
  readonly socket: Socket;
  readonly caller: Caller;
  /** The one server it wants to be on, or null for all. */
  readonly server: string | null;
  /** Its own values of the environment names that servers declare. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

export type SocketServer = { readonly clients: () => number; readonly close: () => Promise<void> };

/**
 * Opens the host's socket. The caller holds the home's lock, so a socket that is there is dead and is taken over.
 * Only this user can reach it: the folder is 0700, the socket 0600, and a caller must know the key file's content.
 *
 * @throws AppError `HOME_NOT_PRIVATE` | `HOME_UNUSABLE`
 */
export async function serveSocket(options: SocketServerOptions): Promise<SocketServer> {
  const { paths } = options;
  for (const folder of paths.folders) privateFolder(folder);
  if (process.platform !== 'win32') removeQuietly(paths.socket);
  const key = randomBytes(32).toString('hex');
  removeQuietly(paths.key);
  writeFileSync(paths.key, key, { mode: 0o600, flag: 'wx' });
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    options.onClients(connections.size);
    socket.on('error', () => {});
    socket.on('close', () => {
      connections.delete(socket);
      options.onClients(connections.size);
    });
    void new Reception(options, key).receive(socket);
  });
  await listenAt(server, paths.socket);
  if (process.platform !== 'win32') chmodSync(paths.socket, 0o600);
  return {
    clients: () => connections.size,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of connections) socket.destroy();
      await closed;
      removeQuietly(paths.key);
    },
  };
}

async function listenAt(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new AppError('HOME_UNUSABLE', `the socket cannot be opened (${cause.code})`, { where: path, cause })),
    );
    server.listen(path, resolve);
  });
}

function removeQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Not there: nothing to take over.
  }
}

const GREETING_LIMIT_MS = 10_000;

/** Meets one connection: checks who it is, then serves it as an agent or as a control caller. */
class Reception {
  readonly #options: SocketServerOptions;
  readonly #key: string;

  constructor(options: SocketServerOptions, key: string) {
    this.#options = options;
    this.#key = key;
  }

  async receive(socket: Socket): Promise<void> {
    try {
      const line = await this.#promptLine(socket);
      if (line === null) return void socket.destroy();
      const greeting = parseGreeting(parseJson(line));
      this.#check(greeting);
      if (greeting.want.kind === 'agent') this.#options.host.requireServer(greeting.want.server);
      const welcome = this.#welcome();
      writeLine(socket, welcome);
      if (greeting.want.kind === 'control') await this.#control(socket);
      else await this.#agent(socket, greeting.want, welcome.envNames);
    } catch (error) {
      const known =
        error instanceof AppError ? error : new AppError('INTERNAL', 'the connection failed inside the host');
      if (known !== error) this.#options.log('error', 'a socket connection failed', { error: String(error) });
      const refused: Answer = { kind: 'refused', code: known.code, message: known.message, hint: known.hint };
      writeLine(socket, refused);
      socket.end();
    }
  }

  #check({ key, config }: Greeting): void {
    const given = Buffer.from(key);
    const wanted = Buffer.from(this.#key);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
      throw new AppError('HOST_UNREACHABLE', 'the caller does not know the key of this host');
    if (!sameConfig(config, this.#options.config)) {
      throw new AppError('HOST_CONFIG_DIFFERS', 'the running host was started with other options', {
        hint: `use --standalone, or end the host first: kill ${process.pid}`,
      });
    }
  }

  /** One line that must come soon: whoever connects and says nothing does not keep the host up. */
  async #promptLine(socket: Socket): Promise<string | null> {
    const tooLate = setTimeout(() => socket.destroy(), this.#options.greetingLimitMs ?? GREETING_LIMIT_MS);
    const line = await readLine(socket);
    clearTimeout(tooLate);
    return line;
  }

  #welcome(): Extract<Answer, { kind: 'welcome' }> {
    const { host } = this.#options;
    return { kind: 'welcome', version: host.version, pid: process.pid, envNames: host.envNames() };
  }

  async #agent(
    socket: Socket,
    want: Extract<Greeting['want'], { kind: 'agent' }>,
    asked: readonly string[],
  ): Promise<void> {
    const line = await this.#promptLine(socket);
    if (line === null) return void socket.destroy();
    const caller = localCaller(want);
    await this.#options.serveAgent({ socket, caller, server: want.server, env: envOf(parseJson(line), asked) });
    socket.end();
  }

  async #control(socket: Socket): Promise<void> {
    const endings: (() => void)[] = [];
    socket.on('close', () => {
      for (const end of endings) end();
    });
    for (;;) {
      const line = await readLine(socket);
      if (line === null) return;
      void this.#answer(socket, parseJson(line), endings);
    }
  }

  async #answer(socket: Socket, message: unknown, endings: (() => void)[]): Promise<void> {
    if (!isJsonObject(message)) return;
    const id = message['id'] ?? null;
    const params = isJsonObject(message['params']) ? message['params'] : {};
    try {
      const result = await this.#run(String(message['method']), params, { socket, endings });
      writeLine(socket, { jsonrpc: '2.0', id, result });
    } catch (error) {
      writeLine(socket, { jsonrpc: '2.0', id, error: toRpcError(error) });
    }
  }

  async #run(
    method: string,
    params: JsonObject,
    call: { readonly socket: Socket; readonly endings: (() => void)[] },
  ): Promise<JsonValue> {
    const { host, status, listen } = this.#options;
    const server = String(params['server'] ?? '');
    switch (method) {
      case 'status':
        return plain(status());
      case 'settled':
        await host.settled();
        return plain(status());
      case 'tools':
        return toolViews(host.catalogue(null));
      case 'restart':
        await host.restart(server);
        return {};
      case 'reload':
        await host.reload();
        return plain(status());
      case 'logs':
        call.endings.push(
          host.followLogs(server, (text) =>
            writeLine(call.socket, { jsonrpc: '2.0', method: 'log', params: { server, text } }),
          ),
        );
        return {};
      case 'listen': {
        const front = await listen({ host: String(params['host']), port: Number(params['port']) });
        // The caller may have left meanwhile.
        if (call.socket.destroyed) void front.close();
        else call.endings.push(() => void front.close());
        return { endpoint: front.endpoint };
      }
      default:
        throw new AppError('METHOD_UNKNOWN', `Method not found: ${method}`);
    }
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw new AppError('MESSAGE_NOT_JSON', 'the line is not JSON');
  }
}

/** The values that an agent hands over for the names it was asked for; one that it has not set is there as undefined. */
function envOf(value: unknown, asked: readonly string[]): Readonly<Record<string, string | undefined>> {
  const env = isJsonObject(value) && isJsonObject(value['env']) ? value['env'] : {};
  return Object.fromEntries(asked.map((name) => [name, typeof env[name] === 'string' ? env[name] : undefined]));
}

function plain(value: HostStatus): JsonValue {
  return value as unknown as JsonValue;
}
