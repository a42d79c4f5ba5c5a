/** A running `plugboard serve` with a home of its own, and agents on it over both fronts. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../src/storage/node/index.ts';
import {
  type Agent,
  type AgentOptions,
  type HttpAgent,
  type HttpAgentOptions,
  openHttpAgent,
  openStdioAgent,
  type StdioAgent,
} from './agent.ts';
import { eventually } from './eventually.ts';
import { createWorkFolder, endProgram, PRODUCT, ROOT, startProgram, type WorkFolder } from './product.ts';

export type GatewayOptions = {
  /** Lines of `[serve]`. Without `auth` there are no tokens. */
  readonly serve?: readonly string[];
  /** The rest of config.toml. */
  readonly config: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Address to listen on. */
  readonly host?: string;
};

export type Gateway = {
  readonly folder: WorkFolder;
  readonly endpoint: string;
  readonly pid: number;
  readonly configFile: string;
  /** Replaces config.toml in one step, as editors do. */
  readonly writeConfig: (config: string, serve?: readonly string[]) => void;
  /** A new token of this name. */
  readonly token: (name: string) => string;
  readonly http: (options?: HttpAgentOptions & { readonly server?: string }) => Promise<HttpAgent>;
  readonly stdio: (
    options?: AgentOptions & { readonly server?: string; readonly env?: Readonly<Record<string, string>> },
  ) => Promise<StdioAgent>;
  /** An agent on this front; over HTTP with its GET stream open. */
  readonly on: (front: Front, options?: AgentOptions & { readonly server?: string }) => Promise<StdioAgent | HttpAgent>;
  readonly log: () => string;
  readonly close: () => Promise<void>;
};

export const FRONTS = ['stdio', 'http'] as const;
export type Front = (typeof FRONTS)[number];

/** A server table that runs a program of `tests/fixtures/servers`. */
export function fixtureServer(
  name: string,
  program: string,
  more: { readonly args?: readonly string[]; readonly lines?: readonly string[] } = {},
): string {
  const path = join(ROOT, 'tests', 'fixtures', 'servers', `${program}.mjs`);
  const args = JSON.stringify([path, ...(more.args ?? [])]);
  const head = `[mcp_servers.${JSON.stringify(name)}]\ncommand = ${JSON.stringify(process.execPath)}\nargs = ${args}`;
  return [head, ...(more.lines ?? []), ''].join('\n');
}

/** Waits until the server `mirror.mjs NAME` has got a message with this text. It waits for no turn of a call. */
export async function untilReached(agent: Agent, name: string, text: string): Promise<void> {
  await eventually(async () => {
    const { contents } = await agent.result('resources/read', { uri: `mirror://${name}/things/recent` });
    if (!JSON.stringify(contents).replaceAll('\\', '').includes(text)) throw new Error(`${name} has not got ${text}`);
  });
}

/** The conformance fixture as a server: resources, prompts, completions, logging, questions. */
export function conformanceServer(name: string): string {
  const path = join(ROOT, 'tests', 'fixtures', 'conformance', 'server.ts');
  return `[mcp_servers.${name}]\ncommand = ${JSON.stringify(process.execPath)}\nargs = ${JSON.stringify([path, '--legacy-only'])}\n`;
}

export async function startGateway({
  serve = ['auth = "none"'],
  config,
  env = {},
  host = '127.0.0.1',
}: GatewayOptions): Promise<Gateway> {
  const folder = createWorkFolder('gateway');
  const home = folder.env['PLUGBOARD_HOME'] ?? '';
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const configFile = join(home, 'config.toml');
  const writeConfig: Gateway['writeConfig'] = (toml, lines = serve) => {
    writeFileSync(`${configFile}.new`, ['[serve]', ...lines, '', toml].join('\n'), { mode: 0o600 });
    renameSync(`${configFile}.new`, configFile);
  };
  writeConfig(config);
  const { child, line } = await startProgram(
    process.execPath,
    [PRODUCT, 'serve', '--host', host, '--port', '0', '--json'],
    {
      ...folder.env,
      ...env,
    },
  );
  const { endpoint } = JSON.parse(line) as { readonly endpoint: string };
  const open: { readonly close: () => Promise<void> }[] = [];
  const kept = <A extends { readonly close: () => Promise<void> }>(agent: A): A => {
    open.push(agent);
    return agent;
  };
  const at = (server: string | undefined): string =>
    server === undefined ? endpoint : `${endpoint}/${encodeURIComponent(server)}`;
  const http: Gateway['http'] = async ({ server, ...options } = {}) => kept(await openHttpAgent(at(server), options));
  const stdio: Gateway['stdio'] = async ({ server, env: own = {}, ...options } = {}) => {
    const args = [PRODUCT, 'stdio', ...(server === undefined ? [] : ['--server', server])];
    const program = { command: process.execPath, args, env: { ...folder.env, ...own } };
    return kept(await openStdioAgent(program, options));
  };
  return {
    http,
    stdio,
    on: (front, options = {}) => (front === 'stdio' ? stdio(options) : http({ listens: true, ...options })),
    folder,
    endpoint,
    pid: child.pid ?? 0,
    configFile,
    writeConfig,
    token: (name) => {
      const store = openStore(join(home, 'plugboard.db'));
      try {
        return store.tokens.create({
          name,
          user: null,
          team: null,
          workspace: null,
          human: false,
          createdAt: Date.now(),
        });
      } finally {
        store.close();
      }
    },
    log: () => readFileSync(join(home, 'logs', 'host.log'), 'utf8'),
    close: async () => {
      await Promise.all(open.map((agent) => agent.close().catch(() => {})));
      await endProgram(child);
      folder.remove();
    },
  };
}
