/**
 * marketplace: where plugins come from, what the user is asked before one is enabled, and the evidence of every change.
 *
 * Marketplace manifest → entries; entry → consent facts and their difference; receipts. It fetches and writes nothing
 * itself: git, npm, the cache and the receipts on disk are in `node/`.
 * Called by servers, status, host and cli.
 */
export { agreedVariables, type ConsentSubject, consentDefault, consentDigest, consentFacts } from './consent.ts';
export { type ConsentChange, diffConsent } from './consent-diff.ts';
export { dataFolder } from './data-folder.ts';
export {
  type Listed,
  type ListedPolicy,
  type ListedSetting,
  type ListedState,
  type MarketplaceListing,
  marketplaceListing,
  type OfferedPlugin,
  type PluginCopy,
  type PluginListing,
  pluginListing,
  unreadableListing,
} from './inventory.ts';
export {
  entryNotFound,
  findEntry,
  MANIFEST_PATHS,
  type ManifestOptions,
  parseMarketplace,
  pluginId,
} from './manifest.ts';
export {
  githubUrl,
  marketplaceRefusal,
  parseMarketplaceSource,
  type SourceContext,
  settingsTable,
  sourceFromSettings,
  sourceIdentity,
  sourceJson,
  type TypedSource,
} from './source.ts';
export type {
  Agreement,
  Evidence,
  FetchOptions,
  MarketplacePlace,
  MarketplaceStore,
  Offer,
  OnProgress,
  PluginStore,
  Prepared,
  PreparedMarketplace,
} from './store.ts';
export type {
  AuthPolicy,
  Consent,
  ConsentFacts,
  ConsentServer,
  ConsentSetting,
  FiledReceipt,
  FileRecord,
  InstalledPlugin,
  InstallPolicy,
  Integrity,
  Marketplace,
  MarketplaceEntry,
  MarketplaceKind,
  MarketplaceSource,
  MarketplaceSourceJson,
  PluginSource,
  Receipt,
  ReceiptAction,
  ReceiptError,
  RemovedPlugin,
} from './types.ts';
