import { Secret } from '../../kernel/index.ts';
import type { Launch, Lookups, ServerVerdict, ValueSources } from '../types.ts';
import { fillLaunch } from './fill-launch.ts';

/**
 * Why a launch cannot be filled in whatever the environment, the store and the providers say: a setting that config.toml
 * would have to give is unset, or a secret stands where none may. null when it depends on them.
 */
export function beforeValues(launch: Launch, sources: ValueSources): ServerVerdict | null {
  const unset = new Set(
    Object.values(sources.settings)
      .filter(({ sensitive, required }) => sensitive && !required)
      .map(({ key }) => `user_config.${key}`),
  );
  const without = fillLaunch(launch, sources, allSet(unset));
  if (without.kind === 'invalid') return without;
  const filled = fillLaunch(launch, sources, allSet(new Set()));
  return filled.kind === 'needs_config' ? { ...filled, launch } : null;
}

function allSet(unset: ReadonlySet<string>): Lookups {
  const secret = new Secret('any', 'x');
  return {
    variable: () => 'x',
    secret: (name) => (unset.has(name) ? undefined : secret),
    provided: () => secret,
    envFile: {},
  };
}
