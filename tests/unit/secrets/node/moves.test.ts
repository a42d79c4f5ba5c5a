import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Secret } from '../../../../src/kernel/index.ts';
import type { KeyHolder, StoreSetting } from '../../../../src/secrets/index.ts';
import { createKey } from '../../../../src/secrets/node/age-file.ts';
import { openIdentityFile } from '../../../../src/secrets/node/identity-file.ts';
import { codeOf, put, type StoreHome, useStoreHomes, valuesOf } from '../../../support/secret-stores.ts';

const createHome = useStoreHomes();
const keep = { newPassphrase: null, dropPassphrase: false };

/** How a process is started whose key is to be there. */
const WAYS: Readonly<Record<KeyHolder, readonly [StoreSetting, string?]>> = {
  keyring: ['keyring'],
  identity: ['file'],
  passphrase: ['file', 'open sesame'],
};

/** Where there is a key. */
function places(home: StoreHome): readonly KeyHolder[] {
  return [
    ...(home.keyring.keys.size > 0 ? (['keyring'] as const) : []),
    ...(existsSync(join(home.path, 'identity.txt')) ? (['identity'] as const) : []),
    ...(existsSync(join(home.path, 'identity.age')) ? (['passphrase'] as const) : []),
  ];
}

const ALL: readonly KeyHolder[] = ['keyring', 'identity', 'passphrase'];
// A passphrase is given up with `rotate --drop-passphrase`, not by leaving it out.
const MOVES = ALL.flatMap((from) => ALL.map((to) => ({ from, to }))).filter(
  ({ from, to }) => from !== to && !(from === 'passphrase' && to === 'identity'),
);

test.each(MOVES)('from $from to $to: reading once moves the key, and nothing is lost or left', async ({ from, to }) => {
  const home = createHome();
  await put(home.store(...WAYS[from]), 'A x', '1');
  await put(home.store(...WAYS[from]), 'B poka@acme', '2');
  expect(places(home)).toEqual([from]);
  const [setting, passphrase] = WAYS[to];
  // Reading a key under a passphrase takes the passphrase, also where the new one needs none.
  const store = home.store(setting, passphrase ?? WAYS[from][1]);
  expect(await valuesOf(store)).toEqual({ 'A x': '1', 'B poka@acme': '2' });
  expect(places(home)).toEqual([to]);
  expect(home.events.at(-1)).toEqual({ kind: 'key_moved', from, to });
  expect(await valuesOf(home.store(...WAYS[to]))).toEqual({ 'A x': '1', 'B poka@acme': '2' });
});

test('with `auto`, what is in a file stays there when a keyring comes up, and what is in the keyring when it goes', async () => {
  const home = createHome();
  home.keyring.reachable = false;
  await put(home.store(), 'A x', '1');
  home.keyring.reachable = true;
  await put(home.store(), 'B x', '2');
  expect(places(home)).toEqual(['identity']);
  const other = createHome();
  await put(other.store(), 'A x', '1');
  expect(places(other)).toEqual(['keyring']);
  other.keyring.reachable = false;
  expect(await codeOf(other.store().open())).toBe('SECRET_KEYRING_UNAVAILABLE');
  expect(await codeOf(put(other.store(), 'B x', '2'))).toBe('SECRET_KEYRING_UNAVAILABLE');
  expect(places(other)).toEqual(['keyring']);
});

test('with `keyring` and none there, nothing is stored or read, whatever lies in the home', async () => {
  const home = createHome();
  home.keyring.reachable = false;
  expect(await codeOf(put(home.store('keyring'), 'A x', '1'))).toBe('SECRET_KEYRING_UNAVAILABLE');
  expect(readdirSync(home.path)).toEqual(['run']);
  await put(home.store('file'), 'A x', '1');
  expect(await codeOf(home.store('keyring').open())).toBe('SECRET_KEYRING_UNAVAILABLE');
  expect(await valuesOf(home.store('file'))).toEqual({ 'A x': '1' });
});

test('an old key that could not be taken away is taken away by a later change', async () => {
  const home = createHome();
  await put(home.store('keyring'), 'A x', '1');
  home.keyring.deletes = false;
  expect(await valuesOf(home.store('file'))).toEqual({ 'A x': '1' });
  await put(home.store('file'), 'B x', '2');
  expect(places(home)).toEqual(['keyring', 'identity']);
  home.keyring.deletes = true;
  await put(home.store('file'), 'C x', '3');
  expect(places(home)).toEqual(['identity']);
  expect(await valuesOf(home.store('file'))).toEqual({ 'A x': '1', 'B x': '2', 'C x': '3' });
});

test('moved there and back while the old key could not be taken away, the key in use is not taken away later', async () => {
  const home = createHome();
  await put(home.store('file'), 'A x', '1');
  const identity = join(home.path, 'identity.txt');
  const old = readFileSync(identity);
  await home.store('keyring').open();
  // As if the file could not have been removed.
  writeFileSync(identity, old, { mode: 0o600 });
  await home.store('file').open();
  await put(home.store('file'), 'B x', '2');
  await put(home.store('file'), 'C x', '3');
  expect(await valuesOf(home.store('file'))).toEqual({ 'A x': '1', 'B x': '2', 'C x': '3' });
});

