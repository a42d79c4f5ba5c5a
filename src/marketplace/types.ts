import type { Issue } from '../kernel/index.ts';
import type { AuthModel, CapabilitySummary, EntryFacts } from '../plugins/index.ts';

/** Where a marketplace comes from. */
export type MarketplaceSource =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'git'; readonly url: string; readonly ref: string | null; readonly sparse: readonly string[] };

/** Where a plugin comes from, as `--json` shows it. `local` paths are absolute and inside the marketplace. */
export type PluginSource =
  | { readonly source: 'local'; readonly path: string }
  | { readonly source: 'git'; readonly url: string; readonly ref?: string; readonly sha?: string }
  | {
      readonly source: 'git-subdir';
      readonly url: string;
      readonly path: string;
      readonly ref?: string;
      readonly sha?: string;
    }
  | { readonly source: 'npm'; readonly package: string; readonly version?: string; readonly registry?: string };

export type InstallPolicy = 'AVAILABLE' | 'NOT_AVAILABLE' | 'INSTALLED_BY_DEFAULT';
export type AuthPolicy = 'ON_INSTALL' | 'ON_USE';

/** One plugin that a marketplace offers. */
export type MarketplaceEntry = {
  readonly name: string;
  readonly source: PluginSource;
  readonly installPolicy: InstallPolicy;
  readonly authPolicy: AuthPolicy;
  readonly facts: EntryFacts;
};

/** How a marketplace came to be known: added, `~/.agents/plugins`, or the `.agents/plugins` of the project. */
export type MarketplaceKind = 'configured' | 'personal' | 'repository';

export type Marketplace = {
  readonly name: string;
  readonly displayName: string | null;
  readonly kind: MarketplaceKind;
  /** Absolute folder with the manifest in it. */
  readonly root: string;
  /** Absolute. */
  readonly manifestFile: string;
  readonly source: MarketplaceSource;
  /** Commit of the snapshot; null for a local folder. */
  readonly revision: string | null;
  readonly entries: readonly MarketplaceEntry[];
  /** Entries that were left out, and why; keys without effect. */
  readonly issues: readonly Issue[];
};

/** One server as the user is asked about it. */
export type ConsentServer = {
  readonly name: string;
  readonly transport: 'stdio' | 'http' | null;
  /** Program with arguments, as declared; null for HTTP. */
  readonly command: readonly string[] | null;
  /** Working folder as declared; null where it is the bundle itself, and for HTTP. */
  readonly cwd: string | null;
  /** Address without user name and password; null for stdio. */
  readonly url: string | null;
  /** Host with port that it contacts; null for stdio. */
  readonly host: string | null;
  readonly runs: 'local' | 'remote';
  /** Such as `npx x@latest`: what runs is decided elsewhere, later. null when it is pinned or in the bundle. */
  readonly unpinned: string | null;
  /** Names of variables it wants from the environment. Sorted. */
  readonly envNames: readonly string[];
  /** Names of variables it sets itself. Sorted. */
  readonly setsEnv: readonly string[];
  /** Names of headers it sends. Sorted. */
  readonly headers: readonly string[];
  readonly headersHelper: string | null;
  /** Files that Plugboard reads for it: `KEY PATH`. Sorted. */
  readonly files: readonly string[];
  /** The literal values of these variables and headers, which are not shown: `NAME SHA-256`. Sorted. */
  readonly valueDigests: readonly string[];
  readonly settings: readonly string[];
  readonly authModel: AuthModel;
  readonly dataClasses: readonly string[];
  /** null: all tools. */
  readonly enabledTools: readonly string[] | null;
  readonly disabledTools: readonly string[];
  /** Folders that it is told of as open. Sorted. */
  readonly roots: readonly string[];
  /** `auto`: callers may share one connection, and see what it keeps. */
  readonly sharing: 'auto' | 'session';
  /** Whether it starts unless the user says otherwise. */
  readonly enabled: boolean;
  /** What it asks for, one sentence each; in force only when accepted. */
  readonly requests: readonly string[];
};

/** One setting as the user is asked about it. */
export type ConsentSetting = {
  readonly key: string;
  readonly sensitive: boolean;
  readonly required: boolean;
  /**
   * What stands in its place as long as the user gives nothing: JSON, or `sha256 …` of JSON that is too long to be shown. null:
   * nothing. Receipts of older versions do not say it.
   */
  readonly default?: string | null;
};

