import type { JsonObject, RpcNotification, RpcOutcome } from '../kernel/index.ts';

/**
 * The agent's side of a session, as a server sees it. `related` is the call that a message belongs to, handed back
 * exactly as it came with the call, or null for messages that belong to none.
 */
export type AgentPort = {
  readonly session: string;
  /** What the agent declared in `initialize`. */
  readonly capabilities: () => JsonObject;
  readonly notify: (message: RpcNotification, related: CallRef | null) => void;
  /** Sends a request to the agent. Aborting tells the agent that the answer is no longer wanted. */
  readonly ask: (request: AgentRequest) => Promise<RpcOutcome>;
};

export type AgentRequest = {
  readonly method: string;
  readonly params: JsonObject | undefined;
  readonly related: CallRef | null;
  readonly signal: AbortSignal;
  /** The agent reports progress, with the server's own token. */
  readonly onProgress: (params: JsonObject) => void;
};

/** Names one request of an agent while it is in flight. Compared by identity; only the gateway looks inside. */
export type CallRef = { readonly requestId: string | number };

/** One request on its way to a server, with everything that may come back while it runs. */
export type Call = {
  readonly method: string;
  readonly params: JsonObject | undefined;
  readonly port: AgentPort;
  readonly related: CallRef;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** The key to raise when it takes too long; null where the user has none. */
  readonly timeoutKey: string | null;
};
