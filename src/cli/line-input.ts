/** What was typed so far. `several_lines`: more came than one line. */
export type LineState =
  | { readonly kind: 'open' }
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'several_lines' }
  | { readonly kind: 'stopped' };

export type LineInput = {
  /** Takes what a terminal in raw mode sent, in pieces of any size. */
  readonly feed: (text: string) => void;
  readonly stop: () => void;
  readonly state: () => LineState;
  /** The line so far. */
  readonly typed: () => string;
  /** How often something was fed. */
  readonly fedCount: () => number;
};

const PASTE = { begin: '\u001b[200~', end: '\u001b[201~' };

/** A sequence of a terminal: of a cursor key, a function key, or the begin or end of a paste. */
// oxlint-disable-next-line no-control-regex -- such sequences begin with a control character
const SEQUENCE = /^\u001b(?:\[[0-?]*[ -/]*[@-~]|O.|[^[O])/s;

/**
 * One line, from keys and pastes as a terminal in raw mode sends them. Backspace and Ctrl-U take back, Ctrl-C and, on an
 * empty line, Ctrl-D stop. A line break at the end of a paste is no second line.
 */
export function createLineInput(): LineInput {
  let text = '';
  let pasted: string | null = null;
  let rest = '';
  let count = 0;
  let state: LineState = { kind: 'open' };

  const endPaste = (): void => {
    const whole = (pasted ?? '').replace(/\r\n$|[\r\n]$/, '');
    pasted = null;
    if (/[\r\n]/.test(whole)) state = { kind: 'several_lines' };
    else text += whole;
  };

  const type = (key: string): void => {
    if (key === '\r' || key === '\n') state = { kind: 'line', text };
    else if (key === '\u0003' || (key === '\u0004' && text === '')) state = { kind: 'stopped' };
    else if (key === '\u007f' || key === '\b') text = [...text].slice(0, -1).join('');
    else if (key === '\u0015') text = '';
    else if (key >= ' ' || key === '\t') text += key;
  };

  /** @returns How much of `rest` was understood; 0 when more of it must come first. */
  const take = (): number => {
    if (pasted !== null) {
      const end = rest.indexOf(PASTE.end);
      // The mark may be cut: as much as it is long waits.
      const size = end === -1 ? Math.max(rest.length - PASTE.end.length, 0) : end;
      pasted += rest.slice(0, size);
      if (end === -1) return size;
      endPaste();
      return size + PASTE.end.length;
    }
    if (rest.startsWith('\u001b')) {
      const [sequence = ''] = SEQUENCE.exec(rest) ?? [];
      if (sequence === PASTE.begin) pasted = '';
      return sequence.length;
    }
    const key = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    type(key);
    return key.length;
  };

  return {
    feed: (piece) => {
      count += 1;
      // After the line only the second half of its line break may come.
      if (state.kind === 'line' && piece !== '\n') state = { kind: 'several_lines' };
      rest += piece;
      while (state.kind === 'open' && rest !== '') {
        const size = take();
        if (size === 0) return;
        rest = rest.slice(size);
      }
      if (state.kind === 'line' && rest !== '' && rest !== '\n') state = { kind: 'several_lines' };
      rest = '';
    },
    stop: () => {
      if (state.kind === 'open') state = { kind: 'stopped' };
    },
    state: () => state,
    typed: () => text,
    fedCount: () => count,
  };
}
