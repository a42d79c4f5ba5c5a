/** How long the command line takes, and how long it takes from nothing to every tool. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PRODUCT, ROOT, serveProduct, serverTable, type WorkFolder, writeConfig } from '../tests/support/product.ts';
import { openRawClient } from '../tests/support/raw-client.ts';
import { httpConnection } from './load.ts';

const LIST_LIMIT_MS = 30_000;
const POLL_MS = 5;

type Starter = {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** The three servers of the starter config, started by path. */
function starters(folder: WorkFolder): Starter[] {
  const program = (name: string): string =>
    join(ROOT, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`);
  const files = join(folder.path, 'files');
  mkdirSync(files, { recursive: true });
  return [
    { name: 'everything', args: [program('everything')], env: {} },
    { name: 'filesystem', args: [program('filesystem'), files], env: {} },
    { name: 'memory', args: [program('memory')], env: { MEMORY_FILE_PATH: join(folder.path, 'memory.jsonl') } },
  ];
}

/** Name of a figure → milliseconds, once each. The caller repeats and takes medians. */
export async function timeCommands(folder: WorkFolder): Promise<Readonly<Record<string, number>>> {
  const servers = starters(folder);
  const toml = servers.map((server) => {
    const env = Object.entries(server.env).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
    const table = serverTable(server.name, { command: process.execPath, args: server.args });
    return `${table}[mcp_servers.${server.name}.env]\n${env.join('')}\n`;
  });
  const config = writeConfig(folder, toml.join(''));
  const version = await timeToEnd(['--version'], folder);
  const list = await timeToEnd(['mcp', 'list', '--json', '--config', config], folder);
  const alone: number[] = [];
  for (const server of servers) alone.push(await timeServerAlone(server, folder));
  return {
    'plugboard --version': version,
    'plugboard mcp list --json': list,
    'slowest starter server alone, from spawn to its list': Math.max(...alone),
    'plugboard serve, from spawn to the full list of the starter servers': await timeColdStart(folder, toml.join('')),
  };
}

function timeToEnd(args: readonly string[], folder: WorkFolder): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [PRODUCT, ...args], {
      env: folder.env,
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(performance.now() - startedAt);
      else reject(new Error(`${args.join(' ')} ended with exit code ${code}`));
    });
  });
}

async function timeServerAlone(server: Starter, folder: WorkFolder): Promise<number> {
  const startedAt = performance.now();
  const env = { ...folder.env, ...server.env };
  const client = openRawClient({ command: process.execPath, args: server.args, env });
  try {
    await client.initialize();
    await client.listTools();
    return performance.now() - startedAt;
  } finally {
    await client.close();
  }
}

/** From spawn until one answer to `tools/list` holds tools of all three servers. */
async function timeColdStart(folder: WorkFolder, toml: string): Promise<number> {
  const startedAt = performance.now();
  const served = await serveProduct(folder, toml);
  try {
    const session = httpConnection(served.endpoint);
    const clientInfo = { name: 'bench', version: '1.0.0' };
    await session.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    await session.notify('notifications/initialized');
    const wanted = starters(folder).map(({ name }) => `${name}__`);
    while (performance.now() - startedAt < LIST_LIMIT_MS) {
      const { tools } = (await session.request('tools/list', {})) as { tools: { name: string }[] };
      const isFull = wanted.every((prefix) => tools.some((tool) => tool.name.startsWith(prefix)));
      if (isFull) return performance.now() - startedAt;
      await sleep(POLL_MS);
    }
    throw new Error('the list never was full');
  } finally {
    await served.close();
  }
}
