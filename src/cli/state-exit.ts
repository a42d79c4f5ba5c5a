import type { ErrorCodeFacts, ServerState } from '../kernel/index.ts';

/** What a server's state says about the exit status: null for one that is no problem. */
export function exitOfState(state: ServerState | null): ErrorCodeFacts['exit'] | null {
  if (state === null) return null;
  switch (state.kind) {
    case 'connected':
    case 'no_tools':
    case 'disabled':
      return null;
    case 'invalid':
      return 2;
    case 'timed_out':
      return 4;
    case 'auth_required':
      return 3;
    case 'blocked':
      return 5;
    case 'starting':
    case 'missing':
    case 'needs_config':
    case 'connection_error':
      return 1;
    default:
      return state satisfies never;
  }
}
