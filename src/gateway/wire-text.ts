import { AppError, type RpcMessage, toRpcError } from '../kernel/index.ts';

/**
 * A message for an agent as JSON. What a server nested so deeply that no JSON can be made of it must harm nobody else: an
 * answer becomes an error of its request, a notification a log message that says so.
 */
export function wireText(message: RpcMessage): string {
  try {
    return JSON.stringify(message);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return JSON.stringify(instead(message));
  }
}

function instead(message: RpcMessage): RpcMessage {
  if (!('method' in message)) {
    const error = new AppError('UPSTREAM_PROTOCOL', 'the answer is nested too deeply to be passed on');
    return { jsonrpc: '2.0', id: message.id, error: toRpcError(error) };
  }
  const data = `${message.method} is nested too deeply to be passed on`;
  return { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', logger: 'plugboard', data } };
}
