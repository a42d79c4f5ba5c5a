import { Decrypter, Encrypter, Stanza } from 'age-encryption';
import { expect, test } from 'vitest';
import { Secret } from '../../../../src/kernel/index.ts';
import { openWithPassphrase, sealWithPassphrase } from '../../../../src/secrets/node/age-file.ts';

const passphrase = new Secret('p', 'ключ 🔑 with blanks ');

/** By the library of age alone, with little work so that the test is quick. */
async function sealedByAge(text: string): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase.reveal());
  encrypter.setScryptWorkFactor(6);
  return encrypter.encrypt(text);
}

test('what is put under a passphrase here is opened by age', async () => {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase.reveal());
  expect(await decrypter.decrypt(await sealWithPassphrase('text', passphrase), 'text')).toBe('text');
});

test('what age puts under a passphrase is opened here, and with no other passphrase', async () => {
  const bytes = await sealedByAge('text');
  expect(await openWithPassphrase(bytes, passphrase)).toEqual({ kind: 'opened', bytes: Buffer.from('text') });
  expect(await openWithPassphrase(bytes, new Secret('p', 'other'))).toEqual({ kind: 'no_match' });
});

test.each([
  { name: 'too much work', args: ['scrypt', 'AAAAAAAAAAAAAAAAAAAAAA', '21'] },
  { name: 'no number for the work', args: ['scrypt', 'AAAAAAAAAAAAAAAAAAAAAA', '0x5'] },
  { name: 'a short salt', args: ['scrypt', 'AAAA', '6'] },
  { name: 'salt in another spelling', args: ['scrypt', 'AAAAAAAAAAAAAAAAAAAAAB', '6'] },
  { name: 'one word too many', args: ['scrypt', 'AAAAAAAAAAAAAAAAAAAAAA', '6', 'x'] },
  { name: 'a short key', args: ['scrypt', 'AAAAAAAAAAAAAAAAAAAAAA', '6'], body: new Uint8Array(31) },
])('a header with $name is damaged, for age and here', async ({ args, body = new Uint8Array(32) }) => {
  const encrypter = new Encrypter();
  encrypter.addRecipient({ wrapFileKey: () => [new Stanza(args, body)] });
  const bytes = await encrypter.encrypt('text');
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase.reveal());
  await expect(decrypter.decrypt(bytes)).rejects.toThrow(Error);
  expect(await openWithPassphrase(bytes, passphrase)).toEqual({ kind: 'damaged' });
});

test('a file for keys is not opened by a passphrase', async () => {
  const encrypter = new Encrypter();
  encrypter.addRecipient('age10c6lcp08u5qg2y5jrmyk902yqztz4hsggcwdhxtcj73uhfh6fpfsea0njj');
  expect(await openWithPassphrase(await encrypter.encrypt('text'), passphrase)).toEqual({ kind: 'no_match' });
});
