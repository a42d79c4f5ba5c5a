import { Secret } from '../../kernel/index.ts';
import { settingSecretName } from '../../settings/index.ts';
import type { FilledLaunch, Launch, Lookups, ResolvedServer, ServerVerdict, ValueSources } from '../types.ts';
import { fillLaunch } from './fill-launch.ts';

/** What a launch asks for beside the environment and the file of `env_file`. */
export type Asked = {
  /** Names in the store: variables that are not set elsewhere, `user_config.KEY` of sensitive settings, `${secret:NAME}`. */
  readonly names: ReadonlySet<string>;
  /** References for providers, such as `op://vault/item`. */
  readonly references: ReadonlySet<string>;
  /** What filling in comes to without any of it. */
  readonly without: FilledLaunch;
};

export function askedBy(launch: Launch, sources: ValueSources, open: Pick<Lookups, 'variable' | 'envFile'>): Asked {
  const names = new Set<string>();
  const references = new Set<string>();
  const without = fillLaunch(launch, sources, {
    ...open,
    secret: (name) => void names.add(name),
    provided: (reference) => void references.add(reference),
  });
  return { names, references, without };
}

/** What there is, by name, as far as it is known. */
export type Given = {
  readonly variable: Lookups['variable'];
  /** Whether the store has it for the server. */
  readonly secret: (name: string) => boolean;
};

export type Lacking = Pick<Extract<ServerVerdict, { kind: 'needs_config' }>, 'kind' | 'names' | 'command'>;

/**
 * What a server that is meant to start lacks, by name, and what to do; null when it lacks nothing. What only a provider or
 * a file of `env_file` says counts as given.
 */
export function lackingOf(
  { verdict, sources }: Pick<ResolvedServer, 'verdict' | 'sources'>,
  given: Given,
): Lacking | null {
  if (verdict.kind !== 'startable' && verdict.kind !== 'needs_config') return null;
  const { launch } = verdict;
  const filled = launch === null ? null : fillLaunch(launch, sources, standIns(launch, given));
  const lacking = filled?.kind === 'needs_config' ? filled : null;
  if (verdict.kind === 'startable') return lacking;
  const names = [...new Set([...verdict.names, ...(lacking?.names ?? [])])].sort();
  return { kind: 'needs_config', names, command: verdict.command };
}

/**
 * Why a launch cannot be filled in whatever the environment, the store and the providers say: a setting that config.toml
 * would have to give is unset, or a secret stands where none may. null when it depends on them.
 */
export function beforeValues(launch: Launch, sources: ValueSources): ServerVerdict | null {
  const variable = (): string => STAND_IN;
  const optional = new Set(
    Object.values(sources.settings)
      .filter(({ sensitive, required }) => sensitive && !required)
      .map(({ key }) => settingSecretName(key)),
  );
  const without = fillLaunch(launch, sources, standIns(launch, { variable, secret: (name) => !optional.has(name) }));
  if (without.kind === 'invalid') return without;
  const filled = fillLaunch(launch, sources, standIns(launch, { variable, secret: () => true }));
  return filled.kind === 'needs_config' ? { ...filled, launch } : null;
}

/** What stands for a value that is there, whatever it is. */
const STAND_IN = 'x';

function standIns(launch: Launch, { variable, secret }: Given): Lookups {
  const value = new Secret('any', STAND_IN);
  const listed = launch.kind === 'stdio' && launch.envFile !== null ? launch.envVars : [];
  return {
    variable,
    secret: (name) => (secret(name) ? value : undefined),
    provided: () => value,
    envFile: Object.fromEntries(listed.map(({ name }) => [name, value])),
  };
}
