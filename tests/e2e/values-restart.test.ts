import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createReader } from '../support/age.ts';
import {
  arrived,
  digestFiles,
  digestsFrom,
  httpDigestsFrom,
  type StdioDigests,
  useHttpDigests,
} from '../support/digests.ts';
import { eventually } from '../support/eventually.ts';
import { agentOf, changed, piped, setSecret } from '../support/giving.ts';
import { callText, fixture, type Home, useHomes } from '../support/home.ts';
import { install } from '../support/installed-plugin.ts';
import { isRunning, until } from '../support/processes.ts';
import type { RawClient } from '../support/raw-client.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const serveHttp = useHttpDigests();
const ID = 'poka@acme';

/** Each reads something else: the store, a file, the configuration, and nothing. */
const SERVERS = ['stored', 'filed', 'poka', 'alone'] as const;
type Name = (typeof SERVERS)[number];
type Pids = Readonly<Record<Name, number>>;

const refer = (key: string): string => `\${user_config.${key}}`;

type Running = { readonly home: Home; readonly agent: RawClient; readonly file: string };

/** A host with these servers, all connected, and an agent that stays. */
async function runAll(): Promise<Running> {
  const home = createHome();
  const file = join(home.folder, 'filed.env');
  writeFileSync(file, 'TOKEN=old\n', { mode: 0o600 });
  home.configure({
    stored: { ...fixture('digests'), env_vars: ['TOKEN'] },
    filed: { ...fixture('digests'), env_file: file },
    alone: fixture('digests'),
  });
  await install(home, ID, {
    servers: {
      poka: { command: 'node', args: ['server.mjs'], env: { REGION: refer('region'), KEY: refer('key') } },
    },
    manifest: {
      user_config: {
        region: { type: 'string', default: 'eu' },
        key: { type: 'string', sensitive: true, required: true },
      },
    },
    files: digestFiles(),
  });
  await setSecret(home, ['TOKEN', 'stored'], 'old');
  await piped(home, ['plugin', 'configure', ID, '--stdin', 'key'], 'old');
  await home.host();
  const agent = await agentOf(home);
  for (const name of SERVERS) await home.untilServer(name, 'connected');
  return { home, agent, file };
}

async function pidsOf({ agent }: Running): Promise<Pids> {
  const pids = await Promise.all(SERVERS.map(async (name) => [name, (await digestsFrom(agent, name)).pid] as const));
  return Object.fromEntries(pids) as Pids;
}

/** Waits until the agent, whose session is the same all the time, gets this from the server. */
const untilArrived = (
  running: Running,
  name: Name,
  want: Readonly<Record<string, string | null>>,
): Promise<StdioDigests> =>
  eventually(async () => {
    const digests = await digestsFrom(running.agent, name);
    expect(arrived(digests.env, want)).toEqual(want);
    return digests;
  });

/** Which servers are other processes now. */
async function restarted(running: Running, before: Pids): Promise<readonly Name[]> {
  const after = await pidsOf(running);
  return SERVERS.filter((name) => after[name] !== before[name]);
}

