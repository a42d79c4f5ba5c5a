import type { RpcMessage, RpcResponse } from '../kernel/index.ts';

/** Where everything about one request goes: its answer, and before it whatever belongs to it. */
export type Reply = {
  /** The answer. Called at most once, and nothing after it. */
  readonly respond: (response: RpcResponse) => void;
  /** A notification, or a question to the agent, while the request runs. */
  readonly stream: (message: RpcMessage) => void;
  /** There will be no answer, because the agent took the request back. */
  readonly abandon: () => void;
};

/** Where messages go that belong to no request. */
export type Outlet = (message: RpcMessage) => void;
