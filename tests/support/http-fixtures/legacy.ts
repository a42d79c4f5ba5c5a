/** A server that only knows HTTP+SSE of 2024-11-05: the stream at `/sse`, messages at `/messages`. */
import type { ServerResponse } from 'node:http';
import { echoed, event, events, INITIALIZE_RESULT, result, status } from './mcp.ts';
import type { Answer } from './serve.ts';

export type LegacyServer = {
  readonly answer: Answer;
  /** Ends the stream that is open. */
  readonly endStream: () => void;
};

export type LegacyOptions = {
  /** What the `endpoint` event says. */
  readonly endpoint?: string;
  /** Status of a POST to `/sse`. */
  readonly refuses?: number;
  /** What some methods are answered with; others get their arguments back. */
  readonly results?: Readonly<Record<string, unknown>>;
};

export function legacy(options: LegacyOptions = {}): LegacyServer {
  const { endpoint = '/messages?session=1', refuses = 405 } = options;
  const results: LegacyOptions['results'] = { initialize: INITIALIZE_RESULT, ...options.results };
  let stream: ServerResponse | null = null;
  const answer: Answer = (seen, response) => {
    if (seen.path === '/sse') {
      if (seen.method !== 'GET') return status(refuses)(seen, response);
      stream = events(response, `event: endpoint\ndata: ${endpoint}\n\n`);
      return;
    }
    if (seen.path !== '/messages?session=1' || stream === null) return status(404)(seen, response);
    response.writeHead(202).end('Accepted');
    const { method, id } = seen.message ?? {};
    if (id === undefined || method === undefined) return;
    const body = Object.hasOwn(results, method) ? result(seen, results[method]) : echoed(seen);
    stream.write(`event: message\n${event(body)}`);
  };
  return { answer, endStream: () => void stream?.end() };
}