describe(proves('values.restart'), () => {
  test('a secret that is set', async () => {
    const running = await runAll();
    const before = await pidsOf(running);
    await setSecret(running.home, ['TOKEN', 'stored'], 'new');
    await untilArrived(running, 'stored', { TOKEN: 'new' });
    expect(await restarted(running, before)).toEqual(['stored']);
    await until(() => !isRunning(before.stored));
    await running.agent.close();
  });

  test('the same value again is no change, and the secret of somebody else neither', async () => {
    const running = await runAll();
    const before = await pidsOf(running);
    await setSecret(running.home, ['TOKEN', 'stored'], 'old');
    await setSecret(running.home, ['TOKEN', 'somebody'], 'newer');
    await setSecret(running.home, ['OTHER', 'stored'], 'newer');
    // Once a later change has arrived, those before it have been looked at.
    await piped(running.home, ['plugin', 'configure', ID, '--stdin', 'key'], 'new');
    await untilArrived(running, 'poka', { KEY: 'new' });
    expect(await restarted(running, before)).toEqual(['poka']);
    await running.agent.close();
  });

  test('a secret that is taken away', async () => {
    const running = await runAll();
    const before = await pidsOf(running);
    await changed(running.home, ['secret', 'unset', 'TOKEN', '--for', 'stored']);
    await untilArrived(running, 'stored', { TOKEN: null });
    expect(await restarted(running, before)).toEqual(['stored']);
    await running.agent.close();
  });

  test('settings of a plugin, sensitive or not', async () => {
    const running = await runAll();
    const before = await pidsOf(running);
    await changed(running.home, ['plugin', 'configure', ID, '--set', 'region=us']);
    await untilArrived(running, 'poka', { REGION: 'us', KEY: 'old' });
    await piped(running.home, ['plugin', 'configure', ID, '--stdin', 'key'], 'new');
    await untilArrived(running, 'poka', { REGION: 'us', KEY: 'new' });
    expect(await restarted(running, before)).toEqual(['poka']);
    await running.agent.close();
  });

  test('an env_file that is edited, and one that is put in its place', async () => {
    const running = await runAll();
    const before = await pidsOf(running);
    writeFileSync(running.file, 'TOKEN=new\n');
    await untilArrived(running, 'filed', { TOKEN: 'new' });
    writeFileSync(`${running.file}.new`, 'TOKEN=newer\n', { mode: 0o600 });
    renameSync(`${running.file}.new`, running.file);
    await untilArrived(running, 'filed', { TOKEN: 'newer' });
    expect(await restarted(running, before)).toEqual(['filed']);
    await running.agent.close();
  });

  test('a required value that is taken away: that server waits for it, the others go on, and it comes back', async () => {
    const running = await runAll();
    const { home, agent } = running;
    const before = await pidsOf(running);
    const unset = await home.finish(['plugin', 'configure', ID, '--unset', 'key']);
    // Done, and something is missing now.
    expect(unset.status).toBe(1);
    expect(await home.untilServer('poka', 'needs_config')).toMatchObject({ state: { names: ['user_config.key'] } });
    await until(() => !isRunning(before.poka));
    const { error } = (await agent.exchange('tools/call', { name: 'poka__digests', arguments: {} })) as {
      readonly error?: unknown;
    };
    expect(JSON.stringify(error)).toContain(`plugboard plugin configure ${ID}`);
    for (const name of ['stored', 'filed', 'alone'] as const)
      expect([name, (await digestsFrom(agent, name)).pid]).toEqual([name, before[name]]);
    await piped(home, ['plugin', 'configure', ID, '--stdin', 'key'], 'back');
    await untilArrived(running, 'poka', { KEY: 'back' });
    expect(await restarted(running, before)).toEqual(['poka']);
    await agent.close();
  });

  test('two agents with variables of their own keep them, and each its session', async () => {
    const running = await runAll();
    const other = await agentOf(running.home, { TOKEN: 'of the shell' });
    expect(arrived((await digestsFrom(other, 'stored')).env, { TOKEN: 'of the shell' })).toEqual({
      TOKEN: 'of the shell',
    });
    await setSecret(running.home, ['TOKEN', 'stored'], 'new');
    await untilArrived(running, 'stored', { TOKEN: 'new' });
    expect(arrived((await digestsFrom(other, 'stored')).env, { TOKEN: 'of the shell' })).toEqual({
      TOKEN: 'of the shell',
    });
    await other.close();
    await running.agent.close();
  });

  test('a call that runs meanwhile is answered by the process that has it', async () => {
    const home = createHome();
    home.configure({ echo: { ...fixture('echo'), env_vars: ['TOKEN'] } });
    await setSecret(home, ['TOKEN', 'echo'], 'old');
    const agent = await agentOf(home);
    const answered = callText(agent, 'echo__slow', { ms: 4000 });
    await setSecret(home, ['TOKEN', 'echo'], 'new');
    await eventually(async () => expect(await callText(agent, 'echo__env', { name: 'TOKEN' })).toBe('new'));
    expect(await answered).toBe('waited 4000');
    await agent.close();
  });

  test('a header of an HTTP server', async () => {
    const home = createHome();
    const url = await serveHttp();
    home.configure({ web: { url, http_headers: { 'X-Key': '${secret:KEY}' } }, alone: fixture('digests') });
    await setSecret(home, ['KEY', 'web'], 'old');
    const agent = await agentOf(home);
    const { pid } = await digestsFrom(agent, 'alone');
    const untilKey = (value: string): Promise<void> =>
      eventually(async () =>
        expect(arrived((await httpDigestsFrom(agent, 'web')).headers, { 'x-key': value })).toEqual({ 'x-key': value }),
      );
    await untilKey('old');
    await setSecret(home, ['KEY', 'web'], 'new');
    await untilKey('new');
    expect((await digestsFrom(agent, 'alone')).pid).toBe(pid);
    await agent.close();
  });

  test('a secret that is stored while a server waits for it, and one that is imported', async () => {
    const home = createHome();
    home.configure({ docs: { ...fixture('digests'), env: { TOKEN: '${secret:TOKEN}' } } });
    const other = createHome();
    other.configure({ docs: fixture('digests') });
    const key = await createReader();
    const [identity, backup] = [join(home.folder, 'key.txt'), join(home.folder, 'backup.age')];
    writeFileSync(identity, `${key.identity}\n`, { mode: 0o600 });
    await setSecret(other, ['TOKEN', 'docs'], 'imported');
    await changed(other, ['secret', 'export', '--to-age', key.recipient, '--output', backup]);

    const agent = await agentOf(home);
    await home.untilServer('docs', 'needs_config');
    const received = (value: string): Promise<void> =>
      eventually(async () =>
        expect(arrived((await digestsFrom(agent, 'docs')).env, { TOKEN: value })).toEqual({ TOKEN: value }),
      );
    await setSecret(home, ['TOKEN', 'docs'], 'stored');
    await received('stored');
    await changed(home, ['secret', 'import', backup, '--identity', identity, '--replace']);
    await received('imported');
    // The same values under another key are no change, and the host reads that key, too.
    const { pid } = await digestsFrom(agent, 'docs');
    await changed(home, ['secret', 'rotate']);
    expect((await digestsFrom(agent, 'docs')).pid).toBe(pid);
    await setSecret(home, ['TOKEN', 'docs'], 'last');
    await received('last');
    await agent.close();
  });
});
