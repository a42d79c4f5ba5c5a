import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, closeClients, connect } from '../../support/http-fixtures/client.ts';

const PROGRAM = 'node_modules/@modelcontextprotocol/server-everything/dist/index.js';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function start(mode: 'streamableHttp' | 'sse', port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROGRAM, mode], {
    env: { PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('on port')) resolve();
    });
    child.once('exit', () => reject(new Error(`server-everything ended: ${said}`)));
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Answers the server's own questions, as a connection does. */
async function answering(client: Client): Promise<void> {
  await expect.poll(() => client.messages.some((one) => 'method' in one && one.method === 'roots/list')).toBe(true);
  for (const one of client.messages) {
    if ('method' in one && 'id' in one)
      await client.transport.send({ jsonrpc: '2.0', id: one.id, result: { roots: [] } });
  }
}

describe.each([
  {
    mode: 'streamableHttp',
    path: '/mcp',
    verdict: 'streamable',
    afterRestart: { answer: { result: { content: [{ text: 'Echo: hi' }] } }, renewals: 1, ends: [] },
  },
  {
    mode: 'sse',
    path: '/sse',
    verdict: 'sse',
    afterRestart: { answer: { kind: 'closed' }, renewals: 0, ends: [{ kind: 'network' }] },
  },
] as const)('server-everything over $mode', ({ mode, path, verdict, afterRestart }) => {
  let child: ChildProcess;
  let url = '';
  let port = 0;

  beforeAll(async () => {
    port = await freePort();
    url = `http://127.0.0.1:${port}${path}`;
    child = await start(mode, port);
  });
  afterAll(async () => {
    await closeClients();
    await stop(child);
  });

  test('lists and calls its tools, with progress, and asks for roots', async () => {
    const client = await connect(url);
    expect(await client.open()).toMatchObject({ result: { serverInfo: { name: 'mcp-servers/everything' } } });
    expect(client.verdicts).toEqual([verdict]);
    await answering(client);
    expect(await client.ask('tools/list')).toMatchObject({ result: { tools: expect.any(Array) } });
    expect(await client.call({ message: 'hi' })).toMatchObject({ result: { content: [{ text: 'Echo: hi' }] } });
    const running = await client.ask('tools/call', {
      name: 'trigger-long-running-operation',
      arguments: { duration: 0.3, steps: 3 },
      _meta: { progressToken: 'p' },
    });
    expect(running).toMatchObject({ result: { content: [{ type: 'text' }] } });
    const steps = client.messages.filter((one) => 'method' in one && one.method === 'notifications/progress');
    expect(steps.length).toBeGreaterThanOrEqual(2);
    expect(client.odds).toEqual([]);
  });

  test('answers a hundred calls at once', async () => {
    const client = await connect(url);
    await client.open();
    const names = Array.from({ length: 100 }, (_, index) => String(index));
    const answers = await Promise.all(names.map((message) => client.call({ message })));
    expect(answers).toMatchObject(names.map((name) => ({ result: { content: [{ text: `Echo: ${name}` }] } })));
  });

  test('that is killed and started again', async () => {
    const client = await connect(url, verdict === 'sse' ? { remembered: 'sse' } : {});
    await client.open();
    await stop(child);
    child = await start(mode, port);
    const answer = await client.call({ message: 'hi' });
    expect({ answer, renewals: client.renewals(), ends: client.ends }).toMatchObject(afterRestart);
  });
});
