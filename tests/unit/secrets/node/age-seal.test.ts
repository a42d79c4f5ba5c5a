import { Decrypter, generateX25519Identity, identityToRecipient, type Stanza } from 'age-encryption';
import { expect, test } from 'vitest';
import { headerText, parseAgeHeader } from '../../../../src/secrets/age-header.ts';
import { createKey, keyFrom, openWith, recipientOf, seal } from '../../../../src/secrets/node/age-file.ts';
import { sealAge } from '../../../../src/secrets/node/age-seal.ts';

/** By the library of age alone. */
async function openedByAge(bytes: Uint8Array, identity: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter.decrypt(bytes, 'text');
}

test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])(
  'a store of %i bytes that is written here is opened by age, and here',
  async (size) => {
    const key = createKey();
    const text = Array.from({ length: size }, (_, index) => String.fromCharCode(33 + (index % 90))).join('');
    const bytes = await seal(text, key, 'identity');
    expect((await openedByAge(bytes, key.identity.reveal())) === text).toBe(true);
    const opened = await openWith(bytes, [key]);
    expect(opened.kind === 'opened' && Buffer.from(opened.bytes).toString() === text).toBe(true);
  },
);

test('text of any script arrives', async () => {
  const key = createKey();
  const text = 'ключ 鍵 🔑 \u0000\n';
  expect(await openedByAge(await seal(text, key, 'keyring'), key.identity.reveal())).toBe(text);
});

test('two files of one text have nothing in common but their first lines', async () => {
  const key = createKey();
  const [first, second] = await Promise.all([seal('text', key, 'identity'), seal('text', key, 'identity')]);
  const parts = [first, second].map((bytes) => parseAgeHeader(bytes));
  const [a, b] = parts;
  expect(a?.stanzas[1]).toEqual(b?.stanzas[1]);
  expect(a?.stanzas[0]?.args[1]).not.toBe(b?.stanzas[0]?.args[1]);
  expect(Buffer.from(a?.payload ?? []).equals(b?.payload ?? Buffer.alloc(0))).toBe(false);
});

test('a key made here is one of age, and its public half is the one that age gives it', async () => {
  for (let count = 0; count < 20; count += 1) {
    const key = createKey();
    expect(key.identity.reveal()).toMatch(/^AGE-SECRET-KEY-1[0-9A-Z]{58}$/);
    expect(recipientOf(key)).toBe(await identityToRecipient(key.identity.reveal()));
    const theirs = await generateX25519Identity();
    expect(recipientOf(keyFrom(theirs))).toBe(await identityToRecipient(theirs));
  }
});

test.each([0, 1, 47, 48, 49, 95, 96, 97, 200])('a stanza of %i bytes is read as it was written', async (size) => {
  const body = new Uint8Array(size).map((_, index) => index);
  const stanzas = [{ args: ['x-test', '!~'], body }];
  const bytes = await sealAge('text', () => stanzas);
  const read = parseAgeHeader(bytes)?.stanzas.map((stanza) => ({ args: stanza.args, body: [...stanza.body] }));
  expect(read).toEqual([{ args: ['x-test', '!~'], body: [...body] }]);
  // And age takes the lines, too: it gets as far as handing the stanza over.
  const seen: Stanza[] = [];
  const decrypter = new Decrypter();
  decrypter.addIdentity({
    unwrapFileKey: (all: Stanza[]) => {
      seen.push(...all);
      return null;
    },
  });
  await expect(decrypter.decrypt(bytes)).rejects.toThrow('no identity');
  expect(seen.map((stanza) => [stanza.args, [...stanza.body]])).toEqual([[['x-test', '!~'], [...body]]]);
  expect(
    Buffer.from(bytes)
      .toString('latin1')
      .startsWith(`${headerText(stanzas)} `),
  ).toBe(true);
});
