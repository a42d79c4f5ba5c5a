import type { EpochMs } from '../kernel/index.ts';
import { isSameConsumer } from './names.ts';
import type { Consumer, SecretDocument, SecretRef, SecretSource } from './types.ts';

/** A secret as it may be shown: everything but its value. */
export type ListedSecret = SecretRef & {
  readonly setAt: EpochMs;
  readonly source: SecretSource;
  /** Names of the servers that ask for it. */
  readonly servers: readonly string[];
};

/** A server and the names that it would look up in the store. */
export type SecretReader = {
  readonly server: string;
  readonly consumer: Consumer;
  readonly names: readonly string[];
};

/** What is stored, by name, each with who reads it. */
export function listSecrets({ records }: SecretDocument, readers: readonly SecretReader[]): readonly ListedSecret[] {
  return records.map(({ name, consumer, setAt, source }) => ({
    name,
    consumer,
    setAt,
    source,
    servers: readers
      .filter((reader) => isSameConsumer(reader.consumer, consumer) && reader.names.includes(name))
      .map(({ server }) => server)
      .sort(),
  }));
}
