/**
 * Drives a real Codex, without login and without a model, through the JSON-RPC of `codex app-server`.
 *
 * One JSON object per line on stdio, without a `jsonrpc` member; the methods are `codex app-server generate-ts`'s.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endProgram } from '../tests/support/product.ts';

const CALL_LIMIT_MS = 30_000;

type Json = Readonly<Record<string, unknown>>;
type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: { readonly message: string };
};

export type CodexServer = {
  readonly name: string;
  readonly runtimeStatus: string | null;
  readonly toolsError: string | null;
  readonly tools: Readonly<Record<string, unknown>>;
  readonly resources: readonly { readonly uri: string }[];
};

export type Codex = {
  /** The state, tools and resources of the one MCP server in its config. */
  readonly server: () => Promise<CodexServer>;
  readonly callTool: (tool: string, args: Json) => Promise<Json>;
  readonly readResource: (uri: string) => Promise<Json>;
  /** Forms it was asked to show, and accepted with `formContent`, so far. */
  readonly formsSeen: () => number;
  readonly close: () => Promise<void>;
};

export type CodexOptions = {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  /** A folder of this Codex alone: its home and its workspace go there. */
  readonly folder: string;
  /** The lines of `[mcp_servers.NAME]`. */
  readonly mcpServer: string;
  /** What each form is answered with. */
  readonly formContent: Json;
};

/** No model is ever asked, and Codex must not warm up a connection to one either: nothing listens there. */
const NO_MODEL = `model_provider = "none"
check_for_update_on_startup = false

[model_providers.none]
name = "none"
base_url = "http://127.0.0.1:9/v1"

[analytics]
enabled = false

`;

export async function startCodex(options: CodexOptions): Promise<Codex> {
  const home = join(options.folder, 'codex-home');
  const workspace = join(options.folder, 'workspace');
  mkdirSync(home, { recursive: true });
  mkdirSync(workspace, { recursive: true });
  writeFileSync(join(home, 'config.toml'), NO_MODEL + options.mcpServer);
  const child = spawn(options.program, ['app-server'], {
    env: { ...options.env, CODEX_HOME: home },
    cwd: workspace,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const waiting = new Map<number, (message: Message) => void>();
  let lastId = 0;
  let forms = 0;
  const write = (message: Message): void => void child.stdin.write(`${JSON.stringify(message)}\n`);

  createInterface({ input: child.stdout }).on('line', (line) => {
    const message: Message = JSON.parse(line);
    if (message.id === undefined) return;
    if (message.method === undefined) return waiting.get(message.id)?.(message);
    if (message.params?.['mode'] === 'form') forms++;
    write({ id: message.id, result: { action: 'accept', content: options.formContent, _meta: null } });
  });

  function call(method: string, params: Json): Promise<Json> {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer in ${CALL_LIMIT_MS} ms`)), CALL_LIMIT_MS);
      child.once('exit', () => reject(new Error(`${method}: Codex ended`)));
      waiting.set(id, ({ result, error }) => {
        clearTimeout(timer);
        waiting.delete(id);
        if (error) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
      write({ id, method, params });
    });
  }

  const clientInfo = { name: 'interop', title: 'Interop', version: '1.0.0' };
  await call('initialize', { clientInfo, capabilities: { experimentalApi: true } });
  write({ method: 'initialized' });
  const started = await call('thread/start', { cwd: workspace, ephemeral: true });
  const threadId = (started['thread'] as { id: string }).id;

  async function server(): Promise<CodexServer> {
    const { data } = await call('mcpServerStatus/list', { threadId, detail: 'full' });
    const first = (data as CodexServer[])[0];
    if (!first) throw new Error('Codex knows no MCP server');
    return first;
  }
  const name = (await server()).name;
  return {
    server,
    callTool: (tool, args) => call('mcpServer/tool/call', { threadId, server: name, tool, arguments: args }),
    readResource: (uri) => call('mcpServer/resource/read', { threadId, server: name, uri }),
    formsSeen: () => forms,
    close: async () => {
      child.stdin.end();
      await endProgram(child);
    },
  };
}
