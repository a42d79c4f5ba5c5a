import { isJsonObject, type JsonObject, type RpcRequest, type RpcResponse } from '../../kernel/index.ts';
import { type EndReason, TransportEnded } from '../transport.ts';

/** Instead of an answer, a message got a status that says: this session is not known here any more. */
export class SessionLost extends Error {
  override readonly name = 'SessionLost';
  readonly status: number;

  constructor(status: number) {
    super(`session lost: HTTP ${status}`);
    this.status = status;
  }
}

export type SessionOptions = {
  /** The id that goes with messages now; null when the server gave none. */
  readonly current: () => string | null;
  /** Sends a request of our own, past every gate. @throws TransportEnded | SessionLost */
  readonly ask: (method: string, params: JsonObject | undefined) => Promise<RpcResponse>;
  /** Sends `notifications/initialized`, past every gate. @throws TransportEnded | SessionLost */
  readonly initialized: () => Promise<void>;
  /** A session is being replaced: streams of the old one are of no use. */
  readonly onReplacing: () => void;
  readonly onReplaced: () => void;
  /** It cannot be replaced by one that its user would take for the same. */
  readonly onLost: (reason: EndReason) => void;
};

/** The session with one server: remembers how it began, and begins a new one when the server has forgotten it. */
export class Session {
  readonly #options: SessionOptions;
  #initialize: RpcRequest | null = null;
  #version: string | null = null;
  #replacing: Promise<void> | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Settles when messages may be sent again; null when they may now. Never rejects. */
  get busy(): Promise<void> | null {
    return this.#replacing?.catch(() => {}) ?? null;
  }

  remember(initialize: RpcRequest): void {
    this.#initialize = initialize;
  }

  setProtocolVersion(version: string): void {
    this.#version = version;
  }

  /** Begins a new session in the place of `lost`. Only the first of those who noticed does it. @throws TransportEnded */
  async replace(lost: string): Promise<void> {
    if (this.#replacing === null && this.#options.current() !== lost) return;
    this.#replacing ??= this.#beginAgain().finally(() => (this.#replacing = null));
    await this.#replacing;
  }

  /**
   * Whether a status of a POST says that the session is gone. 404 does. Some servers answer 400 instead, as they do to a
   * bad request: then a ping in the same session tells.
   */
  async isGone(status: number): Promise<boolean> {
    return status === 404 || (status === 400 && !(await this.isAlive()));
  }

  /** Asks the server. Only a status of 400 or 404 counts as no. */
  async isAlive(): Promise<boolean> {
    try {
      await this.#options.ask('ping', undefined);
      return true;
    } catch (error) {
      const reason = error instanceof TransportEnded ? error.reason : null;
      return reason?.kind !== 'http_status' || (reason.status !== 400 && reason.status !== 404);
    }
  }

  async #beginAgain(): Promise<void> {
    if (this.#initialize === null) throw new TransportEnded({ kind: 'http_status', status: 404 });
    this.#options.onReplacing();
    const answer = await this.#options.ask('initialize', this.#initialize.params);
    const result = 'result' in answer ? answer.result : null;
    if (!isJsonObject(result) || result['protocolVersion'] !== this.#version) {
      const reason: EndReason = { kind: 'protocol', detail: 'it forgot the session and does not begin one like it' };
      this.#options.onLost(reason);
      throw new TransportEnded(reason);
    }
    await this.#options.initialized();
    this.#options.onReplaced();
  }
}
