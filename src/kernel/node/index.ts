/** The effect door of kernel: the system clock, rotating log files, and the environment of this process. Opened by host, cli, tests and bench. */
export { systemClock } from './clock.ts';
export { type LogFile, openLogFile } from './log-file.ts';
export { makeFolder } from './make-folder.ts';
export { accountName, environment, homeFolder, packageVersion } from './process.ts';
