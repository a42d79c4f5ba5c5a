import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Secret } from '../../../../src/kernel/index.ts';
import { type Consumer, parseConsumer } from '../../../../src/secrets/index.ts';
import { createKey } from '../../../../src/secrets/node/age-file.ts';
import { openIdentityFile } from '../../../../src/secrets/node/identity-file.ts';
import { codeOf, put, useStoreHomes, valuesOf } from '../../../support/secret-stores.ts';

const createHome = useStoreHomes();

const OTHER_KEY = 'AGE-SECRET-KEY-1VEWMREXHYD2FP6TT9WNCHEKXKQRSYXX9Q3UVYM6LP5DVX4V66JESSSA64V';

const files = (path: string): readonly string[] =>
  readdirSync(path)
    .filter((name) => name !== 'run')
    .toSorted();
const mode = (path: string): number => statSync(path).mode & 0o777;

test('a home without secrets has none, and nothing is written', async () => {
  const home = createHome();
  const secrets = await home.store('keyring').open();
  expect(secrets.get('A', parseConsumer('x'))).toEqual({ kind: 'absent' });
  expect([secrets.holder(), secrets.names(parseConsumer('x')), files(home.path)]).toEqual([null, [], []]);
});

test('a value is there for its consumer, in every later process, and the files are private', async () => {
  const home = createHome();
  home.keyring.reachable = false;
  await put(home.store(), 'TOKEN poka@acme', 'v');
  await put(home.store(), 'OTHER docs', 'w');
  const secrets = await home.store().open();
  expect(secrets.get('TOKEN', parseConsumer('poka@acme'))).toEqual({ kind: 'found', secret: new Secret('TOKEN', 'v') });
  expect(secrets.get('TOKEN', parseConsumer('docs'))).toEqual({
    kind: 'refused',
    boundTo: [{ kind: 'plugin', id: 'poka@acme' }],
  });
  expect(secrets.names(parseConsumer('docs'))).toEqual(['OTHER']);
  expect(files(home.path)).toEqual(['identity.txt', 'secrets.age']);
  expect(files(home.path).map((name) => mode(join(home.path, name)))).toEqual([0o600, 0o600]);
  expect(home.events).toEqual([{ kind: 'key_made', holder: 'identity' }]);
});

test('whoever has read learns what changed, and only that', async () => {
  const home = createHome();
  await put(home.store(), 'SAME x', '1');
  await put(home.store(), 'OTHER x', '1');
  const secrets = await home.store().open();
  expect(await secrets.refresh()).toEqual([]);
  await put(home.store(), 'OTHER x', '2');
  await put(home.store(), 'NEW y', '3');
  expect((await secrets.refresh()).map(({ name }) => name)).toEqual(['NEW', 'OTHER']);
  expect(secrets.get('OTHER', parseConsumer('x'))).toMatchObject({ kind: 'found' });
});

test('two processes that store their first secrets at once agree on one key, and nothing is lost', async () => {
  const home = createHome();
  home.keyring.reachable = false;
  const names = Array.from({ length: 20 }, (_, index) => `S${index}`);
  await Promise.all(names.map((name) => put(home.store(), `${name} x`, name)));
  expect(await valuesOf(home.store())).toEqual(Object.fromEntries(names.map((name) => [`${name} x`, name])));
  expect(home.events).toEqual([{ kind: 'key_made', holder: 'identity' }]);
});

test('an identity file that lies ready is used, with its comments, and the last key of several', async () => {
  const home = createHome();
  const [first, last] = [createKey(), createKey()];
  const file = join(home.path, 'identity.txt');
  writeFileSync(file, `# mine\n${first.identity.reveal()}\n\n${last.identity.reveal()}\n`, { mode: 0o600 });
  const before = readFileSync(file, 'utf8');
  await put(home.store(), 'A x', '1');
  expect(readFileSync(file, 'utf8')).toBe(before);
  expect(readFileSync(join(home.path, 'secrets.age'), 'latin1')).toContain(`-> plugboard-key identity ${last.id}\n`);
});

