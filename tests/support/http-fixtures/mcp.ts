/** MCP over the hand-written server: a small server that does everything right, and the ways to do one thing otherwise. */
import type { ServerResponse } from 'node:http';
import type { Answer, Seen } from './serve.ts';

export const INITIALIZE_RESULT = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'fixture', version: '1' },
};

export function json(response: ServerResponse, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const text = JSON.stringify(value);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}, body = ''): Answer {
  return (_seen, response) => void response.writeHead(code, headers).end(body);
}

/** Begins an event stream. */
export function events(response: ServerResponse, first = ''): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(first);
  return response;
}

/** One event. */
export function event(value: unknown, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(value)}\n\n`;
}

export function result(seen: Seen, value: unknown): unknown {
  return { jsonrpc: '2.0', id: seen.message?.id, result: value };
}

/** The answer to a `tools/call` of the healthy server: the arguments, as they came. */
export function echoed(seen: Seen): unknown {
  return result(seen, {
    content: [{ type: 'text', text: JSON.stringify(seen.message?.params?.['arguments'] ?? null) }],
  });
}

export type McpOptions = {
  /** Session id to give out; none by default. */
  readonly session?: () => string;
  /** By method of the message, `response`, `GET` or `DELETE`: what is done otherwise, in a known session. */
  readonly on?: Readonly<Record<string, Answer>>;
};

/** A server that answers with JSON, has no stream of its own, and checks the session if there is one. */
export function mcp({ session, on = {} }: McpOptions = {}): Answer {
  return (seen, response) => {
    const kind = seen.method === 'POST' ? (seen.message?.method ?? 'response') : seen.method;
    const known = session === undefined || seen.headers['mcp-session-id'] === session();
    if (kind !== 'initialize' && !known) return status(404)(seen, response);
    const other = on[kind];
    if (other !== undefined) return other(seen, response);
    if (kind === 'initialize') {
      const id = session?.();
      return json(response, result(seen, INITIALIZE_RESULT), id === undefined ? {} : { 'mcp-session-id': id });
    }
    if (kind === 'GET') return status(405)(seen, response);
    if (kind === 'DELETE') return status(200)(seen, response);
    if (seen.message?.id === undefined || seen.message.method === undefined) return status(202)(seen, response);
    json(response, kind === 'tools/call' ? echoed(seen) : result(seen, {}));
  };
}
