/** The effect door of api: the host's socket, from both sides. Opened by cli, tests and bench. */
export { readLine, writeLine } from './lines.ts';
export { type Control, greetHost, type Met, openControl } from './socket-client.ts';
export { privateFolder, type RunPaths, runPaths } from './socket-path.ts';
export { type SocketAgent, type SocketServer, type SocketServerOptions, serveSocket } from './socket-server.ts';
