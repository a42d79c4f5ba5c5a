import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, put, type StoreHome, useStoreHomes, valuesOf } from '../../../support/secret-stores.ts';

const createHome = useStoreHomes();

async function homeWithSecret(): Promise<StoreHome & { readonly file: string }> {
  const home = createHome();
  home.keyring.reachable = false;
  await put(home.store(), 'A x', '1');
  return { ...home, file: join(home.path, 'secrets.age') };
}

/** Every copy of the store's file that is in the home, whatever it is called. */
function copies(home: StoreHome): readonly Buffer[] {
  return readdirSync(home.path)
    .filter((name) => name.startsWith('secrets.age'))
    .map((name) => readFileSync(join(home.path, name)));
}

const DAMAGE: readonly { readonly name: string; readonly change: (whole: Buffer) => Buffer }[] = [
  { name: 'emptied', change: () => Buffer.alloc(0) },
  { name: 'cut in the middle', change: (whole) => whole.subarray(0, whole.length / 2) },
  { name: 'cut at the end', change: (whole) => whole.subarray(0, -1) },
  { name: 'filled with zeros', change: (whole) => Buffer.alloc(whole.length) },
  { name: 'replaced by a text', change: () => Buffer.from('[mcp_servers.x]\n') },
  { name: 'with something behind it', change: (whole) => Buffer.concat([whole, Buffer.from('x')]) },
];

test.each(DAMAGE)(
  'a file that was $name is said, kept aside by the next set, and never overwritten',
  async ({ change }) => {
    const home = await homeWithSecret();
    const damaged = change(readFileSync(home.file));
    writeFileSync(home.file, damaged);
    expect(await codeOf(home.store().open())).toBe('SECRET_STORE_DAMAGED');
    expect(await codeOf(home.store().unset('A', null))).toBe('SECRET_STORE_DAMAGED');
    expect(await codeOf(home.store().rotate({ newPassphrase: null, dropPassphrase: false }))).toBe(
      'SECRET_STORE_DAMAGED',
    );
    expect(readFileSync(home.file)).toEqual(damaged);
    await put(home.store(), 'B x', '2');
    const aside = `${home.file}.damaged-20010909T014640Z`;
    expect(home.events).toContainEqual({ kind: 'kept_aside', file: aside, problem: expect.any(String) as string });
    expect(readFileSync(aside)).toEqual(damaged);
    expect(await valuesOf(home.store())).toEqual({ 'B x': '2' });
  },
);

test('a second damaged file does not replace the first one that was kept', async () => {
  const home = await homeWithSecret();
  for (const text of ['first', 'second']) {
    writeFileSync(home.file, text);
    await put(home.store(), 'B x', '2');
  }
  const kept = copies(home).map(String);
  expect(kept).toContain('first');
  expect(kept).toContain('second');
});

test('whichever byte is changed, nothing wrong is read, and the file as it was is still there after a set', async () => {
  const home = await homeWithSecret();
  const whole = readFileSync(home.file);
  for (let at = 0; at < whole.length; at += 7) {
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0x01, at);
    writeFileSync(home.file, damaged);
    const code = await codeOf(home.store().open());
    expect({ at, code }).toEqual({
      at,
      code: expect.stringMatching(/^SECRET_(STORE_DAMAGED|KEY_MISSING|KEYRING_|PASSPHRASE_)/) as string,
    });
    await put(home.store(), 'B x', '2').catch(() => {});
    expect({ at, kept: copies(home).some((copy) => copy.equals(damaged)) }).toEqual({ at, kept: true });
  }
});
