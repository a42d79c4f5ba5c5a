import {
  AppError,
  isDeeperThan,
  isJsonObject,
  type JsonValue,
  outcomeOf,
  type RpcNotification,
  type RpcOutcome,
  type RpcRequest,
  type RpcResponse,
} from '../kernel/index.ts';
import type { AgentRequest } from '../upstreams/index.ts';

type Open = {
  readonly resolve: (outcome: RpcOutcome) => void;
  readonly reject: (error: AppError) => void;
  readonly request: AgentRequest;
  readonly progressToken: JsonValue | undefined;
};

/** Levels of nesting in a question. */
const MAX_DEPTH = 500;

/** The requests of servers that an agent has not answered yet, under ids of our own. */
export class Questions {
  readonly #open = new Map<number, Open>();
  #nextId = 1;

  /**
   * Sends a question by `send` and waits for the answer. When the server takes it back the agent is told.
   *
   * @throws AppError `CALL_CANCELLED` | `CLIENT_CANNOT` | `MESSAGE_INVALID` for one that cannot be sent
   */
  ask(request: AgentRequest, send: (message: RpcRequest | RpcNotification) => void): Promise<RpcOutcome> {
    if (isDeeperThan(request.params, MAX_DEPTH))
      return Promise.reject(new AppError('MESSAGE_INVALID', 'the question is nested too deeply'));
    const id = this.#nextId;
    this.#nextId += 1;
    const meta = request.params?.['_meta'];
    const progressToken = isJsonObject(meta) ? meta['progressToken'] : undefined;
    const params =
      progressToken === undefined || !isJsonObject(meta)
        ? request.params
        : { ...request.params, _meta: { ...meta, progressToken: id } };
    return new Promise<RpcOutcome>((resolve, reject) => {
      const onAbort = (): void => {
        this.#open.delete(id);
        send({
          jsonrpc: '2.0',
          method: 'notifications/cancelled',
          params: { requestId: id, reason: String(request.signal.reason ?? '') },
        });
        reject(new AppError('CALL_CANCELLED', 'the server took its question back'));
      };
      if (request.signal.aborted) return reject(new AppError('CALL_CANCELLED', 'the server took its question back'));
      request.signal.addEventListener('abort', onAbort, { once: true });
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          this.#open.delete(id);
          request.signal.removeEventListener('abort', onAbort);
          settle(value);
        };
      this.#open.set(id, { request, progressToken, resolve: settled(resolve), reject: settled(reject) });
      send({ jsonrpc: '2.0', id, method: request.method, ...(params === undefined ? {} : { params }) });
    });
  }

  /** @returns false for an answer to nothing. */
  answer(response: RpcResponse): boolean {
    const open = typeof response.id === 'number' ? this.#open.get(response.id) : undefined;
    open?.resolve(outcomeOf(response));
    return open !== undefined;
  }

  /** The agent reports progress on a question. */
  progress(message: RpcNotification): void {
    const open = this.#open.get(message.params?.['progressToken'] as number);
    if (open?.progressToken === undefined) return;
    open.request.onProgress({ ...message.params, progressToken: open.progressToken });
  }

  /** The agent is gone. */
  close(): void {
    for (const open of [...this.#open.values()])
      open.reject(new AppError('CLIENT_CANNOT', 'the agent has disconnected'));
  }
}
