import { expect, test } from 'vitest';
import { worstExit } from '../../../src/cli/command.ts';
import { exitOfState } from '../../../src/cli/state-exit.ts';
import type { ServerState } from '../../../src/kernel/index.ts';

const retry = { attempt: 1, nextRetryAt: null };

test.each<{ readonly state: ServerState | null; readonly want: number | null }>([
  { state: null, want: null },
  { state: { kind: 'connected', since: 0, toolCount: 1 }, want: null },
  { state: { kind: 'no_tools', since: 0, because: 'server_has_none' }, want: null },
  { state: { kind: 'disabled', by: 'user', where: 'x', command: '' }, want: null },
  { state: { kind: 'invalid', issues: [] }, want: 2 },
  { state: { kind: 'starting', since: 0, attempt: 1 }, want: 1 },
  { state: { kind: 'missing', plugin: 'p', command: '' }, want: 1 },
  { state: { kind: 'needs_config', names: ['A'], command: '' }, want: 1 },
  { state: { kind: 'connection_error', reason: { kind: 'dns', host: 'h' }, ...retry }, want: 1 },
  { state: { kind: 'timed_out', phase: 'spawn', afterMs: 1, key: 'k', nextRetryAt: null }, want: 4 },
  { state: { kind: 'auth_required', reason: '', fix: '' }, want: 3 },
  { state: { kind: 'blocked', reason: 'requirements', detail: '', command: '' }, want: 5 },
])('the state $state.kind gives $want', ({ state, want }) => expect(exitOfState(state)).toBe(want));

test.each([
  { exits: [], want: 0 },
  { exits: [5, 3, 4, 1, 2], want: 2 },
  { exits: [5, 3, 4, 1], want: 1 },
  { exits: [5, 3, 4], want: 4 },
  { exits: [5, 3], want: 3 },
  { exits: [5], want: 5 },
] as const)('of $exits, $want counts', ({ exits, want }) => expect(worstExit(exits)).toBe(want));
