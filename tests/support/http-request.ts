/** One HTTP request by hand, and its answer as it comes: for tests that care about status, headers and single events. */
import { type IncomingHttpHeaders, type IncomingMessage, request as open } from 'node:http';
import type { RpcMessage } from '../../src/kernel/index.ts';

export type SseEvent = {
  readonly id: string | null;
  /** The message, or null for an event without data. */
  readonly message: RpcMessage | null;
};

export type Answered = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: () => Promise<string>;
  readonly json: () => Promise<unknown>;
  /** The events of a stream, until it ends or breaks. */
  readonly events: () => AsyncGenerator<SseEvent, void>;
  /** Breaks the connection. */
  readonly drop: () => void;
};

export type HttpRequest = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

/** Resolves when the headers of the answer are there. @throws Error when the connection breaks before */
export function httpRequest(url: string, { method = 'GET', headers = {}, body }: HttpRequest): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = open(url, { method, headers }, (response) => resolve(answered(response)));
    request.on('error', reject);
    request.end(body);
  });
}

function answered(response: IncomingMessage): Answered {
  response.on('error', () => {});
  const text = async (): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  };
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: async () => JSON.parse(await text()) as unknown,
    events: () => eventsOf(response),
    drop: () => response.destroy(),
  };
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<SseEvent, void> {
  let rest = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) {
      const blocks = (rest + String(chunk)).split('\n\n');
      rest = blocks.pop() ?? '';
      yield* blocks.map(parseEvent).filter((event) => event !== null);
    }
  } catch {
    // The connection broke: that was the last event.
  }
}

/** null for a comment. */
function parseEvent(block: string): SseEvent | null {
  const fields = block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]);
  const value = (name: string): string | null => fields.find(([field]) => field === name)?.[1]?.trimStart() ?? null;
  const data = value('data');
  const id = value('id');
  if (data === null && id === null) return null;
  return { id, message: data === null || data === '' ? null : (JSON.parse(data) as RpcMessage) };
}
