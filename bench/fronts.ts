/** What is measured side by side: the same small server, reached directly and through each front. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  endProgram,
  PRODUCT,
  ROOT,
  serveHome,
  serveProduct,
  serverTable,
  startProgram,
  type WorkFolder,
  writeConfig,
} from '../tests/support/product.ts';
import { type Connection, httpConnection, stdioConnection } from './load.ts';
import { processTree } from './processes.ts';

const READY_LIMIT_MS = 30_000;
const UPSTREAM = join(ROOT, 'bench/upstream.mjs');
const SDK_PROXY = join(ROOT, 'bench/sdk-v1-proxy.mjs');

/** One front, running, with a session open on it. */
export type RunningFront = {
  readonly connection: Connection;
  /** The name under which it offers `echo`. */
  readonly tool: string;
  /** The processes whose CPU time is the front's own, without the server behind it. */
  readonly cpuPids: () => number[];
  /** The processes whose memory one more front of this kind would cost. */
  readonly memoryPids: () => number[];
  readonly close: () => Promise<void>;
};

export type Front = { readonly name: string; readonly start: () => Promise<RunningFront> };

/** @param modules `node_modules` with the peers in it. */
export function fronts(folder: WorkFolder, modules: string): Front[] {
  const node = process.execPath;
  const env: NodeJS.ProcessEnv = { ...folder.env, SDK_MODULES: modules };
  const upstream = { command: node, args: [UPSTREAM] };
  const table = serverTable('bench', upstream);

  async function overHttp(child: ChildProcess, url: string): Promise<RunningFront> {
    const pids = (): number[] => processTree(child.pid ?? 0, UPSTREAM);
    return running(httpConnection(url), pids, () => endProgram(child));
  }
  function overStdio(args: readonly string[], childEnv: NodeJS.ProcessEnv = env): Promise<RunningFront> {
    const child = spawn(node, args, { env: childEnv, stdio: ['pipe', 'pipe', 'ignore'] });
    const pids = (): number[] => processTree(child.pid ?? 0, UPSTREAM);
    return running(stdioConnection(child.stdin, child.stdout), pids, () => endByInput(child));
  }
  async function printsUrl(args: readonly string[]): Promise<RunningFront> {
    const { child, line } = await startProgram(node, args, env);
    return overHttp(child, (JSON.parse(line) as { url: string }).url);
  }

  const direct: Front[] = [
    { name: 'direct stdio', start: async () => withoutFront(await overStdio([UPSTREAM])) },
    { name: 'direct HTTP', start: async () => withoutFront(await printsUrl([UPSTREAM, '--http'])) },
  ];
  const product: Front[] = [
    {
      name: 'Plugboard HTTP',
      start: async () => {
        const served = await serveProduct(folder, table);
        const pids = (): number[] => processTree(served.pid, UPSTREAM);
        return running(httpConnection(served.endpoint), pids, served.close);
      },
    },
    {
      name: 'Plugboard stdio, standalone',
      start: () => overStdio([PRODUCT, 'stdio', '--standalone', '--config', writeConfig(folder, table)]),
    },
    { name: 'Plugboard stdio, pipe to the host', start: () => startPipe(folder, table, overStdio) },
  ];
  const peers: Front[] = [
    {
      name: 'mcp-proxy HTTP',
      start: async () => {
        const port = await freePort();
        const where = ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream'];
        const child = spawn(node, [join(modules, '.bin/mcp-proxy'), ...where, '--', node, UPSTREAM], {
          env,
          stdio: ['pipe', 'ignore', 'ignore'],
        });
        return overHttp(child, `http://127.0.0.1:${port}/mcp`);
      },
    },
    { name: 'SDK v1 proxy HTTP', start: () => printsUrl([SDK_PROXY, '--http', node, UPSTREAM]) },
    { name: 'SDK v1 proxy stdio', start: () => overStdio([SDK_PROXY, node, UPSTREAM]) },
  ];
  return [...direct, ...(existsSync(PRODUCT) ? product : []), ...peers];
}

/** A host in the foreground, and a pipe to it: CPU counts both, memory the pipe alone. */
async function startPipe(
  folder: WorkFolder,
  table: string,
  overStdio: (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<RunningFront>,
): Promise<RunningFront> {
  const host = await serveHome(folder, table);
  const pipe = await overStdio([PRODUCT, 'stdio'], folder.env).catch(async (cause: unknown) => {
    await host.close();
    throw cause;
  });
  return {
    ...pipe,
    cpuPids: () => [...pipe.cpuPids(), ...processTree(host.pid, UPSTREAM)],
    close: async () => {
      await pipe.close();
      await host.close();
    },
  };
}

/** Opens the session and waits for the tool. Whatever goes wrong, the process is ended. */
async function running(
  connection: Connection,
  pids: () => number[],
  close: () => Promise<void>,
): Promise<RunningFront> {
  try {
    const tool = await openSession(connection);
    return { connection, tool, cpuPids: pids, memoryPids: pids, close };
  } catch (cause) {
    await close();
    throw cause;
  }
}

async function openSession(connection: Connection): Promise<string> {
  const clientInfo = { name: 'bench', version: '1.0.0' };
  const deadline = Date.now() + READY_LIMIT_MS;
  await untilListening(
    () => connection.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }),
    deadline,
  );
  await connection.notify('notifications/initialized');
  for (;;) {
    const { tools } = (await connection.request('tools/list', {})) as { tools: { name: string }[] };
    const tool = tools.find(({ name }) => name === 'echo' || name.endsWith('__echo'));
    if (tool !== undefined) return tool.name;
    if (Date.now() > deadline) throw new Error('the tool never came');
    await sleep(20);
  }
}

/** A front that does not say when it is ready is asked until it answers. */
async function untilListening(ask: () => Promise<unknown>, deadline: number): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch (cause) {
      if (Date.now() > deadline) throw cause;
      await sleep(50);
    }
  }
}

const withoutFront = (front: RunningFront): RunningFront => ({ ...front, cpuPids: () => [], memoryPids: () => [] });

async function endByInput(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  await endProgram(child);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
