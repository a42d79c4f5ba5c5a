/** Agents that do not read, leave without a word or come in numbers; and what the others get meanwhile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { JsonObject, RpcMessage } from '../../src/kernel/index.ts';
import { openStore } from '../../src/storage/node/index.ts';
import { type Agent, accept, type HttpAgent } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { fixtureServer, type Gateway, type GatewayOptions, startGateway } from '../support/gateway.ts';
import { httpRequest } from '../support/http-request.ts';
import { endProgram, PRODUCT } from '../support/product.ts';

async function start(options: GatewayOptions): Promise<Gateway> {
  const gateway = await startGateway(options);
  onTestFinished(() => gateway.close());
  return gateway;
}

/** The most memory that a process ever had, in MiB. */
function peakMib(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

const CAN_ANSWER = { elicitation: {} };
const QUESTION = { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: {} } };

describe('600 MiB of notifications for an agent that does not read stay out of memory, and answers come when it reads:', () => {
  const COUNT = 10_000;
  const call = {
    jsonrpc: '2.0',
    id: 'talk',
    method: 'tools/call',
    params: { name: 'chatter__chatter', arguments: { count: COUNT, kib: 60 } },
  };
  const untilSent = async (other: Agent): Promise<void> => {
    await expect.poll(() => other.call('chatter__sent'), { timeout: 25_000, interval: 100 }).toBe(String(COUNT));
  };

  test('over stdio', async () => {
    const gateway = await start({ config: fixtureServer('chatter', 'chatter') });
    const other = await gateway.http();
    const child = spawn(process.execPath, [PRODUCT, 'stdio'], {
      env: gateway.folder.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => endProgram(child));
    const send = (message: JsonObject): void => void child.stdin.write(`${JSON.stringify(message)}\n`);
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
    send({ jsonrpc: '2.0', id: 'hello', method: 'initialize', params });
    await once(child.stdout, 'readable');
    send(call);
    await untilSent(other);
    expect([peakMib(gateway.pid) < 400, peakMib(child.pid ?? 0) < 400]).toEqual([true, true]);
    send({ jsonrpc: '2.0', id: 'after', method: 'ping' });
    const answers: Record<string, RpcMessage> = {};
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = JSON.parse(line) as RpcMessage;
      if ('id' in message) answers[String(message.id)] = message;
    });
    await expect.poll(() => Object.keys(answers).sort()).toEqual(['after', 'hello', 'talk']);
    expect(answers).toMatchObject({
      after: { result: {} },
      talk: { result: { content: [{ text: 'said it all' }] } },
    });
  });

  test('over HTTP', async () => {
    const gateway = await start({ config: fixtureServer('chatter', 'chatter') });
    const [agent, other] = [await gateway.http(), await gateway.http()];
    const body = JSON.stringify(call);
    const asked = request(gateway.endpoint, { method: 'POST', headers: agent.headers() }).end(body);
    const [unread] = (await once(asked, 'response')) as [IncomingMessage];
    unread.on('error', () => {});
    await untilSent(other);
    expect(peakMib(gateway.pid)).toBeLessThan(400);
    unread.destroy();
    expect(await agent.result('ping')).toEqual({});
    const headers = { ...agent.headers(), 'last-event-id': `p1-${COUNT}` };
    const resumed = await httpRequest(gateway.endpoint, { headers });
    const missed: RpcMessage[] = [];
    for await (const { message } of resumed.events()) if (message !== null) missed.push(message);
    expect(missed).toMatchObject([{ id: 'talk', result: { content: [{ text: 'said it all' }] } }]);
  });
});

describe('connections of agents', () => {
  const own = (...lines: string[]): string =>
    fixtureServer('own', 'mirror', { lines: ['sharing = "session"', ...lines] });

  test('that died over an open question are free for others', async () => {
    const gateway = await start({
      serve: ['auth = "none"', 'session_idle_sec = 1'],
      config: own('max_connections = 2', 'tool_timeout_sec = 20'),
    });
    for (const _ of [1, 2]) {
      const dead = await gateway.http({ capabilities: CAN_ANSWER });
      void dead.call('own__ask', QUESTION).catch(() => {});
      await dead.next('elicitation/create');
      dead.drop();
    }
    const agent = await gateway.stdio();
    expect(await agent.call('own__mirror', { any: 'here' })).toContain('here');
  });

  test('that are all busy are waited for', async () => {
    const gateway = await start({ config: own('max_connections = 2') });
    const agents = await Promise.all(Array.from({ length: 6 }, () => gateway.http()));
    const answers = await Promise.all(agents.map((agent) => agent.call('own__slow', { ms: 100 })));
    expect(answers).toEqual(agents.map(() => 'waited 100'));
  });

  test('that stay busy for longer than a call may take are an error that names the key to raise', async () => {
    const gateway = await start({ config: own('max_connections = 1', 'tool_timeout_sec = 1') });
    const [busy, late] = [await gateway.http({ capabilities: CAN_ANSWER }), await gateway.http()];
    const asked = busy.call('own__ask', QUESTION);
    const question = await busy.next('elicitation/create');
    const began = performance.now();
    expect(await late.ask('tools/call', { name: 'own__mirror' })).toMatchObject({
      kind: 'error',
      error: {
        message: expect.stringContaining('own has 1 connections and all are busy'),
        data: { code: 'UPSTREAM_NOT_READY', hint: 'raise mcp_servers.own.max_connections' },
      },
    });
    expect(performance.now() - began).toBeGreaterThan(900);
    const outcome = accept({ name: 'Ada' });
    busy.send({
      jsonrpc: '2.0',
      id: (question as unknown as { id: number }).id,
      result: (outcome as { result: JsonObject }).result,
    });
    expect(JSON.parse(await asked)).toMatchObject({ result: { content: { name: 'Ada' } } });
    expect(await late.call('own__mirror', { any: 'here' })).toContain('here');
  });
});

