import { delimiter } from 'node:path';
import { type Config, type Located, plainValue, renderKey } from '../../config/index.ts';
import { commandLine, type Issue, nearest } from '../../kernel/index.ts';
import {
  type Setting,
  settingDefault,
  settingSeparator,
  settingState,
  settingValueTexts,
  type ValuePlaces,
} from '../../settings/index.ts';
import type { PluginInput, ServerSetting } from '../types.ts';
import { atPlace } from '../verdict-parts.ts';

/** What the user says of a plugin's settings, as far as config.toml is the place for it. */
export type PluginValues = {
  /** Every setting that the plugin declares, by key. */
  readonly settings: ReadonlyMap<string, ServerSetting>;
  /** Keys of those whose value is the plugin's own, since the user gave none. */
  readonly byDefault: ReadonlySet<string>;
  /** What is wrong with what is written, by key of the setting: nobody who refers to it can be started. */
  readonly wrong: ReadonlyMap<string, Issue>;
  /** All of it, also of settings that nobody refers to. */
  readonly issues: readonly Issue[];
};

const PLATFORM = delimiter === ';' ? 'win32' : 'linux';

/** What gives values to the settings of a plugin. One that comes from no marketplace is named by its folder. */
export function configureCommand({ pluginId, marketplaceSource, env }: PluginInput): string {
  const { PLUGIN_ROOT: root } = env;
  const name = marketplaceSource === null && root !== undefined ? commandLine([root]) : pluginId;
  return `plugboard plugin configure ${name}`;
}

/** The values of one plugin's settings. Of those that are sensitive only the default is known here. */
export function valuesOfPlugin(input: PluginInput, { plugins, places }: Config): PluginValues {
  const { pluginId, plugin } = input;
  const written = plugins.get(pluginId)?.values ?? new Map<string, Located>();
  const declared = plugin?.settings ?? [];
  const settings = new Map<string, ServerSetting>();
  const byDefault = new Set<string>();
  const wrong = new Map<string, Issue>();
  const issues: Issue[] = [];
  for (const setting of declared) {
    const node = written.get(setting.key);
    const state = settingState(setting, { written: node, stored: null });
    const problem = setting.sensitive ? null : state.problem;
    const given = state.from === 'config' && problem === null ? node : undefined;
    if (given === undefined) byDefault.add(setting.key);
    settings.set(setting.key, {
      ...factsOf(setting),
      values: textsOf(setting, given, places),
      problem,
    });
    if (node === undefined) continue;
    if (setting.sensitive) issues.push(inConfig(input, setting.key, node));
    if (problem !== null) wrong.set(setting.key, badValue(input, setting.key, { node, problem }));
  }
  const known = declared.map(({ key }) => key);
  const unknown = plugin === null ? [] : [...written].filter(([key]) => !known.includes(key));
  return {
    settings,
    byDefault,
    wrong,
    issues: [
      ...issues,
      ...wrong.values(),
      ...unknown.map(([key, node]) => notDeclared(pluginId, { key, node, known })),
    ],
  };
}

function factsOf(setting: Setting): Omit<ServerSetting, 'values' | 'problem'> {
  const { key, sensitive, required, multiple } = setting;
  return { key, sensitive, required, multiple, separator: settingSeparator(setting, PLATFORM) };
}

function textsOf(setting: Setting, node: Located | undefined, places: ValuePlaces): ServerSetting['values'] {
  const value = node === undefined ? settingDefault(setting, places) : plainValue(node);
  return value === null ? null : settingValueTexts(setting, value, places);
}

function issueAt(
  pluginId: string,
  key: string,
  node: Located,
): Pick<Issue, 'key' | 'plugin' | 'file' | 'line' | 'column'> {
  return {
    ...atPlace(node.at),
    key: renderKey(['plugins', pluginId, 'user_config', key]),
    plugin: pluginId,
  };
}

function inConfig(input: PluginInput, key: string, node: Located): Issue {
  const at = issueAt(input.pluginId, key, node);
  return {
    code: 'PLUGIN_SETTING_IN_CONFIG',
    severity: 'error',
    message: `${at.key} is a secret, and everybody with the file can read it; it is not used`,
    hint: `run: ${configureCommand(input)}, take the line away, and consider the value as seen`,
    ...at,
  };
}

function badValue(input: PluginInput, key: string, of: { readonly node: Located; readonly problem: string }): Issue {
  const at = issueAt(input.pluginId, key, of.node);
  return {
    code: 'PLUGIN_SETTING_VALUE',
    severity: 'error',
    message: `${at.key} ${of.problem}`,
    hint: `run: ${configureCommand(input)}`,
    ...at,
  };
}

function notDeclared(
  pluginId: string,
  of: { readonly key: string; readonly node: Located; readonly known: readonly string[] },
): Issue {
  const at = issueAt(pluginId, of.key, of.node);
  const near = nearest(of.key, of.known);
  return {
    code: 'PLUGIN_SETTING_VALUE',
    severity: 'warning',
    message: `${at.key} is not a setting of the plugin, and has no effect`,
    hint: near === null ? `see: plugboard plugin show ${pluginId}` : `did you mean '${near}'?`,
    ...at,
  };
}
