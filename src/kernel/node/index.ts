/**
 * The effect door of kernel: the system clock, rotating log files, files and folders, and the environment of this process.
 * Opened by host, cli, tests and bench; `replaceFile` is for the effect side of every room.
 */
export { systemClock } from './clock.ts';
export { type LogFile, openLogFile } from './log-file.ts';
export { makeFolder } from './make-folder.ts';
export { accountName, environment, homeFolder, packageVersion } from './process.ts';
export { type ReplaceOptions, replaceFile } from './replace-file.ts';
