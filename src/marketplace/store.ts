import type { Issue } from '../kernel/index.ts';
import type { Plugin } from '../plugins/index.ts';
import type {
  Consent,
  ConsentFacts,
  FiledReceipt,
  InstalledPlugin,
  Integrity,
  Marketplace,
  MarketplaceEntry,
  MarketplaceKind,
  MarketplaceSource,
  Receipt,
  RemovedPlugin,
} from './types.ts';

/** Told to people while something is fetched: one short line, replaced by the next. */
export type OnProgress = (line: string) => void;

export type FetchOptions = { readonly signal: AbortSignal; readonly onProgress: OnProgress };

/** How the user came to agree. */
export type Agreement = Pick<Consent, 'how' | 'requestsAccepted'>;

export type Evidence = Pick<Receipt, 'selectedMarketplaces' | 'upgradedRoots' | 'errors'>;

/** A plugin as a marketplace offers it. */
export type Offer = { readonly marketplace: Marketplace; readonly entry: MarketplaceEntry };

/** A plugin that was fetched and read, and is not installed yet. Ends with `commit` or `discard`, whichever comes first. */
export type Prepared = {
  readonly action: 'add' | 'upgrade' | 'rollback';
  readonly pluginId: string;
  readonly version: string;
  readonly plugin: Plugin;
  /** In the files as their source has them: those of the cache are not there yet. */
  readonly issues: readonly Issue[];
  /** The same in the files below a folder where they are. */
  readonly issuesIn: (root: string) => readonly Issue[];
  readonly facts: ConsentFacts;
  /** What is installed now; null for a first install. */
  readonly before: InstalledPlugin | null;
  /** What was agreed to of that, with what its receipt leaves out, as far as its files say it. null when nobody agreed. */
  readonly agreed: ConsentFacts | null;
  /** The very files and facts that are installed now: nothing to do. */
  readonly unchanged: boolean;
  /** Puts it into the cache and writes the receipt: with the receipt it is installed. @throws AppError `PLUGIN_INSTALL_FAILED` */
  readonly commit: (agreement: Agreement, evidence: Evidence) => Promise<FiledReceipt>;
  readonly discard: () => Promise<void>;
};

/**
 * The plugins of one home: its cache, data and receipts. Every method that changes something holds the home's lock for
 * plugins; a process that dies in one leaves the old state or the new.
 */
export type PluginStore = {
  /** By plugin id. Quick: of each plugin the newest receipt is read, and of a removed one the one before it. */
  readonly installed: () => {
    readonly plugins: readonly InstalledPlugin[];
    readonly removed: readonly RemovedPlugin[];
    /** Receipts that cannot be read, files that are not there. */
    readonly issues: readonly Issue[];
  };
  /** All receipts of a plugin, oldest first. */
  readonly receipts: (pluginId: string) => readonly FiledReceipt[];
  /** Versions in the cache, newest receipt first. */
  readonly cached: (pluginId: string) => readonly string[];
  readonly verify: (plugin: InstalledPlugin) => Promise<Integrity>;
  /** The first file that is gone, or of another kind, size or executable bit. Quick: no content is read. null: none. */
  readonly glance: (plugin: InstalledPlugin) => string | null;
  /** Fetches and reads what a marketplace offers. @throws AppError `PLUGIN_*` */
  readonly prepare: (offer: Offer, options: FetchOptions) => Promise<Prepared>;
  /** A version that is still in the cache. @throws AppError `PLUGIN_NOT_FOUND`, `PLUGIN_TAMPERED` */
  readonly prepareCached: (pluginId: string, version: string) => Promise<Prepared>;
  /** @returns null when it was not installed. */
  readonly remove: (pluginId: string) => Promise<FiledReceipt | null>;
  /**
   * Writes down an attempt that failed; what is installed stays. What the receipt says of the source is that of `offer`,
   * else of the last receipt; of a plugin with neither nothing is written.
   */
  readonly recordFailure: (
    failed: {
      readonly pluginId: string;
      readonly action: 'add' | 'upgrade' | 'rollback';
      readonly errors: Receipt['errors'];
      readonly offer?: Offer;
    },
    evidence: Evidence,
  ) => Promise<void>;
};

/** Which marketplace to read. */
export type MarketplacePlace = {
  readonly name: string;
  readonly kind: MarketplaceKind;
  readonly source: MarketplaceSource;
  /** Relative path of the manifest, where it is not one of the known ones. */
  readonly manifest: string | null;
};

/** A marketplace that was fetched and read. `commit` makes its snapshot the current one. */
export type PreparedMarketplace = {
  readonly marketplace: Marketplace;
  /** The revision that is current until then; null for a new one. */
  readonly before: string | null;
  readonly commit: () => Promise<Marketplace>;
  readonly discard: () => Promise<void>;
};

/** The snapshots of git marketplaces, and folders read as they are. */
export type MarketplaceStore = {
  /** Reads what is there, without network. @throws AppError `MARKETPLACE_INVALID` */
  readonly open: (place: MarketplacePlace) => Marketplace;
  /** Fetches it; `name` is what its manifest says. @throws AppError `MARKETPLACE_INVALID`, `PLUGIN_FETCH_FAILED` */
  readonly prepare: (place: Omit<MarketplacePlace, 'name'>, options: FetchOptions) => Promise<PreparedMarketplace>;
  /** Commit that the source has now. @throws AppError `PLUGIN_FETCH_FAILED` */
  readonly latestRevision: (source: MarketplaceSource, options: FetchOptions) => Promise<string | null>;
  /** @returns the folder that was removed, or null */
  readonly remove: (name: string) => Promise<string | null>;
};
