/**
 * What one writes in an hour with version 1 of the SDK: a typed client to a stdio server, a typed server in front.
 *
 *   SDK_MODULES=DIR node bench/sdk-v1-proxy.mjs [--http] COMMAND ARGS…
 *
 * With `--http` it prints {"url":…} when it listens; without, it speaks over stdio.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const load = createRequire(join(process.env.SDK_MODULES, 'from-here.cjs'));
const sdk = (path) => load(`@modelcontextprotocol/sdk/${path}.js`);
const { Client } = sdk('client/index');
const { StdioClientTransport } = sdk('client/stdio');
const { Server } = sdk('server/index');
const { StdioServerTransport } = sdk('server/stdio');
const { StreamableHTTPServerTransport } = sdk('server/streamableHttp');
const { CallToolRequestSchema, isInitializeRequest, ListToolsRequestSchema } = sdk('types');

const isHttp = process.argv[2] === '--http';
const [command, ...args] = process.argv.slice(isHttp ? 3 : 2);
const upstream = new Client({ name: 'sdk-v1-proxy', version: '1.0.0' });
await upstream.connect(new StdioClientTransport({ command, args }));

function createProxy() {
  const server = new Server({ name: 'sdk-v1-proxy', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => upstream.listTools(params));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) =>
    upstream.callTool(params, undefined, { signal }),
  );
  return server;
}

if (isHttp) {
  const sessions = new Map();
  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString('utf8'));
    let transport = sessions.get(req.headers['mcp-session-id']);
    if (transport === undefined && isInitializeRequest(body)) {
      transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => sessions.set(id, transport),
      });
      await createProxy().connect(transport);
    }
    if (transport === undefined) res.writeHead(404).end();
    else await transport.handleRequest(req, res, body);
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/mcp` })}\n`);
  });
} else {
  await createProxy().connect(new StdioServerTransport());
  process.stdin.on('end', () => process.exit(0));
}