test.each([
  { name: 'that others may read', make: (file: string) => chmodSync(file, 0o644), code: 'SECRET_IDENTITY' },
  {
    name: 'with something else in it',
    make: (file: string) => writeFileSync(file, 'canary\n'),
    code: 'SECRET_IDENTITY',
  },
  { name: 'with nothing in it', make: (file: string) => writeFileSync(file, ''), code: 'SECRET_IDENTITY' },
  { name: 'that is gone', make: (file: string) => renameSync(file, `${file}.away`), code: 'SECRET_KEY_MISSING' },
  {
    name: 'with another key',
    make: (file: string) => writeFileSync(file, OTHER_KEY),
    code: 'SECRET_KEY_MISSING',
  },
])('an identity file $name: neither reading nor writing goes on, and the secrets stay', async ({ make, code }) => {
  const home = createHome();
  home.keyring.reachable = false;
  await put(home.store(), 'A x', '1');
  const file = join(home.path, 'secrets.age');
  const before = readFileSync(file);
  make(join(home.path, 'identity.txt'));
  expect(await codeOf(home.store().open())).toBe(code);
  expect(await codeOf(put(home.store(), 'B x', '2'))).toBe(code);
  expect(await codeOf(home.store().rotate({ newPassphrase: null, dropPassphrase: false }))).toBe(code);
  expect(readFileSync(file)).toEqual(before);
});

test('a link to the secrets stays a link', async () => {
  const home = createHome();
  const elsewhere = join(home.path, '..', 'elsewhere.age');
  await put(home.store(), 'A x', '1');
  renameSync(join(home.path, 'secrets.age'), elsewhere);
  symlinkSync(elsewhere, join(home.path, 'secrets.age'));
  await put(home.store(), 'B x', '2');
  expect(lstatSync(join(home.path, 'secrets.age')).isSymbolicLink()).toBe(true);
  expect(await valuesOf(home.store())).toEqual({ 'A x': '1', 'B x': '2' });
});

test('a write that fails leaves what was there', async () => {
  const home = createHome();
  home.keyring.reachable = false;
  await put(home.store(), 'A x', '1');
  mkdirSync(join(home.path, 'secrets.age.new'));
  expect(await codeOf(put(home.store(), 'B x', '2'))).toBe('SECRET_STORE_UNWRITABLE');
  expect(await valuesOf(home.store())).toEqual({ 'A x': '1' });
});

test('a home that others may write to is refused', async () => {
  const home = createHome();
  chmodSync(home.path, 0o777);
  expect(await codeOf(put(home.store(), 'A x', '1'))).toBe('HOME_NOT_PRIVATE');
  expect(await codeOf(home.store().open())).toBe('HOME_NOT_PRIVATE');
  expect(files(home.path)).toEqual([]);
});

test('unsetting takes the value out of the file, and a second time there is nothing to take', async () => {
  const home = createHome();
  await put(home.store(), 'A x', '1');
  await put(home.store(), 'A y', '2');
  expect(await home.store().unset('A', parseConsumer('x'))).toEqual([{ name: 'A', consumer: parseConsumer('x') }]);
  const before = readFileSync(join(home.path, 'secrets.age'));
  expect(await home.store().unset('A', parseConsumer('x'))).toEqual([]);
  expect(readFileSync(join(home.path, 'secrets.age'))).toEqual(before);
  expect(await valuesOf(home.store())).toEqual({ 'A y': '2' });
});

test('killed between the new key and the new file, the old key still opens it, and rotating works again', async () => {
  const home = createHome();
  home.keyring.reachable = false;
  await put(home.store(), 'A x', '1');
  const identity = openIdentityFile(join(home.path, 'identity.txt'));
  await identity.add(createKey());
  expect(await valuesOf(home.store())).toEqual({ 'A x': '1' });
  await home.store().rotate({ newPassphrase: null, dropPassphrase: false });
  expect(await valuesOf(home.store())).toEqual({ 'A x': '1' });
});

