import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DoctorReport } from '../../src/cli/render-doctor.ts';
import {
  arrived,
  arrivedArgs,
  digestFiles,
  digestOf,
  digestsFrom,
  httpDigestsFrom,
  useHttpDigests,
} from '../support/digests.ts';
import { agentOf, piped, setSecret, standaloneAgent } from '../support/giving.ts';
import { fixture, type Home, useHomes } from '../support/home.ts';
import { install } from '../support/installed-plugin.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();
const serveHttp = useHttpDigests();

/** `doctor --json`, whatever it finds. */
async function doctor(home: Home): Promise<DoctorReport> {
  const { stdout } = await home.finish(['doctor', '--json']);
  return JSON.parse(stdout) as DoctorReport;
}

const statesOf = ({ servers }: DoctorReport): unknown =>
  Object.fromEntries(servers.map(({ name, state }) => [name, state?.kind]));

/** Every file below a folder, with its content. */
const filesBelow = (folder: string): readonly (readonly [string, string])[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path, readFileSync(path, 'latin1')]);

describe(proves('values.order'), () => {
  test('one source after the other', async () => {
    const home = createHome();
    const file = join(home.folder, 'docs.env');
    writeFileSync(file, 'TOKEN=from the file\nONLY_FILE="a b"\n', { mode: 0o600 });
    const received = async (environment: Readonly<Record<string, string>>): Promise<unknown> => {
      const agent = await standaloneAgent(home, environment);
      const { env } = await digestsFrom(agent, 'docs');
      await agent.close();
      const values = ['from the file', 'from the store', 'from the environment', 'from env'];
      return values.find((value) => env['TOKEN'] === digestOf(value)) ?? env['TOKEN'];
    };
    const docs = { ...fixture('digests'), env_vars: ['TOKEN'] };
    home.configure({ docs });
    expect(await received({})).toBe(undefined);
    home.configure({ docs: { ...docs, env_file: file } });
    expect(await received({})).toBe('from the file');
    await setSecret(home, ['TOKEN', 'docs'], 'from the store');
    expect(await received({})).toBe('from the store');
    expect(await received({ TOKEN: 'from the environment' })).toBe('from the environment');
    home.configure({ docs: { ...docs, env_file: file, env: { TOKEN: 'from env' } } });
    expect(await received({ TOKEN: 'from the environment' })).toBe('from env');
  });

  test('a file that others can read is a warning, one that is not there keeps the server from starting', async () => {
    const home = createHome();
    const [open, gone] = [join(home.folder, 'open.env'), join(home.folder, 'gone.env')];
    writeFileSync(open, 'TOKEN=canary-5512\n');
    chmodSync(open, 0o644);
    home.configure({
      open: { ...fixture('digests'), env_file: open },
      gone: { ...fixture('digests'), env_file: gone },
      echo: fixture('echo'),
    });
    const report = await doctor(home);
    expect(statesOf(report)).toMatchObject({ open: 'connected', echo: 'connected' });
    expect(statesOf(report)).not.toMatchObject({ gone: 'connected' });
    const said = JSON.stringify(report);
    expect(said).toContain('ENV_FILE');
    expect(said).toContain(open);
    expect(said).toContain(gone);
    expect(said).not.toContain('canary-5512');
  });

  test('what is required and nowhere to be found is named, with the command that stores it', async () => {
    const home = createHome();
    home.configure({
      docs: { ...fixture('digests'), env_vars: [{ name: 'TOKEN', required: true }, 'OTHER'] },
      echo: fixture('echo'),
    });
    const { servers } = await doctor(home);
    expect(servers.find(({ name }) => name === 'docs')).toMatchObject({
      state: { kind: 'needs_config', names: ['TOKEN'] },
      nextStep: expect.stringContaining('plugboard secret set TOKEN --for docs'),
    });
    await setSecret(home, ['TOKEN', 'docs'], 'x1');
    expect(statesOf(await doctor(home))).toEqual({ docs: 'connected', echo: 'connected' });
  });

  test('nobody gets what was stored for another', async () => {
    const home = createHome();
    home.configure({
      docs: { ...fixture('digests'), env_vars: ['TOKEN'] },
      other: { ...fixture('digests'), env_vars: ['TOKEN'] },
      literal: { ...fixture('digests'), env: { TOKEN: '${secret:TOKEN}' } },
    });
    await setSecret(home, ['TOKEN', 'docs'], 'for docs');
    const agent = await agentOf(home);
    expect(arrived((await digestsFrom(agent, 'docs')).env, { TOKEN: 'for docs' })).toEqual({ TOKEN: 'for docs' });
    expect(arrived((await digestsFrom(agent, 'other')).env, { TOKEN: null })).toEqual({ TOKEN: null });
    expect(await home.untilServer('literal', 'needs_config')).toMatchObject({ state: { names: ['secret TOKEN'] } });
    await agent.close();
  });
});

