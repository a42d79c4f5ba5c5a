/** The effect door of cli: a host in this process, as commands and the library start it. Opened by `src/index.ts`. */
export { type CliContext, createContext } from './context.ts';
export { type HostProcess, startStandalone } from './host-process.ts';
