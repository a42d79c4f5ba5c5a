/** Servers, files and clocks that go wrong in ways that once took the host, or a neighbour, with them. */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { fixtureServer, type Gateway, type GatewayOptions, startGateway } from '../support/gateway.ts';
import { callText, type Finished, fixture, useHomes } from '../support/home.ts';
import { useFixtures } from '../support/http-fixtures/fixtures.ts';
import { echoed, INITIALIZE_RESULT, json, mcp, result, status } from '../support/http-fixtures/mcp.ts';
import type { Answer } from '../support/http-fixtures/serve.ts';
import { isRunning } from '../support/processes.ts';

const createHome = useHomes();
const { serve } = useFixtures();

async function start(options: GatewayOptions): Promise<Gateway> {
  const gateway = await startGateway(options);
  onTestFinished(() => gateway.close());
  return gateway;
}

describe('an HTTP server', () => {
  test('that begins a session and answers 404 in it does not end the host, and has a state', async () => {
    const url = (
      await serve((seen, response) =>
        seen.message?.method === 'initialize'
          ? json(response, result(seen, INITIALIZE_RESULT), { 'mcp-session-id': randomUUID() })
          : status(404)(seen, response),
      )
    ).url;
    const home = createHome();
    home.configure({ odd: { url }, healthy: fixture('echo') });
    const host = await home.host();
    expect(await home.untilServer('odd', 'connection_error')).toMatchObject({
      reason: expect.stringContaining('404'),
    });
    const pipe = home.pipe();
    await pipe.initialize();
    expect(await callText(pipe, 'healthy__echo', { text: 'here' })).toBe('here');
    expect(isRunning(host.pid)).toBe(true);
    await pipe.close();
  });

  test('that forbids one tool loses that call and nothing else', async () => {
    const tools: Answer = (seen, response) => {
      const listed = ['good', 'forbidden'].map((name) => ({ name, inputSchema: { type: 'object' } }));
      json(response, result(seen, { tools: listed }));
    };
    const call: Answer = (seen, response) =>
      seen.message?.params?.['name'] === 'forbidden' ? status(403)(seen, response) : json(response, echoed(seen));
    const { url, methods } = await serve(
      mcp({ session: () => 'one', on: { 'tools/list': tools, 'tools/call': call } }),
    );
    const home = createHome();
    home.configure({ odd: { url } });
    const pipe = home.pipe();
    await pipe.initialize();
    expect(await callText(pipe, 'odd__good', { n: 1 })).toBe('{"n":1}');
    expect(await pipe.exchange('tools/call', { name: 'odd__forbidden' })).toMatchObject({
      error: { data: { code: 'UPSTREAM_AUTH_REQUIRED' } },
    });
    expect(await callText(pipe, 'odd__good', { n: 2 })).toBe('{"n":2}');
    await home.untilServer('odd', 'connected');
    expect(methods().filter((method) => method === 'initialize')).toHaveLength(1);
    await pipe.close();
  });
});

