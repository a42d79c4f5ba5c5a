import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CANARIES, leaks } from '../../support/canaries.ts';
import { arrived } from '../../support/digests.ts';
import { fixture } from '../../support/home.ts';
import { useValueHosts } from '../../support/value-host.ts';

const startHost = useValueHosts();
const digests = (keys: object = {}): object => ({ ...fixture('digests'), ...keys });

describe('a value of the store', () => {
  test('reaches the server that it is for, when it is stored and when it changes, and no other is started again', async () => {
    const one = await startHost({
      config: { mcp_servers: { a: digests({ env_vars: ['TOKEN'] }), b: digests({ env_vars: ['TOKEN'] }) } },
    });
    const before = { a: await one.digests('a'), b: await one.digests('b') };
    expect([one.opened(), arrived(before.a.env, { TOKEN: null })]).toEqual([0, { TOKEN: null }]);
    for (const value of ['first value', 'second value']) {
      await one.put('TOKEN a', value);
      expect(arrived((await one.digests('a')).env, { TOKEN: value })).toEqual({ TOKEN: value });
      const b = await one.digests('b');
      expect([b.pid, arrived(b.env, { TOKEN: null })]).toEqual([before.b.pid, { TOKEN: null }]);
    }
    expect(one.opened()).toBe(1);
  });

  test('is found where the environment gives none, and the store stays shut where it gives all', async () => {
    const config = { mcp_servers: { a: digests({ env_vars: ['TOKEN'] }) } };
    const secrets = { 'TOKEN a': 'of the store' };
    const bare = await startHost({ config, secrets });
    expect(arrived((await bare.digests('a')).env, { TOKEN: 'of the store' })).toEqual({ TOKEN: 'of the store' });
    const given = await startHost({ config, secrets, env: { TOKEN: 'of the shell' } });
    expect(arrived((await given.digests('a')).env, { TOKEN: 'of the shell' })).toEqual({ TOKEN: 'of the shell' });
    expect([bare.opened(), given.opened()]).toEqual([1, 0]);
  });

  test('or of the environment may be called as what every object has, and then is not there by itself', async () => {
    const keys = {
      env_vars: ['constructor', 'toString'],
      env: { A: '${env:valueOf:-none}', B: '${env:hasOwn:-none}' },
    };
    const config = { mcp_servers: { a: digests(keys) } };
    const bare = await startHost({ config });
    const none = { constructor: null, toString: null, A: 'none', B: 'none' };
    expect(arrived((await bare.digests('a')).env, none)).toEqual(none);
    const given = await startHost({ config, env: { constructor: 'c', hasOwn: 'h' }, secrets: { 'toString a': 's' } });
    const all = { constructor: 'c', toString: 's', A: 'none', B: 'h' };
    expect(arrived((await given.digests('a')).env, all)).toEqual(all);
  });

  test('that a server may do without is warned of until it is there', async () => {
    const one = await startHost({ config: { mcp_servers: { a: digests({ env_vars: ['TOKEN', 'OTHER'] }) } } });
    const unset = (name: string): object => ({
      code: 'ENV_VAR_UNSET',
      severity: 'warning',
      message: `${name}, which a is to get, is not set anywhere`,
      hint: `run: plugboard secret set ${name} --for a`,
      key: 'mcp_servers.a.env_vars',
      server: 'a',
    });
    expect(one.state('a')).toMatchObject({ kind: 'connected' });
    expect(one.host.issues()).toEqual([unset('TOKEN'), unset('OTHER')]);
    await one.put('TOKEN a', 'a token');
    expect(one.host.issues()).toEqual([unset('OTHER')]);
    await one.put('OTHER a', 'another');
    expect(one.host.issues()).toEqual([]);
  });

  test('takes the place of an empty one of the environment', async () => {
    const config = { mcp_servers: { a: digests({ env_vars: ['TOKEN', 'EMPTY'] }) } };
    const one = await startHost({ config, secrets: { 'TOKEN a': 'of the store' }, env: { TOKEN: '', EMPTY: '' } });
    const want = { TOKEN: 'of the store', EMPTY: '' };
    expect(arrived((await one.digests('a')).env, want)).toEqual(want);
  });

  test('that is required brings its server up once it is there, and down when it is gone', async () => {
    const one = await startHost({ config: { mcp_servers: { a: digests({ env: { KEY: '${secret:KEY}' } }) } } });
    expect(one.state('a')).toMatchObject({ kind: 'needs_config', command: 'run: plugboard secret set KEY --for a' });
    await one.put('KEY a', 'the key');
    expect(arrived((await one.digests('a')).env, { KEY: 'the key' })).toEqual({ KEY: 'the key' });
    await one.store.store().unset('KEY', null);
    await one.host.reload();
    await one.host.settled();
    expect(one.state('a')).toMatchObject({ kind: 'needs_config' });
  });

  test('is not to be had while the store cannot be opened: who needs it says so, and the others run', async () => {
    const one = await startHost({
      config: {
        mcp_servers: {
          optional: digests({ env_vars: ['TOKEN'] }),
          required: digests({ env: { KEY: '${secret:KEY}' } }),
          free: digests(),
        },
      },
      secrets: { 'TOKEN optional': 'a token', 'KEY required': 'a key' },
      isKeyringReachable: false,
    });
    const command = (name: string) => expect.stringMatching(`keyring.*; then run: plugboard mcp restart ${name}$`);
    expect(one.state('optional')).toEqual({ kind: 'needs_config', names: ['TOKEN'], command: command('optional') });
    expect(one.state('required')).toEqual({
      kind: 'needs_config',
      names: [expect.stringContaining('KEY')],
      command: command('required'),
    });
    expect(one.state('free')).toMatchObject({ kind: 'connected' });
    expect(one.host.issues()).toMatchObject([{ code: 'SECRET_KEYRING_UNAVAILABLE', severity: 'error' }]);
    one.store.keyring.reachable = true;
    await one.host.restart('optional');
    await one.host.settled();
    expect(arrived((await one.digests('optional')).env, { TOKEN: 'a token' })).toEqual({ TOKEN: 'a token' });
    expect(one.host.issues()).toEqual([]);
    const free = await one.digests('free');
    await one.host.reload();
    await one.host.settled();
    expect((await one.digests('free')).pid).toBe(free.pid);
    expect(arrived((await one.digests('required')).env, { KEY: 'a key' })).toEqual({ KEY: 'a key' });
  });
});

