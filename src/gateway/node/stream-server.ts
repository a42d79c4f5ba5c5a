import type { Readable, Writable } from 'node:stream';
import { AppError, type Log, parseExactly, type RpcMessage, toRpcError } from '../../kernel/index.ts';
import { createLineSplitter } from '../../upstreams/index.ts';
import { AgentSession, type AgentSessionOptions } from '../agent-session.ts';
import type { Reply } from '../reply.ts';
import { wireText } from '../wire-text.ts';

/** Longest message of an agent. Bytes. */
const LIMIT_BYTES = 64 * 1024 * 1024;

export type StreamServerOptions = Omit<AgentSessionOptions, 'outlet'> & {
  readonly input: Readable;
  readonly output: Writable;
};

/**
 * Serves one agent over a pair of streams, one JSON message per line: standard streams or a socket.
 *
 * @returns A promise that resolves when the agent has closed its side; its calls are cancelled then.
 * @see MCP 2025-11-25, basic/transports#stdio
 */
export function serveStream(options: StreamServerOptions): Promise<void> {
  const { input, output, ...rest } = options;
  const write = createWriter(output, rest.log);
  const session = new AgentSession({ ...rest, outlet: write });
  const reply: Reply = { respond: write, stream: write, abandon: () => {} };
  const refuse = (error: AppError): void => write({ jsonrpc: '2.0', id: null, error: toRpcError(error) });
  return new Promise<void>((resolve) => {
    const splitter = createLineSplitter({
      limitBytes: LIMIT_BYTES,
      onLine: (line) => {
        const parsed = parse(line);
        if (parsed.kind === 'json') session.receive(parsed.value, reply);
        else refuse(new AppError('MESSAGE_NOT_JSON', 'the line is not JSON'));
      },
      onTooLong: () => {
        refuse(new AppError('MESSAGE_TOO_LARGE', `the message is over ${LIMIT_BYTES / 1_048_576} MiB`));
        input.destroy();
      },
    });
    input.on('data', (chunk: Buffer) => splitter.push(chunk));
    const end = (): void => {
      session.close();
      resolve();
    };
    input.once('end', end).once('close', end).once('error', end);
    output.once('error', end);
  });
}

/** An agent that leaves this much unread gets no more notifications until it has caught up. Bytes. */
const SLOW_AGENT_BYTES = 16 * 1024 * 1024;

/** An agent that leaves this much unread is given up. Bytes. */
const DEAD_AGENT_BYTES = 256 * 1024 * 1024;

/** Writes messages as lines; those that one event brings about go out together. */
function createWriter(output: Writable, log: Log): (message: RpcMessage) => void {
  let isTurnOpen = false;
  let isSlow = false;
  const openTurn = (): void => {
    isTurnOpen = true;
    output.cork();
    process.nextTick(() => {
      isTurnOpen = false;
      output.uncork();
    });
  };
  return (message) => {
    if (output.destroyed) return;
    const wasSlow = isSlow;
    isSlow = output.writableLength > SLOW_AGENT_BYTES;
    if (isSlow && !wasSlow) log('warn', 'an agent does not read: it gets no notifications until it has caught up');
    if (isSlow && !('id' in message)) return;
    if (output.writableLength > DEAD_AGENT_BYTES) {
      output.destroy();
      return;
    }
    if (!isTurnOpen) openTurn();
    output.write(`${wireText(message)}\n`);
  };
}

function parse(line: Buffer): { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'bad' } {
  try {
    return { kind: 'json', value: parseExactly(line.toString('utf8')) };
  } catch {
    return { kind: 'bad' };
  }
}