describe('a token that is revoked', () => {
  const statusOf = async (gateway: Gateway, agent: HttpAgent, token: string): Promise<number> => {
    const headers = { ...agent.headers(), authorization: `Bearer ${token}` };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'status', method: 'ping' });
    return (await httpRequest(gateway.endpoint, { method: 'POST', headers, body })).status;
  };
  const revoke = (gateway: Gateway, name: string): void => {
    const store = openStore(join(gateway.folder.env['PLUGBOARD_HOME'] ?? '', 'plugboard.db'));
    expect(store.tokens.revoke(name)).toBe(true);
    store.close();
  };

  test('ends its open streams, and nobody else’s', async () => {
    const gateway = await start({ serve: ['auth = "token"'], config: fixtureServer('m', 'mirror') });
    const [ada, bob] = [gateway.token('ada'), gateway.token('bob')];
    const [agent, other] = [await gateway.http({ token: ada }), await gateway.http({ token: bob, listens: true })];
    const stream = await agent.listen();
    let ended = false;
    void (async () => {
      for await (const _ of stream.events());
      ended = true;
    })();
    revoke(gateway, 'ada');
    await expect.poll(() => ended).toBe(true);
    expect(await statusOf(gateway, agent, ada)).toBe(401);
    await other.call('m__tell', {
      messages: [{ method: 'notifications/message', params: { level: 'error' } }],
      after_ms: 1,
    });
    await other.next('notifications/message');
  });

  test('and made again under the same name does not get the session of the old one', async () => {
    const gateway = await start({ serve: ['auth = "token"'], config: fixtureServer('m', 'mirror') });
    const before = gateway.token('ada');
    const agent = await gateway.http({ token: before });
    expect(await statusOf(gateway, agent, before)).toBe(200);
    revoke(gateway, 'ada');
    const after = gateway.token('ada');
    expect([await statusOf(gateway, agent, before), await statusOf(gateway, agent, after)]).toEqual([401, 404]);
  });
});

test('a variable that an edit declares has the value of the host for agents that were there before', async () => {
  const server = (...lines: string[]): string => fixtureServer('env', 'echo', { lines });
  const gateway = await start({ config: server(), env: { LATE: 'of the host' } });
  const agents = [await gateway.http(), await gateway.stdio({ env: { LATE: 'of the agent' } })];
  const values = (): Promise<readonly string[]> =>
    Promise.all(agents.map((agent) => agent.call('env__env', { name: 'LATE' })));
  expect(await values()).toEqual(['', '']);
  gateway.writeConfig(server('env_vars = ["LATE"]'));
  await eventually(async () => expect(await values()).toEqual(['of the host', 'of the host']));
  const later = await gateway.stdio({ env: { LATE: 'of the agent' } });
  expect(await later.call('env__env', { name: 'LATE' })).toBe('of the agent');
});

describe('the endpoint of one server', () => {
  test.each([
    { server: 'echo', capabilities: { tools: { listChanged: true } } },
    {
      server: 'mirror',
      capabilities: {
        tools: { listChanged: true },
        logging: {},
        completions: {},
        prompts: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
      },
    },
  ])(
    'announces the lists that $server has, whatever it says itself, and no others',
    async ({ server, capabilities }) => {
      const gateway = await start({ config: fixtureServer(server, server) });
      const agents = [await gateway.stdio({ server }), await gateway.http({ server, listens: true })];
      for (const agent of agents) {
        expect(agent.hello).toMatchObject({ capabilities });
        expect(Object.keys((agent.hello?.['capabilities'] ?? {}) as JsonObject).sort()).toEqual(
          Object.keys(capabilities).sort(),
        );
        await agent.result('tools/list');
      }
      gateway.writeConfig(fixtureServer(server, server, { args: ['again'] }));
      const lists = ['tools', 'resources', 'prompts'].filter((name) => name in capabilities);
      for (const agent of agents) {
        for (const name of lists) await agent.next(`notifications/${name}/list_changed`);
        const methods = agent.received.map((message) => ('method' in message ? message.method : ''));
        expect([...new Set(methods)].sort()).toEqual(lists.map((name) => `notifications/${name}/list_changed`).sort());
      }
    },
  );
});

test('an event that nobody knows is refused by its own code, and the session goes on', async () => {
  const gateway = await start({ config: fixtureServer('m', 'mirror') });
  const agent = await gateway.http();
  const answer = await agent.listen('p77-3');
  expect([answer.status, await answer.json()]).toMatchObject([
    400,
    { error: { data: { code: 'HTTP_EVENT_UNKNOWN' } } },
  ]);
  expect(await agent.call('m__mirror', { any: 'still here' })).toContain('still here');
});

test.each(['stdio', 'http'] as const)(
  'a call that waits for a server to start is over as soon as it is cancelled, over %s',
  async (front) => {
    const gateway = await start({ config: fixtureServer('late', 'slow-start', { args: ['20000'] }) });
    const agent = await gateway[front]();
    void agent.ask('tools/call', { name: 'late__echo', arguments: {} }, 'again').catch(() => {});
    expect(await agent.ask('ping', {}, 'again').catch(String)).toMatchObject({ error: { code: -32600 } });
    agent.notify('notifications/cancelled', { requestId: 'again', reason: 'changed my mind' });
    await eventually(async () => expect(await agent.ask('ping', {}, 'again')).toEqual({ kind: 'result', result: {} }));
    await agent.close();
  },
);