test('the passphrase of the key reaches no server, whatever it names', async () => {
  const name = 'PLUGBOARD_SECRETS_PASSPHRASE';
  const { digests: told } = await startHost({
    config: { mcp_servers: { a: digests({ env_vars: [name], env: { COPY: `\${env:${name}:-none}` } }) } },
    env: { [name]: 'correct horse' },
  });
  expect(arrived((await told('a')).env, { [name]: null, COPY: 'none' })).toEqual({ [name]: null, COPY: 'none' });
});

describe('a file of env_file', () => {
  const withFile = (keys: object = {}): object => ({
    mcp_servers: { a: digests({ env_file: 'a.env', ...keys }), b: digests() },
  });

  test('gives what neither env_vars nor env give, and a change of it starts just its server again', async () => {
    const one = await startHost({
      config: withFile({ env: { LITERAL: 'of env' }, env_vars: ['LISTED'] }),
      files: { 'a.env': '# comment\nFILE="of the file"\nLITERAL=lost\nLISTED=lost\n' },
      env: { LISTED: 'of the shell' },
    });
    const want = { FILE: 'of the file', LITERAL: 'of env', LISTED: 'of the shell' };
    expect(arrived((await one.digests('a')).env, want)).toEqual(want);
    const { pid, env } = await one.digests('b');
    expect(arrived(env, { FILE: null })).toEqual({ FILE: null });
    writeFileSync(join(one.home, 'a.env'), 'FILE=changed in the file\n');
    await one.host.reload();
    expect(arrived((await one.digests('a')).env, { FILE: 'changed in the file' })).toEqual({
      FILE: 'changed in the file',
    });
    expect((await one.digests('b')).pid).toBe(pid);
    expect(one.host.watched.files).toContain(join(one.home, 'a.env'));
  });

  test('that others can read is used, and warned of until they cannot', async () => {
    const one = await startHost({ config: withFile(), files: { 'a.env': 'FILE=value\n' } });
    const file = join(one.home, 'a.env');
    chmodSync(file, 0o644);
    await one.host.restart('a');
    await one.host.settled();
    expect(one.state('a')).toMatchObject({ kind: 'connected' });
    expect(one.host.issues()).toEqual([
      {
        code: 'ENV_FILE',
        severity: 'warning',
        message: 'the env_file of a can be read by others',
        hint: `run: chmod 600 ${file}`,
        file,
        server: 'a',
      },
    ]);
    chmodSync(file, 0o600);
    await one.host.reload();
    await one.host.settled();
    expect(one.host.issues()).toEqual([]);
  });

  test('is used without its bad lines, each of which is told by its number, and never by what it says', async () => {
    const text = 'bad line\n1A=x\n\nGOOD="two\nlines" # fine\nA="unclosed\n=x\n';
    const one = await startHost({ config: withFile(), files: { 'a.env': text } });
    expect(arrived((await one.digests('a')).env, { GOOD: 'two\nlines', '1A': null, A: '"unclosed' })).toEqual({
      ...{ GOOD: 'two\nlines', '1A': null, A: '"unclosed' },
    });
    const bad = (line: number, problem: string): object => ({
      code: 'ENV_FILE',
      severity: 'warning',
      message: `the env_file of a has a bad line: line ${line} ${problem}`,
      hint: 'write NAME=VALUE',
      file: join(one.home, 'a.env'),
      server: 'a',
      line,
    });
    expect(one.host.issues()).toEqual([
      bad(1, 'is left out: it has no ='),
      bad(2, 'is left out: what stands before the = is no name'),
      bad(6, 'begins its value with a quote that is not closed, so the quote is part of it'),
      bad(7, 'is left out: it has no name before the ='),
    ]);
  });

  test.each([
    { name: 'that is not there', make: (file: string) => rmSync(file), problem: 'cannot be read (ENOENT)' },
    {
      name: 'that is no text',
      make: (file: string) => writeFileSync(file, Buffer.from([0x41, 0x3d, 0xff, 0xfe])),
      problem: 'is not text',
    },
    {
      name: 'that is too large',
      make: (file: string) => writeFileSync(file, `A=${'x'.repeat(1024 * 1024)}`),
      problem: 'is larger than 1 MiB',
    },
  ])('$name keeps its server from starting, until it is right', async ({ make, problem }) => {
    const one = await startHost({ config: withFile(), files: { 'a.env': 'FILE=value\n' } });
    const file = join(one.home, 'a.env');
    make(file);
    await one.host.reload();
    await one.host.settled();
    const issue = { code: 'ENV_FILE', severity: 'error', message: `the env_file of a ${problem}`, file, server: 'a' };
    expect(one.state('a')).toEqual({ kind: 'invalid', issues: [expect.objectContaining(issue)] });
    expect(one.state('b')).toMatchObject({ kind: 'connected' });
    writeFileSync(file, 'FILE=right again\n', { mode: 0o600 });
    await one.host.reload();
    expect(arrived((await one.digests('a')).env, { FILE: 'right again' })).toEqual({ FILE: 'right again' });
  });
});

