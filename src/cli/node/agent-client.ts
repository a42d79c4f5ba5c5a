import { randomUUID } from 'node:crypto';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { writeLine } from '../../api/node/index.ts';
import { serveStream } from '../../gateway/node/index.ts';
import {
  AppError,
  classifyMessage,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  localCaller,
  outcomeOf,
  type RpcOutcome,
  silentLog,
  variableIn,
} from '../../kernel/index.ts';
import { createLineSplitter, LEGACY_VERSIONS } from '../../upstreams/index.ts';
import type { CliContext } from './context.ts';
import { startStandalone } from './host-process.ts';
import { greetRunning } from './running.ts';

/** This program as an agent of the host: what it lists and calls goes the way every agent's requests go. */
export type AgentClient = {
  /** The server's own errors are outcomes. @throws AppError `HOST_UNREACHABLE` when the host ends meanwhile */
  readonly request: (method: string, params: JsonObject) => Promise<RpcOutcome>;
  /** Walks all pages of a list. */
  readonly list: (method: string, member: string) => Promise<readonly JsonObject[]>;
  readonly close: () => Promise<void>;
};

/** Connects as an agent: to the running host where one answers, else to one started here for this command. */
export async function connectAgent(context: CliContext): Promise<AgentClient> {
  return (await connectRunning(context)) ?? (await connectHere(context));
}

async function connectRunning(context: CliContext): Promise<AgentClient | null> {
  const met = await greetRunning(context, {
    kind: 'agent',
    agent: 'plugboard-cli',
    human: false,
    workspace: context.cwd,
    server: null,
  });
  if (met === null) return null;
  const names = met.welcome.envNames.filter((name) => variableIn(context.env, name) !== undefined);
  writeLine(met.socket, { env: Object.fromEntries(names.map((name) => [name, variableIn(context.env, name)])) });
  return initialize(met.socket, met.socket, async () => void met.socket.destroy());
}

async function connectHere(context: CliContext): Promise<AgentClient> {
  const process = await startStandalone(context);
  const [input, output] = [new PassThrough(), new PassThrough()];
  const caller = localCaller({ workspace: context.cwd, agent: 'plugboard-cli' });
  const session = { id: randomUUID(), host: process.host, caller, server: null, env: null, log: silentLog };
  void serveStream({ ...session, input, output });
  return initialize(output, input, () => process.close());
}

async function initialize(input: Readable, output: Writable, close: () => Promise<void>): Promise<AgentClient> {
  const pending = new Map<number, { resolve: (outcome: RpcOutcome) => void; reject: (error: Error) => void }>();
  const splitter = createLineSplitter({
    limitBytes: 128 * 1024 * 1024,
    onLine: (line) => {
      const message = classifyMessage(JSON.parse(line.toString('utf8')));
      if (message.kind !== 'response') return;
      pending.get(Number(message.message.id))?.resolve(outcomeOf(message.message));
      pending.delete(Number(message.message.id));
    },
    onTooLong: () => input.destroy(),
  });
  let isOver = false;
  const over = (): void => {
    isOver = true;
    for (const entry of pending.values()) entry.reject(new AppError('HOST_UNREACHABLE', 'the host has ended'));
    pending.clear();
  };
  input.on('data', (chunk: Buffer) => splitter.push(chunk));
  input.once('close', over).once('end', over);
  let nextId = 1;
  const request: AgentClient['request'] = (method, params) =>
    new Promise((resolve, reject) => {
      if (isOver) return reject(new AppError('HOST_UNREACHABLE', 'the host has ended'));
      const id = nextId;
      nextId += 1;
      pending.set(id, { resolve, reject });
      output.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  await request('initialize', {
    protocolVersion: LEGACY_VERSIONS[0],
    capabilities: {},
    clientInfo: { name: 'plugboard-cli', version: '1' },
  });
  output.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
  return { request, close, list: (method, member) => walk(request, method, member) };
}

async function walk(request: AgentClient['request'], method: string, member: string): Promise<readonly JsonObject[]> {
  const entries: JsonObject[] = [];
  let cursor: JsonValue | undefined;
  do {
    const outcome = await request(method, cursor === undefined ? {} : { cursor });
    if (outcome.kind === 'error') throw new AppError('INTERNAL', outcome.error.message);
    const result = isJsonObject(outcome.result) ? outcome.result : {};
    const page = result[member];
    if (Array.isArray(page)) entries.push(...page.filter(isJsonObject));
    cursor = result['nextCursor'];
  } while (cursor !== undefined);
  return entries;
}
