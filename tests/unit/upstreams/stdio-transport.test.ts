import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createLocalExecutor } from '../../../src/executors/node/index.ts';
import { createRedactor, type JsonObject, type RpcMessage, Secret, silentLog } from '../../../src/kernel/index.ts';
import { createStdioTransport, type StdioTransportOptions } from '../../../src/upstreams/node/stdio-transport.ts';
import { type EndReason, type Transport, TransportEnded } from '../../../src/upstreams/transport.ts';
import { isRunning, until } from '../../support/processes.ts';

const PATH = '/usr/local/bin:/usr/bin:/bin';
const executor = createLocalExecutor({ log: silentLog });
const open: Transport[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((transport) => transport.close()));
});
afterAll(() => executor.close());

type Peer = {
  readonly transport: Transport;
  readonly messages: RpcMessage[];
  readonly odd: string[];
  readonly ends: EndReason[];
  /** Everything on stderr. */
  readonly stderr: () => string;
  /** Sends a request and waits for its answer. */
  readonly request: (method: string, params?: JsonObject) => Promise<RpcMessage>;
  readonly call: (name: string, args?: JsonObject) => Promise<unknown>;
  readonly ended: () => Promise<EndReason>;
};

type Extra = Partial<Omit<StdioTransportOptions, 'launch'>> & { readonly env?: Record<string, string> };

