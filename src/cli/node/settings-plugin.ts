import type { Config } from '../../config/index.ts';
import { AppError } from '../../kernel/index.ts';
import type { CliContext } from './context.ts';
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
  const { pluginLoaderOf } = await import('./plugin-loader.ts');
  const { plugins } = await pluginLoaderOf(context)(config);
  const found = plugins.find((one) => one.pluginId === pluginId);
  const { plugin, standing } = found ?? { plugin: null, standing: { kind: 'missing' } as const };
  if (plugin !== null) return { pluginId, plugin };
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
