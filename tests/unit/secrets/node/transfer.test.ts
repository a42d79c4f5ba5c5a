import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppError, Secret } from '../../../../src/kernel/index.ts';
import { keyFrom, recipientOf, sealTo, sealWithPassphrase } from '../../../../src/secrets/node/age-file.ts';
import { openLockedIdentityFile } from '../../../../src/secrets/node/identity-file.ts';
import { createReader } from '../../../support/age.ts';
import { codeOf, put, type StoreHome, useStoreHomes, valuesOf } from '../../../support/secret-stores.ts';

const createHome = useStoreHomes();

/** A home with two secrets, an export of it, and the file with the key that opens the export. */
async function exported(): Promise<{ home: StoreHome; file: string; identity: string }> {
  const home = createHome();
  await put(home.store(), 'A x', 'line 1\nline 2');
  await put(home.store(), 'B poka@acme', '2');
  const key = await createReader();
  const identity = join(home.path, 'reader.txt');
  writeFileSync(identity, `${key.identity}\n`, { mode: 0o600 });
  const other = await createReader();
  const { text, count } = await home.store().exportTo([other.recipient, key.recipient]);
  expect(count).toBe(2);
  const file = join(home.path, 'export.age');
  writeFileSync(file, text);
  return { home, file, identity };
}

test('an export is taken over by another home: what it lacks is added, what differs is kept or replaced', async () => {
  const { home, file, identity } = await exported();
  const there = createHome();
  await put(there.store(), 'B poka@acme', 'mine');
  const source = { file, identityFiles: [identity] };
  const first = await there.store().importFrom({ ...source, replace: false });
  expect([first.added.map(({ name }) => name), first.kept.map(({ name }) => name)]).toEqual([['A'], ['B']]);
  expect(await valuesOf(there.store())).toEqual({ 'A x': 'line 1\nline 2', 'B poka@acme': 'mine' });
  const second = await there.store().importFrom({ ...source, replace: true });
  expect([second.unchanged.map(({ name }) => name), second.replaced.map(({ name }) => name)]).toEqual([['A'], ['B']]);
  expect(await valuesOf(there.store())).toEqual(await valuesOf(home.store()));
});

test('an older copy of the file brings back what was unset, with the key of the home', async () => {
  const { home } = await exported();
  const copy = join(home.path, 'copy.age');
  writeFileSync(copy, readFileSync(join(home.path, 'secrets.age')));
  await home.store().unset('A', null);
  const done = await home.store().importFrom({ file: copy, identityFiles: [], replace: false });
  expect(done.added.map(({ name }) => name)).toEqual(['A']);
  await home.store().rotate({ newPassphrase: null, dropPassphrase: false });
  expect(await codeOf(home.store().importFrom({ file: copy, identityFiles: [], replace: false }))).toBe(
    'SECRET_IMPORT',
  );
});

test('an export for the key of the home itself is opened with that, also when the store is gone', async () => {
  const home = createHome();
  const store = home.store('file');
  await put(store, 'A x', '1');
  await put(store, 'B x', '2');
  const [line = ''] = readFileSync(join(home.path, 'identity.txt'), 'utf8').match(/^AGE-SECRET-KEY-\w+$/m) ?? [];
  const file = join(home.path, 'own.age');
  writeFileSync(file, (await store.exportTo([recipientOf(keyFrom(line))])).text);
  await store.unset('A', null);
  const source = { file, identityFiles: [], replace: false };
  expect((await store.importFrom(source)).added.map(({ name }) => name)).toEqual(['A']);
  rmSync(join(home.path, 'secrets.age'));
  expect((await store.importFrom(source)).added.map(({ name }) => name)).toEqual(['A', 'B']);
});

test('of several keys that lie in the file of the home, each opens what was encrypted to it', async () => {
  const home = createHome();
  const identity = join(home.path, 'identity.txt');
  const [first, second] = [await createReader(), await createReader()];
  writeFileSync(identity, `${first.identity}\n${second.identity}\n`, { mode: 0o600 });
  const store = home.store('file');
  await put(store, 'A x', '1');
  for (const { recipient } of [first, second]) {
    const file = join(home.path, `${recipient}.age`);
    writeFileSync(file, (await store.exportTo([recipient])).text);
    const done = await store.importFrom({ file, identityFiles: [], replace: false });
    expect(done.unchanged.map(({ name }) => name)).toEqual(['A']);
  }
});

test('with the store gone, an export for the key under the passphrase is opened with that', async () => {
  const home = createHome();
  const store = home.store('file', 'pass');
  await put(store, 'A x', '1');
  const locked = openLockedIdentityFile(join(home.path, 'identity.age'), async () => new Secret('p', 'pass'));
  const [key] = (await locked.keys()) ?? [];
  if (key === undefined) throw new Error('no key');
  const file = join(home.path, 'own.age');
  writeFileSync(file, (await store.exportTo([recipientOf(key)])).text);
  rmSync(join(home.path, 'secrets.age'));
  const source = { file, identityFiles: [], replace: false };
  expect(await codeOf(home.store('file').importFrom(source))).toBe('SECRET_PASSPHRASE_REQUIRED');
  expect((await home.store('file', 'pass').importFrom(source)).added.map(({ name }) => name)).toEqual(['A']);
});

