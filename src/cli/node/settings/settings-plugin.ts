import type { Config } from '../../../config/index.ts';
import { AppError, commandLine } from '../../../kernel/index.ts';
import { parsePlugin } from '../../../plugins/index.ts';
import { openBundle } from '../../../plugins/node/index.ts';
import type { CliContext } from '../context.ts';
import { devFolder, devPluginId } from '../dev-plugin.ts';
import type { ConfigurablePlugin } from './settings-desk.ts';

/**
 * Reads what an installed plugin declares.
 *
 * @throws AppError `PLUGIN_TAMPERED`, `PLUGIN_FILES_MISSING`, `PLUGIN_MANIFEST_INVALID`
 */
export async function readConfigurable(
  context: CliContext,
  config: Config,
  pluginId: string,
): Promise<ConfigurablePlugin> {
  const { pluginLoaderOf } = await import('../plugin-loader.ts');
  const { plugins } = await pluginLoaderOf(context)(config);
  const found = plugins.find((one) => one.pluginId === pluginId);
  const { plugin, standing } = found ?? { plugin: null, standing: { kind: 'missing' } as const };
  if (plugin !== null) return { pluginId, plugin, command: configureCommand(pluginId), isInstalled: true };
  const hint = `install it again: plugboard plugin add ${pluginId}`;
  switch (standing.kind) {
    case 'tampered':
      throw new AppError('PLUGIN_TAMPERED', `a file of '${pluginId}' was ${standing.change}: ${standing.path}`, {
        hint,
      });
    case 'missing':
      throw new AppError('PLUGIN_FILES_MISSING', `the files of '${pluginId}' are gone`, { hint });
    case 'ready':
    case 'unconsented':
      throw new AppError('PLUGIN_MANIFEST_INVALID', `the manifest of '${pluginId}' cannot be read`, { hint });
    default:
      return standing satisfies never;
  }
}

/**
 * Reads what a plugin declares that is run from its folder.
 *
 * @throws AppError `NOT_FOUND`, `PLUGIN_MANIFEST_INVALID`
 */
export function readConfigurableFolder(context: CliContext, given: string): ConfigurablePlugin {
  const dir = devFolder(context, given);
  const bundle = openBundle(dir);
  const { plugin } = parsePlugin({ bundle, entry: null, dataDir: dir });
  const words = commandLine([given]);
  if (plugin !== null)
    return { pluginId: devPluginId(bundle, plugin), plugin, command: configureCommand(words), isInstalled: false };
  throw new AppError('PLUGIN_MANIFEST_INVALID', 'the manifest of the plugin cannot be read', {
    where: dir,
    hint: `see: plugboard plugin validate ${words}`,
  });
}

function configureCommand(words: string): string {
  return `plugboard plugin configure ${words}`;
}
