/**
 * An MCP server that works with a secret of its user, in plain Node. The secret is in its environment and leaves it in no
 * answer: an agent gets signatures, never the key.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createInterface } from 'node:readline';

const key = process.env.SIGNATURES_KEY;
const algorithm = process.env.SIGNATURES_ALGORITHM;
// A setting that is optional and has no value: the variable is not there at all.
const signer = process.env.SIGNATURES_SIGNER ?? null;

const sign = (text) => createHmac(algorithm, key).update(text).digest('hex');
const string = { type: 'string' };

/** By name: what agents are told of the tool, and the function that does it. */
const TOOLS = {
  sign_text: {
    description: 'Signs a text with the key of the user.',
    inputSchema: { type: 'object', properties: { text: string }, required: ['text'] },
    annotations: { readOnlyHint: true },
    call: ({ text }) => ({ algorithm, signer, signature: sign(text) }),
  },
  check_signature: {
    description: 'Whether a signature is that of the text, made with the key of the user.',
    inputSchema: { type: 'object', properties: { text: string, signature: string }, required: ['text', 'signature'] },
    annotations: { readOnlyHint: true },
    call: ({ text, signature }) => {
      const [wanted, given] = [Buffer.from(sign(text)), Buffer.from(signature)];
      return { valid: wanted.length === given.length && timingSafeEqual(wanted, given) };
    },
  },
};

const METHODS = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'signatures', version: '0.1.0' },
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools: Object.entries(TOOLS).map(([name, { call: _call, ...tool }]) => ({ name, ...tool })) }),
  'tools/call': ({ name, arguments: args }) => {
    const result = TOOLS[name].call(args);
    return { content: [{ type: 'text', text: JSON.stringify(result) }] };
  },
};

// When the agent closes standard input, nothing keeps the process alive, and it ends.
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {} } = JSON.parse(line);
  if (id === undefined) return;
  const send = (answer) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
  try {
    send({ result: METHODS[method](params) });
  } catch (error) {
    send({ error: { code: -32603, message: error.message } });
  }
});
