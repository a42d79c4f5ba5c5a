/** Real servers and the client of the SDK: through Plugboard everything is as it is without. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/kernel/index.ts';
import { accept, openStdioAgent, type StdioAgent } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { FRONTS, type Gateway, startGateway } from '../support/gateway.ts';
import { realServer } from '../support/home.ts';
import { createWorkFolder, PRODUCT } from '../support/product.ts';
import { proves } from './support/proves.ts';

/** What Plugboard declares to a server that all agents share, so that the server offers the same to both. */
const EVERYTHING: JsonObject = {
  roots: { listChanged: true },
  sampling: { context: {}, tools: {} },
  elicitation: { form: {}, url: {} },
};

const files = createWorkFolder('files');
mkdirSync(join(files.path, 'folder'));
writeFileSync(join(files.path, 'folder', 'note.txt'), 'a note\n');
const SERVERS = {
  everything: realServer('everything', 'stdio'),
  filesystem: realServer('filesystem', join(files.path, 'folder')),
  memory: realServer('memory'),
};
type Name = keyof typeof SERVERS;

let gateway: Gateway;
const direct = {} as Record<Name, StdioAgent>;
beforeAll(async () => {
  const tables = Object.entries(SERVERS).map(([name, { command, args }]) => {
    const lines = [`[mcp_servers.${name}]`, `command = ${JSON.stringify(command)}`, `args = ${JSON.stringify(args)}`];
    const env = `env = { MEMORY_FILE_PATH = ${JSON.stringify(join(files.path, 'through.json'))} }`;
    return [...lines, env, ''].join('\n');
  });
  const env = { ...files.env, MEMORY_FILE_PATH: join(files.path, 'direct.json') };
  const [started] = await Promise.all([
    startGateway({ config: tables.join('\n') }),
    ...Object.entries(SERVERS).map(async ([name, program]) => {
      const onRequest = () => accept({ name: 'Ada' });
      direct[name as Name] = await openStdioAgent({ ...program, env }, { capabilities: EVERYTHING, onRequest });
    }),
  ]);
  gateway = started;
});
afterAll(async () => {
  await Promise.all([gateway.close(), ...Object.values(direct).map((agent) => agent.close())]);
  files.remove();
});

const LISTS = ['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'];

const CALLS: readonly { readonly server: Name; readonly tool: string; readonly args: JsonObject }[] = [
  { server: 'everything', tool: 'echo', args: { message: 'ü\u2028' } },
  { server: 'everything', tool: 'get-sum', args: { a: 2, b: 40.5 } },
  { server: 'everything', tool: 'get-structured-content', args: { location: 'Chicago' } },
  { server: 'everything', tool: 'get-annotated-message', args: { messageType: 'error', includeImage: true } },
  { server: 'everything', tool: 'get-resource-links', args: { count: 3 } },
  { server: 'everything', tool: 'get-tiny-image', args: {} },
  { server: 'everything', tool: 'get-sum', args: { a: 'not a number' } },
  { server: 'filesystem', tool: 'read_text_file', args: { path: join(files.path, 'folder', 'note.txt') } },
  { server: 'filesystem', tool: 'list_directory', args: { path: join(files.path, 'folder') } },
  { server: 'filesystem', tool: 'read_text_file', args: { path: '/etc/passwd' } },
  {
    server: 'memory',
    tool: 'create_entities',
    args: { entities: [{ name: 'Ada', entityType: 'person', observations: ['counts'] }] },
  },
  { server: 'memory', tool: 'read_graph', args: {} },
];

