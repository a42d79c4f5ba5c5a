import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asTerminal, refusal, report, said } from '../support/cli.ts';
import { fixture, useHomes } from '../support/home.ts';
import { PRODUCT } from '../support/product.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

type ToolList = {
  readonly tools: readonly { readonly name: string; readonly server: string; readonly rawName: string }[];
  readonly missing: readonly { readonly name: string; readonly state: { readonly kind: string } }[];
};

const SERVERS = {
  echo: fixture('echo'),
  'my-pages': { ...fixture('paginated'), enabled_tools: ['tool_1', 'tool_2'] },
  gone: { command: '/does/not/exist' },
};

test(proves('cli.tools'), async () => {
  const home = createHome();
  home.configure(SERVERS);
  await home.serve();
  await home.untilServer('echo', 'connected');
  const agent = home.pipe();
  await agent.initialize();
  const seen = (await agent.listTools()).map(({ name }) => name);
  const list = await report<ToolList>(home, ['tools', 'list']);
  expect(list.tools.map(({ name }) => name)).toEqual(seen);
  expect(list.tools).toContainEqual({
    name: 'my_pages__tool_1',
    server: 'my-pages',
    rawName: 'tool_1',
    title: null,
    description: null,
    hints: {},
  });
  expect(list.missing.map(({ name, state }) => [name, state.kind])).toEqual([['gone', 'connection_error']]);
  const text = await said(home, ['tools', 'list', '--server', 'echo']);
  expect(text).toMatch(/^echo__echo +echo +read-only +Gives back its text\.$/m);
  expect(text).not.toContain('my_pages');
  expect(await report(home, ['tools', 'show', 'echo__echo'])).toEqual({
    schemaVersion: 1,
    name: 'echo__echo',
    server: 'echo',
    rawName: 'echo',
    definition: {
      name: 'echo',
      description: 'Gives back its text.',
      inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
      annotations: { title: 'Echo', readOnlyHint: true },
    },
  });
  expect(await said(home, ['tools', 'show', 'echo__echo'])).toContain('inputSchema:\n{');
  expect(await said(home, ['tools', 'call', 'echo__echo', '{"text": "hällo"}'])).toBe('hällo');
  expect(await report(home, ['tools', 'call', 'echo__echo', '--args', '{"text": "x"}'])).toEqual({
    content: [{ type: 'text', text: 'x' }],
  });
  await agent.close();
});

test('without a host the servers are started for the command, and are gone afterwards', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  expect((await report<ToolList>(home, ['tools', 'list'])).tools).toHaveLength(12);
  expect(await said(home, ['tools', 'call', 'echo__echo', '{"text": "x"}'])).toBe('x');
  expect(home.processes()).toEqual([]);
});

test('a server that hangs keeps no tool of the others waiting', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo'), hangs: fixture('hang-initialize') });
  const began = performance.now();
  expect(await said(home, ['tools', 'call', 'echo__echo', '{"text": "x"}'])).toBe('x');
  expect(await said(home, ['tools', 'show', 'echo__echo'])).toContain('tool: echo');
  expect(await report<ToolList>(home, ['tools', 'list'])).toMatchObject({
    tools: expect.arrayContaining([expect.objectContaining({ name: 'echo__echo' })]) as unknown,
    missing: [{ name: 'hangs', state: { kind: 'starting' } }],
  });
  expect(performance.now() - began).toBeLessThan(25_000);
  expect(home.processes()).toEqual([]);
});

test('the arguments of a call come from the command line, a file or standard input', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  await home.serve();
  const file = join(home.folder, 'arguments.json');
  writeFileSync(file, '{"text": "from a file"}');
  expect(await said(home, ['tools', 'call', 'echo__echo', '--args-file', file])).toBe('from a file');
  const piped = home.command('/bin/sh', [
    '-c',
    `printf '{"text": "from a pipe"}' | "$0" "$1" tools call echo__echo -`,
    process.execPath,
    PRODUCT,
  ]);
  expect(await piped.ended).toBe(0);
  expect(piped.stdout()).toBe('from a pipe\n');
  expect(await refusal(home, ['tools', 'call', 'echo__echo', '--args', '{}', '--args-file', file])).toMatchObject({
    status: 2,
    code: 'USAGE',
  });
});

test.each([
  {
    name: 'JSON with a mistake',
    args: ['echo__echo', '{"text": hi}'],
    want: { status: 2, code: 'USAGE', where: 'ARGS:1:10' },
  },
  { name: 'no object', args: ['echo__echo', '--args', '[]'], want: { status: 2, code: 'USAGE', where: '--args' } },
  {
    name: 'no such file',
    args: ['echo__echo', '--args-file', '/nope'],
    want: { status: 2, code: 'USAGE', where: '/nope' },
  },
  {
    name: 'no such tool',
    args: ['echo__eco'],
    want: { status: 1, code: 'UNKNOWN_TOOL', hint: "did you mean 'echo__echo'? See: plugboard tools list" },
  },
  { name: 'a hidden tool', args: ['hides__echo'], want: { status: 5, code: 'TOOL_DISABLED' } },
  { name: 'a server that is not there', args: ['gone__x'], want: { status: 1, code: 'UPSTREAM_NOT_READY' } },
  {
    name: "a server's error about the arguments",
    args: ['echo__refuse', '{"code": -32602, "message": "no"}'],
    want: { status: 2, code: 'INVALID_PARAMS', message: 'no', data: { rpcCode: -32602 } },
  },
  {
    name: "a server's own error",
    args: ['echo__refuse', '{"code": -32050, "message": "no"}'],
    want: { status: 1, code: 'UPSTREAM_RPC_ERROR', message: 'no', data: { rpcCode: -32050 } },
  },
])('tools call: $name is a coded error', async ({ args, want }) => {
  const home = createHome();
  home.configure({
    echo: fixture('echo'),
    hides: { ...fixture('echo'), disabled_tools: ['echo'] },
    gone: { command: '/does/not/exist' },
  });
  expect(await refusal(home, ['tools', 'call', ...args])).toMatchObject(want);
});

test('a result that says isError is printed, with exit status 1', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const { status, stdout, stderr } = await home.finish(['tools', 'call', 'echo__fail', '{"message": "so it is"}']);
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: 'so it is\n', stderr: '' });
});

test('what a server says cannot steer the terminal', async () => {
  const home = createHome();
  home.configure({ echo: fixture('echo') });
  const args = ['tools', 'call', 'echo__echo', '{"text": "\\u001b]0;title\\u0007"}'];
  expect(await said(home, args)).toBe('\u001b]0;title\u0007');
  expect(await said(home, args, { env: home.env, nodeArgs: asTerminal() })).toBe('\\x1b]0;title\\x07');
});
