import type { Issue } from '../kernel/index.ts';
import type { ServerReport } from '../status/index.ts';

/** What a host says of itself. */
export type HostStatus = {
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  /** HTTP endpoints that are open. */
  readonly endpoints: readonly string[];
  readonly clients: number;
  readonly servers: readonly ServerReport[];
  readonly issues: readonly Issue[];
};

/** The methods of the control connection: JSON-RPC, one message per line. `logs` keeps sending `log` notifications. */
export const CONTROL_METHODS = ['status', 'settled', 'restart', 'logs', 'reload', 'listen'] as const;
export type ControlMethod = (typeof CONTROL_METHODS)[number];
