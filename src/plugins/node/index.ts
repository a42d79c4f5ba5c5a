/**
 * The effect door of plugins: folders on disk. Opened by host, cli and tests only.
 */
export { openBundle } from './bundle.ts';
export { rememberingBundle } from './remembering.ts';
