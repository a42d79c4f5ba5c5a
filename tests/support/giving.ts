/** What people do with values: commands that change something, values through a pipe, agents in bare environments. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Home } from './home.ts';
import { storesOf } from './installed-plugin.ts';
import { writeMarketplace } from './marketplace-folder.ts';
import type { Form, Formed } from './plugin-forms.ts';
import { until } from './processes.ts';
import { PRODUCT } from './product.ts';
import type { RawClient } from './raw-client.ts';

type How = { readonly env?: NodeJS.ProcessEnv };

/** `plugboard ARGS --json` that succeeds. What it is about to do, it may show on standard error. */
export async function changed(home: Home, args: readonly string[], { env = home.env }: How = {}): Promise<void> {
  const { status, stderr } = await home.finish(['--json', ...args], { env });
  expect({ args, status, stderr: status === 0 ? '' : stderr }).toEqual({ args, status: 0, stderr: '' });
}

/** As {@link changed}, with a value on standard input. */
export async function piped(home: Home, args: readonly string[], value: string): Promise<void> {
  const script = 'printf %s "$GIVEN" | env -u GIVEN "$0" "$@"';
  const run = home.command('sh', ['-c', script, process.execPath, PRODUCT, '--json', ...args], {
    env: { ...home.env, GIVEN: value },
  });
  const status = await run.ended;
  expect({ args, status, stderr: status === 0 ? '' : run.stderr() }).toEqual({ args, status: 0, stderr: '' });
}

/** `secret set NAME --for CONSUMER`. */
export const setSecret = (home: Home, [name, consumer]: readonly [string, string], value: string): Promise<void> =>
  piped(home, ['secret', 'set', name, '--for', consumer, '--stdin'], value);

/** Installs a plugin that is written in this form, from the marketplace `acme`. Gives its folder. */
export async function installFormed(home: Home, form: Form, plugin: Formed): Promise<string> {
  const market = join(home.folder, 'markets', plugin.name);
  const root = writeMarketplace(market, 'acme', { [plugin.name]: form.write(plugin) });
  const { receipt } = await storesOf(home).add(root, plugin.name);
  return receipt.installedPath ?? '';
}

/** An agent that a shell starts, with these variables besides. */
export async function agentOf(home: Home, env: Readonly<Record<string, string>> = {}): Promise<RawClient> {
  const agent = home.pipe([], { env: { ...home.env, ...env } });
  await agent.initialize();
  return agent;
}

/** An agent that keeps everything in one process: it meets no host, and leaves none. */
export async function standaloneAgent(
  home: Home,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<RawClient> {
  const agent = home.pipe(['--standalone', ...args], { env: { ...home.env, ...env } });
  await agent.initialize();
  return agent;
}

/** An agent that a desktop starts: nothing in its environment but where home and programs are, and these. */
export async function bareAgent(home: Home, more: Readonly<Record<string, string>> = {}): Promise<RawClient> {
  const given = Object.entries({ HOME: home.env['HOME'], PATH: home.env['PATH'], ...more });
  const env = given.map(([name, value]) => `${name}=${value}`);
  const agent = home.pipe([], { command: 'env', args: ['-i', ...env, process.execPath, PRODUCT, 'stdio'] });
  await agent.initialize();
  return agent;
}

/** As when the machine goes down: nothing of this home gets to say goodbye. */
export async function endAll(home: Home): Promise<void> {
  await until(() => {
    const left = home.processes();
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    return left.length === 0;
  });
}
