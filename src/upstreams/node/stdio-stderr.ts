import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const KEEP_BYTES = 8 * 1024;
/** Bytes read per window: 20 MiB/s. Faster writers wait, so that a flood costs next to no processor time. */
const WINDOW_MS = 50;
const WINDOW_BYTES = 1024 * 1024;
/** Of those, handed on as text. The rest is counted and said. */
const WINDOW_TEXT_BYTES = 64 * 1024;

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
      // The first line is most likely a half one. A single endless line is shown as it is.
      return bytes.subarray(bytes.indexOf(0x0a) + 1).toString('utf8');
    },
  };
}

/**
 * Reads a program's stderr to its end. However much comes, it costs 8 KiB of memory and little time.
 *
 * @param onText Gets the text as it comes; what is left out in a flood is replaced by a line that says how much.
 * @returns `tail()`: the last output, at most 8 KiB, from the start of a line.
 */
export function readStderr(stream: Readable, onText: (text: string) => void): { readonly tail: () => string } {
  const tail = createTail(KEEP_BYTES);
  const decoder = new StringDecoder('utf8');
  let windowBytes = 0;
  let leftOutBytes = 0;
  let window: NodeJS.Timeout | null = null;

  const say = (text: string): void => {
    if (text !== '') onText(text);
  };
  const sayLeftOut = (): void => {
    if (leftOutBytes > 0) say(`\n[${leftOutBytes} bytes left out]\n`);
    leftOutBytes = 0;
  };
  const nextWindow = (): void => {
    window = null;
    windowBytes = 0;
    if (stream.isPaused()) stream.resume();
  };

  stream.on('data', (chunk: Buffer) => {
    window ??= setTimeout(nextWindow, WINDOW_MS);
    tail.write(chunk);
    if (windowBytes < WINDOW_TEXT_BYTES) {
      sayLeftOut();
      say(decoder.write(chunk));
    } else leftOutBytes += chunk.length;
    windowBytes += chunk.length;
    if (windowBytes > WINDOW_BYTES) stream.pause();
  });
  stream.once('close', () => {
    if (window !== null) clearTimeout(window);
    say(decoder.end());
    sayLeftOut();
  });
  stream.on('error', () => {});
  return { tail: tail.text };
}
