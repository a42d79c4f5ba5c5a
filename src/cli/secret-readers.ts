import type { Config, ServerEntry } from '../config/index.ts';
import type { SecretReader } from '../secrets/index.ts';

/** The servers of the configuration with the names they take from the environment, and so may take from the store. */
export function secretReaders({ servers }: Config): readonly SecretReader[] {
  return [...servers.values()].map((entry) => ({
    server: entry.name,
    consumer: { kind: 'server', name: entry.name },
    names: namesOf(entry),
  }));
}

function namesOf({ transport }: ServerEntry): readonly string[] {
  if (transport === null) return [];
  if (transport.kind === 'stdio')
    return transport.envVars.filter(({ source }) => source === 'local').map(({ name }) => name);
  const { bearerTokenEnvVar, envHeaders } = transport;
  return [...(bearerTokenEnvVar === null ? [] : [bearerTokenEnvVar]), ...Object.values(envHeaders)];
}
