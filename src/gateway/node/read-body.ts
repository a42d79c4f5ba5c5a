import type { IncomingMessage } from 'node:http';
import { AppError, parseExactly } from '../../kernel/index.ts';

/** Longest request body. Bytes. */
const LIMIT_BYTES = 16 * 1024 * 1024;

/** How much of a longer one is read and dropped, so that its sender lives to hear why. Bytes. */
const DRAIN_BYTES = 64 * 1024 * 1024;

/**
 * Reads and parses the JSON body of a request.
 *
 * @throws AppError `HTTP_BODY_TOO_LARGE` | `MESSAGE_NOT_JSON` | `CALL_CANCELLED` when the client went away
 */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  if (Number(request.headers['content-length'] ?? 0) > DRAIN_BYTES) throw tooLarge();
  const text = (await collect(request)).toString('utf8');
  try {
    return parseExactly(text);
  } catch {
    throw new AppError('MESSAGE_NOT_JSON', 'the request body is not JSON');
  }
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size <= LIMIT_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (size > DRAIN_BYTES) break;
    }
    if (size > LIMIT_BYTES) throw tooLarge();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('CALL_CANCELLED', 'the client went away', { cause: error });
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function tooLarge(): AppError {
  return new AppError('HTTP_BODY_TOO_LARGE', `the request body is over ${LIMIT_BYTES / 1_048_576} MiB`);
}
