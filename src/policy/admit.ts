import type { Caller } from '../kernel/index.ts';
import { type ResolvedServer, settingsKey } from '../servers/index.ts';

/** The facts that decide. The same question is asked for the list and for the call. */
export type AdmitQuestion = {
  readonly caller: Caller;
  readonly server: Pick<ResolvedServer, 'name' | 'owner' | 'enabledTools' | 'disabledTools'>;
  /** Raw tool name; null for exchanges that are about no tool. */
  readonly tool: string | null;
};

export type Decision = { readonly kind: 'allow' } | { readonly kind: 'deny'; readonly rule: string };

/** Whether a caller may see and call a tool. `disabled_tools` is applied after `enabled_tools`. */
export function admit({ server, tool }: AdmitQuestion): Decision {
  if (tool === null) return { kind: 'allow' };
  if (server.enabledTools !== null && !server.enabledTools.includes(tool)) {
    return { kind: 'deny', rule: `${settingsKey(server)}.enabled_tools` };
  }
  if (server.disabledTools.includes(tool)) return { kind: 'deny', rule: `${settingsKey(server)}.disabled_tools` };
  return { kind: 'allow' };
}
