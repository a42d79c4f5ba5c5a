import { isSameConsumer, type SecretReader, type SecretRef } from '../../secrets/index.ts';
import { settingSecretName } from '../../settings/index.ts';
import type { ResolvedServer } from '../types.ts';
import { askedBy } from './lacking.ts';

const NOTHING = { variable: () => undefined, envFile: {} };

/** Every server with the names it takes from the store: its secrets, and its variables where the environment lacks them. */
export function secretReaders(servers: readonly ResolvedServer[]): readonly SecretReader[] {
  return servers.map(({ name, verdict, sources }) => {
    const launch = 'launch' in verdict ? verdict.launch : null;
    const names = launch === null ? [] : [...askedBy(launch, sources, NOTHING).names];
    return { server: name, consumer: sources.consumer, names: names.sort() };
  });
}

/** What a change of secrets and settings does to the servers that there are. Names, sorted. */
export type ReadBy = {
  /** Those that read one of them. */
  readonly servers: readonly string[];
  /** Those of them that a running host starts again. */
  readonly restarts: readonly string[];
};

/** @param changed A setting, sensitive or not, goes by the name that the store has for it, and its plugin. */
export function serversReading(servers: readonly ResolvedServer[], changed: readonly SecretRef[]): ReadBy {
  const readers = new Map(secretReaders(servers).map((reader) => [reader.server, reader]));
  const reading = servers.filter(({ name, sources }) => {
    const settings = Object.keys(sources.settings).map(settingSecretName);
    const names = [...(readers.get(name)?.names ?? []), ...settings];
    return changed.some((ref) => isSameConsumer(ref.consumer, sources.consumer) && names.includes(ref.name));
  });
  const restarts = reading.filter(({ verdict }) => verdict.kind === 'startable' || verdict.kind === 'needs_config');
  return { servers: reading.map(nameOf).sort(), restarts: restarts.map(nameOf).sort() };
}

function nameOf({ name }: ResolvedServer): string {
  return name;
}