async function connect(command: string, args: readonly string[], { env, ...extra }: Extra = {}): Promise<Peer> {
  let stderr = '';
  const transport = createStdioTransport({
    executor,
    launch: { command, args, cwd: tmpdir(), env: { PATH, ...env } },
    onStderr: (text) => {
      stderr += text;
    },
    ...extra,
  });
  open.push(transport);
  const messages: RpcMessage[] = [];
  const odd: string[] = [];
  const ends: EndReason[] = [];
  await transport.start({ onMessage: (m) => messages.push(m), onOdd: (d) => odd.push(d), onEnd: (r) => ends.push(r) });
  let id = 0;
  const request: Peer['request'] = async (method, params = {}) => {
    id += 1;
    const mine = id;
    await transport.send({ jsonrpc: '2.0', id: mine, method, params });
    return until(() => messages.find((m) => !('method' in m) && m.id === mine));
  };
  return {
    transport,
    messages,
    odd,
    ends,
    stderr: () => stderr,
    request,
    call: async (name, args_ = {}) => {
      const answer = await request('tools/call', { name, arguments: args_ });
      return 'result' in answer ? (answer.result as { content: { text: string }[] }).content[0]?.text : answer;
    },
    ended: () => until(() => ends[0]),
  };
}

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/servers/${name}.mjs`, import.meta.url));
const server = (name: string, args: readonly string[] = [], extra?: Extra): Promise<Peer> =>
  connect(process.execPath, [fixture(name), ...args], extra);
const sh = (script: string, extra?: Extra): Promise<Peer> => connect('sh', ['-c', script], extra);

const ping = (id: number): RpcMessage => ({ jsonrpc: '2.0', id, method: 'ping' });

test('messages go out and come back as they are', async () => {
  const { request, call, transport, ends } = await server('echo');
  expect(await request('initialize', { protocolVersion: '2025-11-25' })).toEqual({
    jsonrpc: '2.0',
    id: 1,
    result: {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'echo', version: '1.0.0' },
    },
  });
  const hard = 'é漢🙂 "quotes" \\ \n\r\u2028\u0000 \uD800';
  expect(await call('echo', { text: hard })).toBe(hard);
  await transport.close();
  expect(ends).toEqual([{ kind: 'closed' }]);
});

test.each([
  {
    name: 'a command that does not exist',
    command: 'no-such-program',
    want: { kind: 'command_not_found', command: 'no-such-program' },
  },
  {
    name: 'a file that may not be run',
    command: '/etc/passwd',
    want: { kind: 'command_not_found', command: '/etc/passwd' },
  },
  {
    name: 'an argument no program can get',
    command: 'sh',
    args: ['\0'],
    want: { kind: 'exited', exit: 'not started: ERR_INVALID_ARG_VALUE', stderr: '' },
  },
  {
    name: 'a folder that does not exist',
    command: 'sh',
    cwd: '/no/such/folder',
    want: { kind: 'cwd_not_found', cwd: '/no/such/folder' },
  },
])('start throws for $name, and tells nothing else', async ({ command, args = [], cwd = '/', want }) => {
  const transport = createStdioTransport({ executor, launch: { command, args, cwd, env: { PATH } } });
  const told: unknown[] = [];
  const tell = (it: unknown): void => void told.push(it);
  const failure = await transport.start({ onMessage: tell, onEnd: tell, onOdd: tell }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TransportEnded);
  expect((failure as TransportEnded).reason).toEqual(want);
  await expect(transport.send(ping(1))).rejects.toThrow(TransportEnded);
  await transport.close();
  expect(told).toEqual([]);
});

test.each([
  {
    name: 'exits with a code',
    script: 'echo why >&2; exit 3',
    want: { kind: 'exited', exit: 'code 3', stderr: 'why\n' },
  },
  { name: 'exits without a word', script: 'exit 0', want: { kind: 'exited', exit: 'code 0', stderr: '' } },
  {
    name: 'dies by a signal',
    script: 'echo last word >&2; kill -SEGV $$',
    want: { kind: 'exited', exit: 'signal SIGSEGV', stderr: 'last word\n' },
  },
  {
    name: 'closes its stdout and lives on',
    script: 'exec >&-; echo closed >&2; sleep 1000',
    want: { kind: 'exited', exit: 'closed its stdout', stderr: 'closed\n' },
  },
  {
    name: 'exits and leaves a grandchild that holds the pipes',
    script: "trap '' TERM; sleep 1000 & echo gone >&2; exit 4",
    want: { kind: 'exited', exit: 'code 4', stderr: 'gone\n' },
  },
])('a server that $name', async ({ script, want }) => {
  const { ended, transport } = await sh(script);
  expect(await ended()).toEqual(want);
  expect(transport.stderrTail()).toBe(want.stderr);
  const failure = await transport.send(ping(1)).catch((error: unknown) => error);
  expect((failure as TransportEnded).reason).toEqual(want);
});

test('a server that closes its stdin and lives on is ended when something is sent', async () => {
  const { ended, transport } = await sh('exec 0<&-; echo ready >&2; sleep 1000');
  await until(() => transport.stderrTail() === 'ready\n');
  await transport.send(ping(1));
  expect(await ended()).toEqual({ kind: 'exited', exit: 'closed its stdin', stderr: 'ready\n' });
});

test('what a server wrote before it died is handed on before the end', async () => {
  const line = '{"jsonrpc":"2.0","method":"n"}';
  const { ended, messages } = await sh(
    `i=0; while [ $i -lt 2000 ]; do echo '${line}'; i=$((i+1)); done; kill -KILL $$`,
  );
  expect(await ended()).toEqual({ kind: 'exited', exit: 'signal SIGKILL', stderr: '' });
  expect(messages.length).toBe(2000);
});

test('an answer written right before a crash arrives, half an answer does not', async () => {
  const first = await server('crash-mid-call');
  expect(await first.call('answer_and_crash')).toBe('last words');
  expect(await first.ended()).toEqual({ kind: 'exited', exit: 'signal SIGSEGV', stderr: '' });
  const second = await server('crash-mid-call');
  await second.transport.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'crash' } });
  expect(await second.ended()).toEqual({ kind: 'exited', exit: 'signal SIGSEGV', stderr: 'about to crash\n' });
  expect(second.messages).toEqual([]);
});

test('lines that are no messages are told and change nothing', async () => {
  const { call, odd, transport } = await server('garbage-stdout');
  expect([await call('echo', { text: 'a' }), await call('echo', { text: 'b' })]).toEqual(['a', 'b']);
  expect(odd.slice(0, 5)).toEqual([
    'stdout: not JSON: Starting server on stdio...',
    'stdout: not JSON: {"half": ',
    'stdout: "jsonrpc" must be "2.0": {"level":"info","msg":"a log line"}',
    'stdout: a message must be a JSON object: [1, "two", null]',
    'stdout: a message must be a JSON object: [1, "two", null]',
  ]);
  await transport.close();
});

test('thousands of lines that are no messages are told a few times', async () => {
  const { odd, ended } = await sh(`i=0; while [ $i -lt 1500 ]; do echo 'garbage \u001b[31m'; i=$((i+1)); done`);
  await ended();
  expect(odd).toEqual([
    ...Array.from({ length: 5 }, () => 'stdout: not JSON: garbage \\x1b[31m'),
    'stdout: 10 lines so far are not MCP messages',
    'stdout: 100 lines so far are not MCP messages',
    'stdout: 1000 lines so far are not MCP messages',
  ]);
});

test('a batch of MCP 2025-03-26 is taken apart', async () => {
  const { messages, ended } = await sh(`echo '[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","method":"n"}]'`);
  await ended();
  expect(messages).toEqual([
    { jsonrpc: '2.0', id: 1, result: {} },
    { jsonrpc: '2.0', method: 'n' },
  ]);
});

test('a line over the limit ends the connection, with the limit', async () => {
  const { ended, transport, request } = await server('huge-line', [], { limitBytes: 1024 * 1024 });
  await request('initialize', { protocolVersion: '2025-11-25' });
  await transport.send({
    jsonrpc: '2.0',
    id: 9,
    method: 'tools/call',
    params: { name: 'huge', arguments: { mib: 200 } },
  });
  expect(await ended()).toEqual({ kind: 'too_large', limitBytes: 1024 * 1024 });
});

test('a message of many megabytes goes both ways', async () => {
  const { call } = await server('echo');
  const large = 'x'.repeat(8 * 1024 * 1024);
  expect((await call('echo', { text: large })) === large).toBe(true);
});

test('messages of one turn become one write, in order', async () => {
  // Each read of `dd` is one write of ours, as long as nothing else is in the pipe.
  const { transport, ended, messages } = await sh('dd bs=1M count=1 2>/dev/null');
  await Promise.all([1, 2, 3].map((id) => transport.send(ping(id))));
  await ended();
  expect(messages).toEqual([ping(1), ping(2), ping(3)]);
});

test('sending waits while the server does not read, and fails when it ends', async () => {
  const { transport, ended } = await sh('sleep 0.5; exit 5');
  const big: RpcMessage = { jsonrpc: '2.0', method: 'n', params: { text: 'x'.repeat(1024 * 1024) } };
  let settled = false;
  const sends = Promise.allSettled([transport.send(big), transport.send(big)]).then((results) => {
    settled = true;
    return results.map((r) => (r.status === 'rejected' ? (r.reason as TransportEnded).reason : r.status));
  });
  await sleep(100);
  expect(settled).toBe(false);
  const reason = await ended();
  expect(reason).toEqual({ kind: 'exited', exit: 'code 5', stderr: '' });
  expect(await sends).toEqual([reason, reason]);
});

test('sending goes on when the server reads again', async () => {
  const big: RpcMessage = { jsonrpc: '2.0', method: 'n', params: { text: 'x'.repeat(1024 * 1024) } };
  const allBytes = 3 * (JSON.stringify(big).length + 1);
  const { transport, ended, messages } = await sh(
    `sleep 0.3; head -c ${allBytes} | wc -c >&2; echo '{"jsonrpc":"2.0","method":"n"}'`,
  );
  for (let i = 0; i < 3; i += 1) await transport.send(big);
  expect(await ended()).toEqual({ kind: 'exited', exit: 'code 0', stderr: `${allBytes}\n` });
  expect(messages.length).toBe(1);
});

test('the last 8 KiB of stderr are kept, from the start of a line', async () => {
  const { call, transport, stderr } = await server('echo');
  await call('stderr_flood', { kib: 40 });
  await until(() => stderr().endsWith('.39\n'));
  const tail = transport.stderrTail();
  expect(tail.split('\n').map((line) => line.replace(/^\.+/, ''))).toEqual([
    '33',
    '34',
    '35',
    '36',
    '37',
    '38',
    '39',
    '',
  ]);
  expect(stderr().startsWith('echo fixture ready\n')).toBe(true);
});

test.each([
  { name: 'text with characters of several bytes', script: 'printf "é漢🙂\\n" >&2', want: 'é漢🙂\n' },
  { name: 'exactly 8 KiB', script: 'head -c 8192 /dev/zero | tr "\\0" x >&2', want: 'x'.repeat(8192) },
  { name: 'one endless line', script: 'head -c 9000 /dev/zero | tr "\\0" x >&2', want: 'x'.repeat(8192) },
  { name: 'nothing', script: 'exit 0', want: '' },
])('stderr: $name', async ({ script, want }) => {
  const { ended, stderr } = await sh(script);
  expect(await ended()).toEqual({ kind: 'exited', exit: 'code 0', stderr: want });
  expect(stderr().slice(0, 8192)).toBe(want);
});

test('a server that floods stderr still answers, and what is left out is said', async () => {
  const { call, transport, stderr } = await server('stderr-flood');
  const before = process.memoryUsage().rss;
  const cpu = process.cpuUsage();
  for (let i = 0; i < 5; i += 1) expect(await call('echo', { text: `${i}` })).toBe(`${i}`);
  await until(() => /\n\[\d+ bytes left out\]\n/.test(stderr()));
  await transport.close();
  expect(transport.stderrTail().length).toBeLessThanOrEqual(8192);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  expect(process.cpuUsage(cpu).user).toBeLessThan(10_000_000);
});

test('closing ends a server that ignores SIGTERM, and its grandchildren, before it is told', async () => {
  let alive: boolean[] = [];
  const { call, transport, ends } = await server('ignores-sigterm');
  const pids = JSON.parse(String(await call('pids'))) as number[];
  expect(pids.map(isRunning)).toEqual([true, true, true]);
  await transport.close();
  alive = pids.map(isRunning);
  expect({ alive, ends }).toEqual({ alive: [false, false, false], ends: [{ kind: 'closed' }] });
});

test('a server that exits is told when its grandchildren are gone too', async () => {
  const { call, transport, ended } = await server('ignores-sigterm');
  const pids = JSON.parse(String(await call('pids'))) as number[];
  await transport.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'quit' } });
  expect(await ended()).toEqual({ kind: 'exited', exit: 'code 0', stderr: '' });
  expect(pids.map(isRunning)).toEqual([false, false, false]);
});

test('closing before, during and after start, and twice, leaves nothing', async () => {
  const launch = { command: 'cat', args: [], cwd: '/', env: { PATH } };
  const quiet = { onMessage: () => {}, onEnd: () => {}, onOdd: () => {} };
  const before = createStdioTransport({ executor, launch });
  await before.close();
  const during = createStdioTransport({ executor, launch });
  const starting = during.start(quiet);
  await Promise.all([during.close(), expect(starting).rejects.toMatchObject({ reason: { kind: 'closed' } })]);
  const ends: EndReason[] = [];
  const after = createStdioTransport({ executor, launch });
  await after.start({ ...quiet, onEnd: (reason) => ends.push(reason) });
  await Promise.all([after.close(), after.close()]);
  await expect(before.start(quiet)).rejects.toMatchObject({ reason: { kind: 'closed' } });
  expect(ends).toEqual([{ kind: 'closed' }]);
});

test('fifty starts and stops leave no descriptor and no process', async () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const cycle = async (): Promise<void> => {
    const { transport, messages } = await connect('cat', []);
    await transport.send(ping(1));
    await until(() => messages.length === 1);
    await transport.close();
  };
  await cycle();
  const before = descriptors();
  for (let i = 0; i < 50; i += 1) await cycle();
  await until(() => descriptors() <= before);
});

describe('of secrets nothing is shown', () => {
  const VALUE = `tok-${'5f2e9c41'.repeat(4)}`;
  const redact = createRedactor([new Secret('TOKEN', VALUE)]);

  /** Runs a script with the value in its environment, to its end. */
  async function printed(script: string): Promise<{ readonly all: string; readonly odds: readonly string[] }> {
    const odds: string[] = [];
    const said: string[] = [];
    const ended = Promise.withResolvers<EndReason>();
    const transport = createStdioTransport({
      executor,
      launch: { command: 'sh', args: ['-c', script], cwd: tmpdir(), env: { PATH, TOKEN: new Secret('TOKEN', VALUE) } },
      redact,
      onStderr: (text) => void said.push(text),
    });
    await transport.start({ onMessage: () => {}, onOdd: (detail) => void odds.push(detail), onEnd: ended.resolve });
    const reason = await ended.promise;
    return { all: JSON.stringify([said, odds, reason, transport.stderrTail()]), odds };
  }

  test.each([
    {
      name: 'a line that comes in pieces',
      script: 'printf "%.9s" "$TOKEN" >&2; sleep 0.05; printf "%s\\n" "${TOKEN#?????????}" >&2',
    },
    { name: 'a last line without its end', script: 'printf "x %s" "$TOKEN" >&2' },
    { name: 'more than is kept', script: 'i=0; while [ $i -lt 400 ]; do echo "$TOKEN" >&2; i=$((i+1)); done' },
    { name: 'a line on stdout whose end is not shown', script: 'printf "%0190d%s\\n" 0 "$TOKEN"' },
    { name: 'a line on stdout in an encoding', script: 'printf "%s" "user:$TOKEN" | base64 -w 0; echo' },
  ])('$name', async ({ script }) => {
    const { all } = await printed(script);
    for (const part of [
      VALUE,
      VALUE.slice(0, 10),
      VALUE.slice(-10),
      Buffer.from(VALUE).toString('base64').slice(4, -4),
    ])
      expect(all).not.toContain(part);
    expect(all).toMatch(/\[secret TOKEN|\u2026/);
  });

  test('a line over 1 MiB is left out, and that is said', async () => {
    const { all, odds } = await printed(
      'head -c 1200000 /dev/zero | tr "\\0" x >&2; echo "$TOKEN" >&2; echo after >&2; head -c 1200000 /dev/zero | tr "\\0" y; echo',
    );
    expect(all).toContain('[a line of more than 1 MiB left out]\\nafter\\n');
    expect(odds).toEqual(['stdout: not JSON: (a line of more than 1 MiB)']);
    expect(all).not.toContain('xxxx');
  });
});
