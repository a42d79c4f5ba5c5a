import {
  type LocatedTable,
  type Origin,
  read,
  renderKey,
  type ServerEntry,
  scanReferences,
} from '../../config/index.ts';
import type { PluginClaim } from '../plugin/claims.ts';
import { configureCommand, type PluginValues } from '../plugin/setting-values.ts';
import type { Launch, ServerSetting, ValueSources } from '../types.ts';
import { referencesOf, TEXT_KEYS } from './launch-texts.ts';

const ALLOW = 'allow_secret_in_args';

/** Where a server of config.toml gets its values. */
export function sourcesOfEntry(entry: ServerEntry, workspace: string): ValueSources {
  const { name, allowSecretInArgs } = entry;
  return {
    server: name,
    consumer: { kind: 'server', name },
    settings: {},
    folders: [],
    startsIn: workspace,
    allowSecretInArgs,
    allowKey: renderKey(['mcp_servers', name, ALLOW]),
    configure: null,
  };
}

/** Where a server of a plugin gets its values: never under a name that it gave itself. */
export function sourcesOfPlugin(
  { pluginId, server, input }: PluginClaim,
  of: {
    readonly name: string;
    readonly entry: ServerEntry | null;
    readonly launch: Launch | null;
    readonly values: PluginValues;
    readonly workspace: string;
  },
): ValueSources {
  const { PLUGIN_ROOT: root, PLUGIN_DATA: data } = input.env;
  const keys = new Set(
    (of.launch === null ? [] : referencesOf(of.launch)).flatMap((piece) => (piece.kind === 'setting' ? piece.key : [])),
  );
  const settings = [...keys].sort().flatMap((key): [string, ServerSetting][] => {
    const setting = of.values.settings.get(key);
    return setting === undefined ? [] : [[key, setting]];
  });
  return {
    server: of.name,
    consumer: { kind: 'plugin', id: pluginId },
    settings: Object.fromEntries(settings),
    folders: [root, data].filter((folder) => folder !== undefined),
    startsIn: root ?? of.workspace,
    allowSecretInArgs: of.entry?.allowSecretInArgs ?? false,
    allowKey: renderKey(['plugins', pluginId, 'mcp_servers', server, ALLOW]),
    configure: configureCommand(input),
  };
}

/** A setting that a text refers to. */
export type SettingUse = { readonly setting: string; readonly path: readonly string[]; readonly at: Origin };

/** Every reference to a setting in a server's table. */
export function settingUses(table: LocatedTable): readonly SettingUse[] {
  return textsIn(table).flatMap(({ path, node }) =>
    scanReferences(node.value, 'canonical').flatMap((piece) =>
      piece.kind === 'setting' ? [{ setting: piece.key, path, at: node.at }] : [],
    ),
  );
}

/** The variables that a plugin's own files name in a server's table, whatever else is laid over it. Sorted, each once. */
export function variablesOfFiles(table: LocatedTable): readonly string[] {
  const named = ['env_vars', 'bearer_token_env_var', 'env_http_headers'].flatMap((key) => {
    const value = table.entries.get(key);
    return value === undefined ? [] : read.texts(value, [key]).filter(({ path }) => path.at(-1) !== 'source');
  });
  const ofFiles = ({ node }: { readonly node: { readonly at: Origin } }): boolean => node.at.layer === 'plugin';
  const referred = textsIn(table)
    .filter(ofFiles)
    .flatMap(({ node }) =>
      scanReferences(node.value, 'canonical').flatMap((piece) => (piece.kind === 'env' ? piece.name : [])),
    );
  return [...new Set([...named.filter(ofFiles).map(({ node }) => node.value), ...referred])].sort();
}

function textsIn(table: LocatedTable): ReturnType<typeof read.texts> {
  return TEXT_KEYS.flatMap((key) => {
    const value = table.entries.get(key);
    return value === undefined ? [] : read.texts(value, [key]);
  });
}