test('other keys in an identity file stay when the key of the store leaves it', async () => {
  const home = createHome();
  const mine = createKey();
  const file = join(home.path, 'identity.txt');
  await put(home.store('file'), 'A x', '1');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, `# mine\n${mine.identity.reveal()}\n${text}`);
  await home.store('keyring').open();
  expect(readFileSync(file, 'utf8')).toBe(`# mine\n${mine.identity.reveal()}\n`);
});

test.each([
  { name: 'the keyring', way: WAYS.keyring },
  { name: 'a file', way: WAYS.identity },
  { name: 'a file under a passphrase', way: WAYS.passphrase },
])('rotating with the key in $name: another key, the same secrets, the old key gone', async ({ way }) => {
  const home = createHome();
  await put(home.store(...way), 'A x', '1');
  const copy = readFileSync(join(home.path, 'secrets.age'));
  const reader = await home.store(...way).open();
  expect(await home.store(...way).rotate(keep)).toMatchObject({ count: 1 });
  expect(await valuesOf(home.store(...way))).toEqual({ 'A x': '1' });
  expect(await reader.refresh()).toEqual([]);
  writeFileSync(join(home.path, 'secrets.age'), copy);
  expect(await codeOf(home.store(...way).open())).toBe('SECRET_KEY_MISSING');
});

test('there is nothing to rotate before there is a secret', async () => {
  const home = createHome();
  expect(await codeOf(home.store().rotate(keep))).toBe('SECRET_NOT_FOUND');
  expect(readdirSync(home.path)).toEqual(['run']);
});

test('a passphrase is needed, must be the right one, can be changed and given up', async () => {
  const home = createHome();
  await put(home.store('file', 'first'), 'A x', '1');
  expect(await codeOf(home.store('file').open())).toBe('SECRET_PASSPHRASE_REQUIRED');
  expect(await codeOf(home.store('file', 'wrong').open())).toBe('SECRET_PASSPHRASE_WRONG');
  await home.store('file', 'first').rotate({ newPassphrase: new Secret('p', 'second'), dropPassphrase: false });
  expect(await codeOf(home.store('file', 'first').open())).toBe('SECRET_PASSPHRASE_WRONG');
  const store = home.store('file', 'second');
  expect(await valuesOf(store)).toEqual({ 'A x': '1' });
  expect(await store.rotate({ newPassphrase: null, dropPassphrase: true })).toEqual({ holder: 'identity', count: 1 });
  expect(places(home)).toEqual(['identity']);
  expect(await valuesOf(home.store('file'))).toEqual({ 'A x': '1' });
  expect(await codeOf(home.store('keyring').rotate({ newPassphrase: null, dropPassphrase: true }))).toBe('USAGE');
}, 60_000);

test('where a rotation finds no room, the old passphrase goes on to open the secrets, and the next one works', async () => {
  const home = createHome();
  await put(home.store('file', 'first'), 'A x', '1');
  const second = { newPassphrase: new Secret('p', 'second'), dropPassphrase: false };
  for (const name of ['identity.age.new', 'secrets.age.new']) {
    // Nothing can be written in the place of a folder.
    mkdirSync(join(home.path, name, 'full'), { recursive: true });
    expect(await codeOf(home.store('file', 'first').rotate(second))).toBe('SECRET_STORE_UNWRITABLE');
    rmSync(join(home.path, name), { recursive: true });
    expect(await codeOf(home.store('file', 'second').open())).toBe('SECRET_PASSPHRASE_WRONG');
    expect(await valuesOf(home.store('file', 'first'))).toEqual({ 'A x': '1' });
  }
  await home.store('file', 'first').rotate(second);
  expect(await codeOf(home.store('file', 'first').open())).toBe('SECRET_PASSPHRASE_WRONG');
  expect(await valuesOf(home.store('file', 'second'))).toEqual({ 'A x': '1' });
  expect(readdirSync(home.path).toSorted()).toEqual(['identity.age', 'run', 'secrets.age']);
}, 60_000);

test('a passphrase is read and worked through once, however often the store is used', async () => {
  const home = createHome();
  await put(home.store('file', 'p'), 'A x', '1');
  const store = home.store('file', 'p');
  const secrets = await store.open();
  await put(store, 'B x', '2');
  writeFileSync(join(home.path, 'identity.age'), 'gone', { mode: 0o600 });
  expect((await secrets.refresh()).map(({ name }) => name)).toEqual(['B']);
});

test('killed half-way through a rotation, the file opens with the key that it names', async () => {
  const home = createHome();
  await put(home.store('file'), 'A x', '1');
  const old = readFileSync(join(home.path, 'secrets.age'));
  const identity = openIdentityFile(join(home.path, 'identity.txt'));
  const [key] = (await identity.keys()) ?? [];
  await home.store('file').rotate(keep);
  const rotated = readFileSync(join(home.path, 'secrets.age'));
  if (key !== undefined) await identity.add(key);
  // Before the file was replaced, and after it, while both keys are there.
  for (const bytes of [old, rotated]) {
    writeFileSync(join(home.path, 'secrets.age'), bytes);
    expect(await valuesOf(home.store('file'))).toEqual({ 'A x': '1' });
  }
  await put(home.store('file'), 'B x', '2');
  expect(await identity.keys()).toHaveLength(1);
  expect(await valuesOf(home.store('file'))).toEqual({ 'A x': '1', 'B x': '2' });
});
