/**
 * `npm run interop`: real agents against Plugboard, each with a home of its own and without a login.
 *
 *   --direct   points them at the MCP server itself instead: what they can do at best
 *
 * One host serves `@modelcontextprotocol/server-everything`; Codex, the MCP Inspector and Gemini CLI reach it through
 * `plugboard stdio` and over HTTP. One line per check; exit 1 when one fails. The agents are installed on first use
 * into `.interop` (about 600 MB).
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import {
  createWorkFolder,
  endProgram,
  PRODUCT,
  ROOT,
  serveHome,
  serverTable,
  type WorkFolder,
} from '../tests/support/product.ts';
import { openRawClient } from '../tests/support/raw-client.ts';
import { startCodex } from './interop-codex.ts';
import { installOnDemand } from './on-demand.ts';

const AGENTS = {
  '@openai/codex': '0.169.0',
  '@modelcontextprotocol/inspector': '2.12.0',
  '@google/gemini-cli': '0.61.0',
};
const EVERYTHING = join(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const READY_LIMIT_MS = 20_000;
const PROGRAM_LIMIT_MS = 60_000;

type Way = 'stdio' | 'http';

/** What the agents are pointed at. */
type Target = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
  readonly close: () => Promise<void>;
};

type Program = { readonly code: number | null; readonly stdout: string; readonly all: string };

const { values: options } = parseArgs({ options: { direct: { type: 'boolean' } } });
const modules = installOnDemand('.interop', AGENTS);
const folder = createWorkFolder('interop');
const target = options.direct === true ? await serveEverything(folder) : await serveThroughPlugboard(folder);
const failed: string[] = [];
try {
  const names = await waitForTools(target);
  for (const way of ['stdio', 'http'] as const) {
    await tryCodex(way);
    await tryInspector(way, names);
  }
  await tryGemini();
} finally {
  await target.close();
}
process.stdout.write(failed.length === 0 ? 'All agents work.\n' : `${failed.length} checks failed.\n`);
if (failed.length === 0) folder.remove();
process.exitCode = failed.length === 0 ? 0 : 1;

