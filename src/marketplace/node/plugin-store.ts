import type { PluginStore } from '../store.ts';
import type { PluginStoreOptions } from './ports.ts';

/** The plugins of one home. Nothing is read or made before a method is called. */
export function createPluginStore(_options: PluginStoreOptions): PluginStore {
  const soon = (): never => {
    throw new Error('being written');
  };
  return {
    installed: soon,
    receipts: soon,
    cached: soon,
    verify: soon,
    prepare: soon,
    prepareCached: soon,
    remove: soon,
    recordFailure: soon,
  };
}
