/**
 * The effect door of authoring: archives, new folders, fixes and the watch on a bundle. Opened by cli and tests only.
 */
export { writeFixes } from './fix.ts';
export { writeScaffold } from './scaffold.ts';
export { watchBundle } from './watch-bundle.ts';
export { extractZip } from './zip.ts';
