/** A piece of a template: text that must stand there, or what an expression may become. */
type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** Any characters but `stops`. With `opens`, nothing at all or something that begins with one of these. */
  | { readonly kind: 'run'; readonly stops: string; readonly opens: string | null };

/** Longer ones are matched by no template. */
const MAX_PIECES = 200;
const MAX_URI_CHARS = 65_536;

/**
 * Whether a URI could have been made from an RFC 6570 template. Each expression matches as much as its kind allows:
 * simple ones stop at `/`, `?` and `#`; reserved (`{+x}`, `{#x}`) and exploded ones do not. Templates come from servers,
 * so the time it takes grows with the lengths alone, whatever they hold, and the lengths have a limit.
 */
export function matchesTemplate(template: string, uri: string): boolean {
  const pieces = parse(template);
  if (pieces.length > MAX_PIECES || uri.length > MAX_URI_CHARS) return false;
  let reached: readonly boolean[] = Array.from({ length: uri.length + 1 }, (_, index) => index === 0);
  for (const piece of pieces) {
    reached = piece.kind === 'text' ? afterText(piece.text, uri, reached) : afterRun(piece, uri, reached);
    if (!reached.includes(true)) return false;
  }
  return reached.at(-1) === true;
}

function parse(template: string): readonly Piece[] {
  const parts = template.split(/(\{[^{}]*\})/).filter((part) => part !== '');
  return parts.map((part) =>
    part.startsWith('{') && part.endsWith('}') ? expression(part.slice(1, -1)) : { kind: 'text', text: part },
  );
}

function expression(inner: string): Piece {
  const operator = inner[0] ?? '';
  if (operator === '?' || operator === '&') return { kind: 'run', stops: '#', opens: '?&' };
  const crosses = operator === '+' || operator === '#' || operator === '/' || inner.includes('*');
  return { kind: 'run', stops: crosses ? '' : '/?#', opens: null };
}

/** From the places of `uri` that the pieces so far can lead to, those that this piece can. */
function afterText(text: string, uri: string, from: readonly boolean[]): readonly boolean[] {
  return from.map(
    (_, at) => at >= text.length && from[at - text.length] === true && uri.startsWith(text, at - text.length),
  );
}

function afterRun(
  { stops, opens }: { readonly stops: string; readonly opens: string | null },
  uri: string,
  from: readonly boolean[],
): readonly boolean[] {
  let running = false;
  return from.map((begins, at) => {
    const here = begins || running;
    const next = uri[at] ?? '';
    const begun = begins && (opens === null ? !stops.includes(next) : opens.includes(next));
    running = begun || (running && !stops.includes(next));
    return here;
  });
}
