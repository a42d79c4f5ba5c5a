import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, test } from 'vitest';
import { callText, fixture, type Home, type ServerKeys, useHomes } from '../support/home.ts';
import { PRODUCT } from '../support/product.ts';
import type { RawClient } from '../support/raw-client.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** A home with one server that does what the test is about, and a healthy one. A pipe on it has said hello. */
async function beside(odd: ServerKeys): Promise<{ readonly home: Home; readonly pipe: RawClient }> {
  const home = createHome();
  home.configure({ odd, healthy: fixture('echo') });
  const pipe = home.pipe();
  await pipe.initialize();
  return { home, pipe };
}

/** The healthy server answers. */
async function untouched(pipe: RawClient): Promise<void> {
  expect(await callText(pipe, 'healthy__echo', { text: 'untouched' })).toBe('untouched');
}

/** One line of `/proc/PID/status`, in MiB. */
function memoryMib(pid: number, line: 'VmHWM' | 'VmRSS'): number {
  const kib = new RegExp(`${line}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

async function warnings(home: Home): Promise<readonly string[]> {
  const issues = (await home.status())?.issues ?? [];
  return issues.filter(({ server }) => server === 'odd').map(({ code, message }) => `${code} ${message}`);
}

test(proves('fault.command-not-found'), async () => {
  const { home, pipe } = await beside({ command: '/no/such/program', args: ['--help'] });
  expect(await home.untilServer('odd', 'connection_error')).toEqual(
    expect.objectContaining({
      state: {
        kind: 'connection_error',
        reason: { kind: 'command_not_found', command: '/no/such/program' },
        attempt: expect.any(Number),
        nextRetryAt: expect.any(Number),
      },
      reason: 'command not found: /no/such/program',
      nextStep: 'install /no/such/program, or correct mcp_servers.odd.command',
    }),
  );
  await untouched(pipe);
  await pipe.close();
});

test('a working folder that does not exist is a state that names it', async () => {
  const { home, pipe } = await beside({ ...fixture('echo'), cwd: '/no/such/folder' });
  const report = await home.untilServer('odd', 'connection_error');
  expect([report.reason, report.nextStep]).toEqual([
    'working folder not found: /no/such/folder',
    'create /no/such/folder, or correct mcp_servers.odd.cwd',
  ]);
  await untouched(pipe);
  await pipe.close();
});

test(proves('fault.garbage'), async () => {
  const { home, pipe } = await beside(fixture('garbage-stdout'));
  expect(await callText(pipe, 'odd__echo', { text: 'between the garbage' })).toBe('between the garbage');
  expect(await warnings(home)).toContainEqual(expect.stringMatching(/^UPSTREAM_PROTOCOL odd: stdout: /));
  await untouched(pipe);
  await pipe.close();
});

test(`${proves('fault.garbage')}: nothing but garbage`, async () => {
  const { home, pipe } = await beside({ ...fixture('garbage-stdout', 'only'), startup_timeout_sec: 0.5 });
  await home.untilServer('odd', 'timed_out');
  expect((await warnings(home)).length).toBeGreaterThan(0);
  await untouched(pipe);
  await pipe.close();
});

test(proves('fault.huge-line'), async () => {
  const { home, pipe } = await beside(fixture('huge-line'));
  const host = (await home.status())?.pid ?? 0;
  expect(await pipe.exchange('tools/call', { name: 'odd__huge', arguments: { mib: 200 } })).toEqual(
    expect.objectContaining({
      error: expect.objectContaining({
        message: 'odd sent a message over 64 MiB',
        data: expect.objectContaining({ code: 'UPSTREAM_MESSAGE_TOO_LARGE' }),
      }),
    }),
  );
  await untouched(pipe);
  // 64 MiB of it are kept at most, while a buffer grows twice that.
  expect(memoryMib(host, 'VmHWM')).toBeLessThan(450);
  await home.untilServer('odd', 'connected');
  expect(await callText(pipe, 'odd__echo', { text: 'again' })).toBe('again');
  await pipe.close();
});

test(proves('fault.exits-at-once'), async () => {
  const { home, pipe } = await beside(fixture('exit-at-once', '41'));
  const report = await home.untilServer('odd', 'connection_error');
  expect(report).toEqual(
    expect.objectContaining({
      reason: 'the process ended (code 41): cannot start: the license file is missing',
      nextStep: 'see its last lines on standard error (plugboard doctor shows them)',
      stderr: 'cannot start: the license file is missing\n',
    }),
  );
  await untouched(pipe);
  await pipe.close();
});

test(proves('fault.answers-twice'), async () => {
  const home = createHome();
  home.configure({ odd: fixture('answers-twice') });
  const child = spawn(process.execPath, [PRODUCT, 'stdio'], { env: home.env, stdio: ['pipe', 'pipe', 'inherit'] });
  let heard = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (heard += text));
  const send = (id: number, method: string, params: object): void =>
    void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  const ids = (): readonly number[] =>
    heard
      .split('\n')
      .filter((line) => line.includes('"id"'))
      .map((line) => (JSON.parse(line) as { readonly id: number }).id)
      .toSorted((a, b) => a - b);
  send(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } });
  await expect.poll(ids).toEqual([1]);
  for (const id of [2, 3, 4]) send(id, 'tools/call', { name: 'odd__echo', arguments: { text: `call ${id}` } });
  await expect.poll(ids).toEqual([1, 2, 3, 4]);
  // Another round, behind which a second answer to the first would have come.
  send(5, 'tools/call', { name: 'odd__echo', arguments: { text: 'last' } });
  await expect.poll(ids).toEqual([1, 2, 3, 4, 5]);
  for (const id of [2, 3, 4]) expect(heard.split(`call ${id}`).length).toBe(2);
  child.stdin.end();
  await new Promise((resolve) => child.once('close', resolve));
});

test(proves('fault.dies-mid-call'), async () => {
  const { home, pipe } = await beside(fixture('crash-mid-call'));
  expect(await pipe.exchange('tools/call', { name: 'odd__crash', arguments: {} })).toEqual({
    jsonrpc: '2.0',
    id: expect.any(Number),
    error: {
      code: -32000,
      message: 'odd ended (signal SIGSEGV): about to crash',
      data: { code: 'UPSTREAM_EXITED', hint: 'run: plugboard mcp logs odd' },
    },
  });
  await untouched(pipe);
  await home.untilServer('odd', 'connected');
  // The last answer of a server that dies at once after it is not lost.
  expect(await callText(pipe, 'odd__answer_and_crash')).toBe('last words');
  await pipe.close();
});

test.each(['lines', 'line'])(`${proves('fault.floods-stderr')}: %s`, async (kind) => {
  const { home, pipe } = await beside(fixture('stderr-flood', kind));
  const host = (await home.status())?.pid ?? 0;
  await untouched(pipe);
  expect(await callText(pipe, 'odd__echo', { text: 'through the flood' })).toBe('through the flood');
  await sleep(1000);
  await untouched(pipe);
  expect(memoryMib(host, 'VmRSS')).toBeLessThan(300);
  expect((await home.logs('odd')).length).toBeLessThanOrEqual(9000);
  await pipe.close();
});

test(proves('fault.invalid-schema'), async () => {
  const { home, pipe } = await beside(fixture('invalid-schema'));
  // A client that checks what it is sent, as most do: it would refuse the whole list for one wrong entry.
  const client = new Client({ name: 'strict', version: '1' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [PRODUCT, 'stdio'],
      env: home.env as Record<string, string>,
    }),
  );
  const { tools } = await client.listTools();
  const names = tools.map(({ name }) => name.replace('odd__', '')).filter((name) => !name.startsWith('healthy__'));
  expect(names).toEqual([
    'annotations_are_text',
    'good',
    'schema_is_missing',
    'schema_is_text',
    'schema_refers_nowhere',
    'schema_type_is_wrong',
    'twice',
    'with_blanks_and__mlauts__',
  ]);
  for (const name of names) expect(await callText(pipe, `odd__${name}`)).toMatch(/^called /);
  const said = await warnings(home);
  for (const part of ['has no "name"', 'repeats "twice"', '"schema_is_text" is not valid: inputSchema'])
    expect(said).toContainEqual(expect.stringMatching(`^UPSTREAM_LIST_INVALID odd: tools.*${part}`));
  await client.close();
  await untouched(pipe);
  await pipe.close();
});

test(`${proves('fault.invalid-schema')}: a list that is none`, async () => {
  const { home, pipe } = await beside(fixture('invalid-schema', 'no-list'));
  await home.untilServer('odd', 'no_tools');
  expect(await warnings(home)).toContainEqual(expect.stringMatching(/tools\/list answered without "tools"/));
  await untouched(pipe);
  await pipe.close();
});
