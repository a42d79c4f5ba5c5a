import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';

/** A JSON-RPC 2.0 id as MCP allows it. `0` and `''` are ids. */
export type RpcId = string | number;

export type RpcRequest = {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly method: string;
  readonly params?: JsonObject;
};
export type RpcNotification = { readonly jsonrpc: '2.0'; readonly method: string; readonly params?: JsonObject };
export type RpcError = { readonly code: number; readonly message: string; readonly data?: JsonValue };
export type RpcSuccess = { readonly jsonrpc: '2.0'; readonly id: RpcId; readonly result: JsonValue };
export type RpcFailure = { readonly jsonrpc: '2.0'; readonly id: RpcId | null; readonly error: RpcError };
export type RpcResponse = RpcSuccess | RpcFailure;
export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

/** What a request came to, without the envelope: the peer's own result or error, by reference. */
export type RpcOutcome =
  | { readonly kind: 'result'; readonly result: JsonValue }
  | { readonly kind: 'error'; readonly error: RpcError };

/** JSON-RPC 2.0 and MCP error numbers that we send ourselves. @see MCP 2025-11-25, basic */
export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  connectionClosed: -32000,
  requestTimeout: -32001,
  resourceNotFound: -32002,
} as const;

/** What one parsed JSON value is, on the wire. `invalid` says why, and keeps an id where there is one to answer to. */
export type Classified =
  | { readonly kind: 'request'; readonly message: RpcRequest }
  | { readonly kind: 'notification'; readonly message: RpcNotification }
  | { readonly kind: 'response'; readonly message: RpcResponse }
  | { readonly kind: 'invalid'; readonly reason: string; readonly id: RpcId | null };

/** Classifies one message by its members alone; the message object itself is handed on untouched. */
export function classifyMessage(value: unknown): Classified {
  if (!isJsonObject(value)) return { kind: 'invalid', reason: 'a message must be a JSON object', id: null };
  const id = value['id'];
  const validId = typeof id === 'string' || typeof id === 'number';
  const answerTo = validId ? id : null;
  if (value['jsonrpc'] !== '2.0') return { kind: 'invalid', reason: '"jsonrpc" must be "2.0"', id: answerTo };
  if ('method' in value) {
    if (typeof value['method'] !== 'string') {
      return { kind: 'invalid', reason: '"method" must be a string', id: answerTo };
    }
    if (value['params'] !== undefined && !isJsonObject(value['params'])) {
      return { kind: 'invalid', reason: '"params" must be an object', id: answerTo };
    }
    if (!('id' in value)) return { kind: 'notification', message: value as unknown as RpcNotification };
    if (!validId) return { kind: 'invalid', reason: '"id" must be a string or a number', id: null };
    return { kind: 'request', message: value as unknown as RpcRequest };
  }
  if ('result' in value || 'error' in value) {
    if (!validId && id !== null) return { kind: 'invalid', reason: '"id" must be a string or a number', id: null };
    return { kind: 'response', message: value as unknown as RpcResponse };
  }
  return { kind: 'invalid', reason: 'neither "method", "result" nor "error" is there', id: answerTo };
}

/** The outcome inside a response. An `error` member wins over a `result` beside it. */
export function outcomeOf(response: RpcResponse): RpcOutcome {
  return 'error' in response && response.error !== undefined
    ? { kind: 'error', error: response.error }
    : { kind: 'result', result: (response as RpcSuccess).result };
}

/** The response that carries `outcome` to the request `id`. */
export function responseOf(id: RpcId, outcome: RpcOutcome): RpcResponse {
  return outcome.kind === 'result'
    ? { jsonrpc: '2.0', id, result: outcome.result }
    : { jsonrpc: '2.0', id, error: outcome.error };
}
