import { privateFolder } from '../../api/node/index.ts';
import { createPluginLoader, type PluginLoader } from '../../host/node/index.ts';
import type { CliContext } from './context.ts';

/**
 * Reads the plugins of this home. What fetches and installs them is loaded only when there are some.
 *
 * @param how `namesOnly`: their files are not looked at.
 */
export function pluginLoaderOf(
  context: Pick<CliContext, 'home' | 'env' | 'version'>,
  how: { readonly namesOnly?: true } = {},
): PluginLoader {
  return createPluginLoader({
    home: context.home,
    privateFolder,
    openStore: async () => {
      const { plugins } = (await import('./plugin-stores.ts')).openStores(context);
      if (!how.namesOnly) return plugins;
      return { installed: plugins.installed, verify: () => Promise.resolve({ kind: 'intact', added: [] }) };
    },
  });
}
