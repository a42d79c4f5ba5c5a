/**
 * host: the only wiring place. It turns configuration into running upstreams, gives every agent a session on them, and
 * turns events into commands (reload, restart, list changes). The public `Host` interface is here.
 *
 * It speaks no protocol to agents (gateway does) and parses no files itself (config does).
 * Called by gateway, api, cli and embedders; `node/` starts it.
 */
export { type Destination, FORWARDED } from './routing.ts';
export type {
  Host,
  HostSession,
  LoadedPlugins,
  ServerView,
  SessionHello,
  SessionOptions,
  SessionRequest,
} from './types.ts';
