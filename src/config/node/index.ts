/**
 * config/node: reads the configuration from disk, and edits it without losing a comment.
 *
 * It owns which files count, in which order, and how a file is replaced: under a lock, whole or not at all.
 * It never interprets keys (the pure room does) and watches nothing: it only says which files to watch.
 * Only `host`, `cli` and tests open this door. What only edits need is loaded when the first edit happens.
 */
export { type EditPlace, editFile, type TakeLock, trustProject } from './edit.ts';
export { isTrustedFolder, type LoadedConfig, type LoadOptions, loadConfig, pathsOf } from './load.ts';
