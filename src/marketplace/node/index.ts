/**
 * marketplace/node: fetches marketplaces and plugins from folders, git and npm, and keeps the cache and the receipts of a home.
 *
 * It runs no code of a plugin, and git and npm only with what is fixed here; what they bring is untrusted until it was read.
 * It decides nothing about consent: it shows what was found, and files what the caller says was agreed.
 * Opened by host, cli, tests and bench, who hand in what it needs of other rooms.
 */
export { createMarketplaceStore } from './marketplace-store.ts';
export { createPluginStore } from './plugin-store.ts';
export type { PluginStoreOptions, ProgramResult, RunProgram, StoreOptions, TakeLock } from './ports.ts';
