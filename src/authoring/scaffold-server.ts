/*
 * The two programs of a scaffold, as they are written to the new folder: an MCP server and its test, in plain Node, so
 * that they run at once, without packages and without a build. `examples/plugins` holds them as files.
 */

/** `server/main.mjs`. @param name Of the plugin: letters, digits and hyphens. */
export function serverSource(name: string): string {
  return SERVER.replace('NAME', name);
}

/** `test/server.test.mjs`. */
export function serverTestSource(): string {
  return TEST;
}

const SERVER = String.raw`/**
 * An MCP server in plain Node: no packages, no build. Each line of standard input is one JSON-RPC message, and each line
 * of standard output is one, too; words for people go to standard error.
 *
 * To add a tool, add an entry to TOOLS.
 */
import { createInterface } from 'node:readline';

const SERVER = { name: 'NAME', version: '0.1.0' };

/** Versions of MCP that this server speaks, the newest first. */
const PROTOCOLS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

const COUNT = { type: 'integer', minimum: 0 };

/** By name: what agents are told of the tool, and the function that does it. What it throws is shown to the agent. */
const TOOLS = {
  count_words: {
    title: 'Count words',
    description: 'Counts the words, lines and characters of a text.',
    inputSchema: {
      type: 'object',
      properties: { text: { type: 'string', description: 'The text to count.' } },
      required: ['text'],
      additionalProperties: false,
    },
    outputSchema: {
      type: 'object',
      properties: { words: COUNT, lines: COUNT, characters: COUNT },
      required: ['words', 'lines', 'characters'],
    },
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    call: ({ text }) => {
      if (typeof text !== 'string') throw new Error('"text" must be a string');
      return {
        words: text.split(/\s+/).filter((word) => word !== '').length,
        lines: text === '' ? 0 : text.split('\n').length,
        characters: [...text].length,
      };
    },
  },
};

const METHODS = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion: PROTOCOLS.includes(protocolVersion) ? protocolVersion : PROTOCOLS[0],
    capabilities: { tools: {} },
    serverInfo: SERVER,
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools: Object.entries(TOOLS).map(([name, { call: _call, ...tool }]) => ({ name, ...tool })) }),
  'tools/call': async ({ name, arguments: args }) => {
    if (!Object.hasOwn(TOOLS, name)) throw new RpcError(-32602, 'Unknown tool: ' + name);
    try {
      const result = await TOOLS[name].call(args ?? {});
      return { content: [{ type: 'text', text: JSON.stringify(result) }], structuredContent: result };
    } catch (error) {
      return { content: [{ type: 'text', text: error.message }], isError: true };
    }
  },
};

class RpcError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

function send(message) {
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');
}

async function receive(line) {
  let message;
  try {
    message = JSON.parse(line);
  } catch {
    return send({ id: null, error: { code: -32700, message: 'Parse error' } });
  }
  const { id, method, params } = message ?? {};
  // Without a method it answers something, without an id it is a notification: neither is answered.
  if (typeof method !== 'string' || id === undefined) return;
  try {
    if (!Object.hasOwn(METHODS, method)) throw new RpcError(-32601, 'Method not found: ' + method);
    send({ id, result: await METHODS[method](params ?? {}) });
  } catch (error) {
    send({ id, error: { code: error.code ?? -32603, message: error.message } });
  }
}

// When the agent closes standard input, nothing keeps the process alive, and it ends.
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line.trim() !== '') void receive(line);
});
`;

const TEST = String.raw`/** Starts the server as an agent does, and talks to it. Run it with: node --test */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const server = spawn(process.execPath, [fileURLToPath(new URL('../server/main.mjs', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
after(() => server.kill());

const answers = new Map();
createInterface({ input: server.stdout }).on('line', (line) => {
  const message = JSON.parse(line);
  answers.get(message.id)?.(message);
});

let lastId = 0;

function request(method, params) {
  lastId += 1;
  const id = lastId;
  const answer = new Promise((resolve) => answers.set(id, resolve));
  server.stdin.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }) + '\n');
  return answer;
}

test('it agrees on a version of the protocol', async () => {
  const clientInfo = { name: 'test', version: '0' };
  const { result } = await request('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  assert.equal(result.protocolVersion, '2025-06-18');
  assert.deepEqual(result.capabilities, { tools: {} });
});

test('it lists its tools', async () => {
  const { result } = await request('tools/list');
  assert.deepEqual(
    result.tools.map((tool) => tool.name),
    ['count_words'],
  );
});

test('it counts', async () => {
  const { result } = await request('tools/call', { name: 'count_words', arguments: { text: 'one two\nthree' } });
  assert.deepEqual(result.structuredContent, { words: 3, lines: 2, characters: 13 });
});

test('what a tool refuses is said to the agent', async () => {
  const { result } = await request('tools/call', { name: 'count_words', arguments: {} });
  assert.equal(result.isError, true);
  assert.equal(result.content[0].text, '"text" must be a string');
});

test('a tool or method that is not there is an error', async () => {
  assert.equal((await request('tools/call', { name: 'no_such_tool' })).error.code, -32602);
  assert.equal((await request('no/such/method')).error.code, -32601);
});
`;
