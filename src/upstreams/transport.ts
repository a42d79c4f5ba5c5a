import type { RpcMessage } from '../kernel/index.ts';

/** Why a connection to a server ended, or never came to be. Each becomes a state of the server. */
export type EndReason =
  | { readonly kind: 'closed' }
  | { readonly kind: 'command_not_found'; readonly command: string }
  | { readonly kind: 'cwd_not_found'; readonly cwd: string }
  | { readonly kind: 'exited'; readonly exit: string; readonly stderr: string }
  | { readonly kind: 'refused'; readonly address: string }
  | { readonly kind: 'dns'; readonly host: string }
  | { readonly kind: 'tls'; readonly detail: string }
  | { readonly kind: 'http_status'; readonly status: number }
  | { readonly kind: 'auth'; readonly status: 401 | 403; readonly detail: string }
  | { readonly kind: 'network'; readonly detail: string }
  | { readonly kind: 'too_large'; readonly limitBytes: number }
  | { readonly kind: 'headers_helper'; readonly detail: string }
  | { readonly kind: 'protocol'; readonly detail: string };

/** Thrown by `Transport.start` and `Transport.send`, so that the reason is a value and not a text. */
export class TransportEnded extends Error {
  override readonly name = 'TransportEnded';
  readonly reason: EndReason;

  constructor(reason: EndReason) {
    super(`transport ended: ${reason.kind}`);
    this.reason = reason;
  }
}

export type TransportEvents = {
  /** One classified JSON-RPC message, by reference. Never called after `onEnd`. */
  readonly onMessage: (message: RpcMessage) => void;
  /** The connection is over. Called once, also after `close()`; the process group, if any, is already gone. */
  readonly onEnd: (reason: EndReason) => void;
  /** Something the server did wrong without ending the connection: a line that is not JSON, say. */
  readonly onOdd: (detail: string) => void;
};

export type SendOptions = {
  /** Aborting gives up the exchange that carries this request (HTTP); stdio ignores it. */
  readonly signal?: AbortSignal;
};

/** A road to one server. It carries messages and knows nothing of MCP's methods, `initialize` excepted where HTTP needs it. */
export type Transport = {
  /** Opens it. @throws TransportEnded when that fails; nothing is left behind. */
  readonly start: (events: TransportEvents) => Promise<void>;
  /**
   * Sends one message. For HTTP the promise settles when the POST was answered with headers; answers come by `onMessage`.
   * @throws TransportEnded when the message did not get through
   */
  readonly send: (message: RpcMessage, options?: SendOptions) => Promise<void>;
  /** Ends it and waits for the end. Idempotent; never throws. */
  readonly close: () => Promise<void>;
  /** Told after `initialize`: HTTP sends it as a header from then on, and opens the server's own stream. */
  readonly setProtocolVersion: (version: string) => void;
  /** Last stderr output, at most 8 KiB; '' for HTTP. */
  readonly stderrTail: () => string;
};