describe.each(FRONTS)('over %s', (front) => {
  test.each(Object.keys(SERVERS) as Name[])(
    `${proves('gateway.one-server', 'gateway.untouched')}: the lists of %s`,
    async (name) => {
      const agent = await gateway.on(front, { server: name });
      expect(agent.hello?.['serverInfo']).toEqual(direct[name].hello?.['serverInfo']);
      expect(agent.hello?.['instructions']).toEqual(direct[name].hello?.['instructions']);
      for (const method of LISTS) {
        const [there, here] = [await direct[name].ask(method), await agent.ask(method)];
        if (there.kind === 'result') expect(here, method).toEqual(there);
      }
      await agent.close();
    },
  );

  test.each(CALLS)(`${proves('gateway.untouched')}: $tool of $server`, async ({ server, tool, args }) => {
    const there = await direct[server].ask('tools/call', { name: tool, arguments: args });
    for (const [view, name] of [
      [server, tool],
      [undefined, `${server}__${tool.replaceAll('-', '_')}`],
    ] as const) {
      const agent = await gateway.on(front, view === undefined ? {} : { server: view });
      // What one of the agents wrote is there for the other.
      const expected = tool === 'create_entities' ? expect.objectContaining({ kind: there.kind }) : there;
      expect(await agent.ask('tools/call', { name, arguments: args })).toEqual(expected);
      await agent.close();
    }
  });
});

describe.each(['stdio', 'standalone', 'http'] as const)('the client of the SDK, %s', (front) => {
  const open = async (): Promise<Client> => {
    const client = new Client(
      { name: 'sdk', version: '1' },
      { capabilities: { sampling: {}, elicitation: { form: {} }, roots: {} } },
    );
    client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///sdk' }] }));
    client.setRequestHandler('sampling/createMessage', () => ({
      role: 'assistant',
      model: 'none',
      content: { type: 'text', text: 'sampled' },
    }));
    client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name: 'Ada' } }));
    const args = front === 'standalone' ? ['stdio', '--standalone'] : ['stdio'];
    const env = Object.fromEntries(Object.entries(gateway.folder.env).map(([name, value]) => [name, String(value)]));
    await client.connect(
      front === 'http'
        ? new StreamableHTTPClientTransport(new URL(gateway.endpoint))
        : new StdioClientTransport({ command: process.execPath, args: [PRODUCT, ...args], env, stderr: 'ignore' }),
    );
    return client;
  };

  test(
    proves(
      'gateway.tools',
      'gateway.progress',
      'gateway.resources',
      'gateway.prompts',
      'gateway.sampling',
      'gateway.elicitation',
    ),
    async () => {
      const client = await open();
      // On its own it starts the servers now, and a list waits only a moment for those that are slow.
      await eventually(async () => {
        const names = (await client.listTools()).tools.map(({ name }) => name);
        expect(names.filter((name) => name.startsWith('filesystem__'))).toHaveLength(14);
        expect(names).toContain('everything__trigger_sampling_request');
      });
      const progress: unknown[] = [];
      const long = await client.callTool(
        // Well apart: a client drops the progress of a call whose answer it has read in the same piece.
        { name: 'everything__trigger_long_running_operation', arguments: { duration: 1.2, steps: 4 } },
        { onprogress: (step) => void progress.push(step.progress) },
      );
      expect([long.isError, progress.length >= 3]).toEqual([undefined, true]);
      const sampled = await client.callTool({
        name: 'everything__trigger_sampling_request',
        arguments: { prompt: 'x', maxTokens: 5 },
      });
      expect(JSON.stringify(sampled.content)).toContain('sampled');
      const asked = await client.callTool({ name: 'everything__trigger_elicitation_request', arguments: {} });
      expect(JSON.stringify(asked.content)).toContain('Ada');
      const { resources } = await client.listResources();
      const read = await client.readResource({ uri: resources[0]?.uri ?? '' });
      expect(read.contents).toHaveLength(1);
      const { prompts } = await client.listPrompts();
      const prompt = await client.getPrompt({
        name: prompts.find(({ arguments: args }) => args === undefined)?.name ?? '',
      });
      expect(prompt.messages.length).toBeGreaterThan(0);
      await client.close();
    },
  );
});
