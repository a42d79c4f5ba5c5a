import { AppError, nearest } from '../../kernel/index.ts';
import type { Consumer } from '../../secrets/index.ts';
import type { PluginInput } from '../../servers/index.ts';
import { settingSecretName } from '../../settings/index.ts';

/**
 * Looks at the name of a secret that is that of a setting, `user_config.KEY`: a plugin reads only those that it declares as
 * sensitive.
 *
 * @returns Notes, for a plugin that is not there yet.
 * @throws AppError `PLUGIN_SETTING_VALUE` where nobody would read it
 */
export function checkSettingName(
  name: string,
  consumer: Consumer,
  plugins: readonly Pick<PluginInput, 'pluginId' | 'plugin'>[],
): readonly string[] {
  if (consumer.kind !== 'plugin' || !name.startsWith(settingSecretName(''))) return [];
  const key = name.slice(settingSecretName('').length);
  const { id } = consumer;
  const configure = `plugboard plugin configure ${id}`;
  const found = plugins.find(({ pluginId }) => pluginId === id);
  if (found === undefined || found.plugin === null)
    return [`once '${id}' is installed, this gives it what it asks for, and checks it: ${configure}`];
  const { settings } = found.plugin;
  const declared = settings.find((setting) => setting.key === key);
  if (declared?.sensitive === true) return [];
  if (declared !== undefined)
    throw new AppError('PLUGIN_SETTING_VALUE', `'${key}' of '${id}' is not sensitive, and not read from the secrets`, {
      hint: `run: ${configure} --set ${key}=VALUE`,
    });
  const keys = settings.filter(({ sensitive }) => sensitive).map((setting) => setting.key);
  const near = nearest(key, keys);
  const known = keys.length === 0 ? 'it has no sensitive settings' : `its sensitive settings: ${keys.join(', ')}`;
  throw new AppError('PLUGIN_SETTING_VALUE', `'${id}' has no setting '${key}', so nothing would read it`, {
    hint: `${near === null ? '' : `did you mean '${near}'? `}${known}; to be asked for all: ${configure}`,
  });
}
