import type { MarketplaceStore } from '../store.ts';
import type { StoreOptions } from './ports.ts';

/** The marketplaces of one home. Nothing is read or made before a method is called. */
export function createMarketplaceStore(_options: StoreOptions): MarketplaceStore {
  const soon = (): never => {
    throw new Error('being written');
  };
  return { open: soon, prepare: soon, latestRevision: soon, remove: soon };
}
