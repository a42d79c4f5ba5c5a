import { consumerText, isSameConsumer } from './names.ts';
import type { Consumer, SameValue, SecretDocument, SecretLookup, SecretRecord, SecretRef } from './types.ts';

/** What a consumer gets under a name. A value that is set for others is not given, and not taken for absent either. */
export function lookUp({ records }: SecretDocument, name: string, consumer: Consumer): SecretLookup {
  const named = records.filter((record) => record.name === name);
  const own = named.find((record) => isSameConsumer(record.consumer, consumer));
  if (own !== undefined) return { kind: 'found', secret: own.value };
  return named.length === 0 ? { kind: 'absent' } : { kind: 'refused', boundTo: named.map((record) => record.consumer) };
}

/** The document with these records, each in the place of the one with its name and consumer; of two the last. */
export function withRecords(document: SecretDocument, records: readonly SecretRecord[]): SecretDocument {
  return { ...document, records: [...byRef([...document.records, ...records]).values()].sort(byName) };
}

/** By name and consumer, so that stores of thousands take no longer than they must. */
function byRef(records: readonly SecretRecord[]): Map<string, SecretRecord> {
  return new Map(records.map((record) => [refKey(record), record]));
}

function refKey({ name, consumer }: SecretRef): string {
  return `${name}\0${consumerText(consumer)}`;
}

/** @param consumer null takes the name away from every consumer. */
export function withoutSecret(
  document: SecretDocument,
  name: string,
  consumer: Consumer | null,
): { readonly document: SecretDocument; readonly removed: readonly SecretRef[] } {
  const goes = (record: SecretRecord): boolean =>
    record.name === name && (consumer === null || isSameConsumer(record.consumer, consumer));
  const records = document.records.filter((record) => !goes(record));
  return { document: { ...document, records }, removed: document.records.filter(goes).map(refOf) };
}

/** What an import does with each secret of the file. */
export type ImportPlan = {
  readonly document: SecretDocument;
  readonly added: readonly SecretRef[];
  readonly unchanged: readonly SecretRef[];
  /** They had another value, and have the one of the file now. */
  readonly replaced: readonly SecretRef[];
  /** They have another value, and keep it. */
  readonly kept: readonly SecretRef[];
};

/** @param how `replace`: what the file says counts, where both have a value. */
export function planImport(
  document: SecretDocument,
  incoming: readonly SecretRecord[],
  how: { readonly replace: boolean; readonly same: SameValue },
): ImportPlan {
  const here = byRef(document.records);
  const sorted = [...byRef(incoming).values()].map((record) => {
    const old = here.get(refKey(record));
    if (old === undefined) return { record, fate: 'added' as const };
    if (how.same(old.value, record.value)) return { record, fate: 'unchanged' as const };
    return { record, fate: how.replace ? ('replaced' as const) : ('kept' as const) };
  });
  const refs = (fate: (typeof sorted)[number]['fate']): readonly SecretRef[] =>
    sorted.filter((one) => one.fate === fate).map(({ record }) => refOf(record));
  const taken = sorted.filter(({ fate }) => fate === 'added' || fate === 'replaced').map(({ record }) => record);
  return {
    document: taken.length === 0 ? document : withRecords(document, taken),
    added: refs('added'),
    unchanged: refs('unchanged'),
    replaced: refs('replaced'),
    kept: refs('kept'),
  };
}

/** What is new, gone, or has another value: whoever reads one of these must start again. */
export function changedRefs(before: SecretDocument, after: SecretDocument, same: SameValue): readonly SecretRef[] {
  const [was, is] = [byRef(before.records), byRef(after.records)];
  const gone = before.records.filter((old) => !is.has(refKey(old)));
  const other = after.records.filter((record) => {
    const old = was.get(refKey(record));
    return old === undefined || !same(old.value, record.value);
  });
  return [...gone, ...other].sort(byName).map(refOf);
}

export function refOf({ name, consumer }: SecretRef): SecretRef {
  return { name, consumer };
}

function byName(a: SecretRef, b: SecretRef): number {
  return refKey(a) < refKey(b) ? -1 : 1;
}
