import { createHash } from 'node:crypto';
import { canonicalJson, variableIn } from '../kernel/index.ts';
import type { Launch, ResolvedServer } from './types.ts';
import { variablesOf } from './values/launch-texts.ts';

/** Values of environment variables; a name without a value is unset. */
export type EnvValues = Readonly<Record<string, string | undefined>>;

/**
 * What makes two connections the same: the transport and the values of the variables it names or refers to. Two callers, or two
 * states of the configuration, with equal keys can share a connection.
 *
 * @param envValues May hold more than the launch names; the rest does not count.
 * @returns 64 hex digits. The values cannot be read from it, but a guessed value can be tried: keep it inside the host.
 */
export function connectionKey(launch: Launch, envValues: EnvValues): string {
  const values = variablesOf(launch).map((name) => [name, variableIn(envValues, name) ?? null]);
  return createHash('sha256')
    .update(canonicalJson([launch, values]))
    .digest('hex');
}

/** Every variable that the servers that may start, now or once enabled, want handed over or refer to. Sorted, each once. */
export function declaredEnvNames(servers: readonly ResolvedServer[]): readonly string[] {
  const names = servers.flatMap(({ verdict }) =>
    (verdict.kind === 'startable' || verdict.kind === 'disabled') && verdict.launch !== null
      ? variablesOf(verdict.launch)
      : [],
  );
  return [...new Set(names)].sort();
}