async function check(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    process.stdout.write(`ok    ${name}\n`);
  } catch (cause) {
    failed.push(name);
    process.stdout.write(`FAIL  ${name}: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  }
}

function expect(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw new Error(otherwise);
}

async function tryCodex(way: Way): Promise<void> {
  const env = Object.entries(target.env).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const tables = {
    stdio: `${serverTable('plugboard', { command: target.command, args: target.args })}\n[mcp_servers.plugboard.env]\n${env.join('\n')}\n`,
    http: serverTable('plugboard', { url: target.url }),
  };
  const codex = await startCodex({
    program: join(modules, '.bin/codex'),
    env: folder.env,
    folder: join(folder.path, `codex-${way}`),
    mcpServer: tables[way],
    formContent: { name: 'Ada' },
  });
  try {
    const server = await codex.server();
    const tool = (name: string): string => findTool(Object.keys(server.tools), name) ?? name;
    await check(`codex over ${way}: lists the tools`, async () => {
      expect(
        findTool(Object.keys(server.tools), 'echo') !== undefined,
        `${server.runtimeStatus}: ${server.toolsError}`,
      );
    });
    await check(`codex over ${way}: calls a tool`, async () => {
      const result = JSON.stringify(await codex.callTool(tool('echo'), { message: 'over Codex' }));
      expect(result.includes('Echo: over Codex'), result);
    });
    await check(`codex over ${way}: reads a resource`, async () => {
      const uri = server.resources[0]?.uri;
      expect(uri !== undefined, 'no resource is listed');
      const result = JSON.stringify(await codex.readResource(uri ?? ''));
      expect(result.includes('"text":"#'), result.slice(0, 200));
    });
    await check(`codex over ${way}: fills in a form`, async () => {
      const result = JSON.stringify(await codex.callTool(tool('trigger-elicitation-request'), {}));
      expect(codex.formsSeen() === 1, `${codex.formsSeen()} forms were shown: ${result}`);
      expect(result.includes('Name: Ada'), result);
    });
  } finally {
    await codex.close();
  }
}

async function tryInspector(way: Way, names: readonly string[]): Promise<void> {
  const servers = {
    stdio: { type: 'stdio', command: target.command, args: target.args, env: target.env },
    http: { type: 'streamable-http', url: target.url },
  };
  const config = join(folder.path, `inspector-${way}.json`);
  writeFileSync(config, JSON.stringify({ mcpServers: { plugboard: servers[way] } }));
  const inspect = (...args: string[]): Promise<Program> =>
    runAgent('mcp-inspector', ['--cli', '--config', config, '--server', 'plugboard', ...args]);
  const echo = findTool(names, 'echo') ?? 'echo';
  await check(`inspector over ${way}: lists the tools`, async () => {
    const listed = await inspect('--method', 'tools/list');
    expect(listed.code === 0 && listed.stdout.includes(`"name": "${echo}"`), listed.all);
  });
  await check(`inspector over ${way}: calls a tool`, async () => {
    const called = await inspect('--method', 'tools/call', '--tool-name', echo, '--tool-arg', 'message=inspected');
    expect(called.code === 0 && called.stdout.includes('Echo: inspected'), called.all);
  });
}

async function tryGemini(): Promise<void> {
  const settings = {
    mcpServers: {
      stdio: { command: target.command, args: target.args, env: target.env },
      http: { httpUrl: target.url },
    },
    telemetry: { enabled: false },
    privacy: { usageStatisticsEnabled: false },
    general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
  };
  const home = join(folder.env['HOME'] ?? folder.path, '.gemini');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'settings.json'), JSON.stringify(settings));
  const listed = await runAgent('gemini', ['mcp', 'list'], { GEMINI_CLI_TRUST_WORKSPACE: 'true' });
  for (const way of ['stdio', 'http'] as const) {
    await check(`gemini over ${way}: connects`, async () => {
      const line = listed.all.split('\n').find((text) => text.includes(` ${way}: `));
      expect(line?.trimEnd().endsWith('Connected') === true && !line.includes('Disconnected'), line ?? listed.all);
    });
  }
}

/** The name under which a tool of server-everything is offered: alone, or behind the name of its server and made safe. */
function findTool(names: readonly string[], tool: string): string | undefined {
  const safe = (name: string): string => name.replaceAll('-', '_');
  return names.find((name) => safe(name) === safe(tool) || safe(name) === `everything__${safe(tool)}`);
}

/** Codex reads a server's tools once, so they must be there before it starts. */
async function waitForTools(of: Target): Promise<string[]> {
  const agent = openRawClient({ command: of.command, args: of.args, env: { ...folder.env, ...of.env } });
  try {
    await agent.initialize({ elicitation: { form: {} } });
    for (const deadline = Date.now() + READY_LIMIT_MS; Date.now() < deadline; await sleep(100)) {
      const names = (await agent.listTools()).map((tool) => tool.name);
      if (findTool(names, 'echo') !== undefined) return names;
    }
    throw new Error(`no tools after ${READY_LIMIT_MS} ms\n${agent.stderr()}`);
  } finally {
    await agent.close();
  }
}

/** One host in the foreground, at a home of its own: the pipes of the agents find it there. */
async function serveThroughPlugboard(work: WorkFolder): Promise<Target> {
  const toml = serverTable('everything', { command: process.execPath, args: [EVERYTHING] });
  const { endpoint, close } = await serveHome(work, toml);
  return {
    command: process.execPath,
    args: [PRODUCT, 'stdio'],
    env: { PLUGBOARD_HOME: work.env['PLUGBOARD_HOME'] ?? '' },
    url: endpoint,
    close,
  };
}

async function serveEverything(work: WorkFolder): Promise<Target> {
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
    env: { ...work.env, PORT: String(port) },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}/mcp`;
  for (const deadline = Date.now() + READY_LIMIT_MS; Date.now() < deadline; await sleep(100)) {
    const isUp = await fetch(url, { method: 'GET' }).then(
      () => true,
      () => false,
    );
    if (isUp) break;
  }
  return { command: process.execPath, args: [EVERYTHING], env: {}, url, close: () => endProgram(child) };
}

/** Runs an installed agent to its end. */
function runAgent(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Program> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(modules, '.bin', name), args, {
      env: { ...folder.env, ...env },
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PROGRAM_LIMIT_MS,
    });
    let stdout = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      all += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, all: stripVTControlCharacters(all) }));
  });
}
