/**
 * The effect door of upstreams: one Upstream per configured server, and the transports that reach it.
 * Opened by host, tests and bench.
 */
export type { ConnectionEvents } from './connection.ts';
export type { ServerHello } from './handshake.ts';
export { runHeadersHelper } from './http-headers-helper.ts';
export { sendHeaders } from './http-send-headers.ts';
export { createHttpTransport, type HttpVerdict } from './http-transport.ts';
export type { NeedsConfig, Prepared, StartBlock } from './link-options.ts';
export { createStartSlots, type StartSlots } from './slots.ts';
export { createStdioTransport } from './stdio-transport.ts';
export { Upstream, type UpstreamEvents, type User } from './upstream.ts';