/** Everything the user is shown before a plugin is enabled. Its digest is what was consented to. */
export type ConsentFacts = {
  readonly pluginId: string;
  readonly version: string;
  readonly marketplaceSource: MarketplaceSourceJson;
  readonly source: PluginSource;
  /** Commit, or `<version> <integrity>` from a registry; null for a folder. */
  readonly revision: string | null;
  readonly installPolicy: InstallPolicy;
  readonly authPolicy: AuthPolicy;
  readonly servers: readonly ConsentServer[];
  readonly settings: readonly ConsentSetting[];
  /** `EVENT [MATCHER] COMMAND`, with the SHA-256 of a script in the bundle. */
  readonly hooks: readonly string[];
  readonly skills: readonly string[];
  readonly commands: readonly string[];
  readonly agents: readonly string[];
  readonly apps: readonly string[];
};

export type MarketplaceSourceJson = { readonly sourceType: 'local' | 'git'; readonly source: string };

export type ReceiptAction = 'add' | 'upgrade' | 'rollback' | 'remove';

export type FileRecord = {
  /** Relative, with `/`. */
  readonly path: string;
  readonly kind: 'file' | 'link';
  /** Of the content; for a link of its target. */
  readonly sha256: string;
  readonly executable: boolean;
  readonly sizeBytes: number;
};

export type Consent = {
  /** SHA-256 over the facts, canonical. 64 hex digits. */
  readonly digest: string;
  readonly facts: ConsentFacts;
  readonly how: 'asked' | 'yes' | 'no_terminal' | 'requirements' | 'unchanged';
  /** Whether the requests of the servers are in force. */
  readonly requestsAccepted: boolean;
};

/** What the release evidence says went wrong. */
export type ReceiptError = { readonly code: string; readonly message: string; readonly where?: string };

/**
 * The evidence of one change, a file of its own that is never edited. The newest receipt of a plugin whose outcome is
 * `done` *is* what is installed.
 */
export type Receipt = {
  readonly schemaVersion: 1;
  readonly pluginId: string;
  readonly name: string;
  readonly marketplaceName: string;
  readonly action: ReceiptAction;
  readonly outcome: 'done' | 'failed';
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Name of the account. */
  readonly by: string;
  readonly plugboardVersion: string;
  readonly version: string | null;
  readonly previousVersion: string | null;
  /** Absolute; null after `remove`. */
  readonly installedPath: string | null;
  readonly marketplaceSource: MarketplaceSourceJson;
  readonly source: PluginSource;
  readonly revision: string | null;
  /** Over all files; null after `remove`. */
  readonly contentSha256: string | null;
  readonly files: readonly FileRecord[];
  readonly installPolicy: InstallPolicy;
  readonly authPolicy: AuthPolicy;
  /** What the marketplace said of the plugin; a bundle without a manifest is read with it. */
  readonly entry: EntryFacts | null;
  readonly capabilitySummary: CapabilitySummary | null;
  readonly consent: Consent | null;
  readonly selectedMarketplaces: readonly string[];
  readonly upgradedRoots: readonly string[];
  readonly errors: readonly ReceiptError[];
};

/** A receipt with its place. */
export type FiledReceipt = {
  readonly receipt: Receipt;
  /** Absolute. */
  readonly file: string;
  /** SHA-256 of the file. */
  readonly digest: string;
};

/** What is installed, by the newest receipt. */
export type InstalledPlugin = {
  readonly pluginId: string;
  readonly name: string;
  readonly marketplaceName: string;
  readonly version: string;
  /** Absolute folder in the cache. */
  readonly root: string;
  /** Absolute; made when a server of it starts. */
  readonly dataDir: string;
  readonly filed: FiledReceipt;
};

/** A plugin that was installed once and is not any more. */
export type RemovedPlugin = {
  /** `name@marketplace`. */
  readonly pluginId: string;
  /** Names of the servers that it had when it was last installed. Sorted; empty when no receipt says so any more. */
  readonly servers: readonly string[];
};

/** What a look at the installed files found. */
export type Integrity =
  | { readonly kind: 'intact'; readonly added: readonly string[] }
  | { readonly kind: 'tampered'; readonly path: string; readonly change: 'changed' | 'removed' };
