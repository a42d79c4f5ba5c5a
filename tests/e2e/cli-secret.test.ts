import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createReader, readerWith } from '../support/age.ts';
import { refusal, report, said } from '../support/cli.ts';
import { fixture, type Home, useHomes } from '../support/home.ts';
import { BUNDLED, install } from '../support/installed-plugin.ts';
import { PRODUCT } from '../support/product.ts';
import { proves } from './support/proves.ts';

const createHome = useHomes();

/** `plugboard secret set NAME --for CONSUMER` for `NAME CONSUMER`, the value from a variable. */
function set(home: Home, ref: string, value: string): Promise<unknown> {
  const [name = '', consumer = ''] = ref.split(' ');
  const env = { ...home.env, GIVEN: value };
  return report(home, ['secret', 'set', name, '--for', consumer, '--from-env', 'GIVEN'], { env });
}

/** What is stored, read from the file with its key, as anybody with the key can. */
async function stored(
  home: Home,
): Promise<readonly { readonly name: string; readonly for: string; readonly value: string }[]> {
  const [key] = readFileSync(join(home.path, 'identity.txt'), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  const reader = await readerWith(key ?? '');
  const text = await reader.open(readFileSync(join(home.path, 'secrets.age')));
  return (JSON.parse(text) as { secrets: { name: string; for: string; value: string }[] }).secrets;
}

test(proves('secrets.set'), async () => {
  const home = createHome();
  home.configure({ docs: { ...fixture('echo'), env_vars: ['TOKEN'] }, other: fixture('echo') });
  const file = join(home.folder, 'key.pem');
  writeFileSync(file, '-----BEGIN-----\nabc\n-----END-----\n');
  const first = await report<{ readonly notes: readonly string[] }>(home, [
    ...['secret', 'set', 'PEM', '--for', 'docs', '--for', 'poka@acme', '--from-file', file],
  ]);
  expect(first).toEqual({
    schemaVersion: 1,
    name: 'PEM',
    for: ['docs', 'poka@acme'],
    replaced: [],
    servers: [],
    notes: [
      expect.stringContaining('the key is in identity.txt'),
      "no plugin 'poka@acme' is installed yet",
      'no server asks for PEM yet: a server names it in env_vars, or as ${secret:PEM}',
    ],
  });
  await set(home, 'TOKEN docs', 'one');
  expect(await set(home, 'TOKEN docs', 'two')).toMatchObject({
    replaced: ['docs'],
    servers: ['docs'],
    notes: ['read by docs'],
  });
  const piped = home.command('sh', [
    '-c',
    'echo piped | "$0" "$@"',
    process.execPath,
    PRODUCT,
    'secret',
    'set',
    'P',
    '--for',
    'x',
    '--stdin',
  ]);
  expect([await piped.ended, piped.stderr()]).toEqual([0, '']);
  expect(piped.stdout()).toContain("Set P for x.\nnote: no server 'x' is configured yet\n");
  expect((await stored(home)).map(({ name, for: consumer, value }) => [name, consumer, value])).toEqual([
    ['P', 'x', 'piped'],
    ['PEM', 'docs', '-----BEGIN-----\nabc\n-----END-----'],
    ['PEM', 'poka@acme', '-----BEGIN-----\nabc\n-----END-----'],
    ['TOKEN', 'docs', 'two'],
  ]);
});

test('what comes through a pipe in pieces is stored, and used as the passphrase, as a whole', async () => {
  const home = createHome();
  const key = await createReader();
  const env = { ...home.env, PIPE: join(home.folder, 'pipe'), TO: key.recipient };
  const slowly = async (args: string, before: NodeJS.ProcessEnv = {}): Promise<void> => {
    const write = '{ printf first; sleep 0.3; echo " second"; } >"$PIPE" &';
    const script = `rm -f "$PIPE"; mkfifo "$PIPE"; ${write} "$0" "$1" ${args}`;
    const ran = home.command('sh', ['-c', script, process.execPath, PRODUCT], { env: { ...env, ...before } });
    expect([await ran.ended, ran.stderr()]).toEqual([0, '']);
  };
  home.configure({}, { secrets_store: 'file' });
  await slowly('secret set A --for docs --from-file "$PIPE"', { PLUGBOARD_SECRETS_PASSPHRASE: 'first second' });
  const backup = join(home.folder, 'backup.age');
  await slowly(`secret set B --for docs --stdin <"$PIPE"`, { PLUGBOARD_SECRETS_PASSPHRASE: 'first second' });
  await slowly(`secret export --to-age "$TO" -o ${backup} --passphrase-file "$PIPE"`);
  const { secrets } = JSON.parse(await key.open(readFileSync(backup, 'utf8'))) as { secrets: { value: string }[] };
  expect(secrets.map(({ value }) => value)).toEqual(['first second', 'first second']);
});

test('a value that is longer than one may be is refused, from wherever it comes', async () => {
  const home = createHome();
  const file = join(home.folder, 'long');
  writeFileSync(file, `${'x'.repeat(64 * 1024 + 1)}\n`.repeat(3));
  const storing = ['secret', 'set', 'A', '--for', 'docs'];
  const want = { status: 2, code: 'SECRET_VALUE', message: 'the value is longer than 64 KiB; nothing was stored' };
  expect(await refusal(home, [...storing, '--from-file', file])).toMatchObject(want);
  const piped = home.command('sh', ['-c', '"$0" "$@" <"$LONG"', process.execPath, PRODUCT, ...storing, '--stdin'], {
    env: { ...home.env, LONG: file },
  });
  expect([await piped.ended, piped.stderr()]).toEqual([2, expect.stringContaining(want.message)]);
});

test(proves('secrets.list'), async () => {
  const home = createHome();
  home.configure({
    docs: { ...fixture('echo'), env_vars: ['TOKEN', 'UNSET'] },
    web: { url: 'http://127.0.0.1:9/mcp', bearer_token_env_var: 'TOKEN' },
  });
  expect(await said(home, ['secret', 'list'])).toBe("No secrets yet. Try 'plugboard secret set NAME --for SERVER'.");
  expect(await report(home, ['secret', 'list'])).toEqual({ schemaVersion: 1, key: null, secrets: [], notes: [] });
  await set(home, 'TOKEN docs', 'canary');
  await set(home, 'TOKEN web', 'canary');
  await set(home, 'TOKEN poka@acme', 'canary');
  const listed = await report<{ readonly secrets: readonly Record<string, unknown>[] }>(home, ['secret', 'list']);
  const common = { name: 'TOKEN', from: 'env', what: 'GIVEN', setAt: expect.stringMatching(/^\d{4}-.*Z$/) as string };
  expect(listed).toEqual({
    schemaVersion: 1,
    key: 'identity',
    secrets: [
      { ...common, for: 'docs', kind: 'server', servers: ['docs'] },
      { ...common, for: 'poka@acme', kind: 'plugin', servers: [] },
      { ...common, for: 'web', kind: 'server', servers: ['web'] },
    ],
    notes: [],
  });
  const lines = (await said(home, ['secret', 'list'])).split('\n').map((line) => line.split(/ {2,}/));
  expect(lines.slice(0, 2).map(([name, consumer, , from, servers]) => [name, consumer, from, servers])).toEqual([
    ['Name', 'For', 'From', 'Read by'],
    ['TOKEN', 'docs', 'env GIVEN', 'docs'],
  ]);
  expect(lines.at(-1)?.[0]).toContain('The key is in identity.txt');
});

test('what is stored for the server of a plugin is stored for the plugin, and a running host is told of', async () => {
  const home = createHome();
  home.configure({ docs: { ...fixture('echo'), env_vars: [{ name: 'KEY', required: true }] } });
  await install(home, 'poka@acme', { servers: { poka: { ...BUNDLED, env_vars: ['TOKEN'] } } });
  await home.host();
  const given = { env: { ...home.env, GIVEN: 'v' } };
  const done = await report(home, ['secret', 'set', 'TOKEN', '--for', 'poka', '--from-env', 'GIVEN'], given);
  expect(done).toMatchObject({
    for: ['poka@acme'],
    servers: ['poka'],
    notes: [
      expect.stringContaining('the key is in') as string,
      "'poka' is a server of the plugin poka@acme, and reads what is stored for the plugin",
      'read by poka; it restarts in the running host',
    ],
  });
  await report(home, ['secret', 'set', 'KEY', '--for', 'docs', '--from-env', 'GIVEN'], given);
  expect(await report(home, ['secret', 'unset', 'KEY', '--for', 'docs'])).toMatchObject({
    servers: ['docs'],
    notes: [
      'was read by docs; it restarts in the running host',
      "'docs' cannot start without it; see: plugboard doctor --server docs",
    ],
  });
  expect(await report(home, ['secret', 'unset', 'TOKEN', '--for', 'poka'])).toMatchObject({ for: ['poka@acme'] });
});

test('unset takes a secret from one consumer, or from all', async () => {
  const home = createHome();
  for (const consumer of ['docs', 'poka@acme', 'third']) await set(home, `TOKEN ${consumer}`, 'v');
  expect(await refusal(home, ['secret', 'unset', 'TOKEN', '--for', 'fourth'])).toMatchObject({
    status: 1,
    code: 'SECRET_NOT_FOUND',
    hint: 'it is stored for docs, poka@acme, third',
  });
  expect(await said(home, ['secret', 'unset', 'TOKEN', '--for', 'docs'])).toBe('Removed TOKEN for docs.');
  expect(await report(home, ['secret', 'unset', 'TOKEN'])).toMatchObject({ for: ['poka@acme', 'third'] });
  expect(await refusal(home, ['secret', 'unset', 'TOKEN'])).toMatchObject({ status: 1, code: 'SECRET_NOT_FOUND' });
});

test(proves('secrets.transfer'), async () => {
  const home = createHome();
  await set(home, 'TOKEN docs', 'v');
  const key = await createReader();
  const identity = join(home.folder, 'reader.txt');
  writeFileSync(identity, key.identity, { mode: 0o600 });
  const file = join(home.folder, 'backup.age');
  expect(await report(home, ['secret', 'export', '--to-age', key.recipient, '-o', file])).toMatchObject({
    count: 1,
    file,
    age: null,
  });
  expect(await refusal(home, ['secret', 'export', '--to-age', key.recipient, '-o', file])).toMatchObject({
    status: 1,
    code: 'SECRET_STORE_UNWRITABLE',
    hint: 'name a file that does not exist yet',
  });
  for (const name of ['config.toml', 'secrets.age', 'identity.txt', 'identity.age', 'sub/../IDENTITY.age'])
    expect(
      await refusal(home, ['secret', 'export', '--to-age', key.recipient, '-o', join(home.path, name)]),
    ).toMatchObject({
      ...{
        status: 1,
        code: 'SECRET_STORE_UNWRITABLE',
        message: 'an export does not take the place of a file of the home',
      },
      hint: 'name another file, such as backup.age',
    });
  expect(await said(home, ['secret', 'export', '--to-age', key.recipient])).toMatch(
    /^-----BEGIN AGE ENCRYPTED FILE-----\n/,
  );
  const other = createHome();
  await set(other, 'TOKEN docs', 'mine');
  const kept = await other.finish(['secret', 'import', file, '--identity', identity]);
  expect(kept).toMatchObject({ status: 1, stderr: '' });
  expect(kept.stdout).toContain('These have another value here and keep it (see --replace):\n  TOKEN for docs\n');
  const replaced = await report(other, ['secret', 'import', file, '--identity', identity, '--replace']);
  expect(replaced).toMatchObject({ added: [], unchanged: [], kept: [], replaced: [{ name: 'TOKEN', for: 'docs' }] });
  expect(await stored(other)).toMatchObject([{ value: 'v' }]);
});

test(proves('secrets.rotate'), async () => {
  const home = createHome();
  await set(home, 'TOKEN docs', 'v');
  const before = readFileSync(join(home.path, 'identity.txt'), 'utf8');
  expect(await report(home, ['secret', 'rotate'])).toEqual({ schemaVersion: 1, key: 'identity', count: 1, notes: [] });
  expect(readFileSync(join(home.path, 'identity.txt'), 'utf8')).not.toBe(before);
  expect(await stored(home)).toMatchObject([{ value: 'v' }]);
});

test(proves('secrets.passphrase'), async () => {
  const home = createHome();
  home.configure({}, { secrets_store: 'file' });
  await set(home, 'TOKEN docs', 'v');
  const file = join(home.folder, 'passphrase');
  writeFileSync(file, 'open sesame\n');
  const moved = await report(home, ['secret', 'list', '--passphrase-file', file]);
  expect(moved).toMatchObject({ key: 'passphrase', notes: [expect.stringContaining('is in identity.age')] });
  expect(readdirSync(home.path)).not.toContain('identity.txt');
  expect(await refusal(home, ['secret', 'list'])).toMatchObject({ status: 3, code: 'SECRET_PASSPHRASE_REQUIRED' });
  const env = { ...home.env, PLUGBOARD_SECRETS_PASSPHRASE: 'open sesame' };
  expect(await report(home, ['secret', 'list'], { env })).toMatchObject({
    key: 'passphrase',
    secrets: [{ name: 'TOKEN' }],
  });
  const wrong = { ...home.env, PLUGBOARD_SECRETS_PASSPHRASE: 'canary' };
  expect(await refusal(home, ['secret', 'list'], { env: wrong })).toMatchObject({
    status: 3,
    code: 'SECRET_PASSPHRASE_WRONG',
  });
  expect(await report(home, ['secret', 'rotate', '--drop-passphrase'], { env })).toMatchObject({ key: 'identity' });
  expect(await stored(home)).toMatchObject([{ value: 'v' }]);
}, 60_000);

test.each([
  { name: 'doctor', args: ['doctor', '--server', 'docs'] },
  { name: 'tools list', args: ['tools', 'list', '--server', 'docs'] },
])('$name opens the secrets with the passphrase of --passphrase-file', async ({ args }) => {
  const home = createHome();
  const docs = { ...fixture('echo'), env_vars: [{ name: 'TOKEN', required: true }] };
  home.configure({ docs }, { secrets_store: 'file' });
  const file = join(home.folder, 'passphrase');
  writeFileSync(file, 'open sesame\n');
  const given = { env: { ...home.env, GIVEN: 'v' } };
  const storing = ['secret', 'set', 'TOKEN', '--for', 'docs', '--from-env', 'GIVEN'];
  await report(home, [...storing, '--passphrase-file', file], given);
  const working = /"connected"|"docs__/;
  const without = await home.finish([...args, '--json']);
  expect(without.stdout).not.toMatch(working);
  const opened = await home.finish(['--passphrase-file', file, ...args, '--json']);
  expect({ status: opened.status, stdout: opened.stdout }).toEqual({
    status: 0,
    stdout: expect.stringMatching(working),
  });
});

test(proves('secrets.keyring-only'), async () => {
  const home = createHome();
  home.configure({}, { secrets_store: 'keyring' });
  const env = { ...home.env, GIVEN: 'canary' };
  const refused = await refusal(home, ['secret', 'set', 'TOKEN', '--for', 'docs', '--from-env', 'GIVEN'], { env });
  expect(refused).toMatchObject({
    status: 3,
    code: 'SECRET_KEYRING_UNAVAILABLE',
    hint: expect.stringContaining('secrets_store = "file"') as string,
  });
  expect(readdirSync(home.path).toSorted()).toEqual(['config.toml', 'run']);
});

test('a file of the project does not say where the key is, also when the project is trusted', async () => {
  const home = createHome();
  home.configure({}, { secrets_store: 'keyring', projects: { [home.folder]: { trust_level: 'trusted' } } });
  mkdirSync(join(home.folder, '.plugboard'));
  writeFileSync(join(home.folder, '.plugboard', 'config.toml'), 'secrets_store = "file"\n');
  const args = ['secret', 'set', 'TOKEN', '--for', 'docs', '--from-env', 'HOME', '--project', home.folder];
  expect(await refusal(home, args)).toMatchObject({ status: 3, code: 'SECRET_KEYRING_UNAVAILABLE' });
});

test('a disk that is full leaves the secrets as they were', async () => {
  const home = createHome();
  await set(home, 'TOKEN docs', 'small');
  const before = readFileSync(join(home.path, 'secrets.age'));
  const big = join(home.folder, 'big.txt');
  writeFileSync(big, 'x'.repeat(60_000));
  // The system writes what still fits, and refuses the rest.
  const script = 'ulimit -f 32; exec "$0" "$@"';
  const args = [PRODUCT, '--json', 'secret', 'set', 'BIG', '--for', 'docs', '--from-file', big];
  const run = home.command('sh', ['-c', script, process.execPath, ...args]);
  expect(await run.ended).toBe(1);
  expect(run.stderr()).toContain('SECRET_STORE_UNWRITABLE');
  expect(readFileSync(join(home.path, 'secrets.age'))).toEqual(before);
  expect(await stored(home)).toMatchObject([{ name: 'TOKEN', value: 'small' }]);
});

test('of an export that finds no room nothing is left, so that it can be tried again', async () => {
  const home = createHome();
  await set(home, 'TOKEN docs', 'x'.repeat(60_000));
  const { recipient } = await createReader();
  const script = 'ulimit -f 32; exec "$0" "$@"';
  const backup = join(home.folder, 'backup.age');
  const args = [PRODUCT, '--json', 'secret', 'export', '--to-age', recipient, '-o', backup];
  const run = home.command('sh', ['-c', script, process.execPath, ...args]);
  expect(await run.ended).toBe(1);
  expect(run.stderr()).toContain('SECRET_STORE_UNWRITABLE');
  expect(existsSync(backup)).toBe(false);
});

test('a mistake in the setting is not taken for the default', async () => {
  const home = createHome();
  home.configure({}, { secrets_store: 'keyringg' });
  const bad = await refusal(home, ['secret', 'list']);
  expect(bad).toMatchObject({ status: 2, code: 'CONFIG_WRONG_TYPE', where: `${join(home.path, 'config.toml')}:1:17` });
  writeFileSync(join(home.path, 'config.toml'), 'secrets_store = "keyring\n');
  expect(await refusal(home, ['secret', 'list'])).toMatchObject({ status: 2, code: 'CONFIG_NOT_TOML' });
});

test(proves('secrets.damaged'), async () => {
  const home = createHome();
  await set(home, 'TOKEN docs', 'v');
  const file = join(home.path, 'secrets.age');
  writeFileSync(file, 'damaged');
  expect(await refusal(home, ['secret', 'list'])).toMatchObject({
    status: 1,
    code: 'SECRET_STORE_DAMAGED',
    where: file,
  });
  const done = (await set(home, 'OTHER docs', 'v')) as { readonly notes: readonly string[] };
  const [, aside = ''] = /is kept as (\S+);/.exec(done.notes[0] ?? '') ?? [];
  expect([existsSync(aside), readFileSync(aside, 'utf8')]).toEqual([true, 'damaged']);
});

test.each([
  { name: 'no consumer', args: ['set', 'A', '--from-env', 'HOME'], code: 'USAGE', status: 2 },
  { name: 'two sources', args: ['set', 'A', '--for', 'x', '--from-env', 'HOME', '--stdin'], code: 'USAGE', status: 2 },
  { name: 'no source, and no terminal', args: ['set', 'A', '--for', 'x'], code: 'USAGE', status: 2 },
  {
    name: 'what is no variable, and every object has',
    args: ['set', 'A', '--for', 'x', '--from-env', 'constructor'],
    code: 'USAGE',
    status: 2,
  },
  {
    name: 'a variable that is not set',
    args: ['set', 'A', '--for', 'x', '--from-env', 'NONE'],
    code: 'USAGE',
    status: 2,
  },
  {
    name: 'a file that is not there',
    args: ['set', 'A', '--for', 'x', '--from-file', 'none'],
    code: 'SECRET_STORE_UNREADABLE',
    status: 1,
  },
  {
    name: 'a folder',
    args: ['set', 'A', '--for', 'x', '--from-file', '/'],
    code: 'SECRET_STORE_UNREADABLE',
    status: 1,
  },
  {
    name: 'an endless file',
    args: ['set', 'A', '--for', 'x', '--from-file', '/dev/zero'],
    code: 'SECRET_VALUE',
    status: 2,
  },
  {
    name: 'an empty file',
    args: ['set', 'A', '--for', 'x', '--from-file', '/dev/null'],
    code: 'SECRET_VALUE',
    status: 2,
  },
  { name: 'a bad name', args: ['set', 'a b', '--for', 'x', '--from-env', 'HOME'], code: 'SECRET_BAD_NAME', status: 2 },
  {
    name: 'a bad consumer',
    args: ['set', 'A', '--for', 'a b', '--from-env', 'HOME'],
    code: 'SECRET_BAD_CONSUMER',
    status: 2,
  },
  { name: 'an export to nobody', args: ['export'], code: 'USAGE', status: 2 },
  { name: 'an export to something else', args: ['export', '--to-age', 'x'], code: 'SECRET_RECIPIENT', status: 2 },
  { name: 'an import of nothing', args: ['import', 'none.age'], code: 'SECRET_IMPORT', status: 1 },
  { name: 'rotating nothing', args: ['rotate'], code: 'SECRET_NOT_FOUND', status: 1 },
  {
    name: 'two passphrases',
    args: ['rotate', '--drop-passphrase', '--new-passphrase-file', 'x'],
    code: 'USAGE',
    status: 2,
  },
  {
    name: 'a passphrase that is not there',
    args: ['rotate', '--new-passphrase-file', 'none'],
    code: 'SECRET_PASSPHRASE_REQUIRED',
    status: 3,
  },
])('$name: $code', async ({ args, code, status }) => {
  const home = createHome();
  expect(await refusal(home, ['secret', ...args])).toMatchObject({ status, code });
  expect(existsSync(join(home.path, 'secrets.age'))).toBe(false);
});
