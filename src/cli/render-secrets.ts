import { printableLine } from '../kernel/index.ts';
import {
  consumerText,
  type KeyHolder,
  type ListedSecret,
  type SecretSource,
  type StoreEvent,
} from '../secrets/index.ts';
import { renderTable } from './render-table.ts';

/** A secret in `--json`: everything but its value. */
export type SecretJson = {
  readonly name: string;
  readonly for: string;
  readonly kind: 'plugin' | 'server';
  /** ISO 8601, UTC. */
  readonly setAt: string;
  readonly from: SecretSource['how'];
  /** Name of the variable or path of the file; null where the value was typed or piped. */
  readonly what: string | null;
  /** Servers of the configuration that ask for it. */
  readonly servers: readonly string[];
};

export function secretJson({ name, consumer, setAt, source, servers }: ListedSecret): SecretJson {
  return {
    name,
    for: consumerText(consumer),
    kind: consumer.kind,
    setAt: new Date(setAt).toISOString(),
    from: source.how,
    what: 'what' in source ? source.what : null,
    servers,
  };
}

export function eventNote(event: StoreEvent): string {
  switch (event.kind) {
    case 'key_made':
      return `secrets are kept in secrets.age; the key is in ${keyPlace(event.holder)}`;
    case 'key_moved':
      return `the key was in ${keyPlace(event.from)}; it is in ${keyPlace(event.to)} now`;
    case 'kept_aside':
      return `secrets.age was damaged (${event.problem}) and is kept as ${event.file}; what was in it must be set again`;
    default:
      return event satisfies never;
  }
}

export function keyPlace(holder: KeyHolder): string {
  switch (holder) {
    case 'keyring':
      return 'the keyring of the system';
    case 'identity':
      return 'identity.txt beside it, which protects copies of secrets.age alone, not this machine';
    case 'passphrase':
      return 'identity.age beside it, under the passphrase';
    default:
      return holder satisfies never;
  }
}

/** What commands say beside their report, one line each. */
export function renderNotes(notes: readonly string[]): readonly string[] {
  return notes.map((note) => printableLine(`note: ${note}`));
}

export function renderSecrets(
  { secrets, key }: { readonly secrets: readonly SecretJson[]; readonly key: KeyHolder | null },
  columns?: number,
): string {
  if (secrets.length === 0) return "No secrets yet. Try 'plugboard secret set NAME --for SERVER'.";
  const table = renderTable(
    ['Name', 'For', 'Set', 'From', 'Read by'],
    secrets.map(({ name, for: consumer, setAt, from, what, servers }) => [
      name,
      consumer,
      setAt.slice(0, 16).replace('T', ' '),
      what === null ? from : `${from} ${what}`,
      servers.length === 0 ? '-' : servers.join(', '),
    ]),
    columns,
  );
  return key === null ? table : `${table}\n\nThe key is in ${keyPlace(key)}.`;
}
