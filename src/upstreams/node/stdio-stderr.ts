import type { Readable } from 'node:stream';
import type { Redact } from '../../kernel/index.ts';

const NEWLINE = 0x0a;
const EMPTY = Buffer.alloc(0);
const KEEP_BYTES = 8 * 1024;
/** Bytes read per window: 20 MiB/s. Faster writers wait, so that a flood costs next to no processor time. */
const WINDOW_MS = 50;
const WINDOW_BYTES = 1024 * 1024;
/** Of those, handed on as text. The rest is counted and said. */
const WINDOW_TEXT_BYTES = 64 * 1024;
/** A longer line is left out: half of it could be half of a secret. */
const MAX_LINE_BYTES = 1024 * 1024;

/** The last bytes of an endless stream, in one block of memory. */
function createTail(capacityBytes: number): { write: (chunk: Buffer) => void; text: () => string } {
  const block = Buffer.alloc(capacityBytes);
  let at = 0;
  let writtenBytes = 0;
  return {
    write: (chunk) => {
      const part = chunk.length > capacityBytes ? chunk.subarray(-capacityBytes) : chunk;
      const copied = part.copy(block, at);
      part.copy(block, 0, copied);
      writtenBytes += chunk.length;
      at = (at + part.length) % capacityBytes;
    },
    text: () => {
      if (writtenBytes <= capacityBytes) return block.toString('utf8', 0, writtenBytes);
      const bytes = Buffer.concat([block.subarray(at), block.subarray(0, at)]);
      // The first line is most likely a half one. A single long line is shown as it is.
      return bytes.subarray(bytes.indexOf(0x0a) + 1).toString('utf8');
    },
  };
}

/** Puts chunks together to whole lines. One that grows too long is dropped, and told once. */
function createLines(on: { readonly lines: (block: Buffer) => void; readonly tooLong: () => void }): {
  readonly push: (chunk: Buffer) => void;
  readonly end: () => void;
} {
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  let dropping = false;
  const take = (last: Buffer): Buffer => {
    const block = pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
    pieces = [];
    pieceBytes = 0;
    return block;
  };
  return {
    push: (chunk) => {
      const from = dropping ? chunk.indexOf(NEWLINE) + 1 : 0;
      if (dropping && from === 0) return;
      dropping = false;
      const end = chunk.lastIndexOf(NEWLINE) + 1;
      if (end > from) on.lines(take(chunk.subarray(from, end)));
      if (end < chunk.length) pieces.push(chunk.subarray(Math.max(end, from)));
      pieceBytes += chunk.length - Math.max(end, from);
      if (pieceBytes <= MAX_LINE_BYTES) return;
      take(EMPTY);
      dropping = true;
      on.tooLong();
    },
    end: () => {
      const rest = take(EMPTY);
      if (rest.length > 0) on.lines(rest);
    },
  };
}

/** What of many lines can still be among the last ones: whole lines. */
function lastLines(block: Buffer): Buffer {
  const start = block.indexOf(NEWLINE, block.length - 2 * KEEP_BYTES) + 1;
  if (block.length <= 2 * KEEP_BYTES) return block;
  return block.subarray(start < block.length ? start : block.lastIndexOf(NEWLINE, block.length - 2) + 1);
}

export type StderrReader = {
  /** Takes secrets out of whole lines. What it leaves is all that is kept and handed on. */
  readonly redact: Redact;
  /** Gets whole lines as they come; what is left out in a flood is replaced by a line that says how much. */
  readonly onText: (text: string) => void;
};

/**
 * Reads a program's stderr to its end, line by line. However much comes, it takes little memory and time; a line over
 * 1 MiB is left out.
 *
 * @returns `tail()`: the last lines, at most 8 KiB. What comes after the last line break is among them at the end.
 */
export function readStderr(stream: Readable, { redact, onText }: StderrReader): { readonly tail: () => string } {
  const tail = createTail(KEEP_BYTES);
  let windowBytes = 0;
  let saidBytes = 0;
  let leftOutBytes = 0;
  let window: NodeJS.Timeout | null = null;

  const sayLeftOut = (): void => {
    if (leftOutBytes > 0) onText(`\n[${leftOutBytes} bytes left out]\n`);
    leftOutBytes = 0;
  };
  const nextWindow = (): void => {
    window = null;
    windowBytes = 0;
    saidBytes = 0;
    if (stream.isPaused()) stream.resume();
  };
  const onLines = (block: Buffer): void => {
    const says = saidBytes < WINDOW_TEXT_BYTES;
    const text = redact((says ? block : lastLines(block)).toString('utf8'));
    tail.write(Buffer.from(text));
    saidBytes += block.length;
    if (!says) leftOutBytes += block.length;
    else {
      sayLeftOut();
      onText(text);
    }
  };
  const lines = createLines({
    lines: onLines,
    tooLong: () => onLines(Buffer.from(`[a line of more than ${MAX_LINE_BYTES / 1024 / 1024} MiB left out]\n`)),
  });

  stream.on('data', (chunk: Buffer) => {
    window ??= setTimeout(nextWindow, WINDOW_MS);
    lines.push(chunk);
    windowBytes += chunk.length;
    if (windowBytes > WINDOW_BYTES) stream.pause();
  });
  const over = (): void => {
    if (window !== null) clearTimeout(window);
    lines.end();
    sayLeftOut();
  };
  stream.once('end', over);
  stream.once('close', over);
  stream.on('error', () => {});
  return { tail: tail.text };
}
