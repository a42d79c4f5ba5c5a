/**
 * upstreams: the servers Plugboard connects to. What a transport is, why a connection ended and what state that means,
 * when to try again, who may call when, what a list entry must have.
 *
 * It never decides who may call, and knows nothing of exposed names or agents' transports; agents are ports to it.
 * Called by exchanges and host. Processes, sockets and timers are in `node/`.
 */
export { createLineSplitter, type LineSplitter } from './framing.ts';
export type { HeaderValues } from './http-headers.ts';
export type { ListKind, ServerLists } from './listing.ts';
export type { AgentPort, AgentRequest, Call, CallRef } from './ports.ts';
export { LEGACY_VERSIONS } from './protocol.ts';
export { type EndReason, type Transport, TransportEnded, type TransportEvents } from './transport.ts';
