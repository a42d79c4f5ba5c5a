/**
 * gateway: MCP towards agents. One AgentSession per agent, whatever carries its messages; the rules of the HTTP front;
 * what a client may ask for again.
 *
 * It knows servers only through Host sessions and decides nothing about permission. Called by cli and api.
 * Sockets, HTTP and standard streams are in `node/`.
 */
export { AgentSession, type AgentSessionOptions } from './agent-session.ts';
export type { Outlet, Reply } from './reply.ts';
export { SUPPORTED_VERSIONS } from './versions.ts';
