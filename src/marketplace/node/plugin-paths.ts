import { join } from 'node:path';
import { parsePluginId } from '../../config/index.ts';
import { dataFolder } from '../data-folder.ts';

/** The folders of one plugin in a home. Absolute. */
export type PluginPaths = {
  readonly pluginId: string;
  readonly name: string;
  readonly marketplaceName: string;
  /** Holds a folder for each version. */
  readonly cache: string;
  readonly data: string;
  readonly receipts: string;
};

/** null for what is no id of a plugin: then nothing of it can be there. */
export function pluginPaths(home: string, pluginId: string): PluginPaths | null {
  const id = parsePluginId(pluginId);
  if (id === null) return null;
  const { name, marketplace } = id;
  return {
    pluginId,
    name,
    marketplaceName: marketplace,
    cache: join(cacheFolder(home), marketplace, name),
    data: dataFolder(home, id),
    receipts: join(receiptsFolder(home), pluginId),
  };
}

/** Holds a folder of receipts for each plugin, by its id. */
export const receiptsFolder = (home: string): string => join(home, 'plugins', 'receipts');

/** Where plugins are made ready: on the same file system as the cache, and not the name of a marketplace. */
export const stagingFolder = (home: string): string => join(cacheFolder(home), '.staging');

const cacheFolder = (home: string): string => join(home, 'plugins', 'cache');
