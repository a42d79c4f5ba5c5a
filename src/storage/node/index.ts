/** The effect door of storage: the home's database, and locks between processes. Opened by host, cli, tests and bench. */
export { takeLock } from './lock.ts';
export { openStore, type ServerFact, type Store } from './store.ts';
