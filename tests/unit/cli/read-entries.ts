import type { ServerFacts } from '../../../src/cli/server-json.ts';
import { buildConfig, type Config, parseLayer } from '../../../src/config/index.ts';

export const FILE = '/home/u/.plugboard/config.toml';

export function configOf(toml: string): Config {
  return buildConfig([parseLayer(toml, FILE)], { homeDir: '/home/u', projectDir: null, configFile: null });
}

/** The servers of a configuration, as nothing runs. */
export function factsOf(toml: string): readonly ServerFacts[] {
  return [...configOf(toml).servers.values()].map((entry) => ({ entry, plugin: null, blockedBy: null, state: null }));
}
