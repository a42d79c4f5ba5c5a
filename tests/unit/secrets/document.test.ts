import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Secret } from '../../../src/kernel/index.ts';
import { readKeyNote } from '../../../src/secrets/age-header.ts';
import { documentText, parseDocument } from '../../../src/secrets/document.ts';
import type { SecretDocument, SecretSource } from '../../../src/secrets/types.ts';

const show = (secret: Secret): string => secret.reveal();

const sources: readonly SecretSource[] = [
  { how: 'prompt' },
  { how: 'stdin' },
  { how: 'env', what: 'K' },
  { how: 'file', what: '/a b/ü' },
];

const documents = fc
  .array(
    fc.record({
      name: fc.constantFrom('A', 'B_C', 'user_config.key'),
      consumer: fc.constantFrom(
        { kind: 'server', name: 'docs' } as const,
        { kind: 'plugin', id: 'poka@acme' } as const,
      ),
      value: fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => new Secret('x', text)),
      setAt: fc.integer({ min: 0, max: 4_000_000_000_000 }),
      source: fc.constantFrom(...sources),
    }),
  )
  .map((records): SecretDocument => ({ records, retired: [{ holder: 'keyring', id: '0123456789abcdef' }] }));

test('what is written is read back, whatever the values are', () => {
  fc.assert(
    fc.property(documents, (document) => {
      const text = documentText(document, show);
      const back = parseDocument(text);
      expect('problem' in back).toBe(false);
      if ('problem' in back) return;
      expect(documentText(back, show)).toBe(text);
      expect(back.records.map((record) => record.value.reveal())).toEqual(
        document.records.map((record) => record.value.reveal()),
      );
    }),
  );
});

const entry = { name: 'A', for: 'docs', value: 'canary', setAt: '2026-01-01T00:00:00.000Z', from: 'prompt' };
const whole = { schemaVersion: 1, secrets: [entry], retired: [] };

test.each([
  { name: 'no JSON', text: '{"canary"' },
  { name: 'a list', text: '["canary"]' },
  { name: 'another version', text: JSON.stringify({ ...whole, schemaVersion: 2 }) },
  { name: 'no secrets', text: JSON.stringify({ schemaVersion: 1, canary: 1 }) },
  ...Object.entries({
    'no value': { ...entry, value: undefined, note: 'canary' },
    'a value that is no text': { ...entry, value: { canary: 1 } },
    'a bad name': { ...entry, name: 'canary canary' },
    'a bad consumer': { ...entry, for: 'a b canary' },
    'a bad time': { ...entry, setAt: 'canary' },
    'a source that is not known': { ...entry, from: 'canary' },
    'a source without its name': { ...entry, from: 'env' },
    'something else': 'canary',
  }).map(([name, wrong]) => ({ name, text: JSON.stringify({ ...whole, secrets: [entry, wrong] }) })),
  { name: 'a retired key that is none', text: JSON.stringify({ ...whole, retired: [{ holder: 'me', id: 'canary' }] }) },
  { name: 'retired keys that are no list', text: JSON.stringify({ ...whole, retired: 'canary' }) },
])('a store with $name is not read at all, and nothing of it is repeated', ({ text }) => {
  const read = parseDocument(text);
  expect(read).toEqual({ problem: expect.any(String) as string });
  expect(JSON.stringify(read)).not.toContain('canary');
});

const header = (...stanzas: readonly string[]): Uint8Array =>
  new TextEncoder().encode(
    `age-encryption.org/v1\n${stanzas.map((one) => `-> ${one}\nQUJD\n`).join('')}--- ${'A'.repeat(43)}\n\u0000`,
  );

test.each([
  {
    name: 'of a store',
    bytes: header('X25519 abc', 'plugboard-key keyring 0123456789abcdef'),
    want: { kind: 'own', key: { holder: 'keyring', id: '0123456789abcdef' } },
  },
  { name: 'for somebody else', bytes: header('X25519 abc'), want: { kind: 'foreign', underPassphrase: false } },
  { name: 'under a passphrase', bytes: header('scrypt abc 18'), want: { kind: 'foreign', underPassphrase: true } },
  {
    name: 'with a holder that is not known',
    bytes: header('X25519 abc', 'plugboard-key pocket 0123456789abcdef'),
    want: { kind: 'foreign', underPassphrase: false },
  },
  { name: 'that is cut', bytes: header('X25519 abc').subarray(0, 30), want: { kind: 'damaged' } },
  { name: 'of nothing', bytes: new Uint8Array(0), want: { kind: 'damaged' } },
  { name: 'of zeros', bytes: new Uint8Array(4096), want: { kind: 'damaged' } },
])('a header $name', ({ bytes, want }) => expect(readKeyNote(bytes)).toEqual(want));
