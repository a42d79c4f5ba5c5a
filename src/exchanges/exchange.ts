import type { Caller, JsonObject } from '../kernel/index.ts';
import type { AgentPort, CallRef } from '../upstreams/index.ts';

/** What a request is about, in the server's own words. */
export type Subject =
  | { readonly kind: 'tool'; readonly name: string }
  | { readonly kind: 'prompt'; readonly name: string }
  | { readonly kind: 'resource'; readonly uri: string }
  | { readonly kind: 'completion' };

/**
 * One request of an agent to one server, as it will be sent: names and URIs are the server's, everything else is as
 * the agent wrote it. What comes back while it runs (notifications, the server's questions) goes to `port`.
 */
export type Exchange = {
  readonly caller: Caller;
  readonly server: string;
  readonly method: string;
  readonly subject: Subject;
  readonly params: JsonObject;
  readonly port: AgentPort;
  readonly related: CallRef;
  readonly signal: AbortSignal;
};