describe('a secret provider', () => {
  const asking = (command: readonly string[]): object => ({
    secret_providers: { op: { command, env_vars: ['OP_SESSION'] } },
    mcp_servers: { a: digests({ env: { KEY: '${secret:op://vault/item}' } }), b: digests() },
  });
  const shell = (script: string): readonly string[] => ['/bin/sh', '-c', script, 'op'];

  test('gives the value, once for each start, and sees what it names and nothing else', async () => {
    const script = 'printf "%s|%s|%s\\n" "$1" "$OP_SESSION" "${OTHER-unset}"';
    const one = await startHost({ config: asking(shell(script)), env: { OP_SESSION: 's', OTHER: 'o' } });
    const want = { KEY: 'op://vault/item|s|unset' };
    expect(arrived((await one.digests('a')).env, want)).toEqual(want);
  });

  test.each([
    {
      name: 'fails',
      command: shell('echo hidden; echo hidden >&2; exit 7'),
      problem: 'the command ended with exit status 7',
    },
    { name: 'prints nothing', command: shell('echo'), problem: 'the command printed nothing' },
    {
      name: 'prints too much',
      command: shell('head -c 70000 /dev/zero | tr "\\0" x'),
      problem: 'the command printed more than 64 KiB',
    },
    { name: 'is not there', command: ['/nowhere/op'], problem: 'command not found: /nowhere/op' },
  ])('that $name: its server needs a setting, and the others run', async ({ command, problem }) => {
    const one = await startHost({ config: asking(command) });
    expect(one.state('a')).toMatchObject({ kind: 'needs_config', names: [expect.stringContaining('op://vault/item')] });
    expect(one.state('b')).toMatchObject({ kind: 'connected' });
    expect(one.host.issues()).toMatchObject([
      { code: 'SECRET_PROVIDER_FAILED', severity: 'error', message: `op://vault/item: ${problem}`, server: 'a' },
    ]);
    expect(JSON.stringify([one.host.issues(), one.host.servers(), one.logged])).not.toContain('hidden');
  });
});

test('what a server prints of its secrets, in any encoding, is in no state, log, issue or followed text', async () => {
  const names = CANARIES.map(({ name }) => name);
  const one = await startHost({
    config: {
      mcp_servers: {
        prints: digests({ env_vars: names }),
        spills: { ...fixture('digests', 'spill'), env_vars: names },
      },
    },
    secrets: Object.fromEntries(
      CANARIES.flatMap(({ name, value }) => [
        [`${name} prints`, value],
        [`${name} spills`, value],
      ]),
    ),
  });
  const seen: string[] = [];
  one.host.followLogs('prints', (text) => void seen.push(text));
  for (const name of names) await one.call('prints__print', { name, as: 'raw', piece: 7 });
  const status = JSON.stringify([one.host.servers(), one.host.issues()]);
  expect(
    leaks([
      ['states', status],
      ['logs', one.logged.join('\n')],
      ['followed', seen.join('')],
    ]),
  ).toEqual([]);
  expect(one.state('spills')).toMatchObject({ kind: 'connection_error', reason: { kind: 'exited', exit: 'code 3' } });
  expect(seen.join('')).toContain('[secret CANARY_0]');
  await expect(one.call('prints__fall', { name: 'CANARY_33' })).rejects.toThrow('prints ended');
  await one.host.settled();
  expect(leaks([['after its fall', JSON.stringify([one.host.servers(), one.logged])]])).toEqual([]);
});
