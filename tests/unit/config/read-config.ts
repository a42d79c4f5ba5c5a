import { buildConfig } from '../../../src/config/build.ts';
import { flagLayer } from '../../../src/config/layers.ts';
import { parseLayer } from '../../../src/config/parse.ts';
import type { Config, ServerEntry } from '../../../src/config/types.ts';
import type { Issue } from '../../../src/kernel/index.ts';

export const USER_FILE = '/home/ada/.plugboard/config.toml';
export const PROJECT_DIR = '/home/ada/app';
export const PROJECT_FILE = `${PROJECT_DIR}/.plugboard/config.toml`;

export type Sources = {
  readonly system?: string;
  readonly user?: string;
  readonly project?: string;
  readonly flags?: readonly string[];
  readonly configFile?: string;
};

/** The config that some texts make, without a file system. */
export function configFrom({ system = '', user = '', project = '', flags = [], configFile }: Sources): Config {
  const layers = [
    parseLayer(system, '/etc/plugboard/config.toml', 'system'),
    parseLayer(user, configFile ?? USER_FILE, 'user'),
    parseLayer(project, PROJECT_FILE, 'project'),
    flagLayer(flags),
  ];
  return buildConfig(layers, { homeDir: '/home/ada', projectDir: PROJECT_DIR, configFile: configFile ?? null });
}

/** Issues in short: `severity CODE key@line:column`. */
export function brief(issues: readonly Issue[]): readonly string[] {
  return issues.map(({ severity, code, key, line, column }) => {
    const at = line === undefined ? '' : `@${line}:${column}`;
    return `${severity} ${code} ${key ?? ''}${at}`;
  });
}

/** The server of that name, which has to be there. */
export function serverFrom(sources: Sources, name = 'x'): ServerEntry {
  const entry = configFrom(sources).servers.get(name);
  if (entry === undefined) throw new Error(`no server ${name}`);
  return entry;
}
