import { privateFolder } from '../../api/node/index.ts';
import { createPluginLoader, type PluginLoader } from '../../host/node/index.ts';
import type { CliContext } from './context.ts';

/** Reads the plugins of this home. What fetches and installs them is loaded only when there are some. */
export function pluginLoaderOf(context: Pick<CliContext, 'home' | 'env' | 'version'>): PluginLoader {
  return createPluginLoader({
    home: context.home,
    privateFolder,
    openStore: async () => (await import('./plugin-stores.ts')).openStores(context).plugins,
  });
}
