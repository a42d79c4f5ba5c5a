import { classifyMessage, parseExactly, printable, type Redact, type RpcMessage, shorten } from '../../kernel/index.ts';

const SHOWN_IN_FULL = 5;
const SHOWN_CHARS = 200;
/** Of a longer line nothing is shown. Bytes. */
const MAX_SHOWN_BYTES = 1024 * 1024;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

type To = {
  readonly onMessage: (message: RpcMessage) => void;
  readonly onOdd: (detail: string) => void;
  /** Asked for whole lines, so that no secret is cut in two. */
  readonly redact: Redact;
};

/** True for the counts that are worth another word: 10, 100, 1000 … */
const isRound = (count: number): boolean => count >= 10 && Number.isInteger(Math.log10(count));

function parse(line: Buffer): unknown {
  const first = line[0];
  // Most of what is no message does not even look like one. Leading blanks are left to the parser.
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET && first !== 0x20 && first !== 0x09) return undefined;
  try {
    return parseExactly(line.toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Turns lines into messages. A line that is none is told to `onOdd`: the first few with their beginning, later ones as a
 * count. An array is taken as the batch that MCP 2025-03-26 allows.
 */
export function createMessageReader(to: To): (line: Buffer) => void {
  let oddCount = 0;
  const odd = (reason: string, line: Buffer): void => {
    oddCount += 1;
    if (oddCount <= SHOWN_IN_FULL) {
      const start =
        line.length > MAX_SHOWN_BYTES ? '(a line of more than 1 MiB)' : printable(to.redact(line.toString('utf8')));
      to.onOdd(`stdout: ${reason}: ${shorten(start, SHOWN_CHARS)}`);
    } else if (isRound(oddCount)) to.onOdd(`stdout: ${oddCount} lines so far are not MCP messages`);
  };

  return (line) => {
    const value = parse(line);
    if (value === undefined) return odd('not JSON', line);
    for (const one of Array.isArray(value) ? value : [value]) {
      const classified = classifyMessage(one);
      if (classified.kind === 'invalid') odd(classified.reason, line);
      else to.onMessage(classified.message);
    }
  };
}
