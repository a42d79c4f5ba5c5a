import { settingSecretName } from '../../settings/index.ts';
import type { Launch, LaunchNeeds, ServerSetting, ValueSources } from '../types.ts';
import { referencesOf, variablesOf } from './launch-texts.ts';

/** The setting of that key; undefined when the plugin does not declare it. */
export function settingOf({ settings }: ValueSources, key: string): ServerSetting | undefined {
  return Object.hasOwn(settings, key) ? settings[key] : undefined;
}

/**
 * What only the store and the providers can say of a launch.
 *
 * @param isSet Whether the environment gives a variable: then it is not looked up in the store.
 */
export function launchNeeds(launch: Launch, sources: ValueSources, isSet: (name: string) => boolean): LaunchNeeds {
  const secrets = new Set<string>();
  const provided = new Set<string>();
  for (const piece of referencesOf(launch)) {
    if (piece.kind === 'secret') secrets.add(piece.name);
    if (piece.kind === 'provided') provided.add(piece.reference);
    if (piece.kind === 'setting' && settingOf(sources, piece.key)?.sensitive === true)
      secrets.add(settingSecretName(piece.key));
  }
  return {
    variables: variablesOf(launch).filter((name) => !isSet(name)),
    secrets: [...secrets].sort(),
    provided: [...provided].sort(),
  };
}
