/**
 * The effect door of plugins: folders and archives on disk. Opened by host, cli and tests only.
 */
export { openBundle } from './bundle.ts';
export { writeFixes } from './fix.ts';
export { writeScaffold } from './scaffold.ts';
export { watchBundle } from './watch-bundle.ts';
export { extractZip } from './zip.ts';
