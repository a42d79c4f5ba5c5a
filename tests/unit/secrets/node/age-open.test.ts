import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { Encrypter, generateHybridIdentity, identityToRecipient, Stanza } from 'age-encryption';
import * as vectors from 'cctv-age';
import { expect, test } from 'vitest';
import { Secret } from '../../../../src/kernel/index.ts';
import { keyFrom, openWith, openWithPassphrase } from '../../../../src/secrets/node/age-file.ts';
import type { Opened } from '../../../../src/secrets/node/age-open.ts';
import { createReader } from '../../../support/age.ts';

type Vector = {
  readonly name: string;
  readonly expect: string;
  readonly payload: string | undefined;
  readonly identities: readonly string[];
  readonly passphrases: readonly string[];
  readonly file: Uint8Array;
};

/** Vectors of the format's own test suite: facts line by line, an empty line, the file. */
function parseVector([name, bytes]: readonly [string, Uint8Array]): Vector & { readonly facts: ReadonlySet<string> } {
  const buffer = Buffer.from(bytes);
  const end = buffer.indexOf('\n\n');
  const facts = buffer
    .subarray(0, end)
    .toString('utf8')
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)] as const);
  const all = (key: string): readonly string[] => facts.filter(([one]) => one === key).map(([, value]) => value);
  const body = buffer.subarray(end + 2);
  return {
    name,
    expect: all('expect')[0] ?? '',
    payload: all('payload')[0],
    identities: all('identity'),
    passphrases: all('passphrase'),
    file: all('compressed').includes('zlib') ? inflateSync(body) : body,
    facts: new Set(facts.map(([key]) => key)),
  };
}

/** Armored files are decoded by the library of age, and the other kinds of keys are not read here. */
const READ = new Set(['expect', 'payload', 'file key', 'identity', 'passphrase', 'compressed', 'comment']);
const VECTORS = Object.entries(vectors as unknown as Readonly<Record<string, Uint8Array>>)
  .map(parseVector)
  .filter(({ facts }) => [...facts].every((key) => READ.has(key)))
  .filter(({ identities }) => identities.every((identity) => identity.startsWith('AGE-SECRET-KEY-1')))
  .filter(({ identities, passphrases }) => identities.length + passphrases.length > 0);

/** With keys and then each passphrase, as far as there are some. */
async function open({ file, identities, passphrases }: Vector): Promise<Opened> {
  let found: Opened = { kind: 'no_match' };
  if (identities.length > 0) found = await openWith(file, identities.map(keyFrom));
  for (const passphrase of passphrases) {
    if (found.kind !== 'opened') found = await openWithPassphrase(file, new Secret('p', passphrase));
  }
  return found;
}

test('there are vectors of every outcome', () => {
  expect(VECTORS.length).toBeGreaterThan(60);
  expect(new Set(VECTORS.map((vector) => vector.expect))).toEqual(
    new Set(['success', 'no match', 'HMAC failure', 'header failure', 'payload failure']),
  );
});

test.each(VECTORS)('vector $name: $expect', async (vector) => {
  const found = await open(vector);
  if (vector.expect === 'success') {
    const digest = found.kind === 'opened' ? createHash('sha256').update(found.bytes).digest('hex') : found.kind;
    expect(digest).toBe(vector.payload);
  } else {
    expect(found.kind).toBe(vector.expect === 'no match' ? 'no_match' : 'damaged');
  }
});

test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])(
  'a file of %i bytes that age wrote is read',
  async (size) => {
    const reader = await createReader();
    const encrypter = new Encrypter();
    encrypter.addRecipient(reader.recipient);
    const plain = new Uint8Array(size).map((_, index) => index % 251);
    const found = await openWith(await encrypter.encrypt(plain), [keyFrom(reader.identity)]);
    expect(found.kind === 'opened' && Buffer.compare(found.bytes, plain)).toBe(0);
  },
);

test('among many recipients and stanzas that are not known, the own one is found, whichever key is tried first', async () => {
  const readers = await Promise.all([createReader(), createReader(), createReader()]);
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(await generateHybridIdentity()));
  encrypter.addRecipient({ wrapFileKey: () => [new Stanza(['x-grease', 'a', 'b'], new Uint8Array(200))] });
  for (const { recipient } of readers) encrypter.addRecipient(recipient);
  const bytes = await encrypter.encrypt('text');
  const other = await createReader();
  for (const { identity } of readers) {
    const found = await openWith(bytes, [keyFrom(other.identity), keyFrom(identity)]);
    expect(found.kind === 'opened' && Buffer.from(found.bytes).toString()).toBe('text');
  }
  expect(await openWith(bytes, [keyFrom(other.identity)])).toEqual({ kind: 'no_match' });
});

test('whichever bit is changed, what is read is what age reads, or nothing', async () => {
  const reader = await createReader();
  const encrypter = new Encrypter();
  encrypter.addRecipient(reader.recipient);
  const whole = await encrypter.encrypt('some text');
  for (let bit = 0; bit < whole.length * 8; bit += 5) {
    const changed = Uint8Array.from(whole, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const ours = await openWith(changed, [keyFrom(reader.identity)]);
    const theirs = await reader.open(changed).catch(() => null);
    expect({ bit, opened: ours.kind === 'opened' }).toEqual({ bit, opened: theirs !== null });
  }
});

test.each([
  { name: 'a letter too few', change: (key: string) => key.slice(0, -1) },
  { name: 'two letters exchanged', change: (key: string) => key.replace(/(.)(.)$/, '$2$1').replace(/^$/, 'x') },
  { name: 'another letter', change: (key: string) => key.slice(0, -1) + (key.endsWith('Q') ? 'P' : 'Q') },
  { name: 'a letter that is none', change: (key: string) => `${key.slice(0, -1)}B` },
  {
    name: 'large and small letters',
    change: (key: string) => key.slice(0, -1) + key.slice(-1).toLowerCase().replace(/\d/, 'q'),
  },
  { name: 'another kind', change: (key: string) => key.replace('SECRET', 'PUBLIC') },
  { name: 'nothing in it', change: () => 'AGE-SECRET-KEY-1' },
])('a key with $name is no key', async ({ change }) => {
  const { identity } = await createReader();
  const wrong = change(identity);
  if (wrong === identity) return expect(keyFrom(wrong).id).toMatch(/^[0-9a-f]{16}$/);
  return expect(() => keyFrom(wrong)).toThrow(Error);
});

test.each([
  { name: 'as many stanzas as fit', line: '-> x\n\n' },
  { name: 'one stanza with as many full lines as fit', line: `${'A'.repeat(64)}\n` },
  { name: 'as many shares for other keys as fit', line: `-> X25519 ${'A'.repeat(42)}E\n${'A'.repeat(43)}\n` },
])('a header with $name is read through in no time to speak of, and is not ours', async ({ line }) => {
  const reader = await createReader();
  const start = 'age-encryption.org/v1\n-> first\n';
  const lines = line.startsWith('->') ? `\n${line.repeat(60_000 / line.length)}` : `${line.repeat(900)}\n`;
  const file = Buffer.from(`${start}${lines}--- ${'A'.repeat(43)}\n${'x'.repeat(100)}`);
  expect((await openWith(file, [keyFrom(reader.identity)])).kind).toMatch(/^(no_match|damaged)$/);
});
