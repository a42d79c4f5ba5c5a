import { ERROR_CODES, type ErrorCode, type Issue, type ServerState } from '../kernel/index.ts';
import type { AuthPolicy, Consent, ConsentChange, MarketplaceSourceJson } from '../marketplace/index.ts';
import { worstExit } from './command.ts';

/*
 * What commands that change plugins and marketplaces report: the names of Codex first and in its order, then ours.
 */

/** The parts of the id of a plugin. */
export type PluginIdJson = {
  /** `name@marketplace`. */
  readonly pluginId: string;
  readonly name: string;
  readonly marketplaceName: string;
};

/** A file that is evidence, and its SHA-256. */
export type ReceiptJson = { readonly file: string; readonly digest: string };

/** What was agreed to. */
export type ConsentJson = Pick<Consent, 'digest' | 'how' | 'requestsAccepted'>;

/** `reinstalled`: the same version with other files, or agreed to otherwise. `unchanged`: it is there as it is offered. `declined`: a person said no, and what was there stays. */
export type PlacedOutcome =
  | 'added'
  | 'upgraded'
  | 'reinstalled'
  | 'rolled_back'
  | 'repaired'
  | 'unchanged'
  | 'declined';

/** What became of one plugin. */
export type PlacedPlugin = PluginIdJson & {
  readonly outcome: PlacedOutcome;
  /** What is installed now. */
  readonly version: string;
  readonly previousVersion: string | null;
  readonly changes: readonly ConsentChange[];
  readonly receipt: ReceiptJson | null;
  readonly consent: ConsentJson | null;
  readonly issues: readonly Issue[];
};

/** One thing that went wrong beside others that did not. */
export type ChangeError = {
  readonly marketplaceName: string;
  /** null where it is about the marketplace itself. */
  readonly pluginId: string | null;
  readonly code: ErrorCode;
  readonly message: string;
  readonly where?: string;
  readonly hint: string;
  /** For `PLUGIN_CONSENT_REQUIRED`: every difference from what was agreed to. */
  readonly changes?: readonly ConsentChange[];
};

/** `plugin add`. */
export type AddedPlugin = { readonly schemaVersion: 1 } & PluginIdJson & {
    readonly version: string;
    readonly installedPath: string;
    readonly authPolicy: AuthPolicy;
    readonly outcome: Exclude<PlacedOutcome, 'declined'>;
    readonly previousVersion: string | null;
    readonly enabled: boolean;
    readonly changes: readonly ConsentChange[];
    readonly receipt: ReceiptJson;
    readonly consent: ConsentJson;
    /** Its servers as they are now. */
    readonly servers: readonly PluginServerState[];
    /** Keys of required settings that have no value. */
    readonly missingSettings: readonly string[];
    readonly issues: readonly Issue[];
  };

/** One server of a plugin. */
export type PluginServerState = {
  /** As the plugin calls it. */
  readonly name: string;
  /** As agents and the other commands know it. */
  readonly exposedAs: string;
  readonly state: ServerState | null;
  readonly nextStep: string | null;
};

/** `plugin upgrade` and `plugin marketplace upgrade`. */
export type Upgraded = {
  readonly schemaVersion: 1;
  readonly selectedMarketplaces: readonly string[];
  /** Absolute folders of the marketplaces that have a new snapshot. */
  readonly upgradedRoots: readonly string[];
  readonly errors: readonly ChangeError[];
  readonly plugins: readonly UpgradedPlugin[];
  /** Plugins that stay as they are, since their marketplace does not count here. */
  readonly skipped: readonly (PluginIdJson & { readonly marketplaceSource: MarketplaceSourceJson })[];
  /** Git marketplaces that were not fetched: what they offer is what they offered at the last fetch. */
  readonly notFetched: readonly string[];
};

/** What became of one plugin, its servers as they are now, and keys of required settings that have no value. */
export type UpgradedPlugin = PlacedPlugin & {
  readonly servers: readonly PluginServerState[];
  readonly missingSettings: readonly string[];
};

/** `plugin remove`. */
export type RemovedPlugin = { readonly schemaVersion: 1 } & PluginIdJson & {
    readonly wasInstalled: boolean;
    readonly receipt: ReceiptJson | null;
    readonly notes: readonly string[];
  };

/** `plugin enable` and `plugin disable`. `changed` is false where it was so already. */
export type SwitchedPlugin = { readonly schemaVersion: 1 } & PluginIdJson & {
    readonly enabled: boolean;
    readonly changed: boolean;
    /** The file that was changed, or the place that says so. */
    readonly where: string;
    readonly notes: readonly string[];
  };

/** `plugin marketplace add`. */
export type AddedMarketplace = {
  readonly schemaVersion: 1;
  readonly marketplaceName: string;
  readonly installedRoot: string;
  readonly alreadyAdded: boolean;
  readonly marketplaceSource: MarketplaceSourceJson;
  /** Commit of a git repository. */
  readonly revision: string | null;
  /** How many plugins it offers. */
  readonly pluginCount: number;
  /** Ids of plugins that it wants installed by default, and that are not. */
  readonly offered: readonly string[];
  /** Why some of those are only offered. */
  readonly notes: readonly string[];
  /** Plugins that a requirements file wants installed. */
  readonly plugins: readonly PlacedPlugin[];
  readonly errors: readonly ChangeError[];
  readonly issues: readonly Issue[];
};

/** `plugin marketplace remove`. */
export type RemovedMarketplace = {
  readonly schemaVersion: 1;
  readonly marketplaceName: string;
  /** The folder that was removed; null for a local marketplace, which stays where it is. */
  readonly installedRoot: string | null;
  /** Ids of plugins that came from it and stay. */
  readonly plugins: readonly string[];
  readonly notes: readonly string[];
};

/** The exit status of a command that did several things. */
export function exitOfChanges({ errors, plugins }: Pick<AddedMarketplace, 'errors' | 'plugins'>): number {
  const declined = plugins.some(({ outcome }) => outcome === 'declined') ? [ERROR_CODES.PLUGIN_DECLINED.exit] : [];
  return worstExit([...errors.map(({ code }) => ERROR_CODES[code].exit), ...declined]);
}
