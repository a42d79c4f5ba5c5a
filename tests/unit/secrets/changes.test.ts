import { expect, test } from 'vitest';
import { Secret } from '../../../src/kernel/index.ts';
import { changedRefs, lookUp, planImport, withoutSecret, withRecords } from '../../../src/secrets/changes.ts';
import { EMPTY_DOCUMENT } from '../../../src/secrets/document.ts';
import { planHolder } from '../../../src/secrets/holder.ts';
import { listSecrets, parseConsumer } from '../../../src/secrets/index.ts';
import type { KeyHolder, SecretDocument, SecretRecord, StoreSetting } from '../../../src/secrets/types.ts';

const same = (a: Secret, b: Secret): boolean => a.reveal() === b.reveal();

/** `NAME consumer value`. */
function record(text: string): SecretRecord {
  const [name = '', consumer = '', value = ''] = text.split(' ');
  return {
    name,
    consumer: parseConsumer(consumer),
    value: new Secret(name, value),
    setAt: 0,
    source: { how: 'prompt' },
  };
}
const documentOf = (...lines: readonly string[]): SecretDocument => withRecords(EMPTY_DOCUMENT, lines.map(record));
const linesOf = ({ records }: SecretDocument): readonly string[] =>
  records.map(({ name, consumer, value }) =>
    [name, consumer.kind === 'plugin' ? consumer.id : consumer.name, value.reveal()].join(' '),
  );
const refs = (found: readonly { readonly name: string }[]): readonly string[] => found.map(({ name }) => name);

test.each([
  { name: 'TOKEN', consumer: 'docs', want: { kind: 'found', value: '1' } },
  { name: 'TOKEN', consumer: 'poka@acme', want: { kind: 'found', value: '2' } },
  { name: 'TOKEN', consumer: 'evil@acme', want: { kind: 'refused', boundTo: ['docs', 'poka@acme'] } },
  { name: 'TOKEN', consumer: 'poka', want: { kind: 'refused', boundTo: ['docs', 'poka@acme'] } },
  { name: 'token', consumer: 'docs', want: { kind: 'absent' } },
])('$consumer asks for $name', ({ name, consumer, want }) => {
  const found = lookUp(documentOf('TOKEN docs 1', 'TOKEN poka@acme 2'), name, parseConsumer(consumer));
  const seen =
    found.kind === 'found'
      ? { kind: 'found', value: found.secret.reveal() }
      : found.kind === 'refused'
        ? { kind: 'refused', boundTo: found.boundTo.map((one) => (one.kind === 'plugin' ? one.id : one.name)) }
        : found;
  expect(seen).toEqual(want);
});

test('a name has one value for each consumer, and the last one counts', () => {
  const document = withRecords(documentOf('B x 1', 'A x 1', 'A y 1'), [record('A x 2')]);
  expect(linesOf(document)).toEqual(['A x 2', 'A y 1', 'B x 1']);
});

test.each([
  { consumer: null, want: ['B x 3'], removed: ['A', 'A'] },
  { consumer: 'x', want: ['A y 2', 'B x 3'], removed: ['A'] },
  { consumer: 'z', want: ['A x 1', 'A y 2', 'B x 3'], removed: [] },
])('A is taken away from $consumer', ({ consumer, want, removed }) => {
  const before = documentOf('A x 1', 'A y 2', 'B x 3');
  const done = withoutSecret(before, 'A', consumer === null ? null : parseConsumer(consumer));
  expect([linesOf(done.document), refs(done.removed)]).toEqual([want, removed]);
});

test.each([
  { replace: false, want: ['A x 1', 'B x 2', 'C x 3'], fates: { replaced: [], kept: ['B'] } },
  { replace: true, want: ['A x 1', 'B x other', 'C x 3'], fates: { replaced: ['B'], kept: [] } },
])('an import with replace = $replace', ({ replace, want, fates }) => {
  const incoming = ['A x 1', 'B x other', 'C x 3'].map(record);
  const plan = planImport(documentOf('A x 1', 'B x 2'), incoming, { replace, same });
  expect(linesOf(plan.document)).toEqual(want);
  expect(refs(plan.added)).toEqual(['C']);
  expect(refs(plan.unchanged)).toEqual(['A']);
  expect({ replaced: refs(plan.replaced), kept: refs(plan.kept) }).toEqual(fates);
});

test('an import that brings nothing new changes nothing', () => {
  const document = documentOf('A x 1');
  expect(planImport(document, [record('A x 1')], { replace: true, same }).document).toBe(document);
});

test('what is new, gone or other is told, and nothing else', () => {
  const before = documentOf('GONE x 1', 'OTHER x 1', 'SAME x 1');
  const after = documentOf('NEW x 1', 'OTHER x 2', 'SAME x 1');
  expect(refs(changedRefs(before, after, same))).toEqual(['GONE', 'NEW', 'OTHER']);
});

test('a secret is listed with the servers of its consumer that ask for it, and never with its value', () => {
  const readers = [
    { server: 'docs', consumer: parseConsumer('docs'), names: ['TOKEN', 'OTHER'] },
    { server: 'poka', consumer: parseConsumer('poka@acme'), names: ['TOKEN'] },
    { server: 'poka2', consumer: parseConsumer('poka@acme'), names: ['TOKEN'] },
  ];
  const listed = listSecrets(documentOf('TOKEN docs canary', 'TOKEN poka@acme canary', 'UNUSED docs canary'), readers);
  expect(listed.map(({ name, servers }) => [name, servers])).toEqual([
    ['TOKEN', ['docs']],
    ['TOKEN', ['poka', 'poka2']],
    ['UNUSED', []],
  ]);
  expect(JSON.stringify(listed)).not.toContain('canary');
});

type HolderRow = readonly [StoreSetting, 'passphrase' | 'none', KeyHolder | null, KeyHolder | 'any'];
const HOLDERS: readonly HolderRow[] = [
  ['auto', 'none', null, 'any'],
  ['auto', 'passphrase', null, 'passphrase'],
  ['auto', 'none', 'keyring', 'keyring'],
  ['auto', 'passphrase', 'keyring', 'keyring'],
  ['auto', 'none', 'identity', 'identity'],
  ['auto', 'passphrase', 'identity', 'passphrase'],
  ['auto', 'none', 'passphrase', 'passphrase'],
  ['keyring', 'none', null, 'keyring'],
  ['keyring', 'passphrase', 'identity', 'keyring'],
  ['keyring', 'none', 'passphrase', 'keyring'],
  ['file', 'none', null, 'identity'],
  ['file', 'passphrase', null, 'passphrase'],
  ['file', 'none', 'keyring', 'identity'],
  ['file', 'passphrase', 'keyring', 'passphrase'],
  ['file', 'none', 'passphrase', 'passphrase'],
  ['file', 'passphrase', 'identity', 'passphrase'],
];
test.each(HOLDERS.map(([setting, passphrase, current, want]) => ({ setting, passphrase, current, want })))(
  'secrets_store = $setting, $passphrase given, the key with $current: $want',
  ({ setting, passphrase, current, want }) => {
    expect(planHolder({ setting, hasPassphrase: passphrase === 'passphrase', current })).toBe(want);
  },
);
