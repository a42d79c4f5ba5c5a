/** The stores of a home in a folder of a test, with everything real. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { privateFolder } from '../../src/api/node/index.ts';
import { createLocalExecutor } from '../../src/executors/node/index.ts';
import { silentLog } from '../../src/kernel/index.ts';
import {
  type Agreement,
  type Evidence,
  type FetchOptions,
  type FiledReceipt,
  findEntry,
  type Marketplace,
  type MarketplaceStore,
  type Offer,
  type PluginStore,
  type Prepared,
} from '../../src/marketplace/index.ts';
import {
  createMarketplaceStore,
  createPluginStore,
  type PluginStoreOptions,
} from '../../src/marketplace/node/index.ts';
import { openBundle } from '../../src/plugins/node/index.ts';
import { takeLock } from '../../src/storage/node/index.ts';

export type Stores = {
  /** A folder around the home, for files of the test. */
  readonly folder: string;
  readonly home: string;
  readonly plugins: PluginStore;
  readonly marketplaces: MarketplaceStore;
  readonly options: PluginStoreOptions;
  /** What was told while something was fetched. */
  readonly progress: string[];
  readonly fetch: FetchOptions;
  /** What a local marketplace offers under this name. */
  readonly offer: (root: string, name: string) => Offer;
  readonly prepare: (root: string, name: string) => Promise<Prepared>;
  /** Prepares and commits, as `--yes` does. */
  readonly add: (root: string, name: string) => Promise<FiledReceipt>;
};

export const YES: Agreement = { how: 'yes', requestsAccepted: false };
export const NO_EVIDENCE: Evidence = { selectedMarketplaces: [], upgradedRoots: [], errors: [] };
/** The time in every receipt. */
export const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

const executor = createLocalExecutor({ log: silentLog });

/** Ends what git and npm have left. */
export const closeExecutor = (): Promise<void> => executor.close();

/** The stores of the home in a folder. Nothing of the account that runs the test counts. */
export function openStores(folder: string, more: Partial<PluginStoreOptions> = {}): Stores {
  const home = join(folder, 'home');
  const account = join(folder, 'account');
  mkdirSync(account, { recursive: true });
  const options: PluginStoreOptions = {
    home,
    runProgram: executor.runProgram,
    env: { PATH: process.env['PATH'], HOME: account, GIT_CONFIG_NOSYSTEM: '1' },
    takeLock,
    privateFolder,
    openBundle,
    log: silentLog,
    now: () => NOW,
    account: 'ada',
    version: '9.9.9',
    ...more,
  };
  const plugins = createPluginStore(options);
  const marketplaces = createMarketplaceStore(options);
  const progress: string[] = [];
  const fetch: FetchOptions = { signal: new AbortController().signal, onProgress: (line) => void progress.push(line) };
  const offer = (root: string, name: string): Offer => offerOf(localMarketplace(marketplaces, root), name);
  const prepare = (root: string, name: string): Promise<Prepared> => plugins.prepare(offer(root, name), fetch);
  return {
    ...{ folder, home, plugins, marketplaces, options, progress, fetch, offer, prepare },
    add: async (root, name) => (await prepare(root, name)).commit(YES, NO_EVIDENCE),
  };
}

function localMarketplace(marketplaces: MarketplaceStore, root: string): Marketplace {
  const place = { name: 'acme', kind: 'configured', source: { kind: 'local', path: root }, manifest: null } as const;
  return marketplaces.open(place);
}

/** The offer of that name. @throws when there is none */
export function offerOf(marketplace: Marketplace, name: string): Offer {
  const entry = findEntry(marketplace, name);
  if (entry === null) throw new Error(`${name} is not offered: ${JSON.stringify(marketplace.issues)}`);
  return { marketplace, entry };
}