test('a temporary file of a killed process harms nobody, and goes with its key', async () => {
  const home = createHome();
  home.keyring.reachable = false;
  await put(home.store(), 'A x', '1');
  writeFileSync(join(home.path, 'secrets.age.new'), 'half', { mode: 0o644 });
  writeFileSync(join(home.path, 'identity.txt.new'), 'half', { mode: 0o644 });
  await put(home.store(), 'B x', '2');
  expect(mode(join(home.path, 'secrets.age'))).toBe(0o600);
  home.keyring.reachable = true;
  expect(await valuesOf(home.store('keyring'))).toEqual({ 'A x': '1', 'B x': '2' });
  expect(files(home.path)).toEqual(['secrets.age']);
  expect(existsSync(join(home.path, 'identity.txt.new'))).toBe(false);
});

test.each([
  { name: 'the secrets', file: 'secrets.age', code: 'SECRET_STORE_UNREADABLE' },
  { name: 'the key', file: 'identity.txt', code: 'SECRET_IDENTITY' },
])(
  'while $name are behind a link that leads nowhere, as to a disk that is away, nothing is begun anew',
  async (gone) => {
    const home = createHome();
    home.keyring.reachable = false;
    await put(home.store(), 'A x', '1');
    const [file, away] = [join(home.path, gone.file), join(home.path, '..', 'away')];
    renameSync(file, away);
    symlinkSync(away, file);
    expect(await valuesOf(home.store())).toEqual({ 'A x': '1' });
    renameSync(away, `${away}.unplugged`);
    expect(await codeOf(home.store().open())).toBe(gone.code);
    expect(await codeOf(put(home.store(), 'B x', '2'))).toBe(gone.code);
    expect(await codeOf(home.store().rotate({ newPassphrase: null, dropPassphrase: false }))).toBe(gone.code);
    renameSync(`${away}.unplugged`, away);
    expect(await valuesOf(home.store())).toEqual({ 'A x': '1' });
  },
);

test('before the first secret, too, a key behind a link that leads nowhere is not replaced', async () => {
  const home = createHome();
  symlinkSync(join(home.path, 'nowhere'), join(home.path, 'identity.txt'));
  expect(await codeOf(put(home.store('file'), 'A x', '1'))).toBe('SECRET_IDENTITY');
  expect(files(home.path)).toEqual(['identity.txt']);
});

test.each(['secrets.age', 'identity.txt'])(
  'an endless file in the place of %s is not read to the end',
  async (name) => {
    const home = createHome();
    home.keyring.reachable = false;
    await put(home.store(), 'A x', '1');
    rmSync(join(home.path, name));
    symlinkSync('/dev/zero', join(home.path, name));
    expect(await codeOf(home.store().open())).toMatch(/^SECRET_(STORE_UNREADABLE|IDENTITY)$/);
  },
);

test('a thousand values of the largest size are kept, and what would be too much is refused whole', async () => {
  const home = createHome();
  home.keyring.reachable = false;
  const value = new Secret('BIG', 'x'.repeat(64 * 1024));
  const servers = (count: number): readonly Consumer[] =>
    Array.from({ length: count }, (_, index) => parseConsumer(`s${index}`));
  const set = (consumers: readonly Consumer[]): Promise<unknown> =>
    home.store().set({ name: 'BIG', consumers, value, source: { how: 'stdin' } });
  await set(servers(1000));
  const before = readFileSync(join(home.path, 'secrets.age'));
  expect(await codeOf(set(servers(2100)))).toBe('SECRET_STORE_UNWRITABLE');
  expect(readFileSync(join(home.path, 'secrets.age')).equals(before)).toBe(true);
  const secrets = await home.store().open();
  expect(secrets.document().records).toHaveLength(1000);
  expect(secrets.get('BIG', parseConsumer('s999'))).toEqual({ kind: 'found', secret: value });
}, 60_000);

test('a consumer that is named twice has one value', async () => {
  const home = createHome();
  const consumers = [parseConsumer('x'), parseConsumer('x')];
  await home.store().set({ name: 'A', consumers, value: new Secret('A', '1'), source: { how: 'stdin' } });
  expect((await home.store().open()).document().records).toHaveLength(1);
});