test('into a store that is damaged, too: the damaged file is kept aside', async () => {
  const { home, file, identity } = await exported();
  writeFileSync(join(home.path, 'secrets.age'), 'damaged');
  await home.store().importFrom({ file, identityFiles: [identity], replace: false });
  expect(home.events).toContainEqual(expect.objectContaining({ kind: 'kept_aside' }));
  expect(Object.keys(await valuesOf(home.store()))).toEqual(['A x', 'B poka@acme']);
});

test.each([
  { name: 'that is not there', content: null, code: 'SECRET_IMPORT' },
  { name: 'that is a text', content: 'canary', code: 'SECRET_IMPORT' },
  { name: 'that is cut', content: (text: string) => text.slice(0, 300), code: 'SECRET_IMPORT' },
  {
    name: 'with a changed letter',
    content: (text: string) => text.replace(/(?<=\n.{400}).(?=.)/s, (letter) => (letter === 'A' ? 'B' : 'A')),
    code: 'SECRET_IMPORT',
  },
])('a file $name is not taken over', async ({ content, code }) => {
  const { home, file, identity } = await exported();
  const text = readFileSync(file, 'utf8');
  const wrong = join(home.path, 'wrong.age');
  if (content !== null) writeFileSync(wrong, typeof content === 'string' ? content : content(text));
  const before = readFileSync(join(home.path, 'secrets.age'));
  expect(await codeOf(home.store().importFrom({ file: wrong, identityFiles: [identity], replace: true }))).toBe(code);
  expect(readFileSync(join(home.path, 'secrets.age'))).toEqual(before);
});

test('without the right key nothing is taken over, and what to give is said', async () => {
  const { home, file, identity } = await exported();
  const other = join(home.path, 'other.txt');
  writeFileSync(other, (await createReader()).identity, { mode: 0o600 });
  const load = (path: string, identityFiles: readonly string[]): Promise<string> =>
    codeOf(home.store().importFrom({ file: path, identityFiles, replace: false }));
  expect(await load(file, [])).toBe('SECRET_IMPORT');
  expect(await load(file, [other])).toBe('SECRET_IMPORT');
  expect(await load(file, [join(home.path, 'none.txt')])).toBe('SECRET_IDENTITY');
  expect(await load(file, [other, identity])).toBe('nothing was thrown');
  chmodSync(identity, 0o644);
  expect(await load(file, [identity])).toBe('SECRET_IDENTITY');
  const locked = join(home.path, 'locked.age');
  writeFileSync(locked, await sealWithPassphrase('{}', new Secret('p', 'p')));
  expect(await load(locked, [])).toBe('SECRET_IMPORT');
});

test('an age file with something else in it is refused, and nothing of it is repeated', async () => {
  const { home, identity } = await exported();
  const key = await createReader();
  writeFileSync(identity, key.identity);
  const file = join(home.path, 'other.age');
  writeFileSync(file, await sealTo('{"canary": "canary"}', [key.recipient]));
  const error: unknown = await home
    .store()
    .importFrom({ file, identityFiles: [identity], replace: false })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AppError);
  expect(JSON.stringify(error)).not.toContain('canary');
});

test('a recipient that is none is refused and not repeated: it may be a key that was pasted by mistake', async () => {
  const { home } = await exported();
  const { identity } = await createReader();
  for (const wrong of [identity, 'canary', 'age1canary', '']) {
    const error: unknown = await home
      .store()
      .exportTo([wrong])
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SECRET_RECIPIENT' });
    if (wrong !== '') expect(JSON.stringify(error)).not.toContain(wrong);
  }
});

test.each([
  { name: 'a value with NUL', values: ['a\0b'], problem: 'entry 1 holds a NUL character' },
  { name: 'an empty value', values: ['a', ''], problem: 'entry 2 is empty' },
  { name: 'a value that is too long', values: ['x'.repeat(64 * 1024 + 1)], problem: 'entry 1 is longer than 64 KiB' },
])('an export with $name, which no server could get, is refused whole', async ({ values, problem }) => {
  const { home, identity } = await exported();
  const key = await createReader();
  writeFileSync(identity, key.identity);
  const file = join(home.path, 'other.age');
  const secrets = values.map((value, index) => ({
    name: `N${index}`,
    for: 'x',
    value,
    setAt: '2026-01-01T00:00:00.000Z',
    from: 'stdin',
  }));
  writeFileSync(file, await sealTo(JSON.stringify({ schemaVersion: 1, secrets }), [key.recipient]));
  const before = await valuesOf(home.store());
  await expect(home.store().importFrom({ file, identityFiles: [identity], replace: true })).rejects.toMatchObject({
    code: 'SECRET_IMPORT',
    message: expect.stringContaining(problem) as string,
  });
  expect(await valuesOf(home.store())).toEqual(before);
});

test('an endless file is not read to the end', { timeout: 60_000 }, async () => {
  const { home, identity } = await exported();
  const load = (file: string, identityFiles: readonly string[]): Promise<string> =>
    codeOf(home.store().importFrom({ file, identityFiles, replace: false }));
  expect(await load('/dev/zero', [])).toBe('SECRET_STORE_UNREADABLE');
  expect(await load(join(home.path, 'export.age'), ['/dev/zero', identity])).toBe('SECRET_IDENTITY');
});
