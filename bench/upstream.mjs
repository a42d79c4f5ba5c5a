/**
 * The server behind everything that is measured: one read-only tool, `echo`, and no SDK.
 *
 *   node bench/upstream.mjs               over stdio
 *   node bench/upstream.mjs --http        over Streamable HTTP; prints {"url":…} when it listens
 */
import { createServer } from 'node:http';

const TOOL = {
  name: 'echo',
  description: 'Answers what it was given',
  inputSchema: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
  annotations: { readOnlyHint: true },
};

/** The answer to one message, as JSON text; undefined for what wants none. */
function answer(message) {
  const { id, method, params } = message;
  if (id === undefined || method === undefined) return undefined;
  switch (method) {
    case 'tools/call':
      return success(id, { content: [{ type: 'text', text: params.arguments.message }] });
    case 'tools/list':
      return success(id, { tools: [TOOL] });
    case 'initialize':
      return success(id, {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'bench', version: '1.0.0' },
      });
    case 'ping':
      return success(id, {});
    default:
      return JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } });
  }
}

const success = (id, result) => JSON.stringify({ jsonrpc: '2.0', id, result });

function serveStdio() {
  let rest = '';
  process.stdin.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    let answers = '';
    for (const line of lines) {
      const answered = line === '' ? undefined : answer(JSON.parse(line));
      if (answered !== undefined) answers += `${answered}\n`;
    }
    if (answers !== '') process.stdout.write(answers);
  });
}

function serveHttp() {
  const server = createServer((req, res) => {
    if (req.method !== 'POST') {
      res.writeHead(405).end();
      return;
    }
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      const answered = answer(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      if (answered === undefined) return res.writeHead(202).end();
      const length = Buffer.byteLength(answered);
      return res.writeHead(200, { 'content-type': 'application/json', 'content-length': length }).end(answered);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/mcp` })}\n`);
  });
  process.stdin.resume().on('end', () => process.exit(0));
}

if (process.argv.includes('--http')) serveHttp();
else serveStdio();
