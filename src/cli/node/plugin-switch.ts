import { type Config, get, type PluginSettings, parseLayer, renderKey, setKey, unsetKey } from '../../config/index.ts';
import { AppError, isJsonObject } from '../../kernel/index.ts';
import type { CliContext } from './context.ts';
import { editUserConfig, freshNotes, type UserEdit } from './user-config.ts';

/** Whether the configuration lets the servers of a plugin run. */
export function isEnabled(config: Config, pluginId: string): boolean {
  if (config.pluginsOff !== null) return false;
  return config.plugins.get(pluginId)?.enabled ?? config.pluginsEnabledByDefault.enabled;
}

/** Where the configuration says so: `file:line`, or `-c`. null where no file says anything. */
export function whereEnabled(config: Config, pluginId: string): string | null {
  const own = config.plugins.get(pluginId);
  const origin =
    config.pluginsOff ??
    (own === undefined || own.enabled === null ? config.pluginsEnabledByDefault.origin : own.enabledOrigin);
  if (origin.layer === 'flag') return '-c';
  return origin.file === null ? null : [origin.file, origin.line].filter((part) => part !== null).join(':');
}

/**
 * Refuses to begin what ends with enabling a plugin, where no plugin can be.
 *
 * @throws AppError `CONFIG_EDIT_REFUSED`
 */
export function refuseWhileOff(config: Config, pluginId: string): void {
  if (config.pluginsOff === null) return;
  throw new AppError(
    'CONFIG_EDIT_REFUSED',
    `'${pluginId}' would be disabled by features.plugins; nothing is installed`,
    {
      where: whereEnabled(config, pluginId) ?? '-c',
      hint: 'change it there',
    },
  );
}

/**
 * Writes `[plugins."ID"] enabled` into the user's file, unless it says so already; a running host reads it at once.
 *
 * @throws AppError `CONFIG_EDIT_REFUSED` when something that counts more says otherwise, and what `editUserConfig` throws
 */
export async function switchPlugin(context: CliContext, pluginId: string, wanted: boolean): Promise<UserEdit> {
  return editUserConfig(context, (text, evaluate) => {
    const config = evaluate(text).config;
    if (config.pluginsOff === null && config.plugins.get(pluginId)?.enabled === wanted) return text;
    const next = setKey(text, ['plugins', pluginId, 'enabled'], wanted);
    const after = evaluate(next).config;
    if (isEnabled(after, pluginId) === wanted) return next;
    const by = after.pluginsOff === null ? "what counts more than the user's file" : 'features.plugins';
    throw new AppError('CONFIG_EDIT_REFUSED', `'${pluginId}' is ${wanted ? 'disabled' : 'enabled'} by ${by}`, {
      where: whereEnabled(after, pluginId) ?? '-c',
      hint: 'change it there',
    });
  });
}

/** Takes `enabled` of a plugin out of the user's file. What else is written there about it stays, and is told. */
export async function forgetPlugin(context: CliContext, pluginId: string): Promise<readonly string[]> {
  const edit = await editUserConfig(context, (text) => {
    const without = unsetKey(text, ['plugins', pluginId, 'enabled']);
    return isEmpty(without, pluginId) ? unsetKey(without, ['plugins', pluginId]) : without;
  });
  const left = edit.after.config.plugins.get(pluginId);
  const stays =
    left === undefined ? [] : [`what your configuration says about it stays: ${placeOf(policyOrigin(left))}`];
  return [...stays, ...freshNotes(edit)];
}

function isEmpty(text: string, pluginId: string): boolean {
  const left = get({ layers: [parseLayer(text, 'config.toml')] }, renderKey(['plugins', pluginId]));
  return isJsonObject(left) && Object.keys(left).length === 0;
}

/** The first thing that is said of it, rather than a table around that. */
function policyOrigin({ servers, origin }: PluginSettings): PluginSettings['origin'] {
  const [first] = servers.values();
  return first?.origin ?? origin;
}

function placeOf({ file, line }: { readonly file: string | null; readonly line: number | null }): string {
  return file === null ? '-c' : [file, line].filter((part) => part !== null).join(':');
}
