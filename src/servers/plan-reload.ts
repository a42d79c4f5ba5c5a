import { canonicalJson } from '../kernel/index.ts';
import type { ResolvedServer } from './types.ts';

/**
 * What a reload does with one server.
 *
 * - `keep`: nothing changed.
 * - `republish`: the connection stays; lists, limits, timeouts, roots or the state that is shown change.
 * - `reconnect`: how it is started or reached changed, a value of its settings, or how connections are shared.
 * - `start`: it may run now and did not before. `stop`: the other way round, or it is gone.
 */
export type ReloadAction = 'keep' | 'republish' | 'reconnect' | 'start' | 'stop';

/**
 * Compares two states of the configuration. Values of variables and secrets, and what files of `env_file` say, are not in
 * them: who holds those compares connection keys as well.
 *
 * @returns One action for each server of either state, by name.
 */
export function planReload(
  before: readonly ResolvedServer[],
  after: readonly ResolvedServer[],
): ReadonlyMap<string, ReloadAction> {
  const old = new Map(before.map((server) => [server.name, server]));
  const plan = new Map<string, ReloadAction>();
  for (const server of after) plan.set(server.name, actionFor(old.get(server.name), server));
  for (const name of old.keys()) if (!plan.has(name)) plan.set(name, 'stop');
  return plan;
}

function actionFor(before: ResolvedServer | undefined, after: ResolvedServer): ReloadAction {
  const ran = before?.verdict.kind === 'startable';
  const runs = after.verdict.kind === 'startable';
  if (ran !== runs) return runs ? 'start' : 'stop';
  if (before === undefined) return 'republish';
  if (runs && connectionOf(before) !== connectionOf(after)) return 'reconnect';
  return shown(before) === shown(after) ? 'keep' : 'republish';
}

function connectionOf({ verdict, sharing, sources }: ResolvedServer): string {
  return canonicalJson([verdict.kind === 'startable' ? verdict.launch : null, sources, sharing]);
}

/** All but where it is written: an edit further up in a file moves the line and changes nothing. */
function shown(server: ResolvedServer): string {
  const namedTools = server.namedTools.map(({ tool, key }) => [tool, key]);
  return canonicalJson({ ...server, origin: null, namedTools });
}
