import type { Socket } from 'node:net';

const NEWLINE = 0x0a;

/** Longest line of a greeting or control message. Bytes. */
const LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Reads one line and stops there: what came after it stays in the socket for whoever reads next.
 *
 * @returns null when the other side has closed, or sent too much without a line end.
 */
export function readLine(socket: Socket): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const done = (line: string | null): void => {
      socket.off('readable', read).off('end', over).off('close', over).off('error', over);
      resolve(line);
    };
    const over = (): void => done(null);
    const read = (): void => {
      for (;;) {
        const chunk = socket.read() as Buffer | null;
        if (chunk === null) return;
        const at = chunk.indexOf(NEWLINE);
        if (at >= 0) {
          const rest = chunk.subarray(at + 1);
          if (rest.length > 0) socket.unshift(rest);
          return done(Buffer.concat([...chunks, chunk.subarray(0, at)]).toString('utf8'));
        }
        chunks.push(chunk);
        size += chunk.length;
        if (size > LIMIT_BYTES) return done(null);
      }
    };
    socket.on('readable', read).on('end', over).on('close', over).on('error', over);
    read();
  });
}

export function writeLine(socket: Socket, value: unknown): void {
  if (socket.writable) socket.write(`${JSON.stringify(value)}\n`);
}
