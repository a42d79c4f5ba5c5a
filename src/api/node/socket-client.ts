import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, isErrorCode, isJsonObject, type JsonObject, type JsonValue } from '../../kernel/index.ts';
import { type Answer, type Greeting, parseAnswer } from '../handshake.ts';
import { readLine, writeLine } from './lines.ts';
import { checkPrivate, type RunPaths } from './socket-path.ts';

export type Met = { readonly socket: Socket; readonly welcome: Extract<Answer, { kind: 'welcome' }> };

/** A host that has not answered by then is stuck. Milliseconds. */
const ANSWER_LIMIT_MS = 5_000;

/**
 * Greets the host of a home.
 *
 * @returns null when no host answers within 5 s.
 * @throws AppError `HOST_CONFIG_DIFFERS` | `UNKNOWN_SERVER` | `HOME_NOT_PRIVATE` | what else the host refuses with
 */
export async function greetHost(paths: RunPaths, greeting: Omit<Greeting, 'key'>): Promise<Met | null> {
  for (const folder of paths.folders) checkPrivate(folder);
  const key = readKey(paths.key);
  const socket = key === null ? null : await connectQuietly(paths.socket);
  if (socket === null || key === null) return null;
  writeLine(socket, { ...greeting, key });
  const line = await Promise.race([readLine(socket), sleep(ANSWER_LIMIT_MS, null, { ref: false })]);
  if (line === null) {
    socket.destroy();
    return null;
  }
  const answer = parseAnswer(JSON.parse(line));
  if (answer.kind === 'welcome') return { socket, welcome: answer };
  socket.destroy();
  // A host that has just taken over has a new key.
  if (readKey(paths.key) !== key) return greetHost(paths, greeting);
  throw new AppError(isErrorCode(answer.code) ? answer.code : 'HOST_UNREACHABLE', answer.message, {
    hint: answer.hint,
  });
}

function readKey(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function connectQuietly(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.on('error', () => {});
      resolve(socket);
    });
    const fail = (): void => resolve(null);
    socket.once('error', fail);
  });
}

/** A control connection: requests, answers, and the notifications that `logs` sends. */
export type Control = {
  readonly request: (method: string, params?: JsonObject) => Promise<JsonValue>;
  readonly onNotification: (listener: (method: string, params: JsonObject) => void) => void;
  /** Resolves when the host has gone. */
  readonly closed: Promise<void>;
  readonly close: () => void;
};

/** @param socket A socket that was welcomed for control. */
export function openControl(socket: Socket): Control {
  const pending = new Map<number, { resolve: (value: JsonValue) => void; reject: (error: Error) => void }>();
  const listeners: ((method: string, params: JsonObject) => void)[] = [];
  let nextId = 1;
  let isOver = false;
  const onLine = (line: string): void => {
    const message: unknown = JSON.parse(line);
    if (!isJsonObject(message)) return;
    const { method, params, id, result, error } = message;
    if (typeof method === 'string') for (const listen of listeners) listen(method, isJsonObject(params) ? params : {});
    const entry = pending.get(Number(id));
    pending.delete(Number(id));
    if (isJsonObject(error)) entry?.reject(errorOf(error));
    else entry?.resolve(result ?? null);
  };
  const closed = (async (): Promise<void> => {
    for (let line = await readLine(socket); line !== null; line = await readLine(socket)) onLine(line);
    isOver = true;
    for (const entry of pending.values()) entry.reject(new AppError('HOST_UNREACHABLE', 'the host has ended'));
  })();
  return {
    request: (method, params) =>
      new Promise((resolve, reject) => {
        if (isOver) return reject(new AppError('HOST_UNREACHABLE', 'the host has ended'));
        const id = nextId;
        nextId += 1;
        pending.set(id, { resolve, reject });
        writeLine(socket, { jsonrpc: '2.0', id, method, params: params ?? {} });
      }),
    onNotification: (listener) => void listeners.push(listener),
    closed,
    close: () => socket.destroy(),
  };
}

/** The host's error as it was thrown there. */
function errorOf(error: JsonObject): AppError {
  const data = isJsonObject(error['data']) ? error['data'] : {};
  const code = data['code'];
  const hint = data['hint'];
  return new AppError(
    isErrorCode(code) ? code : 'INTERNAL',
    String(error['message']),
    typeof hint === 'string' ? { hint } : {},
  );
}
