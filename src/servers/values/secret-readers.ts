import { consumerText, type SecretReader, type SecretRef } from '../../secrets/index.ts';
import type { ResolvedServer } from '../types.ts';
import { launchNeeds } from './launch-needs.ts';

/** Every server with the names it takes from the store: its secrets, and its variables where the environment lacks them. */
export function secretReaders(servers: readonly ResolvedServer[]): readonly SecretReader[] {
  return servers.map(({ name, verdict, sources }) => {
    const launch = 'launch' in verdict ? verdict.launch : null;
    const { variables, secrets } =
      launch === null ? { variables: [], secrets: [] } : launchNeeds(launch, sources, () => false);
    return { server: name, consumer: sources.consumer, names: [...new Set([...variables, ...secrets])].sort() };
  });
}

/** Names of the servers that would look up one of the secrets that changed. */
export function serversReading(servers: readonly ResolvedServer[], changed: readonly SecretRef[]): readonly string[] {
  const reads = ({ consumer, names }: SecretReader): boolean =>
    changed.some(
      (ref) =>
        ref.consumer.kind === consumer.kind &&
        consumerText(ref.consumer) === consumerText(consumer) &&
        names.includes(ref.name),
    );
  return secretReaders(servers)
    .filter(reads)
    .map(({ server }) => server);
}
