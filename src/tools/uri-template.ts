/** What one place in a template lets through: one character, any number of some kind, or the start of a query. */
type Step =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'many'; readonly but: string }
  | { readonly kind: 'query_start' };

/** Longer URIs and templates match nothing: the work grows with the product of both. Characters. */
const MAX_LENGTH = 4_096;

/**
 * Whether a URI could have been made from an RFC 6570 template. Each expression matches as much as its kind allows:
 * simple ones stop at `/`, `?` and `#`; reserved (`{+x}`, `{#x}`), path and exploded ones do not; a query may be missing.
 *
 * All ways to match are followed at once, so no template takes more than length × length steps: templates come from
 * servers, and a pattern that backtracks would let one of them stop everything.
 */
export function matchesTemplate(template: string, uri: string): boolean {
  if (template.length > MAX_LENGTH || uri.length > MAX_LENGTH) return false;
  const steps = stepsOf(template);
  let states = closure(steps, new Set([0]));
  for (const char of uri) {
    const next = new Set<number>();
    for (const state of states) {
      const to = after(steps[state], state, char);
      if (to !== null) next.add(to);
    }
    if (next.size === 0) return false;
    states = closure(steps, next);
  }
  return states.has(steps.length);
}

function stepsOf(template: string): readonly Step[] {
  return template.split(/(\{[^{}]*\})/).flatMap((part): Step[] => {
    if (!part.startsWith('{') || !part.endsWith('}')) return [...part].map((char) => ({ kind: 'char', char }));
    const inner = part.slice(1, -1);
    if (inner.startsWith('?') || inner.startsWith('&')) return [{ kind: 'query_start' }, { kind: 'many', but: '#' }];
    const wide = /^[+#/]/.test(inner) || inner.includes('*');
    return [{ kind: 'many', but: wide ? '' : '/?#' }];
  });
}

/** Where a character leads from one state, or null where it does not fit. */
function after(step: Step | undefined, state: number, char: string): number | null {
  switch (step?.kind) {
    case undefined:
      return null;
    case 'char':
      return step.char === char ? state + 1 : null;
    case 'many':
      return step.but.includes(char) ? null : state;
    case 'query_start':
      return char === '?' || char === '&' ? state + 1 : null;
    default:
      return step satisfies never;
  }
}

/** Adds the states that are reached without a character. */
function closure(steps: readonly Step[], states: Set<number>): Set<number> {
  for (const state of states) {
    const step = steps[state];
    if (step?.kind === 'many') states.add(state + 1);
    if (step?.kind === 'query_start') states.add(state + 2);
  }
  return states;
}
