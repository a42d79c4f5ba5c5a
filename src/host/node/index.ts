/** The effect door of host: starts the running whole, and watches its files. Opened by cli, tests and bench. */
export { createHost, type HostOptions, LocalHost } from './host.ts';
export type { HostSecrets } from './launch-values.ts';
export { createPluginLoader, noPlugins, type PluginLoader } from './load-plugins.ts';
export { type Watched, watchFiles } from './watch.ts';
