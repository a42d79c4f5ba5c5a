/** The effect door of gateway: the HTTP front, and agents on a pair of streams. Opened by cli, api, tests and bench. */
export { type HttpGateway, type HttpGatewayOptions, serveHttp } from './http-server.ts';
export { type StreamServerOptions, serveStream } from './stream-server.ts';
