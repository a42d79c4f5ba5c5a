/**
 * An MCP server in plain Node: no packages, no build. Each line of standard input is one JSON-RPC message, and each line
 * of standard output is one, too; words for people go to standard error.
 *
 * To add a tool, add an entry to TOOLS.
 */
import { createInterface } from 'node:readline';

const SERVER = { name: 'word-count', version: '0.1.0' };

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