describe('while a server is being restarted', () => {
  test('a log level and changed roots for it do not end the host', async () => {
    const home = createHome();
    home.configure({ stubborn: fixture('ignores-sigterm'), other: fixture('echo') });
    const host = await home.host();
    const pipe = home.pipe();
    await pipe.initialize({ roots: { listChanged: true } });
    const [before] = JSON.parse(await callText(pipe, 'stubborn__pids')) as number[];
    const restart = home.finish(['mcp', 'restart', 'stubborn']);
    let finished: Finished | null = null;
    while (finished === null) {
      expect(await pipe.request('logging/setLevel', { level: 'info' })).toEqual({});
      pipe.notify('notifications/roots/list_changed');
      finished = await Promise.race([restart, sleep(20, null)]);
    }
    expect(finished.status).toBe(0);
    const [after] = JSON.parse(await callText(pipe, 'stubborn__pids')) as number[];
    expect(after).not.toBe(before);
    expect(await callText(pipe, 'other__echo', { text: 'here' })).toBe('here');
    expect(isRunning(host.pid)).toBe(true);
    await pipe.close();
  });

  test('a subscription on a connection of its own is kept for the agent', async () => {
    const gateway = await start({ config: fixtureServer('own', 'mirror', { lines: ['sharing = "session"'] }) });
    const home = createHome();
    const agent = await gateway.stdio();
    const uri = 'mirror://mirror/listed';
    await agent.result('resources/subscribe', { uri });
    const before = JSON.parse(await agent.call('own__state')) as { readonly pid: number };
    expect(before).toMatchObject({ subscribed: [uri] });
    const bin = ['mcp', 'restart', 'own'];
    const { PLUGBOARD_HOME = '', HOME = '' } = gateway.folder.env;
    const restart = await home.finish(bin, { env: { ...home.env, PLUGBOARD_HOME, HOME } });
    expect(restart).toMatchObject({ status: 0 });
    await eventually(async () => {
      const after = JSON.parse(await agent.call('own__state')) as { readonly pid: number };
      expect(after).toMatchObject({ subscribed: [uri] });
      expect(after.pid).not.toBe(before.pid);
    });
    const messages = [{ method: 'notifications/resources/updated', params: { uri } }];
    await agent.call('own__tell', { messages });
    expect(await agent.next('notifications/resources/updated')).toMatchObject({ params: { uri } });
  });
});

test('a list that always names one more page ends with an issue', async () => {
  const home = createHome();
  home.configure({ odd: fixture('paginated', 'endless') });
  const pipe = home.pipe();
  await pipe.initialize();
  await expect
    .poll(async () => (await home.status())?.issues.map(({ code, server, message }) => [code, server, message]))
    .toEqual([['UPSTREAM_PROTOCOL', 'odd', expect.stringContaining('resources/list has more than 500 pages')]]);
  const { resources } = await pipe.request('resources/list');
  expect(resources).toContainEqual({ uri: 'page://0', name: 'page 0' });
  expect(await callText(pipe, 'odd__tool_7')).toBe('called tool_7');
  await pipe.close();
});

/** Overwrites what there is of the database with junk, in place: processes that have it open see it. */
function damageDatabase(gateway: Gateway): void {
  const home = gateway.folder.env['PLUGBOARD_HOME'] ?? '';
  for (const name of readdirSync(home).filter((entry) => entry.startsWith('plugboard.db'))) {
    const file = join(home, name);
    const open = openSync(file, 'r+');
    writeSync(open, Buffer.alloc(statSync(file).size, 'A'));
    closeSync(open);
  }
}

describe('a database that is damaged while the host runs', () => {
  test('does not end the host, and edits still take effect', async () => {
    const before = fixtureServer('before', 'echo');
    const gateway = await start({ config: before });
    const agent = await gateway.http();
    expect(await agent.call('before__echo', { text: 'one' })).toBe('one');
    damageDatabase(gateway);
    gateway.writeConfig(before + fixtureServer('after', 'echo'));
    await eventually(async () => expect(await agent.call('after__echo', { text: 'two' })).toBe('two'));
    expect(await agent.call('before__echo', { text: 'three' })).toBe('three');
    expect(isRunning(gateway.pid)).toBe(true);
  });

  test('refuses requests with tokens by a code, and ends neither the host nor an open stream', async () => {
    const gateway = await start({ serve: ['auth = "token"'], config: fixtureServer('m', 'mirror') });
    const agent = await gateway.http({ token: gateway.token('ada'), listens: true });
    await agent.result('tools/list');
    damageDatabase(gateway);
    const answer = await fetch(gateway.endpoint, {
      method: 'POST',
      headers: agent.headers(),
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([500, { error: { data: { code: 'DATABASE' } } }]);
    // The next look at open sessions is a second away.
    await sleep(1500);
    gateway.writeConfig(fixtureServer('m', 'mirror', { lines: ['disabled_tools = ["mirror"]'] }), ['auth = "token"']);
    await agent.next('notifications/tools/list_changed');
    expect(isRunning(gateway.pid)).toBe(true);
  });
});
