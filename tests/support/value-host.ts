import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import { afterEach } from 'vitest';
import { loadConfig } from '../../src/config/node/index.ts';
import { createLocalExecutor } from '../../src/executors/node/index.ts';
import { createHost, type LocalHost, noPlugins } from '../../src/host/node/index.ts';
import { type JsonObject, type Log, localCaller, type ServerState, silentLog } from '../../src/kernel/index.ts';
import { systemClock } from '../../src/kernel/node/index.ts';
import type { StdioDigests } from './digests.ts';
import { put, type StoreHome, useStoreHomes } from './secret-stores.ts';

/** A host in this process whose servers get values of a real secret store. */
export type ValueHost = {
  readonly host: LocalHost;
  readonly store: StoreHome;
  /** Absolute folder of the home. */
  readonly home: string;
  /** What was logged, one line for each. */
  readonly logged: readonly string[];
  /** How often the store was opened. */
  readonly opened: () => number;
  /** Stores a value as another process would, and lets the host look. `ref`: `NAME SERVER`. */
  readonly put: (ref: string, value: string) => Promise<void>;
  readonly call: (tool: string, args?: JsonObject) => Promise<string>;
  readonly digests: (server: string) => Promise<StdioDigests>;
  readonly state: (server: string) => ServerState | null;
};

type Setup = {
  readonly config: object;
  readonly env?: Readonly<Record<string, string>>;
  /** What is there before the host starts: by path below the home, and by `NAME SERVER`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly isKeyringReachable?: boolean;
};

const CALLER = localCaller({ workspace: null, agent: null, human: false });

/** Starts hosts, and ends them after each test. */
export function useValueHosts(): (setup: Setup) => Promise<ValueHost> {
  const homes = useStoreHomes();
  const open: LocalHost[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((host) => host.close()));
  });
  return async ({ config, env = {}, files = {}, secrets = {}, isKeyringReachable = true }) => {
    const store = homes();
    const { path: home, keyring } = store;
    writeFileSync(join(home, 'config.toml'), stringify(config), { mode: 0o600 });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text, { mode: 0o600 });
    for (const [ref, value] of Object.entries(secrets)) await put(store.store(), ref, value);
    keyring.reachable = isKeyringReachable;
    const logged: string[] = [];
    const log: Log = (level, message, facts) => void logged.push(JSON.stringify([level, message, facts]));
    const all = { PATH: process.env['PATH'], HOME: home, ...env };
    let opened = 0;
    const host = await createHost({
      home,
      version: 'test',
      load: () => loadConfig({ home, overrides: [], env: all, systemDir: join(home, 'etc') }),
      plugins: noPlugins,
      secrets: {
        file: store.store().file,
        open: () => {
          opened += 1;
          return store.store().open();
        },
      },
      workspace: home,
      env: all,
      executor: createLocalExecutor({ log: silentLog }),
      facts: { get: () => null, set: () => {} },
      clock: systemClock,
      log,
    });
    open.push(host);
    await host.settled();
    const call: ValueHost['call'] = (tool, args = {}) => callText(host, tool, args);
    return {
      host,
      store,
      home,
      logged,
      opened: () => opened,
      put: async (ref, value) => {
        await put(store.store(), ref, value);
        await host.reload();
        await host.settled();
      },
      call,
      digests: async (server) => JSON.parse(await call(`${server}__digests`)) as StdioDigests,
      state: (name) => host.servers().find(({ server }) => server.name === name)?.report.state ?? null,
    };
  };
}

/** The text that a tool gives an agent. */
async function callText(host: LocalHost, name: string, args: JsonObject): Promise<string> {
  const session = host.openSession({
    id: `caller of ${name}`,
    caller: CALLER,
    server: null,
    env: null,
    port: {
      session: `caller of ${name}`,
      capabilities: () => ({}),
      notify: () => {},
      ask: () => Promise.reject(new Error('asked')),
    },
    onListChanged: () => {},
  });
  try {
    const outcome = await session.send({
      method: 'tools/call',
      params: { name, arguments: args },
      related: { requestId: 1 },
      signal: new AbortController().signal,
    });
    if (outcome.kind === 'error') throw new Error(outcome.error.message);
    const { content } = outcome.result as unknown as { readonly content: readonly { readonly text: string }[] };
    return content[0]?.text ?? '';
  } finally {
    session.close();
  }
}