describe(proves('values.providers'), () => {
  /** A program that notes each of its runs and prints a value of its own for each reference. */
  function provider(home: Home): { readonly command: readonly string[]; readonly runs: () => readonly string[] } {
    const [program, runs] = [join(home.folder, 'provider.mjs'), join(home.folder, 'runs.txt')];
    writeFileSync(
      program,
      `import { appendFileSync } from 'node:fs';
       const reference = process.argv.at(-1);
       appendFileSync(${JSON.stringify(runs)}, JSON.stringify([reference, process.env.OP_SESSION ?? null, process.env.SHELL_ONLY ?? null]) + '\\n');
       if (reference.includes('broken')) { console.error('no session: provided-' + reference); process.exit(7); }
       if (reference.includes('empty')) process.exit(0);
       console.log('provided-' + reference);`,
    );
    return {
      command: [process.execPath, program],
      runs: () => (existsSync(runs) ? readFileSync(runs, 'utf8').trim().split('\n') : []),
    };
  }

  test('a value is asked for at each start, and is on no disk', async () => {
    const home = createHome();
    const { command, runs } = provider(home);
    home.configure(
      {
        docs: {
          ...fixture('digests'),
          env: { TOKEN: '${secret:op://vault/item}', URL: 'x:${secret:op://vault/item}@y' },
        },
        echo: fixture('echo'),
      },
      { secret_providers: { op: { command, env_vars: ['OP_SESSION'] } } },
    );
    const agent = await agentOf(home, { OP_SESSION: 'session', SHELL_ONLY: 'no' });
    const want = { TOKEN: 'provided-op://vault/item', URL: 'x:provided-op://vault/item@y', OP_SESSION: null };
    expect(arrived((await digestsFrom(agent, 'docs')).env, want)).toEqual(want);
    expect(runs()).toEqual([JSON.stringify(['op://vault/item', 'session', null])]);
    await home.finish(['mcp', 'restart', 'docs']);
    expect(arrived((await digestsFrom(agent, 'docs')).env, want)).toEqual(want);
    expect(runs()).toHaveLength(2);
    expect(filesBelow(home.path).filter(([, text]) => text.includes('provided-'))).toEqual([]);
    await agent.close();
  });

  test.each(['op://vault/broken', 'op://vault/empty', 'none://vault/item'])(
    'one that gives nothing for %s is named, without what it printed, and the others run',
    async (reference) => {
      const home = createHome();
      const { command } = provider(home);
      home.configure(
        { docs: { ...fixture('digests'), env: { TOKEN: `\${secret:${reference}}` } }, echo: fixture('echo') },
        { secret_providers: { op: { command } } },
      );
      const report = await doctor(home);
      expect(statesOf(report)).toMatchObject({ echo: 'connected' });
      expect(statesOf(report)).not.toMatchObject({ docs: 'connected' });
      expect(JSON.stringify(report)).toContain(reference.split(':')[0]);
      expect(JSON.stringify(report)).not.toContain('provided-');
    },
  );
});

test(proves('values.headers'), async () => {
  const home = createHome();
  const url = await serveHttp();
  home.configure({
    web: {
      url,
      http_headers: { 'X-Api-Key': 'key ${secret:API_KEY}', 'X-From': '${env:GIVEN:-nobody}', 'X-Plain': 'plain' },
      env_http_headers: { 'X-Stored': 'STORED', 'X-Nowhere': 'NOWHERE' },
      bearer_token_env_var: 'BEARER',
    },
  });
  await setSecret(home, ['API_KEY', 'web'], 'k-1234');
  await setSecret(home, ['STORED', 'web'], 's-1234');
  await setSecret(home, ['BEARER', 'web'], 'b-1234');
  const agent = await standaloneAgent(home);
  const want = {
    'x-api-key': 'key k-1234',
    'x-from': 'nobody',
    'x-plain': 'plain',
    'x-stored': 's-1234',
    'x-nowhere': null,
    authorization: 'Bearer b-1234',
  };
  expect(arrived((await httpDigestsFrom(agent, 'web')).headers, want)).toEqual(want);
  await agent.close();
});

describe(proves('values.in-args'), () => {
  test('servers of config.toml', async () => {
    const home = createHome();
    const url = await serveHttp();
    const { command, args } = fixture('digests');
    const docs = { command, args: [...args, '--key', '${secret:KEY}'] };
    const web = { url: `${url}?key=\${secret:KEY}` };
    home.configure({ docs, web, echo: fixture('echo') });
    for (const consumer of ['docs', 'web']) await setSecret(home, ['KEY', consumer], 'k-1234');
    const report = await doctor(home);
    expect(statesOf(report)).toEqual({ docs: 'invalid', web: 'invalid', echo: 'connected' });
    for (const server of ['docs', 'web'])
      expect(JSON.stringify(report.servers.find(({ name }) => name === server))).toContain(
        `mcp_servers.${server}.allow_secret_in_args`,
      );
    home.configure({ docs: { ...docs, allow_secret_in_args: true }, web: { ...web, allow_secret_in_args: true } });
    const agent = await standaloneAgent(home);
    expect(arrivedArgs((await digestsFrom(agent, 'docs')).args, ['--key', 'k-1234'])).toEqual(['--key', 'k-1234']);
    expect(arrived((await httpDigestsFrom(agent, 'web')).query, { key: 'k-1234' })).toEqual({ key: 'k-1234' });
    await agent.close();
  });

  test('a plugin cannot allow it itself, and never stands a secret in command or cwd', async () => {
    const home = createHome();
    const settings = { key: { type: 'string', sensitive: true, required: true } };
    const reference = '${user_config.key}';
    await install(home, 'poka@acme', {
      servers: {
        poka: { command: 'node', args: ['server.mjs', reference], allow_secret_in_args: true },
        folder: { command: 'node', args: ['server.mjs'], cwd: `./${reference}` },
      },
      manifest: { user_config: settings },
      files: digestFiles(),
    });
    home.configure({});
    await piped(home, ['plugin', 'configure', 'poka@acme', '--stdin', 'key'], 'k-1');
    expect(statesOf(await doctor(home))).toEqual({ poka: 'invalid', folder: 'invalid' });
    home.configure({ poka: { allow_secret_in_args: true }, folder: { allow_secret_in_args: true } });
    expect(statesOf(await doctor(home))).toEqual({ poka: 'connected', folder: 'invalid' });
  });
});
